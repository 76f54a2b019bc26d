"""Salla Executor Settings and the site's way of calculating, as the core's Settings."""

from __future__ import annotations

from decimal import Decimal

import frappe
from frappe.utils import cint, flt, get_datetime, get_number_format_info, now_datetime

from salla_executor.core.model import Gate, Settings
from salla_executor.erpnext.companies import country_of, currency_of
from salla_executor.erpnext.item_settings import item_settings
from salla_executor.erpnext.order_settings import SUBMIT, order_settings
from salla_executor.erpnext.secrets import SecretError, read_secret

__all__ = ["DOCTYPE", "SUBMIT", "read_secrets", "read_settings", "secret_problem"]

DOCTYPE = "Salla Executor Settings"
CUSTOMER_POLICIES = {
    "Reference only": (),
    "Reference, then phone": ("phone",),
    "Reference, then phone and e-mail": ("phone", "email"),
}
ONE_GUEST = "One Customer for all guests"


def read_gate() -> Gate:
    doc = frappe.get_cached_doc(DOCTYPE)
    return Gate(
        instance_id=doc.instance_id or "",
        secrets=read_secrets(),
        is_rotating=bool(doc.previous_secret and not doc.previous_secret_expires_at),
        is_enabled=bool(cint(doc.is_enabled)),
    )


def read_settings(gate: Gate | None = None) -> Settings:
    doc = frappe.get_cached_doc(DOCTYPE)
    return Settings(
        **vars(gate or read_gate()),
        hub_url=doc.manager_base_url or "",
        company=doc.company or "",
        company_currency=currency_of(doc.company),
        warehouse=doc.warehouse or "",
        price_list=doc.price_list or "",
        item_group=doc.item_group or "",
        stock_uom=doc.stock_uom or "",
        customer_group=doc.customer_group or "",
        company_group=doc.company_group or "",
        territory=doc.territory or "",
        match_customers_by=CUSTOMER_POLICIES.get(doc.customer_policy, ("phone", "email")),
        guest_customer=doc.guest_customer or "",
        is_one_guest=doc.guest_policy == ONE_GUEST,
        company_country=country_of(doc.company),
        tax_account=doc.tax_account or "",
        shipping_account=doc.shipping_account or "",
        cod_account=doc.cod_account or "",
        cost_center=doc.cost_center or "",
        delivery_days=cint(doc.delivery_days),
        submit_orders=doc.order_policy == SUBMIT,
        money_tolerance=Decimal(str(flt(doc.money_tolerance, 3))),
        timezone=doc.timezone or "Asia/Riyadh",
        rounding_method=frappe.get_system_settings("rounding_method") or "Banker's Rounding",
        currency_precision=_currency_precision(),
        round_row_wise_tax=bool(cint(frappe.get_cached_doc("Accounts Settings").get("round_row_wise_tax"))),
        **item_settings(doc),
        **order_settings(doc),
    )


def read_secrets() -> tuple[str, ...]:
    """The current secret, and the previous one while it is still accepted; nothing where they cannot be read, so
    that every request is refused. `secret_problem` says why."""
    try:
        return _secrets()
    except SecretError:
        return ()


def secret_problem() -> str:
    try:
        _secrets()
    except SecretError as error:
        return str(error)
    return ""


def _secrets() -> tuple[str, ...]:
    doc = frappe.get_cached_doc(DOCTYPE)
    secrets = [read_secret(DOCTYPE, DOCTYPE, "shared_secret")] if doc.shared_secret else []
    expires_at = doc.previous_secret_expires_at
    # No end is set until the hub has signed with the current one.
    if doc.previous_secret and (not expires_at or get_datetime(expires_at) > now_datetime()):
        secrets.append(read_secret(DOCTYPE, DOCTYPE, "previous_secret"))
    return tuple(secret for secret in secrets if secret)


def _currency_precision() -> int:
    configured = cint(frappe.db.get_default("currency_precision"))
    return configured or get_number_format_info(frappe.db.get_default("number_format") or "#,###.##")[2]
