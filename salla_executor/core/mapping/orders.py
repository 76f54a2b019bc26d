"""A shop order as the values of a Sales Order, and the comparison of both.

| shop | ERP |
|---|---|
| created_at | transaction date in the shop's time zone; delivery date so many days later |
| currency | currency; rate 1 in the company's own, the shop's rate where it leads there, else ERPNext's |
| reference | customer's purchase order number |
| status | kept as the shop says it; it never cancels anything |
| money | see order_money |
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from salla_executor.core.mapping.customers import address_values
from salla_executor.core.mapping.order_money import SETTINGS_PAGE, MoneyPlan
from salla_executor.core.model import BusinessError, SalesOrderValues, SavedOrder, Settings
from salla_executor.payloads import OrderLine, OrderPayload

THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def order_values(
    payload: OrderPayload,
    settings: Settings,
    plan: MoneyPlan,
    *,
    source: str,
    customer: str,
    mode_of_payment: str = "",
) -> SalesOrderValues:
    """customer: name of the ERP's Customer. Raises BusinessError for a company or time zone that is not set."""
    if not settings.company:
        message = f"No company is set for the shop's orders. Set 'Company' in {SETTINGS_PAGE}; they go then by themselves."
        raise BusinessError("missing_setting", message, waits_on="setting:company")
    ordered_on = local_date(payload, settings)
    owner = payload.customer.name if payload.customer else customer
    address = payload.shipping.address
    return SalesOrderValues(
        source=source,
        external_id=payload.external_id,
        reference=payload.reference or payload.external_id,
        customer=customer,
        company=settings.company,
        currency=payload.currency,
        conversion_rate=_conversion_rate(payload, settings),
        price_list=settings.price_list,
        transaction_date=ordered_on,
        delivery_date=ordered_on + timedelta(days=settings.delivery_days),
        lines=plan.lines,
        charges=plan.charges,
        discount_amount=plan.discount,
        expected=plan.shop,
        shop_status=payload.status,
        shop_status_name=payload.status_name,
        payment_method=payload.payment_method,
        shop_url=payload.url,
        branch=payload.branch_name or payload.branch_id,
        shipping_address=address_values(address, owner) if address else None,
        note=payload.note,
        created_at=payload.created_at,
        channel=payload.source,
        mode_of_payment=mode_of_payment or None,
        naming_series=settings.naming_series or None,
        tax_invoice_by=settings.tax_invoice_by,
    )


def local_date(payload: OrderPayload, settings: Settings) -> date:
    try:
        zone = ZoneInfo(settings.timezone)
    except (ValueError, OSError, KeyError):
        message = f"The time zone '{settings.timezone}' is not known. Correct 'Time Zone' in {SETTINGS_PAGE}."
        raise BusinessError("missing_setting", message, waits_on="setting:timezone") from None
    return payload.created_at.astimezone(zone).date()


def _conversion_rate(payload: OrderPayload, settings: Settings) -> Decimal | None:
    if payload.currency == settings.company_currency:
        return Decimal(1)
    return payload.exchange_rate if payload.store_currency == settings.company_currency else None


def difference_text(saved: SavedOrder, plan: MoneyPlan, payload: OrderPayload, settings: Settings) -> str:
    """Where the ERP's totals differ from the shop's, line by line with the likely cause; empty if they agree."""
    shop = plan.shop
    taxes = plan.taxes_and_charges
    # Some currencies have more decimals than this site keeps.
    total = payload.total if payload.currency in THREE_DECIMALS else shop.total
    figures = (
        ("Total", total, saved.grand_total),
        ("VAT and charges", taxes, saved.total_taxes),
        ("Net total", shop.total - taxes, saved.net_total),
    )
    lines = [
        f"{label}: {says} {payload.currency} in the shop, {has} in the ERP ({has - says:+f})."
        for label, says, has in figures
        if abs(has - says) > settings.money_tolerance
    ]
    return "\n".join([*lines, *_causes(saved, plan, payload)]) if lines else ""


def _causes(saved: SavedOrder, plan: MoneyPlan, payload: OrderPayload) -> list[str]:
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
    if saved.grand_total != plan.predicted.grand_total:
        causes.append(
            f"ERPNext came to another total than the {plan.predicted.grand_total} expected of it: look for changes"
            " made by hand, pricing rules, item tax templates, extra tax rows or a changed rounding method."
        )
    return causes


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
