"""The money of a shop order as lines, document discount and charges that ERPNext computes to the shop's total.

The shop's sum: total = lines - discounts + shipping + cash on delivery + VAT; everything but the total without VAT.

* A line's discount goes into its rate if it divides evenly per unit, else into the document discount (on Net Total).
* A unit price with more decimals than money has is rounded; what that adds goes into the document discount too.
* Shipping and cash on delivery are rows of their own, Actual, on their accounts.
* VAT is one percent row (on everything above it) where that gives the shop's VAT to the smallest coin, so that
  tax reports know the rate; else an Actual row with the shop's amount. Mixed percentages are Actual. No VAT, no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from salla_executor.core.mapping.erpnext_math import Arithmetic, Totals, predict
from salla_executor.core.model import BusinessError, Charge, SalesOrderLine, Settings, ShopTotals
from salla_executor.payloads import OrderLine, OrderPayload

ZERO = Decimal(0)
SETTINGS_PAGE = "Salla Executor Settings"


@dataclass(frozen=True)
class MoneyPlan:
    """How to write an order's money, and what ERPNext will make of it. discount: without VAT, on Net Total."""

    lines: tuple[SalesOrderLine, ...]
    charges: tuple[Charge, ...]
    discount: Decimal
    shop: ShopTotals
    # What the shop's own lines come to, should they not add up to its total.
    net_by_lines: Decimal
    predicted: Totals


def plan_money(payload: OrderPayload, item_codes: Sequence[str], settings: Settings) -> MoneyPlan:
    """item_codes: the Item of each line, in order. Raises BusinessError where an account is not set."""
    unit = Decimal(1).scaleb(-settings.currency_precision)
    shop = shop_totals(payload, unit)
    net_by_lines = _coins(_gross(payload) - _discount(payload), unit)
    net = target_net(payload, shop, unit)
    lines, discount = _lines_and_discount(payload, item_codes, net, unit, settings)
    arithmetic = Arithmetic.of(settings)
    charges = _extra_charges(shop, settings)
    charges += _vat(payload, shop, lines, charges, discount, settings, arithmetic)
    predicted = predict(lines, charges, discount, arithmetic)
    return MoneyPlan(lines, charges, discount, shop, net_by_lines, predicted)


def shop_totals(payload: OrderPayload, unit: Decimal = Decimal("0.01")) -> ShopTotals:
    """The shop's figures in whole coins of `unit`."""
    return ShopTotals(
        total=_coins(payload.total, unit),
        tax=_coins(payload.tax.amount, unit),
        shipping=_coins(payload.shipping.amount, unit),
        discount=_coins(_discount(payload), unit),
        cash_on_delivery=_coins(payload.cash_on_delivery, unit),
    )


def target_net(payload: OrderPayload, shop: ShopTotals, unit: Decimal) -> Decimal:
    """The net total to reach: what the shop's total leaves after VAT and charges, where the lines explain it.

    The lines explain it if they come to it but for the rounding of figures finer than a coin, or if the shop's
    subtotal bears the total out and differs from the lines by rounded unit prices only. Else the lines are taken
    as they are, and the comparison after the save shows the difference.
    """
    exact = _gross(payload) - _discount(payload)
    net = shop.total - shop.tax - shop.shipping - shop.cash_on_delivery
    finer = [line.unit_price * line.quantity for line in payload.items]
    finer += [
        _discount(payload),
        payload.tax.amount,
        payload.shipping.amount,
        payload.cash_on_delivery,
        payload.total,
    ]
    slack = unit / 2 * sum(1 for value in finer if value != _coins(value, unit))
    if net >= 0 and abs(exact - net) <= slack:
        return net
    if payload.subtotal is not None and net == _coins(payload.subtotal, unit) - shop.discount:
        units = sum((line.quantity for line in payload.items), ZERO)
        if net >= 0 and abs(_gross(payload) - payload.subtotal) <= unit / 2 * units:
            return net
    return max(_coins(exact, unit), ZERO)


def _gross(payload: OrderPayload) -> Decimal:
    return sum((line.unit_price * line.quantity for line in payload.items), ZERO)


def _discount(payload: OrderPayload) -> Decimal:
    # Some shops list no discount of the order while its lines carry one.
    return max(payload.discount_total, sum((line.discount for line in payload.items), ZERO))


def _coins(value: Decimal, unit: Decimal) -> Decimal:
    return value.quantize(unit, ROUND_HALF_UP)


def _lines_and_discount(
    payload: OrderPayload, item_codes: Sequence[str], net: Decimal, unit: Decimal, settings: Settings
) -> tuple[tuple[SalesOrderLine, ...], Decimal]:
    lines = [_line(line, code, unit, settings) for line, code in zip(payload.items, item_codes, strict=True)]
    arithmetic = Arithmetic.of(settings)
    # Rounding may have taken rates below the shop's sum; a coin on the largest quantities lifts them above it.
    for index in sorted(range(len(lines)), key=lambda n: (lines[n].rate == 0, -lines[n].quantity, n)):
        if _sum(lines, arithmetic) >= net:
            break
        rate = lines[index].rate + unit
        lines[index] = replace(
            lines[index], rate=rate, price_list_rate=max(rate, lines[index].price_list_rate)
        )
    return tuple(lines), max(_sum(lines, arithmetic) - net, ZERO)


def _sum(lines: Sequence[SalesOrderLine], arithmetic: Arithmetic) -> Decimal:
    return sum((arithmetic.amount(line) for line in lines), ZERO)


def _line(line: OrderLine, item_code: str, unit: Decimal, settings: Settings) -> SalesOrderLine:
    price = _coins(line.unit_price, unit)
    rate = price
    per_unit = line.discount / line.quantity
    if price == line.unit_price and per_unit == _coins(per_unit, unit) and 0 <= per_unit <= price:
        rate = price - _coins(per_unit, unit)
    details = [f"{option.name}: {option.value}" for option in line.options] + (
        [line.note] if line.note else []
    )
    return SalesOrderLine(
        external_id=line.external_id,
        item_code=item_code,
        item_name=line.name[:140],
        quantity=line.quantity,
        price_list_rate=price if rate else ZERO,
        rate=rate,
        warehouse=settings.warehouse or None,
        description="\n".join([line.name, *details]) if details else None,
    )


def _extra_charges(shop: ShopTotals, settings: Settings) -> tuple[Charge, ...]:
    rows = (
        (shop.shipping, "shipping_account", "Shipping Account", "Shipping"),
        (shop.cash_on_delivery, "cod_account", "Cash on Delivery Account", "Cash on Delivery"),
    )
    return tuple(
        Charge("Actual", _account(settings, field, label, description), description, amount=amount)
        for amount, field, label, description in rows
        if amount
    )


def _account(settings: Settings, field: str, label: str, what: str) -> str:
    account = getattr(settings, field)
    if account:
        return account
    message = (
        f"The order has {what}, but no account is set for it. Set '{label}' in {SETTINGS_PAGE}; the order goes then"
        " by itself."
    )
    raise BusinessError("missing_account", message, waits_on=f"setting:{field}")


def _vat(
    payload: OrderPayload,
    shop: ShopTotals,
    lines: tuple[SalesOrderLine, ...],
    charges: tuple[Charge, ...],
    discount: Decimal,
    settings: Settings,
    arithmetic: Arithmetic,
) -> tuple[Charge, ...]:
    if not shop.tax:
        return ()
    account = _account(settings, "tax_account", "VAT Account", "VAT")
    for row in _percent_rows(payload, account, len(charges)):
        if predict(lines, (*charges, row), discount, arithmetic).charges[-1] == shop.tax:
            return (row,)
    return (Charge("Actual", account, "VAT", amount=shop.tax),)


def _percent_rows(payload: OrderPayload, account: str, above: int) -> list[Charge]:
    """Percent rows worth trying: on everything above, and, where shipping bears no VAT, on the goods alone."""
    said = {line.tax_percent for line in payload.items if line.tax_percent is not None}
    if len(said) > 1:
        return []
    percents = [payload.tax.percent, *said]
    rows = []
    for percent in dict.fromkeys(one for one in percents if one):
        text = f"VAT {percent.normalize():f} %"
        if above:
            rows.append(Charge("On Previous Row Total", account, text, rate=percent, row_id=above))
        rows.append(Charge("On Net Total", account, text, rate=percent))
    return rows
