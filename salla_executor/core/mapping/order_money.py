"""The money of a shop order as lines, document discount and charges that ERPNext computes to the shop's total.

The shop's sum: total = lines - discounts + shipping + cash on delivery + VAT; everything but the total without VAT.

* A line's discount goes into its rate if it divides evenly per unit, else into the document discount (on Net Total).
* A unit price with more decimals than money has is rounded; what that adds goes into the document discount too.
* Lines at several rates of VAT are written so that each has its own net amount, see order_lines.
* Shipping and cash on delivery are rows of their own, Actual, on their accounts, or lines with an Item.
* VAT is a percent row where that gives the shop's VAT to the smallest coin, so that tax reports know the rate; else an
  Actual row with the shop's amount. No VAT, no row. See order_taxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from salla_executor.core.mapping.erpnext_math import Arithmetic, Totals, predict
from salla_executor.core.mapping.order_lines import (
    CASH_ON_DELIVERY,
    SHIPPING,
    ZERO,
    coins,
    extra_lines,
    lines_and_discount,
)
from salla_executor.core.mapping.order_taxes import (
    LineTax,
    account_of,
    line_taxes,
    mapped_rows,
    percent_rows,
    tax_account,
)
from salla_executor.core.model import Settings
from salla_executor.core.values import Charge, SalesOrderLine, ShopTotals
from salla_executor.payloads import OrderPayload


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
    net_by_lines = coins(_gross(payload) - _discount(payload), unit)
    net = target_net(payload, shop, unit)
    taxes = line_taxes(payload, settings)
    charges = _extra_charges(shop, settings)
    plans = []
    for tax, fees in extra_lines(shop, taxes, settings):
        lines, discount = lines_and_discount(payload, item_codes, taxes, net, unit, settings, tax)
        plans.append(_plan(payload, shop, net_by_lines, (*lines, *fees), charges, discount, taxes, settings))
    return min(
        plans,
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
        total=coins(payload.total, unit),
        tax=coins(payload.tax.amount, unit),
        shipping=coins(payload.shipping.amount, unit),
        discount=coins(_discount(payload), unit),
        cash_on_delivery=coins(payload.cash_on_delivery, unit),
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
    slack = unit / 2 * sum(1 for value in finer if value != coins(value, unit))
    if net >= 0 and abs(exact - net) <= slack:
        return net
    if payload.subtotal is not None and net == coins(payload.subtotal, unit) - shop.discount:
        units = sum((line.quantity for line in payload.items), ZERO)
        if net >= 0 and abs(_gross(payload) - payload.subtotal) <= unit / 2 * units:
            return net
    return max(coins(exact, unit), ZERO)


def _gross(payload: OrderPayload) -> Decimal:
    return sum((line.unit_price * line.quantity for line in payload.items), ZERO)


def _discount(payload: OrderPayload) -> Decimal:
    # Some shops list no discount of the order while its lines carry one.
    return max(payload.discount_total, sum((line.discount for line in payload.items), ZERO))


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
