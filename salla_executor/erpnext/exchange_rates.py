"""Conversion rates from the site's own Currency Exchange records; never from a web service inside a command."""

from __future__ import annotations

from decimal import Decimal

import frappe
from frappe import _

from salla_executor.core.model import BusinessError
from salla_executor.core.values import SalesOrderValues


def conversion_rates(values: SalesOrderValues) -> tuple[Decimal, Decimal]:
    """Company currency per unit of the order's currency and of the price list's currency."""
    company_currency = frappe.get_cached_value("Company", values.company, "default_currency")
    order_rate = values.conversion_rate or _rate(values.currency, company_currency, values)
    if not values.price_list:
        return order_rate, Decimal(1)
    list_currency = frappe.get_cached_value("Price List", values.price_list, "currency")
    if list_currency == values.currency:
        return order_rate, order_rate
    return order_rate, _rate(list_currency, company_currency, values)


def _rate(source: str, target: str, values: SalesOrderValues) -> Decimal:
    if source == target:
        return Decimal(1)
    found = frappe.get_all(
        "Currency Exchange",
        filters={
            "from_currency": source,
            "to_currency": target,
            "for_selling": 1,
            "date": ("<=", values.transaction_date),
        },
        order_by="date desc",
        limit=1,
        pluck="exchange_rate",
    )
    if found:
        return Decimal(str(found[0]))
    raise BusinessError(
        "missing_exchange_rate",
        _(
            "No exchange rate from {0} to {1}. Add a Currency Exchange for {2} or earlier; it is tried again."
        ).format(source, target, values.transaction_date),
        waits_on=f"exchange_rate:{source}-{target}",
    )
