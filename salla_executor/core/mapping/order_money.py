"""The money of a shop order as lines, document discount and charges that ERPNext computes to the shop's total.

The shop's sum: total = lines - discounts + shipping + cash on delivery + VAT; everything but the total without VAT.

* A line's discount goes into its rate if it divides evenly per unit, else into the document discount (on Net Total).
* A unit price with more decimals than money has is rounded; what that adds goes into the document discount too.
* Lines at several rates of VAT are written so that each has its own net amount, see `_exact_lines`.
* Shipping and cash on delivery are rows of their own, Actual, on their accounts, or lines with an Item.
* VAT is a percent row where that gives the shop's VAT to the smallest coin, so that tax reports know the rate; else an
  Actual row with the shop's amount. No VAT, no row. See order_taxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from salla_executor.core.mapping.erpnext_math import Arithmetic, Totals, predict
from salla_executor.core.mapping.order_taxes import (
    LineTax,
    account_of,
    are_mixed,
    line_taxes,
    mapped_rows,
    percent_rows,
    tax_account,
    tax_of,
)
from salla_executor.core.model import BusinessError, Settings
from salla_executor.core.values import Charge, SalesOrderLine, ShopTotals
from salla_executor.payloads import OrderLine, OrderPayload

ZERO = Decimal(0)
SHIPPING, CASH_ON_DELIVERY = "Shipping", "Cash on Delivery"
# Lines that the settings make of fees; the shop has none of these names.
FEE_LINES = (SHIPPING, CASH_ON_DELIVERY)


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
    # What ERPNext's total of taxes and charges has to be.
    taxes_and_charges: Decimal


def plan_money(payload: OrderPayload, item_codes: Sequence[str], settings: Settings) -> MoneyPlan:
    """item_codes: the Item of each line, in order. Raises BusinessError where an account or a tax is not mapped."""
    unit = Decimal(1).scaleb(-settings.currency_precision)
    shop = shop_totals(payload, unit)
    net_by_lines = _coins(_gross(payload) - _discount(payload), unit)
    net = target_net(payload, shop, unit)
    taxes = line_taxes(payload, settings)
    lines, discount = _lines_and_discount(payload, item_codes, taxes, net, unit, settings)
    charges = _extra_charges(shop, settings)
    return min(
        (
            _plan(payload, shop, net_by_lines, (*lines, *extra), charges, discount, taxes, settings)
            for extra in _extra_lines(shop, taxes, settings)
        ),
        key=lambda plan: (all(charge.charge_type == "Actual" for charge in plan.charges), len(plan.charges)),
    )


def _plan(
    payload: OrderPayload,
    shop: ShopTotals,
    net_by_lines: Decimal,
    lines: tuple[SalesOrderLine, ...],
    charges: tuple[Charge, ...],
    discount: Decimal,
    taxes: list[LineTax] | None,
    settings: Settings,
) -> MoneyPlan:
    arithmetic = Arithmetic.of(settings)
    rows_total = sum((charge.amount for charge in charges), ZERO)
    charges += _vat(payload, shop, lines, charges, discount, taxes, settings, arithmetic)
    predicted = predict(lines, charges, discount, arithmetic)
    return MoneyPlan(lines, charges, discount, shop, net_by_lines, predicted, shop.tax + rows_total)


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
    payload: OrderPayload,
    item_codes: Sequence[str],
    taxes: list[LineTax] | None,
    net: Decimal,
    unit: Decimal,
    settings: Settings,
) -> tuple[tuple[SalesOrderLine, ...], Decimal]:
    of_line = taxes or [None] * len(payload.items)
    make = _exact_lines if are_mixed(taxes) else _line
    lines = [
        written
        for line, code, tax in zip(payload.items, item_codes, of_line, strict=True)
        for written in make(line, code, tax, unit, settings)
    ]
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


def _line(
    line: OrderLine, item_code: str, tax: LineTax | None, unit: Decimal, settings: Settings
) -> list[SalesOrderLine]:
    price = _coins(line.unit_price, unit)
    rate = price
    per_unit = line.discount / line.quantity
    if price == line.unit_price and per_unit == _coins(per_unit, unit) and 0 <= per_unit <= price:
        rate = price - _coins(per_unit, unit)
    return [_written(line, item_code, tax, line.quantity, price, rate, settings)]


def _exact_lines(
    line: OrderLine, item_code: str, tax: LineTax | None, unit: Decimal, settings: Settings
) -> list[SalesOrderLine]:
    """Where rates of VAT differ, a discount spread over all lines would move VAT between them: a line whose net
    amount does not divide by its quantity becomes two rows, a coin apart."""
    net = _coins(line.unit_price * line.quantity - line.discount, unit)
    whole = line.quantity == line.quantity.to_integral_value()
    if not whole or net < 0:
        return _line(line, item_code, tax, unit, settings)
    price = _coins(line.unit_price, unit)
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
        shop_amount=_coins(share, Decimal("0.01")),
    )


def _extra_lines(
    shop: ShopTotals, taxes: list[LineTax] | None, settings: Settings
) -> list[tuple[SalesOrderLine, ...]]:
    """Shipping and cash on delivery as lines, where the settings name Items for them: at the goods' highest rate, and,
    where that is mapped, free of VAT."""
    wanted = [
        (name, item, amount)
        for name, item, amount in (
            (SHIPPING, settings.shipping_item, shop.shipping),
            (CASH_ON_DELIVERY, settings.cod_item, shop.cash_on_delivery),
        )
        if item and amount
    ]
    return [
        tuple(_extra_line(name, item, amount, tax) for name, item, amount in wanted)
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


def _extra_charges(shop: ShopTotals, settings: Settings) -> tuple[Charge, ...]:
    rows = (
        (shop.shipping, settings.shipping_item, "shipping_account", "Shipping Account", SHIPPING),
        (
            shop.cash_on_delivery,
            settings.cod_item,
            "cod_account",
            "Cash on Delivery Account",
            CASH_ON_DELIVERY,
        ),
    )
    return tuple(
        Charge(
            "Actual", account_of(settings, field, label, description), description, amount=amount, is_fee=True
        )
        for amount, item, field, label, description in rows
        if amount and not item
    )


def _vat(
    payload: OrderPayload,
    shop: ShopTotals,
    lines: tuple[SalesOrderLine, ...],
    charges: tuple[Charge, ...],
    discount: Decimal,
    taxes: list[LineTax] | None,
    settings: Settings,
    arithmetic: Arithmetic,
) -> tuple[Charge, ...]:
    """The first way that gives the shop's VAT to the coin; else one that misses it by few coins, which go to the
    rounding account; else the shop's amount as it is."""
    if not (shop.tax or taxes):
        return ()
    above = len(charges)
    ways = mapped_rows(taxes, above) if taxes else percent_rows(payload, tax_account(settings), above)
    missed = []
    for rows in ways:
        reached = sum(predict(lines, (*charges, *rows), discount, arithmetic).charges[above:], ZERO)
        if reached == shop.tax:
            return rows
        missed.append((shop.tax - reached, rows))
    unit = Decimal(1).scaleb(-settings.currency_precision)
    for off, rows in missed:
        if settings.rounding_account and abs(off) <= unit * max(1, len(lines)):
            return (*rows, Charge("Actual", settings.rounding_account, "Rounding of VAT", amount=off))
    account = taxes[0].account if taxes else tax_account(settings)
    return (Charge("Actual", account, "VAT", amount=shop.tax),) if shop.tax else ()
