"""Address: one per customer and shop address, updated in place and never shared between customers."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import frappe
from frappe.model.document import Document

from salla_executor.core.model import Saved
from salla_executor.core.values import AddressValues, SalesOrderValues
from salla_executor.erpnext.documents import is_shared, plain, set_values

DOCTYPE = "Address"


def save_address(customer: str, company: str, values: AddressValues) -> Saved:
    key = address_key(customer, values.external_id)
    name = frappe.db.get_value(DOCTYPE, {"shop_address_key": key})
    doc = frappe.get_doc(DOCTYPE, name, for_update=True) if name else frappe.new_doc(DOCTYPE)
    changes = set_values(doc, _fields(values, company))
    if name and changes and is_shared(doc, customer):
        # The change is this customer's alone: the shared one is left to the other.
        frappe.db.set_value(DOCTYPE, name, "shop_address_key", None)
        return save_address(customer, company, values)
    if name is None:
        doc.shop_address_key, doc.shop_address_id = key, values.external_id
        doc.append("links", {"link_doctype": "Customer", "link_name": customer})
        doc.insert()
        return Saved(DOCTYPE, doc.name, "created", changes)
    if changes:
        doc.save()
    return Saved(DOCTYPE, doc.name, "updated" if changes else "unchanged", changes)


def shipping_address(order: SalesOrderValues) -> Saved | None:
    if order.shipping_address is None:
        return None
    return save_address(order.customer, order.company, order.shipping_address)


def follow_rename(doc: Document, method: str | None, old: str, new: str, merge: bool = False) -> None:
    """Customer after_rename: its addresses are known by its name. Of two that the shop calls the same one keeps the key."""
    names = frappe.get_all(
        "Dynamic Link",
        {"parenttype": DOCTYPE, "link_doctype": "Customer", "link_name": ("=", new)},
        pluck="parent",
    )
    rows = frappe.get_all(
        DOCTYPE,
        {"name": ("in", names), "shop_address_key": ("is", "set"), "shop_address_id": ("is", "set")},
        ["name", "shop_address_id"],
        order_by="creation",
    )
    kept = {address_key(new, row.shop_address_id): row.name for row in reversed(rows)}
    # All at first, since each key is unique.
    for row in rows:
        frappe.db.set_value(DOCTYPE, row.name, "shop_address_key", None)
    for key, name in kept.items():
        frappe.db.set_value(DOCTYPE, name, "shop_address_key", key)


def _fields(values: AddressValues, company: str) -> dict[str, Any]:
    return {
        # With the type behind it, it names the Address and, where that is taken, a series of 100 characters at most.
        "address_title": plain(values.title, 80),
        "address_type": values.type,
        "address_line1": plain(values.line1),
        "address_line2": plain(values.line2),
        "city": plain(values.city),
        "state": plain(values.state),
        "pincode": plain(values.postal_code),
        "country": _country(values.country_code, company),
        "shop_district": plain(values.district),
        "shop_building_number": plain(values.building_number),
        "shop_additional_number": plain(values.additional_number),
        "shop_short_address": plain(values.short_address),
        "phone": plain(values.phone),
        "email_id": plain(values.email),
    }


def _country(code: str | None, company: str) -> str | None:
    found = frappe.db.get_value("Country", {"code": ("=", code.lower())}, cache=True) if code else None
    return found or frappe.get_cached_value("Company", company, "country")


def address_key(customer: str, external_id: str) -> str:
    # The customer is part of it: a shop may use one address id for two people.
    return hashlib.sha256(json.dumps([customer, external_id]).encode()).hexdigest()
