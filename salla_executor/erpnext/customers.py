"""Customer with its primary Contact and its Addresses."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document

from salla_executor.core.model import Saved
from salla_executor.core.values import Candidate, CustomerValues
from salla_executor.erpnext.addresses import save_address
from salla_executor.erpnext.contacts import save_contact
from salla_executor.erpnext.documents import is_ours, plain, set_values
from salla_executor.erpnext.errors import refusals

DOCTYPE = "Customer"


def save_customer(name: str | None, company: str, values: CustomerValues) -> Saved:
    with refusals(f"{DOCTYPE} {name or plain(values.name)}"):
        doc = frappe.get_doc(DOCTYPE, name, for_update=True) if name else frappe.new_doc(DOCTYPE)
        changes = set_values(doc, _fields(values, keeps_name=bool(name) and not is_ours(doc)))
        if name is None:
            doc.insert()
        elif changes:
            doc.save()
        also = [*_save_contact(doc, values, is_new=name is None)]
        also += [save_address(doc.name, company, address) for address in values.addresses]
    is_written = changes or any(one.action != "unchanged" for one in also)
    action = "created" if name is None else "updated" if is_written else "unchanged"
    return Saved(DOCTYPE, doc.name, action, changes, also=tuple(also))


def find_customers(phones: tuple[str, ...], email: str | None) -> list[Candidate]:
    found = _candidates("phone", "Contact Phone", "phone", phones) if phones else []
    return found + (_candidates("email", "Contact Email", "email_id", (email,)) if email else [])


def _candidates(kind: str, table: str, field: str, values: tuple[str, ...]) -> list[Candidate]:
    row, link, customer = (frappe.qb.DocType(one) for one in (table, "Dynamic Link", DOCTYPE))
    query = (
        frappe.qb.from_(row)
        .join(link)
        .on((link.parent == row.parent) & (link.parenttype == "Contact") & (link.link_doctype == DOCTYPE))
        .join(customer)
        .on(customer.name == link.link_name)
        .select(customer.name, customer.tax_id, row[field])
        .where(row[field].isin(values) & (row.parenttype == "Contact"))
    )
    # The collation takes `jose` and `josé` for equal, and they are two people.
    wanted = {value.casefold() for value in values}
    rows = [row for row in query.run() if row[2].strip().casefold() in wanted]
    return [
        Candidate(name, kind, tax_id or "") for name, tax_id in sorted({row[:2] for row in rows}, key=str)
    ]


def _fields(values: CustomerValues, keeps_name: bool) -> dict[str, Any]:
    return {
        # ERPNext names a second customer of this name `… - 1`, which has to fit as well. What people made keeps theirs.
        "customer_name": None if keeps_name else plain(values.name, 130),
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


def _save_contact(doc: Document, values: CustomerValues, *, is_new: bool) -> list[Saved]:
    if not (values.phone or values.email):
        return []
    known = None if is_new else doc.customer_primary_contact or _contact_of(doc)
    contact = save_contact(doc.name, known, values)
    primary = {"customer_primary_contact": contact.name, "mobile_no": values.phone, "email_id": values.email}
    stale = {field: value for field, value in primary.items() if value and doc.get(field) != value}
    # Copies of what the contact says; ERPNext writes them the same way.
    if stale and is_new:
        # Nothing was there before, so nobody has to be told of a change; db_set would load all of it to do so.
        frappe.db.set_value(DOCTYPE, doc.name, stale)
    elif stale:
        doc.db_set(stale)
    return [contact]
