"""A day of a shop, played in a world: backfill, live webhooks and everything that goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from salla_manager.contract import ENTITY_TYPES
from sandbox.compare import Comparison, Held
from sandbox.salla import bodies
from sandbox.scene import PULLED, Scene
from sandbox.world import wait_until


class Scenario(Scene):
    """Of a Salla store."""

    def steps(self) -> tuple[Callable[[], str], ...]:
        return (
            self.backfill,
            self.live_events,
            self.duplicates,
            self.late_versions,
            self.missing_sku,
            self.toggle,
            self.outage,
            self.forgeries,
            self.second_pull,
        )

    def comparison(self) -> Held:
        return Comparison(self.world).run()

    def at_shop(self) -> dict[str, int]:
        state = self.world.salla.state
        counts = {
            "category": len(state.categories),
            "brand": len(state.brands),
            "order_status": len(bodies.statuses()),
            "product": len(state.products),
            "variant": sum(len(row["skus"]) for row in state.products.values()),
            "customer": len(state.customers),
            "order": len(state.orders),
        }
        return {entity: counts[entity] for entity in ENTITY_TYPES}

    # Steps; each gives the sentence that tells what it did

    def backfill(self) -> str:
        answer = self.world.pull(PULLED)
        self.world.settle()
        self.checks["backfill by pull"] = answer
        queued = ", ".join(f"{count} {name}" for name, count in answer["queued"].items())
        return f"queued {queued}; skipped {answer['skipped_missing_sku']} without SKU"

    def live_events(self) -> str:
        """Some thirty changes as they come in a busy hour."""
        shop, state, mark = self.world.salla.shop, self.world.salla.state, self.world.mark
        before = sum(self.sent.values())
        simple = [key for key, row in state.products.items() if row["sku"] and not row["skus"]]
        for number, key in enumerate(simple[:8]):
            self._send(shop.change_price(key, Decimal("20.05") + number))
        for number in range(3):
            self._send(
                shop.new_product(f"كوب سفر {number}", Decimal("34.50") + number, sku=f"NEW-{number}{mark}")
            )
        for number in range(3):
            self._send(shop.new_customer(email=f"buyer.{number}{mark}@example.com"))
        for _ in range(8):
            self._send(shop.new_order())
        orders = list(state.orders)
        for key in orders[:5]:
            self._send(shop.change_order_status(key, "completed"))
        self._send(shop.edit_order(orders[6], [(simple[0], None, 2), (simple[1], None, 1)]))
        self._send(shop.cancel_order(orders[7]))
        category, brand = next(iter(state.categories.values())), next(iter(state.brands.values()))
        self._send(shop.webhook("category.updated", bodies.category(state, category)))
        self._send(shop.webhook("brand.updated", brand))
        self._send(shop.ship(orders[2], "TRK-1"))
        self._send(shop.webhook("review.added", {"id": 1, "rating": 5}))
        self._send(shop.webhook("brand.new.event", {"id": 1}))
        self.world.settle()
        return f"{sum(self.sent.values()) - before} webhooks"

    def duplicates(self) -> str:
        """The same bytes again, as Salla does when our answer got lost."""
        shop, state = self.world.salla.shop, self.world.salla.state
        before = len(self.world.commands())
        deliveries = [shop.change_price(key, Decimal("77.70")) for key in self._simple()[:3]]
        deliveries += [shop.new_order(), shop.change_customer(next(iter(state.customers)), first_name="أحمد",
                                                              full_name="أحمد العتيبي")]  # fmt: skip
        for delivery in deliveries:
            for _ in range(3):
                self._send(delivery)
        self.world.settle()
        made = len(self.world.commands()) - before
        self._expect(
            made == len(deliveries), f"{len(deliveries)} changes sent three times made {made} commands."
        )
        return f"{len(deliveries)} changes sent 3 times each made {made} commands"

    def late_versions(self) -> str:
        """Newer first, older after it; once apart and once in the same breath."""
        shop = self.world.salla.shop
        first, second = self._simple()[3:5]
        older, newer = shop.rename(first, "الاسم القديم"), shop.rename(first, "الاسم الجديد")
        self._send(newer)
        self.world.settle()
        self._send(older)
        pair = [shop.rename(second, "Old name"), shop.rename(second, "New name")]
        for delivery in reversed(pair):
            self._send(delivery)
        self.world.settle()
        return "2 products, newer version first, older one after it"

    def missing_sku(self) -> str:
        """A product without SKU, an order that wants it, and the SKU given later."""
        shop, state = self.world.salla.shop, self.world.salla.state
        delivery = shop.new_product("ساعة بدون رمز", "250.00")
        key = list(state.products)[-1]
        self._send(delivery)
        self.world.settle()
        self._send(shop.new_order([(key, None, 2), (self._simple()[0], None, 1)]))
        self.world.settle()
        held = self._mark_held()
        self._expect(
            held == 1, f"An order with a product without SKU: {held} commands were held instead of 1."
        )
        self._send(shop.give_sku(key, f"LATE-SKU-1{self.world.mark}"))
        self.world.settle()
        return f"{held} order held until its product got a SKU, then sent"

    def toggle(self) -> str:
        shop, state = self.world.salla.shop, self.world.salla.state
        self.world.set_toggle("upsert_customer", False)
        for number, key in enumerate(list(state.customers)[2:6]):
            name = f"عميل محدث {number}"
            self._send(
                shop.change_customer(key, first_name="عميل", last_name=f"محدث {number}", full_name=name)
            )
        self.world.settle()
        held = self._mark_held()
        self._expect(held == 4, f"A toggle that is off held {held} commands instead of 4.")
        self.world.set_toggle("upsert_customer", True)
        self.world.settle()
        return f"upsert_customer off: {held} commands held; on again: sent"

    def outage(self) -> str:
        shop = self.world.salla.shop
        self.world.shut_executor()
        for number, key in enumerate(self._simple()[5:9]):
            self._send(shop.change_price(key, Decimal("150.15") + number))
        for _ in range(3):
            self._send(shop.new_order())
        self.world.wait_for_failed_attempt()
        wait_until(lambda: self._open() >= 7, "Seven commands in the queue", 30, 0.2)
        waiting = self._open()
        self.world.open_executor()
        self.world.settle()
        self.checks["held back by the outage, then applied"] = waiting
        return f"executor down: {waiting} commands stood in the queue; up again: all sent"

    def forgeries(self) -> str:
        shop = self.world.salla.shop
        genuine = shop.webhook("product.deleted", {"id": self._simple()[0]})
        forged = replace(genuine, headers={**genuine.headers, "X-Salla-Signature": "0" * 64})
        before = sum(self.world.events().values())
        webhook = self._send(forged)
        unsigned = self._send(replace(genuine, headers={"Content-Type": "application/json"}))
        command = self.world.forge()
        self._expect(
            (webhook, unsigned, command) == (401, 401, 401), "A forged request was not answered with 401."
        )
        self._expect(sum(self.world.events().values()) == before, "A forged webhook left a row.")
        self.checks["forged requests"] = f"webhook {webhook}, unsigned webhook {unsigned}, command {command}"
        return f"wrong signature: webhook {webhook}, unsigned {unsigned}, command {command}"

    def second_pull(self) -> str:
        """Everything once more: unchanged content sends nothing."""
        before = len(self.world.commands())
        answer = self.world.pull(PULLED)
        self.world.settle()
        made = len(self.world.commands()) - before
        self._expect(not made, f"A second pull of an unchanged shop made {made} commands.")
        self.checks["second pull, unchanged"] = answer
        return f"{made} commands for an unchanged shop"

    def _simple(self) -> list[int]:
        products = self.world.salla.state.products
        return [key for key, row in products.items() if row["sku"].startswith("SKU") and not row["skus"]]
