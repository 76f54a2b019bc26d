"""The shop's money and the ERP's, figure by figure to the coin, and why they may differ."""

from __future__ import annotations

from decimal import Decimal

from salla_executor.core.mapping.erpnext_math import Arithmetic
from salla_executor.core.mapping.order_lines import CASH_ON_DELIVERY, SHIPPING
from salla_executor.core.mapping.order_money import MoneyPlan
from salla_executor.core.model import SavedOrder, Settings
from salla_executor.core.texts import Text
from salla_executor.payloads import OrderLine, OrderPayload

ZERO = Decimal(0)
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def differences(
    saved: SavedOrder, plan: MoneyPlan, payload: OrderPayload, settings: Settings
) -> tuple[Text, ...]:
    """Where the ERP's figures differ from the shop's, line by line with the likely cause; empty if they agree."""
    lines = [
        Text(
            "{0}: {1} {2} in the shop, {3} in the ERP ({4}).",
            *(label, says, payload.currency, has, f"{has - says:+f}"),
        )
        for label, says, has in _figures(saved, plan, payload)
        if abs(has - says) > settings.money_tolerance
    ]
    return (*lines, *_causes(saved, plan, payload, settings)) if lines else ()


def _figures(
    saved: SavedOrder, plan: MoneyPlan, payload: OrderPayload
) -> list[tuple[Text, Decimal, Decimal]]:
    """Label, in the shop, in the ERP. Charges that the ERP has more of count as VAT.

    A submitted order keeps its fees as charges or as lines, whatever the settings make of them by now.
    """
    # Some currencies have more decimals than this site keeps.
    total = payload.total if payload.currency in THREE_DECIMALS else plan.shop.total
    fees = [
        (Text(name), says, saved.fees.get(name, ZERO))
        for name, says in ((SHIPPING, plan.shop.shipping), (CASH_ON_DELIVERY, plan.shop.cash_on_delivery))
        if name not in saved.fee_lines
    ]
    net = plan.shop.total - plan.shop.tax - sum((says for _, says, _ in fees), ZERO)
    return [
        (Text("Total"), total, saved.grand_total),
        (Text("VAT"), plan.shop.tax, saved.total_taxes - sum((has for _, _, has in fees), ZERO)),
        *fees,
        (Text("Net total after discount"), net, saved.net_total),
    ]


def _causes(saved: SavedOrder, plan: MoneyPlan, payload: OrderPayload, settings: Settings) -> list[Text]:
    shop, causes = plan.shop, []
    if payload.currency in THREE_DECIMALS and payload.total != shop.total:
        causes.append(
            Text(
                "{0} has three decimals and this site keeps fewer: set Currency Precision to 3 in System Settings, and"
                " send the order again from the hub.",
                payload.currency,
            )
        )
    if plan.predicted.grand_total != shop.total:
        parts = (plan.net_by_lines, shop.shipping, shop.cash_on_delivery, shop.tax)
        causes.append(
            Text(
                "The shop's own figures do not add up: lines less discount {0} + shipping {1} + cash on delivery {2} +"
                " VAT {3} = {4}, total {5}.",
                *(*parts, sum(parts), shop.total),
            )
        )
    causes += [text for number, line in enumerate(payload.items, 1) if (text := _line_cause(number, line))]
    causes += _changed_lines(saved, plan, settings)
    if saved.grand_total != plan.predicted.grand_total:
        causes.append(
            Text(
                "ERPNext came to another total than the {0} expected of it: look for changes made by hand, pricing"
                " rules, item tax templates, extra tax rows or a changed rounding method.",
                plan.predicted.grand_total,
            )
        )
    return causes


def _changed_lines(saved: SavedOrder, plan: MoneyPlan, settings: Settings) -> list[Text]:
    """Lines of which ERPNext made something else than was written."""
    arithmetic = Arithmetic.of(settings)
    found = []
    for number, (line, has) in enumerate(zip(plan.lines, saved.line_amounts, strict=False), 1):
        wanted = arithmetic.amount(line)
        if has != wanted:
            found.append(
                Text(
                    "Row {0} ({1}): {2} was written and ERPNext has {3}: a pricing rule, or a change made by hand.",
                    *(number, line.item_code, wanted, has),
                )
            )
    return found


def _line_cause(number: int, line: OrderLine) -> Text | None:
    """Why a line's own figures do not fit each other; the line's total holds VAT."""
    gross = line.unit_price * line.quantity
    net, name, coin = gross - line.discount, line.sku or line.name, Decimal("0.01")
    if line.discount > gross:
        return Text(
            "Line {0} ({1}): its discount {2} is larger than its price {3}.",
            *(number, name, line.discount, gross),
        )
    if line.tax is None:
        return None
    if line.total is not None and abs(net + line.tax - line.total) > coin:
        return Text(
            "Line {0} ({1}): {2} without VAT + VAT {3} = {4}, the shop says {5}.",
            *(number, name, net, line.tax, net + line.tax, line.total),
        )
    if line.tax_percent is not None and abs(net * line.tax_percent / 100 - line.tax) > coin:
        return Text(
            "Line {0} ({1}): {2} % of {3} is {4}, the shop says {5}.",
            *(number, name, line.tax_percent, net, f"{net * line.tax_percent / 100:.2f}", line.tax),
        )
    return None
