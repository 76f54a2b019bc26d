"""A hub that reads a simulated WooCommerce store on a simulated clock: for long readings and exact counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from salla_manager.core.incremental import read_changes
from salla_manager.core.model import Store
from salla_manager.platforms import registry
from salla_manager.platforms.woocommerce.client import HTTP
from sandbox.history import Reading
from sandbox.salla.direct import SimulatedClock
from sandbox.woocommerce.generate import generate
from sandbox.woocommerce.server import SimulatedWoo

BASE = "http://woo.test"


class WooHistory(Reading):
    """values: of the store, as `generate` takes them."""

    def __init__(self, path: str, *, call_seconds: float = 0.05, **values: Any):
        clock = SimulatedClock(call_seconds=call_seconds)
        self.woo = SimulatedWoo(generate(now=clock.now, **values), now=clock)
        state = self.woo.state
        store = Store("", "woocommerce", "woo.test", currency=state.currency, base_url=BASE)
        super().__init__(
            path, clock, self.woo, replace(store, prices_include_tax=state.prices_include_tax), BASE
        )

    def client_for(self, store: Store) -> Any:
        key = self.woo.key
        return registry.client(
            store,
            {"consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret},
            self.transport,
            paces=self.rows,
            http=replace(HTTP, allow_private_addresses=True),
            sleep=self.clock.sleep,
            now=self.clock,
        )

    def look(self) -> dict[str, Any]:
        """The look for changes that the scheduler makes all day."""
        return read_changes(self.host, self.rows, self.store.name)

    def there(self) -> dict[str, list[str]]:
        state = self.woo.state
        found = {
            "product": state.products,
            "variant": state.variations,
            "customer": state.customers,
            "order": state.orders,
            "category": state.categories,
            "brand": state.brands,
        }
        return {kind: [str(key) for key in keys] for kind, keys in found.items()}
