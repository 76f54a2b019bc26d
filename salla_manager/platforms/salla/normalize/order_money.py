"""The money of an order, and which of Salla's readings of it is meant.

total = sub_total - discounts + shipping_cost + cash_on_delivery + tax; sub_total is before discount and
without VAT. Salla's pages leave two things open, so the amounts decide: whether a line's
`price_without_tax` is of one unit or of the line, and whether the order's list of discounts repeats the
lines' discounts or stands beside them.
ref: docs.salla.dev/5394146e0 (orders), docs.salla.dev/886364f0 (order items)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from salla_manager.platforms.values import mapping, money, number, order_figures, round_money, rows, text

_HALF_CENT = Decimal("0.005")
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Amounts:
    """Amounts of one order in its currency; None where the shop does not say."""

    total: Decimal | None
    subtotal: Decimal | None
    shipping: Decimal | None
    cash_on_delivery: Decimal | None
    tax_percent: Decimal | None
    tax: Decimal | None
    discounts: list[dict[str, Any]]
    discount_total: Decimal
    prices_are_per_line: bool
    problems: list[str] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """As fields of the order payload."""
        return order_figures(self)


def read_amounts(body: dict[str, Any], items: list[dict[str, Any]], code: str | None) -> Amounts:
    amounts = mapping(body.get("amounts"))
    tax = mapping(amounts.get("tax"))
    total = money(amounts.get("total"))
    total = total if total is not None else money(body.get("total"))
    subtotal, shipping, fee = (
        money(amounts.get(key)) for key in ("sub_total", "shipping_cost", "cash_on_delivery")
    )
    tax_amount = money(tax) if tax else money(amounts.get("tax"))
    before_discount = sum((part for part in (subtotal, shipping, fee, tax_amount) if part), _ZERO)
    discount_total = _discount_total(rows(amounts.get("discounts")), items, before_discount, total)
    prices_are_per_line = _prices_are_per_line(items, subtotal)
    return Amounts(
        total=total,
        subtotal=subtotal,
        shipping=shipping,
        cash_on_delivery=fee,
        tax_percent=number(tax.get("percent")),
        tax=tax_amount,
        discounts=_discounts(amounts.get("discounts")),
        discount_total=discount_total,
        prices_are_per_line=prices_are_per_line,
        problems=_zero_problems(total, before_discount - discount_total, items, discount_total > 0),
    )


def disagreement(body: dict[str, Any]) -> str:
    """A sentence where the order's own amounts do not make its total; empty where they do or are not told."""
    read = read_amounts(body, rows(body.get("items")), None)
    if read.total is None or read.subtotal is None:
        return ""
    parts = [
        (read.subtotal, ""),
        (-read.discount_total, " discount"),
        (read.shipping or _ZERO, " shipping"),
        (read.cash_on_delivery or _ZERO, " cash on delivery"),
        (read.tax or _ZERO, " VAT"),
    ]
    made = sum((value for value, _ in parts), _ZERO)
    if abs(made - read.total) < Decimal("0.01"):
        return ""
    told = " ".join(f"{'-' if value < 0 else '+'} {abs(value)}{what}" for value, what in parts if value)
    return f"Its amounts do not add up: {told.removeprefix('+ ')} = {made}, but its total is {read.total}."


def _discounts(value: Any) -> list[dict[str, Any]]:
    found = []
    for row in rows(value):
        entry = {"title": text(row.get("title")), "code": text(row.get("code")), "amount": _amount(row)}
        found.append({key: value for key, value in entry.items() if value is not None})
    return found


def _amount(row: dict[str, Any]) -> Decimal:
    return abs(money(row.get("discount")) or money(row.get("amount")) or _ZERO)


def _discount_total(
    listed: list[dict[str, Any]], items: list[dict[str, Any]], before_discount: Decimal, total: Decimal | None
) -> Decimal:
    """The reading of the discounts that makes the total; where none does, the order's own list."""
    of_order = sum((_amount(row) for row in listed), _ZERO)
    of_shipping = sum((abs(money(row.get("discounted_shipping")) or _ZERO) for row in listed), _ZERO)
    of_lines = sum((_line_discount(item) for item in items), _ZERO)
    readings = [of_order, of_order + of_shipping, of_lines, of_order + of_lines]
    # No discount at all is no reading where the shop names one: that is a contradiction for a person.
    readings = [value for value in readings if value] or [_ZERO]
    for reading in readings:
        if total is not None and abs(before_discount - reading - total) < Decimal("0.01"):
            return reading
    return readings[0]


def _line_discount(item: dict[str, Any]) -> Decimal:
    return abs(money(mapping(item.get("amounts")).get("total_discount")) or _ZERO)


def _prices_are_per_line(items: list[dict[str, Any]], subtotal: Decimal | None) -> bool:
    """Whether the sum of `price_without_tax` makes the sub-total only when read as a price of the line."""
    if subtotal is None:
        return False
    read = [
        (money(mapping(item.get("amounts")).get("price_without_tax")), number(item.get("quantity")))
        for item in items
    ]
    if any(price is None or quantity is None for price, quantity in read):
        return False
    by_unit = abs(sum((price * quantity for price, quantity in read), _ZERO) - subtotal)
    by_line = abs(sum((price for price, _ in read), _ZERO) - subtotal)
    # A unit price is rounded to the halala, so each unit may add half of one.
    units = sum((quantity for _, quantity in read), _ZERO)
    if by_unit <= _HALF_CENT * (units + 1):
        return by_line < by_unit
    return by_line <= _HALF_CENT * (len(read) + 1)


def _zero_problems(
    total: Decimal | None, expected: Decimal, items: list[dict[str, Any]], is_discounted: bool
) -> list[str]:
    """Salla now and then gives an order with its amounts collapsed to zero. ref: undocumented, observed"""
    if total is None or total != 0:
        return []
    if expected > 0:
        return [f"total: it is 0, but the order's own parts make {expected}"]
    priced = sum(
        (money(mapping(item.get("amounts")).get("price_without_tax")) or _ZERO for item in items), _ZERO
    )
    if expected == 0 and priced > 0 and not is_discounted:
        return ["total: it is 0, but the lines have prices"]
    return []


def line_money(item: dict[str, Any], order: Amounts, code: str | None) -> dict[str, Any]:
    """unit_price, discount, tax_percent, tax and total of a line, computed from its parts.

    The line's own `total` is with or without tax and discount, depending on where it was seen, so it is
    not used; its own tax is, where it fits its percent.
    """
    amounts = mapping(item.get("amounts"))
    price, quantity = money(amounts.get("price_without_tax")), number(item.get("quantity"))
    if price is None or not quantity:
        return {"unit_price": price}
    net, unit_price = price * quantity, price
    if order.prices_are_per_line:
        net, unit_price = price, money((price / quantity).quantize(Decimal("0.000001"), ROUND_HALF_UP))
    discount = _line_discount(item)
    percent, tax = _line_tax(mapping(amounts.get("tax")), net - discount, quantity, code)
    total = None if tax is None else round_money(net - discount + tax, code)
    return {
        "unit_price": unit_price,
        "discount": discount,
        "tax_percent": percent,
        "tax": tax,
        "total": total,
    }


def _line_tax(
    tax: dict[str, Any], base: Decimal, quantity: Decimal, code: str | None
) -> tuple[Decimal | None, Decimal | None]:
    percent, given = number(tax.get("percent")), money(tax)
    if not percent:
        return percent, given
    computed = round_money(base * percent / 100, code)
    # Rounded per unit and then multiplied, the shop's own figure may be off by half a halala each.
    if given is not None and abs(given - computed) <= Decimal("0.01") + _HALF_CENT * quantity:
        return percent, given
    return percent, computed
