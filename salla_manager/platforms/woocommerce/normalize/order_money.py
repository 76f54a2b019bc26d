"""The money of an order, without VAT line by line, whatever `prices_include_tax` says.

total = lines after discounts + shipping + fees + tax. Discounts of coupons are inside the lines already. A line's
`price` is the result of a division in floating point and is never used.

What an ERP has no line for has to go somewhere, so that its arithmetic reaches the shop's total to the coin: a fee for
cash on delivery is one where it is certainly that, any other fee is charged with the shipping, and a negative one is a
discount.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.values import (
    currency,
    identifier,
    money,
    number,
    order_figures,
    round_money,
    rows,
    shortest,
    text,
)
from salla_manager.platforms.woocommerce.normalize.texts import plain

_ZERO, _CENT = Decimal(0), Decimal("0.01")
_PRICE_DIGITS = Decimal("0.000001")
_COD = ("cod", "cash_on_delivery", "cashondelivery")
_COD_WORDS = re.compile(r"\bcod\b|cash on delivery|عند الاستلام|عند الإستلام|عند التسليم", re.IGNORECASE)


@dataclass(frozen=True)
class Rate:
    """is_compound: it stands on the other taxes as well."""

    percent: Decimal
    is_compound: bool = False


@dataclass(frozen=True)
class OrderMoney:
    """Amounts of one order in its currency; None where the shop does not say."""

    total: Decimal | None
    subtotal: Decimal
    tax: Decimal
    tax_percent: Decimal | None
    shipping: Decimal
    cash_on_delivery: Decimal
    discounts: list[dict[str, Any]]
    discount_total: Decimal
    # By rate id, as the order's own list of taxes has them.
    rates: dict[str, Rate]
    problems: list[str] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """As fields of the order payload."""
        return order_figures(self)

    def of_line(self, line: dict[str, Any]) -> dict[str, Any]:
        """unit_price, discount, tax_percent, tax and total of a line."""
        before, net, tax = _before(line), _amount(line, "total"), _amount(line, "total_tax")
        quantity = number(line.get("quantity"))
        if not quantity:
            return {"unit_price": before}
        return {
            "unit_price": money((before / quantity).quantize(_PRICE_DIGITS, ROUND_HALF_UP)),
            "discount": before - net,
            "tax_percent": _percent_of(line, self.rates),
            "tax": tax,
            "total": net + tax,
        }


def read_money(body: dict[str, Any], lines: list[dict[str, Any]], context: StoreContext) -> OrderMoney:
    fees, shipping = rows(body.get("fee_lines")), rows(body.get("shipping_lines"))
    cod = [fee for fee in fees if _is_of_cod(fee, body)]
    charged = [fee for fee in fees if fee not in cod and _amount(fee, "total") >= 0]
    taken_off = [fee for fee in fees if _amount(fee, "total") < 0]
    of_lines = sum((_before(line) - _amount(line, "total") for line in lines), _ZERO)
    rates = _rates(body, [*lines, *fees, *shipping])
    return OrderMoney(
        total=money(body.get("total")),
        subtotal=_sum(map(_before, lines)),
        tax=_tax(body, [*lines, *fees, *shipping]),
        tax_percent=next(iter(rates.values())).percent if len(rates) == 1 else None,
        shipping=_sum(_amount(row, "total") for row in [*shipping, *charged]),
        cash_on_delivery=_sum(_amount(fee, "total") for fee in cod),
        discounts=_discounts(body, taken_off),
        discount_total=of_lines - _sum(_amount(fee, "total") for fee in taken_off),
        rates=rates,
        problems=_difference(body, lines, shipping, fees, context),
    )


def _difference(
    body: dict[str, Any],
    lines: list[dict[str, Any]],
    shipping: list[dict[str, Any]],
    fees: list[dict[str, Any]],
    context: StoreContext,
) -> list[str]:
    """Parts that do not make the total are for a person to look at; each is rounded, so each may miss by a cent."""
    total = money(body.get("total"))
    if total is None:
        return []
    parts = {"lines": lines, "shipping": shipping, "fees": fees}
    sums = {
        name: _sum(_amount(row, "total") + _amount(row, "total_tax") for row in found)
        for name, found in parts.items()
    }
    made = _sum(sums.values())
    slack = _CENT * max(1, sum(map(len, parts.values())))
    if abs(made - total) <= slack:
        return []
    code = currency(body.get("currency"), context.currency)
    told = ", ".join(f"{name} {round_money(amount, code)}" for name, amount in sums.items() if amount)
    return [
        f"total: the parts of the order, tax included, make {round_money(made, code)} ({told or 'nothing'}), but its"
        f" total is {round_money(total, code)}, a difference of {round_money(total - made, code)}. Recalculate the"
        " order in the shop"
    ]


def _before(line: dict[str, Any]) -> Decimal:
    """The line before discounts; custom lines may have no more than their total, and a total that a person raised is no
    discount."""
    return max(money(line.get("subtotal")) or _ZERO, _amount(line, "total"))


def _amount(row: dict[str, Any], key: str) -> Decimal:
    return money(row.get(key)) or _ZERO


def _sum(amounts: Any) -> Decimal:
    return sum(amounts, _ZERO)


def _tax(body: dict[str, Any], parts: list[dict[str, Any]]) -> Decimal:
    """The order's own sum, which is rounded as the shop rounds."""
    told = money(body.get("total_tax"))
    return told if told is not None else _sum(_amount(row, "total_tax") for row in parts)


def _is_of_cod(fee: dict[str, Any], body: dict[str, Any]) -> bool:
    method, name = (text(body.get("payment_method")) or "").lower(), plain(fee.get("name")) or ""
    return method in _COD and _amount(fee, "total") > 0 and bool(_COD_WORDS.search(name))


def _discounts(body: dict[str, Any], taken_off: list[dict[str, Any]]) -> list[dict[str, Any]]:
    coupons = [
        {"code": plain(row.get("code")), "amount": abs(_amount(row, "discount"))}
        for row in rows(body.get("coupon_lines"))
    ]
    fees = [{"title": plain(fee.get("name")), "amount": -_amount(fee, "total")} for fee in taken_off]
    return [{key: value for key, value in row.items() if value is not None} for row in [*coupons, *fees]]


def _rates(body: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Rate]:
    """By rate id. Shops before WooCommerce 3.7 do not tell the percentage; then all that bears it tells."""
    found = {}
    for row in rows(body.get("tax_lines")):
        key, percent = identifier(row.get("rate_id")), number(row.get("rate_percent"))
        if key and percent is None:
            percent = _percent_by_parts(key, parts)
        if key and percent is not None:
            found[key] = Rate(percent, row.get("compound") is True)
    return found


def _percent_by_parts(key: str, parts: list[dict[str, Any]]) -> Decimal | None:
    bearing = [
        (part, row) for part in parts for row in rows(part.get("taxes")) if identifier(row.get("id")) == key
    ]
    net = _sum(_amount(part, "total") for part, row in bearing if text(row.get("total")) is not None)
    return _by_division(net, _sum(_amount(row, "total") for _, row in bearing), len(bearing))


def _percent_of(line: dict[str, Any], rates: dict[str, Rate]) -> Decimal | None:
    """By the rates that the line names; those that do not apply to it have an empty amount there."""
    net, tax = _amount(line, "total"), _amount(line, "total_tax")
    named = [
        identifier(row.get("id")) for row in rows(line.get("taxes")) if text(row.get("total")) is not None
    ]
    known = [rates[key] for key in named if key in rates]
    if named and len(known) == len(named):
        percent = _together(known)
        if not tax or abs(net * percent / 100 - tax) <= _CENT * len(known):
            return percent
    if not tax:
        return _ZERO if net and not named else None
    return _by_division(net, tax)


def _together(known: list[Rate]) -> Decimal:
    percent = _sum(rate.percent for rate in known if not rate.is_compound)
    for rate in known:
        if rate.is_compound:
            percent += rate.percent * (1 + percent / 100)
    return shortest(percent)


def _by_division(net: Decimal, tax: Decimal, count: int = 1) -> Decimal | None:
    """The percentage that so many rounded taxes come from; None where no whole, half or quarter one fits."""
    if net <= 0 or not tax:
        return None
    for part in (1, 2, 4):
        percent = (tax / net * 100 * part).quantize(Decimal(1), ROUND_HALF_UP) / part
        if abs(net * percent / 100 - tax) <= _CENT / 2 * count:
            return shortest(percent)
    return None
