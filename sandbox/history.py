"""A hub without server, executor and socket that reads a simulated store on a simulated clock: for long readings."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from salla_manager.core import backfill
from salla_manager.core.host import Host
from salla_manager.core.model import Settings, Store
from salla_manager.core.sync_run import RunStatus, SyncRun
from salla_manager.platforms import registry
from sandbox.hub_store import SqliteHubStore
from sandbox.salla import bodies
from sandbox.salla.direct import BASE, DirectTransport, SimulatedClock, token_provider
from sandbox.salla.generate import generate
from sandbox.salla.server import SimulatedSalla


class Killed(BaseException):
    """A worker that ends without a chance to write anything more."""


class Reading:
    """shop: a simulated store, a WSGI application with `log`. store: its Store Account; commands are held, since it
    points to no ERP. base: the address that it is called by."""

    def __init__(self, path: str, clock: SimulatedClock, shop: Any, store: Store, base: str):
        self.clock, self.shop = clock, shop
        self.transport = DirectTransport(shop, clock, base)
        self.rows = SqliteHubStore(path, Settings(allow_private_addresses=True))
        with self.rows.transaction():
            self.store = replace(store, name=self.rows.add_store(store))
        self.host = Host(
            store=self.rows,
            clock=self.clock,
            jobs=_NoJobs(),
            platforms=registry.get,
            client_for=self.client_for,
            transport=None,  # type: ignore[arg-type]
            random=lambda: 0.5,
        )

    def client_for(self, store: Store) -> Any:
        raise NotImplementedError

    def plan(self, entity_types: list[str] | None = None, since: str | None = None) -> SyncRun:
        return backfill.plan(self.host, self.rows, self.store.name, entity_types, since)

    def begin(self, entity_types: list[str] | None = None, since: str | None = None) -> SyncRun:
        run = self.plan(entity_types, since)
        backfill.start(self.host, self.rows, run.name)
        return run

    def finish(self, name: str, most: int = 10_000) -> SyncRun:
        """Work as the minutely sweep would, until the run rests. Raises TimeoutError."""
        for _ in range(most):
            backfill.work(self.host, self.rows, name)
            run = self.run(name)
            if run.status != RunStatus.RUNNING:
                return run
            self.until_due(run)
        raise TimeoutError(f"{name} is still {run.status}: {run.message}")

    def work_until_killed(self, name: str, at: int) -> None:
        """The worker ends within its call number `at`; its lease has to run out before another takes the run."""

        def kill(path: str) -> None:
            if self.calls() >= at:
                self.shop.before = lambda path: None
                raise Killed

        self.shop.before = kill
        try:
            backfill.work(self.host, self.rows, name, float("inf"))
        except Killed:
            self.until_due(self.run(name))

    def run(self, name: str) -> SyncRun:
        run = self.rows.run(name)
        if run is None:
            raise KeyError(name)
        return run

    def until_due(self, run: SyncRun) -> None:
        times = [moment for moment in (run.due_at, run.lease_until) if moment]
        self.clock.at = max([self.clock.at, *(moment + timedelta(microseconds=1) for moment in times)])

    def refusals(self) -> int:
        return self.transport.statuses.get(429, 0)

    def calls(self) -> int:
        return len(self.shop.log.entries)

    def arrived(self) -> Counter[str]:
        """Records by entity type."""
        return Counter(row["entity_type"] for row in self.rows.rows("record"))

    def commands(self) -> Counter[tuple[str, str]]:
        """How many commands each entity has."""
        return Counter((row["entity_type"], row["external_id"]) for row in self.rows.rows("command"))

    def missing(self) -> dict[str, list[str]]:
        """Ids of the shop's entities that have no record, by entity type."""
        known = {(row["entity_type"], row["external_id"]) for row in self.rows.rows("record")}
        lacking = {
            kind: [key for key in keys if (kind, key) not in known] for kind, keys in self.there().items()
        }
        return {kind: ids for kind, ids in lacking.items() if ids}

    def there(self) -> dict[str, list[str]]:
        """Ids of what the shop has, by entity type."""
        raise NotImplementedError

    def close(self) -> None:
        self.rows.close()


class History(Reading):
    """A Salla store. sizes: of it, as `generate` takes them. per_minute: its limit, 0 for none."""

    def __init__(self, path: str, *, per_minute: int = 0, call_seconds: float = 0.05, **sizes: int):
        clock = SimulatedClock(call_seconds=call_seconds)
        self.salla = SimulatedSalla(generate(now=clock.now, **sizes), now=clock)
        self.salla.api.newest_first = True
        self.salla.bucket.limit_to(per_minute)
        self._tokens = token_provider(self.salla)
        merchant = str(self.salla.state.merchant_id)
        store = Store("", "salla", merchant, currency="SAR", base_url=f"{BASE}/admin/v2")
        super().__init__(path, clock, self.salla, store, BASE)

    def client_for(self, store: Store) -> Any:
        options = {"sleep": self.clock.sleep, "now": self.clock}
        return registry.client(store, self._tokens, self.transport, paces=self.rows, **options)

    def there(self) -> dict[str, list[str]]:
        state = self.salla.state
        orders = [key for key, order in state.orders.items() if not order.is_deleted]
        found = {
            "product": state.products,
            # A product without options has one row of its own, which is no variant.
            "variant": [
                sku["id"] for row in state.products.values() if row["options"] for sku in row["skus"]
            ],
            "order_status": [row["id"] for row in bodies.statuses()],
            "customer": state.customers,
            "order": orders,
            "category": state.categories,
            "brand": state.brands,
        }
        return {kind: [str(key) for key in keys] for kind, keys in found.items()}


class _NoJobs:
    def process_events(self) -> None:
        pass

    def dispatch(self, erp_instance: str) -> None:
        pass
