"""Making and changing Store Accounts, from the command line and for the admin methods."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from salla_manager.adapters.config_store import platform_label
from salla_manager.adapters.tokens import save_tokens
from salla_manager.platforms.woocommerce.site import merchant_id as merchant_of

STORE = "Store Account"
# Those that can be read.
PLATFORMS = ("Salla", "WooCommerce")


def create_store(platform: str, merchant_id: str, values: dict[str, Any]) -> str:
    """values: by field. Gives its name."""
    if platform not in PLATFORMS:
        frappe.throw(_("Platform has to be one of {0}.").format(", ".join(PLATFORMS)))
    doc = frappe.get_doc({"doctype": STORE, "platform": platform, "merchant_id": merchant_id, **values})
    return str(doc.insert().name)


def update_store(name: str, values: dict[str, Any]) -> str:
    doc = frappe.get_doc(STORE, name)
    doc.update(values)
    return str(doc.save().name)


def save_store(
    *,
    platform: str,
    merchant_id: str = "",
    store_name: str = "",
    instance: str = "",
    customer: str = "",
    currency: str = "",
    api_url: str = "",
    tokens: dict[str, Any] | None = None,
    keys: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make or update the Store Account of a merchant, or of the WooCommerce shop at this address; an option left empty
    changes nothing. keys: consumer_key, consumer_secret, webhook_secret."""
    label = platform_label(platform.lower())
    if label == "WooCommerce" and not merchant_id:
        merchant_id = merchant_of(api_url)
    name = frappe.db.exists(STORE, {"platform": label, "merchant_id": ("=", merchant_id)})
    given = {
        "erp_instance": instance,
        "customer_account": _customer(customer) if customer else "",
        "currency": currency,
        "base_url": api_url,
        "store_name": store_name or ("" if name else f"{label} {merchant_id}"),
        **{key: (keys or {}).get(key) for key in ("consumer_key", "consumer_secret", "webhook_secret")},
    }
    given = {field: value for field, value in given.items() if value}
    done = update_store(str(name), given) if name else create_store(label, merchant_id, given)
    if tokens:
        save_tokens(done, tokens)
    customer_account = frappe.db.get_value(STORE, done, "customer_account")
    return {"store": done, "created": not name, "customer_account": customer_account}


def _customer(customer: str) -> str:
    known = frappe.db.exists("Customer Account", {"name": ("=", customer)})
    known = known or frappe.db.exists("Customer Account", {"account_name": ("=", customer)})
    return str(
        known or frappe.get_doc({"doctype": "Customer Account", "account_name": customer}).insert().name
    )
