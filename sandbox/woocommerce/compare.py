"""Holds the ERP's documents against a WooCommerce store's own state."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from typing import Any

from sandbox.compare import Held, unequal
from sandbox.woocommerce.orders import total
from sandbox.woocommerce.site import order_totals
from sandbox.woocommerce.state import Order, Product, WooState, rounded, total_of
from sandbox.world import World

# Of a customer who bought without an account; the ERP knows him by his e-mail.
GUEST = "guest-"
_NO_ORDER_YET = ("checkout-draft", "auto-draft")


class WooComparison(Held):
    def __init__(self, world: World):
        super().__init__(world)
        self.state: WooState = world.woo.state

    def wanted(self) -> dict[str, dict[str, Any]]:
        state = self.state
        orders = {str(key): order for key, order in state.orders.items() if order.status not in _NO_ORDER_YET}
        statuses = [row for row in order_totals(state) if row["slug"] not in _NO_ORDER_YET]
        return {
            "category": {str(key): row for key, row in state.categories.items()},
            "brand": {str(key): row for key, row in state.brands.items() if state.is_at_least(9, 6)},
            "order_status": {row["slug"]: row for row in statuses} | self._known_statuses(),
            "product": {str(key): row for key, row in state.products.items() if row.sku},
            "variant": {str(key): row for key, row in state.variations.items() if row.sku},
            "customer": {str(key): row for key, row in state.customers.items()} | self._guests(orders),
            "order": orders,
        }

    def _known_statuses(self) -> dict[str, Any]:
        """WooCommerce's own that this version of the shop does not report."""
        slugs = ("ready-for-pickup", "trash")
        return {slug: {"slug": slug} for slug in slugs if ("order_status", slug) in self.references}

    def _guests(self, orders: dict[str, Order]) -> dict[str, dict[str, Any]]:
        """By the id that the ERP has for their e-mail, or by a name that it does not have."""
        ids = {
            self.documents["Customer"].get(name, {}).get("email"): key
            for (kind, key), (_, name) in self.references.items()
            if kind == "customer" and key.startswith(GUEST)
        }
        guests = {order.billing["email"]: order.billing for order in orders.values() if not order.customer_id}
        found = {}
        for email, billing in guests.items():
            found[ids.get(email, f"{GUEST}{email}")] = {**billing, "billing": billing}
        return found

    def order_total(self, order: Order) -> Decimal:
        return total(self.state, order)

    def _category(self, row: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
        yield from unequal("name", unescape(row["name"]), document["title"])
        if row["parent"]:
            yield from unequal("parent", self.name("category", row["parent"]), document["parent"])

    def _brand(self, row: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
        yield from unequal("name", unescape(row["name"]), document["title"])

    def _product(self, row: Product, document: dict[str, Any]) -> Iterator[str]:
        yield from unequal("code", row.sku, document["item_code"])
        yield from unequal("name", unescape(row.name), document["item_name"])
        yield from unequal("template", row.type == "variable", bool(document["has_variants"]))
        yield from unequal("stock item", not row.is_virtual, bool(document["is_stock_item"]))
        if row.type != "variable":
            yield from self._price(row, document)

    def _variant(self, row: Product, document: dict[str, Any]) -> Iterator[str]:
        yield from unequal("code", row.sku, document["item_code"])
        yield from unequal("template", self.state.products[row.parent_id].sku, document["variant_of"])
        yield from self._price(row, document)

    def _price(self, row: Product, document: dict[str, Any]) -> Iterator[str]:
        """The ERP's price list is without VAT, and what that is the shop does not say of prices that include it."""
        prices = document["prices"]
        rate = Decimal(str(prices[0]["rate"])) if len(prices) == 1 else None
        yield from unequal("price", None if self.state.prices_include_tax else row.regular_price, rate)

    def _customer(self, row: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
        phone = row["billing"]["phone"]
        yield from unequal("name", f"{row['first_name']} {row['last_name']}", document["title"])
        yield from unequal("phone", f"+966{phone[1:]}" if phone else None, document["phone"] or None)
        yield from unequal("e-mail", row["email"], document["email"])

    def _order(self, order: Order, document: dict[str, Any]) -> Iterator[str]:
        parts = [*order.lines, *order.charges]
        taxes = rounded(total_of(one.total_tax for one in parts), self.state.decimals)
        taxes += total_of(charge.total for charge in order.charges)
        yield from unequal("total", total(self.state, order), Decimal(str(document["grand_total"])))
        yield from unequal("VAT and charges", taxes, Decimal(str(document["total_taxes_and_charges"])))
        yield from unequal("status", order.status, document["shop_status"])
        yield from unequal("reference", order.number, document["reference"])
        yield from unequal("customer", self._buyer(order), document["customer"])
        yield from unequal("currency", order.currency, document["currency"])
        yield from unequal("flagged difference", "", document["difference"] or "")
        lines = [
            (
                self.name(
                    "variant" if line.variation_id else "product", line.variation_id or line.product_id
                ),
                line.quantity,
            )
            for line in order.lines
        ]
        erp_lines = [(line["item_code"], Decimal(str(line["quantity"]))) for line in document["lines"]]
        yield from unequal("lines", lines, erp_lines)

    def _buyer(self, order: Order) -> str | None:
        if order.customer_id:
            return self.name("customer", order.customer_id)
        emails = {name: document.get("email") for name, document in self.documents["Customer"].items()}
        return next((name for name, email in emails.items() if email == order.billing["email"]), None)
