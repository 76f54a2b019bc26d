"""A day of a WooCommerce store: the first sync, webhooks as hints, and what only a look for changes finds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from salla_manager.contract import ENTITY_TYPES
from sandbox.compare import Held
from sandbox.scene import PULLED, Scene
from sandbox.woocommerce.compare import WooComparison
from sandbox.woocommerce.generate import guest


class WooScenario(Scene):
    def steps(self) -> tuple[Callable[[], str], ...]:
        return (
            self.first_sync,
            self.webhooks,
            self.duplicates,
            self.quiet_changes,
            self.shop_in_trouble,
            self.night,
            self.missing_sku,
            self.forgeries,
            self.second_sync,
        )

    def comparison(self) -> Held:
        return WooComparison(self.world).run()

    def at_shop(self) -> dict[str, int]:
        comparison, state = WooComparison(self.world), self.world.woo.state
        wanted = comparison.wanted()
        counts = {kind: len(rows) for kind, rows in wanted.items()}
        counts |= {"product": len(state.products), "variant": len(state.variations)}
        return {entity: counts[entity] for entity in ENTITY_TYPES}

    # Steps; each gives the sentence that tells what it did

    def first_sync(self) -> str:
        answer = self.world.pull(PULLED)
        self.world.settle()
        self.checks["first sync"] = answer
        queued = ", ".join(f"{count} {name}" for name, count in answer["queued"].items())
        return f"queued {queued}; skipped {answer['skipped_missing_sku']} without SKU"

    def webhooks(self) -> str:
        """A webhook says little; what it is about is read from the shop."""
        shop, state, mark = self.world.woo.shop, self.world.woo.state, self.world.mark
        before, simple, variation = sum(self.sent.values()), self._simple(), self._variation()
        for number, key in enumerate(simple[:4]):
            self._send(shop.change_price(key, Decimal("20.05") + number))
        self._send(shop.change_price(variation, "61.25"))
        self._send(shop.new_variable("Travel Mug", "34.50", f"MUG{mark}"))
        self._send(shop.new_customer(email=f"new.buyer{mark}@example.com"))
        customers = list(state.customers)
        parent = state.variations[variation].parent_id
        self._send(
            shop.new_order(
                [(simple[0], 0, 2), (parent, variation, 1)],
                customer_id=customers[0],
                shipping_cost=Decimal(15),
            )
        )
        self._send(
            shop.new_order([(simple[1], 0, 3)], coupon=("ten", "percent", Decimal(10)), **self._guest(901))
        )
        self._send(
            shop.new_order([(simple[2], 0, 1)], fees=[("Gift wrap", Decimal("7.50"))], **self._guest(901))
        )
        orders = list(state.orders)
        for key in orders[:3]:
            self._send(shop.change_order_status(key, "completed"))
        order = state.orders[orders[3]]
        shop.refund(order.id, units={order.lines[0].id: 1}, reason="Damaged")
        self._send(shop.order_webhook("order.updated", order.id))
        self._send(shop.edit_order(orders[4], [(simple[0], 0, 4)]))
        self._send(shop.webhook("coupon.updated", {"id": 7, "code": "ten"}))
        self._send(self.world.woo.webhooks.ping())
        self.world.settle()
        return f"{sum(self.sent.values()) - before} webhooks"

    def duplicates(self) -> str:
        """WooCommerce sends a webhook once; a proxy before the hub may send it again."""
        shop, before = self.world.woo.shop, len(self.world.commands())
        deliveries = [shop.change_price(key, "77.70") for key in self._simple()[:3]]
        for delivery in deliveries * 3:
            self._send(delivery)
        self.world.settle()
        made = len(self.world.commands()) - before
        self._expect(made == 3, f"3 changes sent three times made {made} commands.")
        return f"{len(deliveries)} changes sent 3 times each made {made} commands"

    def quiet_changes(self) -> str:
        """No webhook comes: WP-Cron stands still."""
        shop, before = self.world.woo.shop, len(self.world.commands())
        simple, variation = self._simple(), self._variation()
        shop.change_price(simple[4], "88.05")
        shop.change_price(variation, "62.75")
        orders = self.world.woo.state.orders
        shop.change_order_status(
            next(key for key, order in orders.items() if order.status != "cancelled"), "cancelled"
        )
        shop.new_order([(simple[4], 0, 2)], **self._guest(902))
        # A look takes what was over when it began, and the shop's times are of whole seconds.
        time.sleep(1.1)
        self.world.look()
        self.world.settle()
        made = len(self.world.commands()) - before
        # The guest of the order is one more.
        self._expect(made == 5, f"4 changes without a webhook made {made} commands instead of 5.")
        return f"4 changes without a webhook made {made} commands"

    def shop_in_trouble(self) -> str:
        """A firewall's page, an error and a broken answer; then it goes on by itself."""
        shop, faults = self.world.woo.shop, self.world.woo.faults
        shop.change_price(self._simple()[5], "99.15")
        for kind, options in (("html", {"status": 403}), ("error", {"status": 503}), ("notice", {})):
            faults.add("/products", kind, **options)
            self.world.look()
        faults.clear()
        self.world.look()
        self.world.settle()
        return "a firewall's page, a 503 and words of PHP; read when they had passed"

    def night(self) -> str:
        """What neither a webhook nor a time of change tells: other lines in an open order."""
        shop, before, orders = self.world.woo.shop, len(self.world.commands()), self.world.woo.state.orders
        key = next(key for key, order in orders.items() if order.status == "processing" and not order.coupons)
        shop.edit_order(key, [(self._simple()[6], 0, 2)])
        self.world.look()
        self.world.settle()
        unseen = len(self.world.commands()) - before
        self.world.walk()
        self.world.settle()
        made = len(self.world.commands()) - before
        self._expect(
            (unseen, made) == (0, 1), f"Other lines made {unseen} commands by day and {made} by night."
        )
        return f"other lines in an order: {unseen} commands by day, {made} by night"

    def missing_sku(self) -> str:
        """A product without SKU, an order that wants it, and the SKU given later."""
        shop, state = self.world.woo.shop, self.world.woo.state
        self._send(shop.new_product("Watch without SKU", "250.00"))
        key = list(state.products)[-1]
        self.world.settle()
        self._send(shop.new_order([(key, 0, 2), (self._simple()[0], 0, 1)], **self._guest(903)))
        self.world.settle()
        held = self._mark_held()
        self._expect(
            held == 1, f"An order with a product without SKU: {held} commands were held instead of 1."
        )
        self._send(shop.give_sku(key, f"LATE-WOO{self.world.mark}"))
        self.world.settle()
        # A line shows its product's SKU of today, so the order is another now.
        self._send(shop.order_webhook("order.updated", next(reversed(state.orders))))
        self.world.settle()
        return f"{held} order held until its product got a SKU, then sent"

    def forgeries(self) -> str:
        shop, before = self.world.woo.shop, sum(self.world.events().values())
        genuine = shop.webhook("product.deleted", {"id": self._simple()[0]})
        signature = {"X-WC-Webhook-Signature": "AAAA"}
        forged = self._send(replace(genuine, headers=genuine.headers | signature))
        unsigned = self._send(replace(genuine, headers={"Content-Type": "application/json"}))
        self._expect((forged, unsigned) == (401, 401), "A forged webhook was not answered with 401.")
        self._expect(sum(self.world.events().values()) == before, "A forged webhook left a row.")
        self.checks["forged webhooks"] = f"wrong signature {forged}, unsigned {unsigned}"
        return f"wrong signature: {forged}, unsigned: {unsigned}"

    def second_sync(self) -> str:
        before = len(self.world.commands())
        answer = self.world.pull(PULLED)
        self.world.settle()
        made = len(self.world.commands()) - before
        self._expect(not made, f"A second sync of an unchanged shop made {made} commands.")
        self.checks["second sync, unchanged"] = answer
        return f"{made} commands for an unchanged shop"

    # Helpers

    def _simple(self) -> list[int]:
        products = self.world.woo.state.products
        return [key for key, row in products.items() if row.sku.startswith("WOO") and row.type == "simple"]

    def _variation(self) -> int:
        return next(key for key, row in self.world.woo.state.variations.items() if row.sku)

    def _guest(self, number: int) -> dict[str, Any]:
        return guest(self.world.woo.state, number)
