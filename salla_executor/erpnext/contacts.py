"""Contact: the person behind a customer, with phone and e-mail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe.model.document import Document

from salla_executor.core.model import Saved
from salla_executor.core.values import CustomerValues
from salla_executor.erpnext.documents import is_ours, is_shared, plain, set_values

DOCTYPE = "Contact"


def save_contact(customer: str, name: str | None, values: CustomerValues) -> Saved:
    """Without a name a new one is made for the customer, and also where the change would reach another Customer."""
    doc = frappe.get_doc(DOCTYPE, name, for_update=True) if name else frappe.new_doc(DOCTYPE)
    changes = _set_content(doc, values)
    if name and changes and is_shared(doc, customer):
        return save_contact(customer, None, values)
    if name is None:
        doc.is_primary_contact = 1
        doc.append("links", {"link_doctype": "Customer", "link_name": customer})
    with _without_gravatar():
        if name is None:
            doc.insert(set_name=_own_name(doc, customer))
        elif changes:
            doc.save()
    if name is None:
        return Saved(DOCTYPE, doc.name, "created", changes)
    return Saved(DOCTYPE, doc.name, "updated" if changes else "unchanged", changes)


def _set_content(doc: Document, values: CustomerValues) -> dict[str, list[Any]]:
    changes = {} if doc.name and not is_ours(doc) else set_values(doc, _names(values, is_new=not doc.name))
    changes |= _set_primary(
        doc, "phone_nos", "phone", "is_primary_mobile_no", values.phone, values.phone_forms
    )
    email = (values.email,) if values.email else ()
    return changes | _set_primary(doc, "email_ids", "email_id", "is_primary", values.email, email)


def _names(values: CustomerValues, is_new: bool) -> dict[str, str | None]:
    if not values.first_name:
        return {"first_name": plain(values.name)} if is_new else {}
    # Frappe keeps both in one field of 140 as well.
    return {"first_name": plain(values.first_name, 69), "last_name": plain(values.last_name, 69)}


def _own_name(doc: Document, customer: str) -> str | None:
    """Frappe names a contact after person and customer; where both do not fit, a number tells it apart."""
    person = " ".join(filter(None, (doc.first_name, doc.last_name)))
    if len(person) + len(customer) < 130:
        return None
    return f"{person[:60].strip()}-{customer[:60].strip()}-{frappe.generate_hash(length=8)}"


def _set_primary(
    doc: Document, table: str, field: str, flag: str, value: str | None, forms: tuple[str, ...]
) -> dict[str, list[Any]]:
    """Make value the primary row: the row that has it in one of its forms, else the primary one of a contact of ours,
    else a new one. Of what people entered nothing is lost."""
    if not value:
        return {}
    rows = doc.get(table)
    primary = next((row for row in rows if row.get(flag)), None)
    if primary and primary.get(field) == value:
        return {}
    before = primary.get(field) if primary else None
    wanted = {form.casefold() for form in forms}
    known = next((row for row in rows if (row.get(field) or "").casefold() in wanted), None)
    replaced = primary if is_ours(doc) else None
    row = known or replaced or doc.append(table, {})
    if primary:
        primary.set(flag, 0)
    row.set(field, value)
    row.set(flag, 1)
    return {field: [before, value]}


@contextmanager
def _without_gravatar() -> Iterator[None]:
    """A Contact with an e-mail asks gravatar.com for a picture, up to 5 s inside our transaction and with the
    buyer's address; during an import it does not."""
    before = frappe.flags.in_import
    frappe.flags.in_import = True
    try:
        yield
    finally:
        frappe.flags.in_import = before
