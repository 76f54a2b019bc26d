"""A hub without a bench: the same core behind real HTTP on loopback, its rows in one SQLite file."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from salla_manager import contract
from salla_manager.core.client_api import receive_check, receive_pair
from salla_manager.core.host import Host
from salla_manager.core.intake import receive_webhook
from salla_manager.core.model import CLIENT_EXECUTOR, Connection, Instance, Route, Settings, Store
from salla_manager.core.process import process_due_events
from salla_manager.core.pull import request_pull
from salla_manager.core.pull_api import receive_pull
from salla_manager.core.release import release_parked
from salla_manager.core.send_again import receive_send_again
from salla_manager.core.transport import HttpTransport, limits_of
from salla_manager.erp.client_executor import ClientExecutorConnector
from salla_manager.erp.registry import ConnectorRegistry
from salla_manager.platforms import registry
from salla_manager.platforms.port import ShopClient
from salla_manager.platforms.salla.accounts import ACCOUNTS_URL, Accounts, SallaApp
from salla_manager.platforms.salla.accounts import HTTP as ACCOUNTS_HTTP
from salla_manager.platforms.salla.client import HTTP
from salla_manager.platforms.salla.tokens import Tokens, WatchedTransport
from salla_manager.platforms.woocommerce.client import HTTP as WOO_HTTP
from salla_manager.platforms.woocommerce.site import merchant_id
from sandbox.dispatchers import Dispatchers, logged
from sandbox.hub_store import SqliteHubStore
from sandbox.quiet import QuietHandler

WEBHOOK_PATH = "/api/method/salla_manager.api.webhooks."
_DOORS = {
    contract.PULL_PATH: receive_pull,
    contract.PAIR_PATH: receive_pair,
    contract.CHECK_PATH: receive_check,
    contract.SEND_AGAIN_PATH: receive_send_again,
}


class EmbeddedHub:
    """Takes webhooks and pulls at `url`, and works, between start() and stop().

    settings: core's Settings; private addresses are always allowed here. api_url: of the shops whose store
    says none; accounts_url, client_id, client_secret: the platform's accounts service. client_for: replaces the platforms' own clients.
    """

    def __init__(
        self,
        path: str | Path,
        port: int = 0,
        settings: Settings | None = None,
        *,
        api_url: str = "",
        accounts_url: str = ACCOUNTS_URL,
        client_id: str = "sandbox",
        client_secret: str = "sandbox",
        webhook_secrets: tuple[str, ...] = (),
        client_for: Callable[[Store], ShopClient | None] | None = None,
        sweep_seconds: float = 0.25,
        workers: int = 4,
    ):
        settings = replace(settings or Settings(), allow_private_addresses=True)
        self.store = SqliteHubStore(str(path), settings, webhook_secrets)
        self.port = port
        self._api_url = api_url
        self._app = SallaApp(client_id, client_secret, accounts_url)
        self._sweep_seconds = sweep_seconds
        self._workers = workers
        self._stopping = threading.Event()
        self._events_due = threading.Event()
        self._token_locks: dict[str, threading.RLock] = {}
        self._woo_keys: dict[str, dict[str, str]] = {}
        self._dispatchers: Dispatchers | None = None
        self._server: BaseWSGIServer | None = None
        self._threads: list[threading.Thread] = []
        self.connectors = ConnectorRegistry(limits=limits_of(settings))
        self.connectors.register(CLIENT_EXECUTOR, lambda limits: ClientExecutorConnector(self.host, limits))
        self.host = Host(
            store=self.store,
            clock=SystemClock(),
            jobs=_Jobs(self._events_due.set, self._wake_dispatcher),
            platforms=registry.get,
            client_for=client_for or self._client_for,
            transport=HttpTransport(),
            random=random.random,
            rules=self.store.rules_of,
            connectors=self.connectors.get,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook_url(self) -> str:
        return f"{self.url}{WEBHOOK_PATH}salla"

    def woo_webhook_url(self, store: str) -> str:
        return f"{self.url}{WEBHOOK_PATH}woocommerce?store={store}"

    def start(self) -> EmbeddedHub:
        self._stopping.clear()
        self._dispatchers = Dispatchers(self.host, self._workers)
        self._server = make_server("127.0.0.1", self.port, self, threaded=True, request_handler=QuietHandler)
        self.port = self._server.port
        loops = (self._serve, self._process_loop, self._sweep_loop)
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in loops]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._events_due.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        for thread in self._threads:
            thread.join()
        if self._dispatchers:
            self._dispatchers.stop()
        self._server, self._dispatchers, self._threads = None, None, []

    def __enter__(self) -> EmbeddedHub:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Configuration

    def add_store(
        self,
        merchant_id: str,
        *,
        platform: str = "salla",
        erp_instance: str = "",
        customer_account: str = "",
        base_url: str = "",
        tokens: dict[str, Any] | None = None,
        currency: str | None = "SAR",
        prices_include_tax: bool | None = None,
    ) -> Store:
        """Make the store of a merchant, or change it where an installation has made it already."""
        with self.store.transaction():
            known = self.store.store_of_merchant(platform, merchant_id)
            customer = customer_account or f"CUST-{len(self.store.rows('store')) + 1:04d}"
            store = replace(
                known or Store("", platform, merchant_id),
                customer_account=(known and known.customer_account) or customer,
                erp_instance=erp_instance,
                base_url=base_url,
                currency=currency,
                prices_include_tax=prices_include_tax,
            )
            if known:
                self.store.save_store(store)
            else:
                store = replace(store, name=self.store.add_store(store))
            if tokens:
                self.store.save_tokens(store.name, tokens)
            self.store.adopt_events(platform, merchant_id, store.name)
        self.host.jobs.process_events()
        return store

    def add_woo_store(
        self, url: str, key: str, secret: str, webhook_secret: str, prices_include_tax: bool, **values: Any
    ) -> Store:
        """values: as of add_store."""
        values |= {"platform": "woocommerce", "base_url": url, "prices_include_tax": prices_include_tax}
        store = self.add_store(merchant_id(url), **values)
        self._woo_keys[store.name] = {"consumer_key": key, "consumer_secret": secret}
        self.store.store_webhook_secrets[store.name] = webhook_secret
        return store

    def add_instance(self, url: str, secret: str = "", name: str = "") -> Instance:
        """Without a secret one is made; it stands in the answer."""
        name = name or f"ERP-INSTANCE-{len(self.store.rows('instance')) + 1:04d}"
        instance = Instance(name, url, secret or contract.new_secret())
        with self.store.transaction():
            self.store.save_instance(instance)
        return instance

    def add_connection(
        self,
        customer_account: str,
        connector_type: str,
        config: dict[str, Any],
        routes: tuple[Route, ...] = (),
    ) -> Connection:
        """Raises ValueError where another one of its organisation and type is active."""
        connection = Connection("", customer_account, connector_type, config, routes=routes)
        with self.store.transaction():
            return replace(connection, name=self.store.add_connection(connection))

    def set_toggle(self, command_type: str, is_on: bool, erp_instance: str = "") -> None:
        """For one ERP Instance, or for all where none is named."""
        with self.store.transaction():
            instance = self.store.instance(erp_instance) if erp_instance else None
            settings = self.store.settings()
            old = instance.disabled_command_types if instance else settings.disabled_command_types
            new = old - {command_type} if is_on else old | {command_type}
            if instance:
                self.store.save_instance(replace(instance, disabled_command_types=new))
            else:
                self.store.save_settings(replace(settings, disabled_command_types=new))

    def pull(
        self,
        store: str,
        entity_types: list[str] | None = None,
        since: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        return request_pull(self.host, store, entity_types, since, limit)

    # What happened

    def rows(self, table: str) -> list[dict[str, Any]]:
        """table: store, instance, connection, event, record, command, attempt, ack or skip."""
        return self.store.rows(table)

    def counts(self) -> dict[str, dict[str, int]]:
        """Events, records and commands by status."""
        return {table: self.store.counts(table) for table in ("event", "record", "command")}

    def is_idle(self) -> bool:
        """Nothing is left that would move by itself now: no fresh event, nothing queued or on its way."""
        # First, since a worker that is done with a command has still to let go what waited for it.
        if self._dispatchers and self._dispatchers.is_busy():
            return False
        return not (
            self.store.counts("event").get("Received")
            or {"Queued", "Sending"} & self.store.counts("command").keys()
        )

    # HTTP

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, body = self._answer(Request(environ))
        return Response(contract.dump_json(body), status, mimetype="application/json")(
            environ, start_response
        )

    def _answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        if request.method != "POST":
            return 405, {"ok": False, "message": "Webhooks and pulls are sent by POST."}
        if request.path.startswith(WEBHOOK_PATH):
            # One byte more than is taken shows that there is more.
            raw = request.stream.read(self.store.webhook_body_limit + 1)
            platform = request.path[len(WEBHOOK_PATH) :]
            # A shop of WooCommerce has an address of its own.
            store = request.args.get("store", "") if platform == "woocommerce" else None
            answer = receive_webhook(platform, raw, request.headers, self.host, store)
            return answer.http_status, answer.body
        if request.path in _DOORS:
            raw = request.stream.read(contract.MAX_BODY + 1)
            return _DOORS[request.path](raw, request.headers, self.host)
        return 404, {"ok": False, "message": f"Nothing is at {request.path}."}

    # Work

    def _serve(self) -> None:
        if self._server:
            # The default poll of half a second would make every stop that slow.
            self._server.serve_forever(0.02)

    def _process_loop(self) -> None:
        while not self._stopping.is_set():
            self._events_due.wait()
            self._events_due.clear()
            with logged():
                while not self._stopping.is_set() and process_due_events(self.host).events:
                    pass

    def _sweep_loop(self) -> None:
        while not self._stopping.wait(self._sweep_seconds):
            with logged():
                self.sweep()

    def sweep(self) -> None:
        """What the scheduler does each minute on a bench."""
        now = self.host.clock.now()
        with self.store.transaction():
            self.store.free_expired_leases(now)
        release_parked(self.host)
        self._events_due.set()
        for destination in self.store.destinations_with_due_commands(now):
            self._wake_dispatcher(destination)

    def _wake_dispatcher(self, destination: str) -> None:
        if self._dispatchers and not self._stopping.is_set():
            self._dispatchers.wake(destination)

    @property
    def accounts(self) -> Accounts:
        """The platform's accounts service, for this hub's app."""
        return Accounts(self._app, self.host.transport, replace(ACCOUNTS_HTTP, allow_private_addresses=True))

    def _client_for(self, store: Store) -> ShopClient | None:
        if keys := self._woo_keys.get(store.name):
            http = replace(WOO_HTTP, allow_private_addresses=True)
            options = {"paces": self.store, "http": http, "calls_per_minute": 3000}
            return registry.client(store, keys, self.host.transport, **options)
        if not self.store.tokens(store.name):
            return None
        lock = self._token_locks.setdefault(store.name, threading.RLock())
        tokens = Tokens(_TokenRow(self.store, store.name, lock), self.accounts)
        return registry.client(
            replace(store, base_url=store.base_url or self._api_url),
            tokens,
            WatchedTransport(self.host.transport, tokens),
            paces=self.store,
            http=replace(HTTP, allow_private_addresses=True),
        )


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class _Jobs:
    def __init__(self, process_events: Callable[[], None], dispatch: Callable[[str], None]):
        self.process_events = process_events
        self.dispatch = dispatch


class _TokenRow:
    """The tokens of one store, as core's Tokens keeps them."""

    def __init__(self, rows: SqliteHubStore, store: str, lock: threading.RLock):
        self._rows = rows
        self._store = store
        self._lock = lock

    def load(self) -> dict[str, Any] | None:
        return self._rows.tokens(self._store) or None

    def save(self, tokens: dict[str, Any]) -> None:
        self._rows.save_tokens(self._store, tokens)

    def lock(self) -> contextlib.AbstractContextManager[Any]:
        return self._lock
