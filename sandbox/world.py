"""Where a scenario is played: shop, hub and executor behind one set of handles. `EmbeddedWorld` is the one on
SQLite and loopback; the one on a real bench is in `bench_world`."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from copy import copy
from pathlib import Path
from typing import Any, Protocol

import requests

from salla_manager import contract
from salla_manager.core import reconcile
from salla_manager.core.incremental import read_changes
from salla_manager.core.model import Route, Settings
from salla_manager.core.reconciliation import RunKey
from salla_manager.core.unsettled import read_unsettled
from sandbox import dropzone
from sandbox.executor import EmbeddedExecutor
from sandbox.forgery import forge
from sandbox.hub import EmbeddedHub
from sandbox.salla.generate import generate
from sandbox.salla.server import SimulatedSalla
from sandbox.salla.shop import Delivery
from sandbox.woocommerce.generate import generate as generate_woo
from sandbox.woocommerce.server import SimulatedWoo

ORGANISATION = "CUST-0001"
MERCHANT = 1305146709
SETTLE_SECONDS = 120.0


class World(Protocol):
    """Rows are plain dictionaries; ids and money are text. They are of `store`, and of commands only those for the ERP."""

    name: str
    salla: SimulatedSalla
    woo: SimulatedWoo
    store: str
    # Stands behind SKUs, so that a second run on the same ERP has its own.
    mark: str

    def of_woo(self) -> World:
        """The same world, seen from its WooCommerce store."""

    def deliver(self, delivery: Delivery) -> int:
        """HTTP status of the hub's answer."""

    def pull(self, entity_types: list[str]) -> dict[str, Any]: ...

    def look(self) -> None:
        """What the scheduler does all day: read what changed in the shop."""

    def walk(self) -> None:
        """What the scheduler does each night: compare all ids, read again what is not settled."""

    def files(self) -> tuple[int, list[str]]:
        """(commands of this store that went to the dropzone, what is not as it should be there)."""

    def settle(self) -> None:
        """Wait until nothing moves by itself. Raises TimeoutError."""

    def wait_for_failed_attempt(self) -> None: ...

    def set_toggle(self, command_type: str, is_on: bool) -> None: ...

    def shut_executor(self) -> None: ...

    def open_executor(self) -> None: ...

    def forge(self) -> int:
        """Send the executor a command with a wrong signature; gives the HTTP status."""

    def commands(self) -> list[dict[str, Any]]:
        """name, entity_type, external_id, status, reason, attempts."""

    def records(self) -> list[dict[str, Any]]:
        """entity_type, external_id, status, message."""

    def skips(self) -> list[dict[str, Any]]:
        """entity_type, external_id, reason, is_resolved."""

    def attempts(self) -> Counter[str]:
        """Requests per command."""

    def events(self) -> dict[str, int]:
        """Stored webhooks by status, and `duplicates`."""

    def references(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(entity type, external id) -> (doctype, docname) on the ERP."""

    def documents(self, doctype: str) -> dict[str, dict[str, Any]]:
        """Documents made from this store's shop, in the words of `compare`."""


def demo_shop() -> SimulatedSalla:
    state = generate(
        seed=7, categories=9, brands=4, products=32, customers=15, orders=20, merchant_id=MERCHANT
    )
    return SimulatedSalla(state)


def demo_woo(port: int = 0) -> SimulatedWoo:
    return SimulatedWoo(generate_woo(seed=7, products=24, variations=20, customers=10, orders=24), port=port)


def wait_until(condition: Any, what: str, seconds: float = SETTLE_SECONDS, pause: float = 0.05) -> None:
    """Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s.")
        time.sleep(pause)


class EmbeddedWorld:
    """Shops, hub and executor on loopback, all new, in a folder that is thrown away. Orders of the Salla store and all of
    the WooCommerce store go into a dropzone as well."""

    name = "embedded hosts (SQLite, loopback HTTP)"
    mark = ""

    def __init__(
        self,
        folder: Path | None = None,
        salla: SimulatedSalla | None = None,
        woo: SimulatedWoo | None = None,
    ):
        self._kept = None if folder else tempfile.TemporaryDirectory(prefix="salla-sandbox-")
        self._folder = folder or Path(self._kept.name)  # type: ignore[union-attr]
        self._folder.mkdir(parents=True, exist_ok=True)
        self.salla, self.woo = salla or demo_shop(), woo or demo_woo()
        self.dropzone = self._folder / "dropzone"
        self.dropzone.mkdir(exist_ok=True)
        self.secret = contract.new_secret()
        self.store = self.woo_store = ""

    def __enter__(self) -> EmbeddedWorld:
        self.salla.start()
        self.woo.start()
        settings = Settings(
            retry_backoff_seconds=0.2,
            retry_cap_seconds=2.0,
            breaker_probe_seconds=1.0,
        )
        self.hub = EmbeddedHub(
            self._folder / "hub.sqlite",
            settings=settings,
            webhook_secrets=(self.salla.shop.webhook_secret,),
            accounts_url=self.salla.url,
            client_id=self.salla.oauth.client_id,
            client_secret=self.salla.oauth.client_secret,
        ).start()
        self.executor = EmbeddedExecutor(
            self._folder / "executor.sqlite", "ERP-INSTANCE-0001", self.secret
        ).start()
        self._pair()
        return self

    def __exit__(self, *_: object) -> None:
        self.hub.stop()
        self.executor.stop()
        self.salla.stop()
        self.woo.stop()
        if self._kept:
            self._kept.cleanup()

    def _pair(self) -> None:
        instance = self.hub.add_instance(self.executor.url, self.secret)
        answer = self.salla.deliver(self.hub.webhook_url, self.salla.authorize())
        if answer.status_code != 200:
            raise RuntimeError(f"The hub refused the installation: {answer.status_code} {answer.text}")
        common = {"erp_instance": instance.name, "customer_account": ORGANISATION}
        merchant = str(self.salla.state.merchant_id)
        self.store = self.hub.add_store(merchant, base_url=self.salla.api_url, **common).name
        woo = self.woo
        self.woo_store = self.hub.add_woo_store(
            woo.url,
            woo.consumer_key,
            woo.consumer_secret,
            woo.webhooks.secret,
            woo.state.prices_include_tax,
            **common,
        ).name
        routes = (Route(self.woo_store), Route(self.store, "upsert_order"))
        config = {"target": "Folder", "folder": str(self.dropzone)}
        self.hub.add_connection(ORGANISATION, "DROPZONE_JSON_V1", config, routes)

    def of_woo(self) -> EmbeddedWorld:
        other = copy(self)
        other.store = self.woo_store
        return other

    def deliver(self, delivery: Delivery) -> int:
        url = self.hub.webhook_url
        if self.store == self.woo_store:
            url = self.hub.woo_webhook_url(self.store)
        return self.salla.deliver(url, delivery).status_code

    def pull(self, entity_types: list[str]) -> dict[str, Any]:
        """Asked for by the executor's side: a signed request, as on the wire."""
        body = contract.dump_json({"store_id": self.store, "entity_types": entity_types})
        key = contract.body_hash(body + contract.new_nonce().encode())
        headers = contract.signed_headers("ERP-INSTANCE-0001", self.secret, body, key, now=int(time.time()))
        answer = requests.post(self.hub.url + contract.PULL_PATH, data=body, headers=headers, timeout=120)
        if answer.status_code != 200:
            raise RuntimeError(f"The pull was refused: {answer.status_code} {answer.text}")
        return answer.json()

    def look(self) -> None:
        read_changes(self.hub.host, self.hub.store, self.store)

    def walk(self) -> None:
        for kind in ("product", "variant", "order"):
            key = RunKey(self.store, kind)
            reconcile.reconcile(self.hub.host, self.hub.store, key)
            reconcile.enqueue_missing(self.hub.host, self.hub.store, key)
        read_unsettled(self.hub.host, self.store)

    def files(self) -> tuple[int, list[str]]:
        sent = [row for row in self.hub.rows("command") if row["erp_connection"] and row["status"] == "Done"]
        return sum(row["store"] == self.store for row in sent), dropzone.differences(self.dropzone, sent)

    def settle(self) -> None:
        wait_until(self.hub.is_idle, "Coming to rest")
        # What was released at the last moment needs one more look.
        self.hub.sweep()
        wait_until(self.hub.is_idle, "Coming to rest")

    def wait_for_failed_attempt(self) -> None:
        wait_until(
            lambda: any(row["http_status"] == 0 for row in self.hub.rows("attempt")), "A failed attempt", 20
        )

    def set_toggle(self, command_type: str, is_on: bool) -> None:
        self.hub.set_toggle(command_type, is_on)

    def shut_executor(self) -> None:
        self.executor.stop()

    def open_executor(self) -> None:
        self.executor.start()

    def forge(self) -> int:
        return forge(self.executor.url, "ERP-INSTANCE-0001")

    def commands(self) -> list[dict[str, Any]]:
        return [row for row in self._mine("command") if not row["erp_connection"]]

    def records(self) -> list[dict[str, Any]]:
        return self._mine("record")

    def skips(self) -> list[dict[str, Any]]:
        return [{**row, "is_resolved": bool(row["is_resolved"])} for row in self._mine("skip")]

    def attempts(self) -> Counter[str]:
        return Counter(row["command"] for row in self.hub.rows("attempt"))

    def events(self) -> dict[str, int]:
        # The one that made the store names none.
        merchant = self.hub.store.store(self.store).merchant_id
        rows = [row for row in self.hub.rows("event") if row["merchant_id"] == merchant]
        return dict(Counter(row["status"] for row in rows)) | {
            "duplicates": sum(row["duplicates"] for row in rows)
        }

    def _mine(self, table: str) -> list[dict[str, Any]]:
        return [row for row in self.hub.rows(table) if row["store"] == self.store]

    def references(self) -> dict[tuple[str, str], tuple[str, str]]:
        with self.executor.store.receiver() as receiver:
            rows = receiver.connection.execute(
                "select * from refs where source = ?", (self.store,)
            ).fetchall()
        return {
            (row["entity_type"], row["external_id"]): (row["doctype"], row["docname"])
            for row in rows
            if row["docname"]
        }

    def documents(self, doctype: str) -> dict[str, dict[str, Any]]:
        with self.executor.store.receiver() as receiver:
            rows = receiver.connection.execute(
                "select name, body from documents where doctype = ?", (doctype,)
            )
            found = {row["name"]: json.loads(row["body"]) for row in rows}
        if doctype == "Item":
            # The documents of the price list count, not what the Item's own command said.
            prices = self.documents("Item Price").values()
            for name, body in found.items():
                body["prices"] = [price for price in prices if price["item_code"] == name]
        return {
            name: {**body, "title": body.get("customer_name") or body.get("name")}
            for name, body in found.items()
            if doctype != "Sales Order" or body["source"] == self.store
        }
