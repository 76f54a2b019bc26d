"""Orders of a simulated store: what was bought, with a coupon or not, and how it was paid."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.salla.state import CUSTOM_STATUSES, STATUSES, Line, Order, ShopState, cents

_PAYMENTS = ("mada", "credit_card", "apple_pay", "tamara_installment", "bank")


def add_order(
    state: ShopState,
    *,
    created: datetime | None = None,
    goods: list[tuple[int, int | None, int]] | None = None,
    customer_id: int | None = None,
    among: list[tuple[int, int | None]] | None = None,
    **values: Any,
) -> Order:
    """An order; goods: (product id, variant id or None, quantity), by default some of `among`,
    which is by default what `sellable` gives.

    values: further fields of Order, such as payment_method, coupon, shipping.
    """
    chance, moment = state.random, created or state.now()
    goods = goods if goods is not None else _some_goods(state, among or sellable(state))
    lines = [make_line(state, *entry) for entry in goods]
    method = values.get("payment_method") or (chance.choice(_PAYMENTS) if chance.random() < 0.7 else "cod")
    has_goods = any(line.type == "product" for line in lines)
    defaults: dict[str, Any] = {
        "customer_id": customer_id or chance.choice(list(state.customers)),
        "status": chance.choice(("under_review", "in_progress", "completed")),
        "payment_method": method,
        "shipping": Decimal(chance.choice(("0", "15", "22.5", "25"))) if has_goods else Decimal(0),
        "cash_on_delivery": Decimal("12") if method == "cod" else Decimal(0),
        "coupon": chance.choice((None, None, "WELCOME10")),
        "is_shippable": has_goods,
        "branch_id": next(iter(state.branches), None),
    }
    buyer = state.customers[values.get("customer_id") or defaults["customer_id"]]
    defaults["receiver"] = {
        "name": buyer["full_name"],
        "email": buyer["email"] or "",
        "phone": f"966{buyer['mobile']}",
    }
    order = Order(
        state.new_id(), state.new_reference(), moment, moment, lines=lines, **{**defaults, **values}
    )
    apply_discount(order, Decimal(10) if order.coupon else Decimal(0))
    state.orders[order.id] = order
    return order


def sellable(state: ShopState) -> list[tuple[int, int | None]]:
    """(product id, variant id or None) of all that has a SKU."""
    found: list[tuple[int, int | None]] = []
    for product in state.products.values():
        if product["skus"]:
            found += [(product["id"], sku["id"]) for sku in product["skus"] if sku["sku"]]
        elif product["sku"]:
            found.append((product["id"], None))
    return found


def _some_goods(state: ShopState, among: list[tuple[int, int | None]]) -> list[tuple[int, int | None, int]]:
    count = min(len(among), state.random.choice((1, 1, 2, 3, 4)))
    return [(*entry, state.random.choice((1, 1, 2, 3))) for entry in state.random.sample(among, count)]


def make_line(state: ShopState, product_id: int, sku_id: int | None, quantity: int) -> Line:
    product, sku = state.products[product_id], state.find_sku(product_id, sku_id)
    shown = (sku or product)["price"]["amount"]
    return Line(
        id=state.new_id(),
        product_id=product_id,
        sku_id=sku_id,
        name=product["name"],
        sku=(sku or product)["sku"],
        quantity=quantity,
        unit_price=state.net_price(shown),
        type=product["type"],
        options=_chosen_options(product, sku),
    )


def _chosen_options(product: dict[str, Any], sku: dict[str, Any] | None) -> list[dict[str, Any]]:
    wanted = set(sku["related_option_values"]) if sku else set()
    return [
        {
            "id": option["id"],
            "product_option_id": option["id"],
            "name": option["name"],
            "type": "radio",
            "value": value,
        }
        for option in product["options"]
        for value in option["values"]
        if value["id"] in wanted
    ]


def apply_discount(order: Order, percent: Decimal) -> None:
    """The same percentage off each line, rounded per line, as a coupon does."""
    for line in order.lines:
        line.discount = cents(line.net * percent / 100)


def status_row(slug: str) -> dict[str, Any]:
    key, name = STATUSES[slug]
    return {"id": key, "name": name, "slug": slug}


def order_status(slug: str) -> dict[str, Any]:
    """As an order carries it: with the store's own sub-status, where there is one."""
    if slug not in CUSTOM_STATUSES:
        return {**status_row(slug), "customized": None}
    key, name = CUSTOM_STATUSES[slug]
    return {**status_row(slug), "customized": {"id": key, "name": name}}
