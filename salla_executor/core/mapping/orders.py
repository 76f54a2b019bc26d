"""A shop order as the values of a Sales Order.

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
from salla_executor.core.mapping.order_money import MoneyPlan
from salla_executor.core.model import SETTINGS_PAGE, BusinessError, Settings
from salla_executor.core.values import SalesOrderValues, Standing
from salla_executor.payloads import OrderPayload


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


def standing_of(payload: OrderPayload) -> Standing:
    return Standing(
        payload.status,
        payload.status_name or "",
        payload.reference or payload.external_id,
        payload.status_id or "",
        payload.custom_status_id or "",
        {line.external_id: line.returned for line in payload.items if line.returned},
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
