"""The shop's money and the ERP's, figure by figure to the coin, and why they may differ."""

from __future__ import annotations

from decimal import Decimal

from salla_executor.core.mapping.erpnext_math import Arithmetic
from salla_executor.core.mapping.order_lines import CASH_ON_DELIVERY, SHIPPING
from salla_executor.core.mapping.order_money import MoneyPlan
from salla_executor.core.model import SavedOrder, Settings
from salla_executor.payloads import OrderLine, OrderPayload

ZERO = Decimal(0)
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def difference_text(saved: SavedOrder, plan: MoneyPlan, payload: OrderPayload, settings: Settings) -> str:
    """Where the ERP's figures differ from the shop's, line by line with the likely cause; empty if they agree."""
    lines = [
        f"{label}: {says} {payload.currency} in the shop, {has} in the ERP ({has - says:+f})."
        for label, says, has in _figures(saved, plan, payload)
        if abs(has - says) > settings.money_tolerance
    ]
    return "\n".join([*lines, *_causes(saved, plan, payload, settings)]) if lines else ""


def _figures(saved: SavedOrder, plan: MoneyPlan, payload: OrderPayload) -> list[tuple[str, Decimal, Decimal]]:
    """Label, in the shop, in the ERP. Charges that the ERP has more of count as VAT.

    A submitted order keeps its fees as charges or as lines, whatever the settings make of them by now.
    """
    # Some currencies have more decimals than this site keeps.
    total = payload.total if payload.currency in THREE_DECIMALS else plan.shop.total
    fees = [
        (name, says, saved.fees.get(name, ZERO))
        for name, says in ((SHIPPING, plan.shop.shipping), (CASH_ON_DELIVERY, plan.shop.cash_on_delivery))
        if name not in saved.fee_lines
    ]
    net = plan.shop.total - plan.shop.tax - sum((says for _, says, _ in fees), ZERO)
    return [
        ("Total", total, saved.grand_total),
        ("VAT", plan.shop.tax, saved.total_taxes - sum((has for _, _, has in fees), ZERO)),
        *fees,
        ("Net total after discount", net, saved.net_total),
    ]


def _causes(saved: SavedOrder, plan: MoneyPlan, payload: OrderPayload, settings: Settings) -> list[str]:
    shop, causes = plan.shop, []
    if payload.currency in THREE_DECIMALS and payload.total != shop.total:
        causes.append(
            f"{payload.currency} has three decimals and this site keeps fewer: set Currency Precision to 3 in System"
            " Settings, and send the order again from the hub."
        )
    own_sum = plan.net_by_lines + shop.shipping + shop.cash_on_delivery + shop.tax
    if plan.predicted.grand_total != shop.total:
        causes.append(
            f"The shop's own figures do not add up: lines less discount {plan.net_by_lines} + shipping {shop.shipping}"
            f" + cash on delivery {shop.cash_on_delivery} + VAT {shop.tax} = {own_sum}, total {shop.total}."
        )
    causes += [text for number, line in enumerate(payload.items, 1) if (text := _line_cause(number, line))]
    causes += _changed_lines(saved, plan, settings)
    if saved.grand_total != plan.predicted.grand_total:
        causes.append(
            f"ERPNext came to another total than the {plan.predicted.grand_total} expected of it: look for changes"
            " made by hand, pricing rules, item tax templates, extra tax rows or a changed rounding method."
        )
    return causes


def _changed_lines(saved: SavedOrder, plan: MoneyPlan, settings: Settings) -> list[str]:
    """Lines of which ERPNext made something else than was written."""
    arithmetic = Arithmetic.of(settings)
    found = []
    for number, (line, has) in enumerate(zip(plan.lines, saved.line_amounts, strict=False), 1):
        wanted = arithmetic.amount(line)
        if has != wanted:
            found.append(
                f"Row {number} ({line.item_code}): {wanted} was written and ERPNext has {has}: a pricing rule, or a change"
                " made by hand."
            )
    return found


def _line_cause(number: int, line: OrderLine) -> str:
    """Why a line's own figures do not fit each other; the line's total holds VAT."""
    net = line.unit_price * line.quantity - line.discount
    where = f"Line {number} ({line.sku or line.name})"
    if line.discount > line.unit_price * line.quantity:
        return f"{where}: its discount {line.discount} is larger than its price {line.unit_price * line.quantity}."
    coin = Decimal("0.01")
    if line.total is not None and line.tax is not None and abs(net + line.tax - line.total) > coin:
        return f"{where}: {net} without VAT + VAT {line.tax} = {net + line.tax}, the shop says {line.total}."
    if (
        line.tax is not None
        and line.tax_percent is not None
        and abs(net * line.tax_percent / 100 - line.tax) > coin
    ):
        return f"{where}: {line.tax_percent} % of {net} is {net * line.tax_percent / 100:.2f}, the shop says {line.tax}."
    return ""
