"""Orders of a simulated store: what was bought, with which coupon and charges, and what was given back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.woocommerce.money import KEPT_DECIMALS, discounts, rates_of, split, taxes_on
from sandbox.woocommerce.state import Charge, Coupon, Line, Order, Product, Refund, WooState, rounded

# (product id, variation id or 0, quantity)
Goods = Sequence[tuple[int, int, Decimal | int | str]]


def add_order(
    state: WooState,
    goods: Goods,
    *,
    customer_id: int = 0,
    created: datetime | None = None,
    coupon: tuple[str, str, Decimal] | None = None,
    shipping_cost: Decimal | None = None,
    fees: Sequence[tuple[str, Decimal]] = (),
    **values: Any,
) -> Order:
    """coupon: (code, percent or fixed_cart, its amount). shipping_cost, fees: without tax. values: fields of Order."""
    moment = created or state.moment()
    order_id = state.new_id()
    order = Order(
        order_id,
        moment,
        moment,
        [],
        customer_id=customer_id,
        **{
            "number": str(order_id),
            "currency": state.currency,
            "prices_include_tax": state.prices_include_tax,
            **_address(state, customer_id),
            **values,
        },
    )
    fill(state, order, goods, coupon)
    if shipping_cost is not None:
        order.shipping_lines = [_charge(state, "Flat rate", shipping_cost, method="flat_rate")]
    order.fees = [_charge(state, title, amount) for title, amount in fees]
    if order.status in ("processing", "completed") and "paid" not in values:
        order.paid = moment
    order.completed = moment if order.status == "completed" else None
    state.orders[order.id] = order
    return order


def fill(state: WooState, order: Order, goods: Goods, coupon: tuple[str, str, Decimal] | None = None) -> None:
    """Give an order its lines anew."""
    bought = [_Bought(state, *entry) for entry in goods]
    off = [Decimal(0)] * len(bought)
    order.coupons = []
    if coupon is not None:
        code, kind, value = coupon
        off = discounts(state, [one.amount for one in bought], kind, value)
        order.coupons = [Coupon(state.new_id(), code, kind, value)]
    order.lines = [one.line(state, less) for one, less in zip(bought, off, strict=True)]
    for applied in order.coupons:
        applied.discount = sum((line.subtotal - line.total for line in order.lines), Decimal(0))
        applied.discount_tax = sum((line.subtotal_tax - line.total_tax for line in order.lines), Decimal(0))


class _Bought:
    def __init__(self, state: WooState, product_id: int, variation_id: int, quantity: Decimal | int | str):
        self.product = state.products[product_id]
        self.variation = state.variations[variation_id] if variation_id else None
        self.sold: Product = self.variation or self.product
        self.quantity = Decimal(quantity)
        self.amount = (self.sold.price or Decimal(0)) * self.quantity

    def line(self, state: WooState, less: Decimal) -> Line:
        rates = rates_of(state, self.product.tax_class) if self.product.tax_status == "taxable" else []
        subtotal, subtotal_taxes = split(state, self.amount, rates)
        total, total_taxes = split(state, self.amount - less, rates)
        options = self.variation.attributes if self.variation else []
        name = self.product.name
        if options:
            name += " - " + ", ".join(option["option"] for option in options)
        return Line(
            state.new_id(),
            name,
            self.product.id,
            self.variation.id if self.variation else 0,
            self.quantity,
            subtotal,
            total,
            {key: (total_taxes[key], tax) for key, tax in subtotal_taxes.items()},
            self.product.tax_class,
            [_option_meta(state, option) for option in options],
        )


def _option_meta(state: WooState, option: dict[str, Any]) -> dict[str, Any]:
    value = {"value": option["option"], "display_key": option["name"], "display_value": option["option"]}
    return {"id": state.new_id(), "key": f"pa_{option['name'].lower()}", **value}


def _charge(state: WooState, title: str, amount: Decimal, tax_class: str = "", method: str = "") -> Charge:
    rates = [rate for rate in rates_of(state, tax_class) if rate.is_on_shipping or not method]
    net = rounded(amount, KEPT_DECIMALS)
    return Charge(state.new_id(), title, net, taxes_on(state, net, rates), method)


def _address(state: WooState, customer_id: int) -> dict[str, Any]:
    if not customer_id:
        return {}
    customer = state.customers[customer_id]
    return {"billing": dict(customer["billing"]), "shipping": dict(customer["shipping"])}


def total(state: WooState, order: Order) -> Decimal:
    """What the buyer pays."""
    return rounded(order.exact_total, state.decimals)


def add_refund(
    state: WooState,
    order: Order,
    amount: Decimal | None = None,
    units: dict[int, Decimal | int] | None = None,
    reason: str = "",
) -> Refund:
    """Money alone, or units of lines (by line id) with their share of the line's money."""
    lines = [
        _given_back(state, line, Decimal(units[line.id])) for line in order.lines if line.id in (units or {})
    ]
    if amount is None:
        amount = rounded(-sum((line.total + line.total_tax for line in lines), Decimal(0)), state.decimals)
    refund = Refund(state.new_id(), order.id, state.moment(), amount, reason, lines)
    state.refunds[refund.id] = refund
    if sum((one.amount for one in state.refunds_of(order.id)), Decimal(0)) >= total(state, order):
        order.status = "refunded"
    order.modified = state.moment()
    return refund


def _given_back(state: WooState, line: Line, quantity: Decimal) -> Line:
    share = -quantity / line.quantity
    # The person who refunds types what the screen shows: the shop's decimals.
    taxes = {key: rounded(tax * share, state.decimals) for key, (tax, _) in line.taxes.items()}
    net = rounded(line.total * share, state.decimals)
    meta = [{"id": state.new_id(), "key": "_refunded_item_id", "value": str(line.id)}]
    both = {key: (tax, tax) for key, tax in taxes.items()}
    return Line(
        state.new_id(), line.name, line.product_id, line.variation_id, -quantity, net, net, both,
        line.tax_class, meta,
    )  # fmt: skip
