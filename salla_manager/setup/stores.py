"""Making a Store Account from the command line."""

from __future__ import annotations

from typing import Any

import frappe

from salla_manager.adapters.config_store import platform_label
from salla_manager.adapters.tokens import save_tokens


def save_store(
    *,
    platform: str,
    merchant_id: str,
    store_name: str = "",
    instance: str = "",
    customer: str = "",
    currency: str = "",
    api_url: str = "",
    tokens: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make or update the Store Account of a merchant; an option left empty changes nothing."""
    label = platform_label(platform.lower())
    name = frappe.db.exists("Store Account", {"platform": label, "merchant_id": ("=", merchant_id)})
    doc = frappe.get_doc("Store Account", name) if name else frappe.new_doc("Store Account")
    given = {
        "store_name": store_name or doc.store_name or f"{label} {merchant_id}",
        "erp_instance": instance,
        "customer_account": _customer(customer) if customer else "",
        "currency": currency,
        "base_url": api_url,
    }
    if not name:
        doc.update({"platform": label, "merchant_id": merchant_id})
    doc.update({field: value for field, value in given.items() if value})
    doc.save()
    if tokens:
        save_tokens(doc.name, tokens)
    return {"store": doc.name, "created": not name, "customer_account": doc.customer_account}


def _customer(customer: str) -> str:
    known = frappe.db.exists("Customer Account", {"name": ("=", customer)})
    known = known or frappe.db.exists("Customer Account", {"account_name": ("=", customer)})
    return str(
        known or frappe.get_doc({"doctype": "Customer Account", "account_name": customer}).insert().name
    )
