"""The lines of a shop order as those of a Sales Order: rates without VAT and without what divides evenly of discounts.

Shipping and cash on delivery are lines too, where the settings name Items for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from salla_executor.core.mapping.erpnext_math import Arithmetic
from salla_executor.core.mapping.order_taxes import LineTax, are_mixed, tax_of
from salla_executor.core.model import BusinessError, Settings
from salla_executor.core.values import SalesOrderLine, ShopTotals
from salla_executor.payloads import OrderLine, OrderPayload

ZERO = Decimal(0)
SHIPPING, CASH_ON_DELIVERY = "Shipping", "Cash on Delivery"
# Lines that the settings make of fees; the shop has none of these names.
FEE_LINES = (SHIPPING, CASH_ON_DELIVERY)


def coins(value: Decimal, unit: Decimal) -> Decimal:
    return value.quantize(unit, ROUND_HALF_UP)


def lines_and_discount(
    payload: OrderPayload,
    item_codes: Sequence[str],
    taxes: list[LineTax] | None,
    net: Decimal,
    unit: Decimal,
    settings: Settings,
    tax_of_fees: LineTax | None = None,
) -> tuple[tuple[SalesOrderLine, ...], Decimal]:
    rows = list(zip(payload.items, item_codes, taxes or [None] * len(payload.items), strict=True))
    if taxes and are_mixed([*taxes, tax_of_fees or taxes[0]]):
        shares = _shares(payload.items, net, unit)
        lines = [
            written
            for (line, code, tax), share in zip(rows, shares, strict=True)
            for written in _exact_lines(line, code, tax, unit, settings, share)
        ]
    else:
        lines = [_line(line, code, tax, unit, settings) for line, code, tax in rows]
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


def _shares(items: Sequence[OrderLine], net: Decimal, unit: Decimal) -> list[Decimal]:
    """What each line bears of the order's own discount, by its net amount; in whole coins of `unit`."""
    nets = [_net(line, unit) for line in items]
    left = max(sum(nets, ZERO) - net, ZERO)
    weight = sum((one for one in nets if one > 0), ZERO)
    if not weight:
        return [ZERO] * len(nets)
    exact = [max(one, ZERO) * left / weight for one in nets]
    shares = [share.quantize(unit, ROUND_FLOOR) for share in exact]
    missing = int((left - sum(shares, ZERO)) / unit)
    for index in sorted(range(len(nets)), key=lambda n: (shares[n] - exact[n], n))[:missing]:
        shares[index] += unit
    return shares


def _net(line: OrderLine, unit: Decimal) -> Decimal:
    return coins(line.unit_price * line.quantity - line.discount, unit)


def _line(
    line: OrderLine, item_code: str, tax: LineTax | None, unit: Decimal, settings: Settings
) -> SalesOrderLine:
    price = coins(line.unit_price, unit)
    rate = price
    per_unit = line.discount / line.quantity
    if price == line.unit_price and per_unit == coins(per_unit, unit) and 0 <= per_unit <= price:
        rate = price - coins(per_unit, unit)
    return _written(line, item_code, tax, line.quantity, price, rate, settings)


def _exact_lines(
    line: OrderLine, item_code: str, tax: LineTax | None, unit: Decimal, settings: Settings, share: Decimal
) -> list[SalesOrderLine]:
    """Where rates of VAT differ, a discount that ERPNext spreads, over fees too, would move VAT between lines: each bears
    its share in its rate, and one whose net amount does not divide by its quantity becomes two rows, a coin apart."""
    net = _net(line, unit) - share
    whole = line.quantity == line.quantity.to_integral_value()
    if not whole or net < 0:
        return [_line(line, item_code, tax, unit, settings)]
    price = coins(line.unit_price, unit)
    low = (net / line.quantity).quantize(unit, ROUND_FLOOR)
    dearer = ((net - low * line.quantity) / unit).to_integral_value()
    parts = ((line.quantity - dearer, low), (dearer, low + unit))
    return [
        _written(line, item_code, tax, quantity, max(price, rate), rate, settings)
        for quantity, rate in parts
        if quantity
    ]


def _written(
    line: OrderLine,
    item_code: str,
    tax: LineTax | None,
    quantity: Decimal,
    price: Decimal,
    rate: Decimal,
    settings: Settings,
) -> SalesOrderLine:
    details = [f"{option.name}: {option.value}" for option in line.options] + (
        [line.note] if line.note else []
    )
    share = (line.unit_price * line.quantity - line.discount) * quantity / line.quantity
    return SalesOrderLine(
        external_id=line.external_id,
        item_code=item_code,
        item_name=line.name[:140],
        quantity=quantity,
        price_list_rate=price if rate else ZERO,
        rate=rate,
        warehouse=settings.warehouse or None,
        description="\n".join([line.name, *details]) if details else None,
        item_tax_template=(tax.template or None) if tax else None,
        tax_rates=tax.rates if tax else (),
        shop_amount=coins(share, Decimal("0.01")),
    )


def extra_lines(
    shop: ShopTotals, taxes: list[LineTax] | None, settings: Settings
) -> list[tuple[LineTax | None, tuple[SalesOrderLine, ...]]]:
    """Shipping and cash on delivery as lines, where the settings name Items for them, and the VAT on them: at the goods'
    highest rate, and, where that is mapped, none."""
    wanted = [
        (name, item, amount)
        for name, item, amount in (
            (SHIPPING, settings.shipping_item, shop.shipping),
            (CASH_ON_DELIVERY, settings.cod_item, shop.cash_on_delivery),
        )
        if item and amount
    ]
    return [
        (tax, tuple(_extra_line(name, item, amount, tax) for name, item, amount in wanted))
        for tax in (_taxes_of_extras(taxes, settings) if wanted else [None])
    ]


def _taxes_of_extras(taxes: list[LineTax] | None, settings: Settings) -> list[LineTax | None]:
    if not taxes:
        return [None]
    highest = max(taxes, key=lambda tax: tax.rate)
    with suppress(BusinessError):
        free = tax_of(ZERO, "", settings)
        return [highest, free] if free.template and highest.rate else [highest]
    return [highest]


def _extra_line(name: str, item: str, amount: Decimal, tax: LineTax | None) -> SalesOrderLine:
    return SalesOrderLine(
        external_id=name,
        item_code=item,
        item_name=name,
        quantity=Decimal(1),
        price_list_rate=amount,
        rate=amount,
        item_tax_template=(tax.template or None) if tax else None,
        tax_rates=tax.rates if tax else (),
        shop_amount=amount,
    )
