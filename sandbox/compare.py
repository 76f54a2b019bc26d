"""Holds the ERP's documents against the shop's own state. Knows the shop's facts, not the adapter's reading of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.salla import bodies
from sandbox.salla.orders import order_status
from sandbox.salla.state import Line, Order, ShopState, cents
from sandbox.world import World

DOCTYPES = {
    "category": "Item Group",
    "brand": "Brand",
    "product": "Item",
    "variant": "Item",
    "customer": "Customer",
    "order": "Sales Order",
}


class Held:
    """What the ERP holds of one store, against what its shop has.

    `differences` has one sentence per disagreement; `orders_equal` counts orders without one; `total` is their sum.
    A method named after an entity type gives what is not equal of a pair.
    """

    def __init__(self, world: World):
        self.references = world.references()
        self.documents = {doctype: world.documents(doctype) for doctype in set(DOCTYPES.values())}
        self.differences: list[str] = []
        self.orders_equal = 0
        self.total = Decimal(0)

    def run(self) -> Held:
        for entity_type, wanted in self.wanted().items():
            self._compare_type(entity_type, wanted)
        return self

    def wanted(self) -> dict[str, dict[str, Any]]:
        """What the ERP should have, by entity type and external id."""
        raise NotImplementedError

    def order_total(self, order: Any) -> Decimal:
        raise NotImplementedError

    def _compare_type(self, entity_type: str, wanted: dict[str, Any]) -> None:
        found = {key: document for (kind, key), document in self.references.items() if kind == entity_type}
        for key in wanted.keys() - found.keys():
            self.differences.append(f"{entity_type} {key} is not in the ERP.")
        for key in found.keys() - wanted.keys():
            self.differences.append(
                f"{entity_type} {key} is in the ERP as {found[key][1]}, but not in the shop."
            )
        self._compare_doubles(entity_type, found)
        check = getattr(self, f"_{entity_type}", None)
        for key in sorted(wanted.keys() & found.keys()) if check else ():
            document = self.documents[DOCTYPES[entity_type]].get(found[key][1])
            if document is None:
                self.differences.append(f"{entity_type} {key}: {found[key][1]} is gone from the ERP.")
                continue
            texts = list(check(wanted[key], document))
            self.differences += [f"{entity_type} {key} ({found[key][1]}): {text}" for text in texts]
            if entity_type == "order" and not texts:
                self.orders_equal += 1
                self.total += self.order_total(wanted[key])

    def _compare_doubles(self, entity_type: str, found: dict[str, tuple[str, str]]) -> None:
        for document, count in Counter(found.values()).items():
            if count > 1:
                self.differences.append(
                    f"{document[1]} stands for {count} shop entities of type {entity_type}."
                )
        if entity_type == "order":
            extra = self.documents["Sales Order"].keys() - {name for _, name in found.values()}
            self.differences += [f"Sales Order {name} belongs to no shop order." for name in sorted(extra)]

    def name(self, entity_type: str, key: int) -> str | None:
        """The ERP's name of a shop entity."""
        return self.references.get((entity_type, str(key)), ("", None))[1]


class Comparison(Held):
    """Of a Salla store."""

    def __init__(self, world: World):
        super().__init__(world)
        self.state: ShopState = world.salla.state

    def wanted(self) -> dict[str, dict[str, Any]]:
        state = self.state
        products = {str(key): row for key, row in state.products.items() if row["sku"]}
        return {
            "category": {str(key): row for key, row in state.categories.items()},
            "brand": {str(key): row for key, row in state.brands.items()},
            "order_status": {str(row["id"]): row for row in bodies.statuses()},
            "product": products,
            "variant": {
                str(sku["id"]): (row, sku)
                for row in state.products.values()
                for sku in row["skus"]
                if sku["sku"]
            },
            "customer": {str(key): row for key, row in state.customers.items()},
            "order": {str(key): order for key, order in state.orders.items() if not order.is_deleted},
        }

    def order_total(self, order: Order) -> Decimal:
        return cents(order.total)

    def _category(self, row: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
        yield from unequal("name", row["name"], document["title"])
        if row["parent_id"]:
            yield from unequal("parent", self.name("category", row["parent_id"]), document["parent"])

    def _brand(self, row: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
        yield from unequal("name", row["name"], document["title"])

    def _product(self, row: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
        yield from unequal("code", row["sku"], document["item_code"])
        yield from unequal("name", row["name"], document["item_name"])
        yield from unequal("template", bool(row["skus"]), bool(document["has_variants"]))
        yield from unequal("stock item", row["type"] == "product", bool(document["is_stock_item"]))
        if not row["skus"]:
            yield from self._price(row, document)

    def _variant(
        self, pair: tuple[dict[str, Any], dict[str, Any]], document: dict[str, Any]
    ) -> Iterator[str]:
        product, sku = pair
        yield from unequal("code", sku["sku"], document["item_code"])
        if product["sku"]:
            yield from unequal("template", product["sku"], document["variant_of"])
        yield from self._price(sku, document)

    def _price(self, row: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
        prices = document["prices"]
        rate = Decimal(str(prices[0]["rate"])) if len(prices) == 1 else None
        yield from unequal("price", self.state.net_price(Decimal(row["regular_price"]["amount"])), rate)

    def _customer(self, row: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
        yield from unequal("name", row["full_name"], document["title"])
        yield from unequal("phone", f"+966{row['mobile']}", document["phone"])
        yield from unequal("e-mail", row["email"], document["email"])

    def _order(self, order: Order, document: dict[str, Any]) -> Iterator[str]:
        total = cents(order.total)
        erp_total = Decimal(str(document["grand_total"]))
        taxes = cents(order.tax + order.shipping + order.cash_on_delivery)
        yield from unequal("total", total, erp_total)
        yield from unequal("VAT and charges", taxes, Decimal(str(document["total_taxes_and_charges"])))
        yield from unequal("status", order.status, document["shop_status"])
        yield from unequal("status name", _status_name(order), document["shop_status_name"])
        yield from unequal("reference", str(order.reference), document["reference"])
        yield from unequal("customer", self.name("customer", order.customer_id), document["customer"])
        yield from unequal("currency", self.state.currency, document["currency"])
        yield from unequal("flagged difference", "", document["difference"] or "")
        lines = [(self._item_code(line), Decimal(line.quantity)) for line in order.lines]
        erp_lines = [(line["item_code"], Decimal(str(line["quantity"]))) for line in document["lines"]]
        yield from unequal("lines", lines, erp_lines)

    def _item_code(self, line: Line) -> str | None:
        kind, key = ("variant", line.sku_id) if line.sku_id else ("product", line.product_id)
        return self.name(kind, key)


def _status_name(order: Order) -> str:
    status = order_status(order.status)
    return (status["customized"] or status)["name"]


def unequal(what: str, shop: Any, erp: Any) -> Iterator[str]:
    if shop != erp:
        yield f"{what} is {shop!r} in the shop and {erp!r} in the ERP."
