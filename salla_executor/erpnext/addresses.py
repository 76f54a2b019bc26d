"""Address: one per customer and shop address, updated in place and never shared between customers."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import frappe

from salla_executor.core.model import AddressValues, Saved
from salla_executor.erpnext.documents import plain, set_values

DOCTYPE = "Address"


def save_address(customer: str, company: str, values: AddressValues) -> Saved:
    key = _key(customer, values.external_id)
    name = frappe.db.get_value(DOCTYPE, {"shop_address_key": key})
    doc = frappe.get_doc(DOCTYPE, name, for_update=True) if name else frappe.new_doc(DOCTYPE)
    changes = set_values(doc, _fields(values, company))
    if name is None:
        doc.shop_address_key = key
        doc.append("links", {"link_doctype": "Customer", "link_name": customer})
        doc.insert()
        return Saved(DOCTYPE, doc.name, "created", changes)
    if changes:
        doc.save()
    return Saved(DOCTYPE, doc.name, "updated" if changes else "unchanged", changes)


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
        "phone": plain(values.phone),
        "email_id": plain(values.email),
    }


def _country(code: str | None, company: str) -> str | None:
    found = frappe.db.get_value("Country", {"code": ("=", code.lower())}, cache=True) if code else None
    return found or frappe.get_cached_value("Company", company, "country")


def _key(customer: str, external_id: str) -> str:
    # The customer is part of it: a shop may use one address id for two people.
    return hashlib.sha256(json.dumps([customer, external_id]).encode()).hexdigest()
