"""Customer with its primary Contact and its Addresses."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document

from salla_executor.core.model import CustomerValues, Saved
from salla_executor.erpnext.addresses import save_address
from salla_executor.erpnext.contacts import save_contact
from salla_executor.erpnext.documents import plain, set_values
from salla_executor.erpnext.errors import refusals

DOCTYPE = "Customer"


def save_customer(name: str | None, company: str, values: CustomerValues) -> Saved:
    with refusals(f"{DOCTYPE} {name or plain(values.name)}"):
        doc = frappe.get_doc(DOCTYPE, name, for_update=True) if name else frappe.new_doc(DOCTYPE)
        changes = set_values(doc, _fields(values))
        if name is None:
            doc.insert()
        elif changes:
            doc.save()
        also = [*_save_contact(doc, values)]
        also += [save_address(doc.name, company, address) for address in values.addresses]
    is_written = changes or any(one.action != "unchanged" for one in also)
    action = "created" if name is None else "updated" if is_written else "unchanged"
    return Saved(DOCTYPE, doc.name, action, changes, also=tuple(also))


def find_customers(phone: str | None, email: str | None) -> list[str]:
    found = _customers_of("Contact Phone", "phone", phone) if phone else []
    if not found and email:
        found = _customers_of("Contact Email", "email_id", email)
    return found


def _customers_of(table: str, field: str, value: str) -> list[str]:
    row, link = frappe.qb.DocType(table), frappe.qb.DocType("Dynamic Link")
    query = (
        frappe.qb.from_(row)
        .join(link)
        .on((link.parent == row.parent) & (link.parenttype == "Contact") & (link.link_doctype == DOCTYPE))
        .select(link.link_name)
        .distinct()
        .where((row[field] == value) & (row.parenttype == "Contact"))
    )
    return query.run(pluck=True)


def _fields(values: CustomerValues) -> dict[str, Any]:
    return {
        # ERPNext names a second customer of this name `… - 1`, which has to fit as well.
        "customer_name": plain(values.name, 130),
        "customer_type": values.type,
        "customer_group": values.group,
        "territory": values.territory,
        "language": _language(values.language),
        "tax_id": values.tax_id and plain(values.tax_id),
        "disabled": values.is_disabled,
    }


def _language(code: str | None) -> str | None:
    return frappe.db.get_value("Language", {"name": ("=", code)}, cache=True) if code else None


def _contact_of(doc: Document) -> str | None:
    """An existing customer may have a contact without its being marked as the primary one."""
    filters = {"parenttype": "Contact", "link_doctype": DOCTYPE, "link_name": ("=", doc.name)}
    return frappe.db.get_value("Dynamic Link", filters, "parent", order_by="creation")


def _save_contact(doc: Document, values: CustomerValues) -> list[Saved]:
    if not (values.phone or values.email):
        return []
    contact = save_contact(doc.name, doc.customer_primary_contact or _contact_of(doc), values)
    primary = {"customer_primary_contact": contact.name, "mobile_no": values.phone, "email_id": values.email}
    stale = {field: value for field, value in primary.items() if value and doc.get(field) != value}
    if stale:
        # Copies of what the contact says; ERPNext writes them the same way.
        doc.db_set(stale)
    return [contact]
