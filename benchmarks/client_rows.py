"""Documents on the client's site: read what the executor made, insert the same bare, delete both."""

from __future__ import annotations

from typing import Any

from contents import Unit, content_of, differences
from measure import progress

import frappe
from frappe.utils.global_search import sync_global_search

Values = list[dict[str, Any]]
_OF_USER = (
    ("Notification Settings", "name"),
    ("DocShare", "user"),
    ("DefaultValue", "parent"),
    ("__Auth", "name"),
)


def read(document: dict[str, str]) -> list[Any]:
    """A command's document with those that were made beside it."""
    doc = frappe.get_doc(document["doctype"], document["name"])
    if doc.doctype == "Item":
        prices = frappe.get_all("Item Price", {"item_code": doc.name}, pluck="name")
        return [doc, *(frappe.get_doc("Item Price", name) for name in prices)]
    if doc.doctype != "Customer":
        return [doc]
    linked = {"link_doctype": "Customer", "link_name": doc.name}
    names = {
        kind: frappe.get_all("Dynamic Link", {**linked, "parenttype": kind}, pluck="parent")[0]
        for kind in ("Contact", "Address")
    }
    return [doc, *(frappe.get_doc(kind, name) for kind, name in names.items())]


def values_of(docs: list[Any]) -> Values:
    return [content_of(doc) for doc in docs]


def insert(values: Values, *, submit: bool = False) -> list[Any]:
    """What a script on bare ERPNext would do for the same result; ends with the one commit."""
    first = _insert(frappe.get_doc(values[0]))
    docs = [first, *(_insert_beside(first, other) for other in values[1:])]
    if first.doctype == "Customer":
        contact = docs[1]
        copies = {"customer_primary_contact": contact.name, "mobile_no": contact.mobile_no}
        first.db_set({**copies, "email_id": contact.email_id})
    if submit:
        first.submit()
    frappe.db.commit()
    return docs


def _insert_beside(first: Any, values: dict[str, Any]) -> Any:
    doc = frappe.get_doc(values)
    if doc.doctype == "Item Price":
        # Valid on any day, as the executor's is; left out, ERPNext fills in today.
        doc.valid_from = ""
        return _insert(doc)
    doc.append("links", {"link_doctype": "Customer", "link_name": first.name})
    # A Contact asks gravatar.com for a picture, which would be most of its time; the executor does not ask either.
    frappe.flags.in_import = doc.doctype == "Contact"
    try:
        return _insert(doc)
    finally:
        frappe.flags.in_import = False


def check_same(ours: list[Any], unit: Unit, bare: list[Any], bare_unit: Unit) -> None:
    """Raises RuntimeError where the two sides did not write the same."""
    wrong: list[str] = []
    for doc, other in zip(ours, bare, strict=True):
        wrong += differences(doc.reload(), unit, other.reload(), bare_unit)
    if wrong:
        raise RuntimeError("executor and bare ERPNext wrote different things: " + "; ".join(wrong))


def _insert(doc: Any) -> Any:
    # Orders of nobody's command would lose the shop's fields, and with them the same content.
    doc.flags.is_of_command = True
    return doc.insert()


def sweep(run: str) -> None:
    """Delete what carries the run's mark, as rows: nothing else on the site refers to them or counts them."""
    frappe.db.rollback()
    frappe.set_user("Administrator")
    # Else a job of the site makes entries later for what is gone by then.
    sync_global_search()
    marked = ("like", f"%{run}-%")
    for doctype, field in (
        ("Sales Order", "shop_order"),
        # What a client posts keeps no field of the shop's but this.
        ("Sales Order", "shop_reference"),
        ("Contact", "last_name"),
        ("Address", "address_title"),
        ("Customer", "customer_name"),
        ("Bin", "item_code"),
        ("Item Price", "item_code"),
        ("Item", "item_code"),
        ("User", "name"),
    ):
        progress(f"clean up: {doctype}")
        _delete(doctype, frappe.get_all(doctype, {field: marked}, pluck="name"))
        # Locks of a shared site are not held for long.
        frappe.db.commit()
    # Rows of the user that posted, beside its own.
    for doctype, field in _OF_USER:
        frappe.db.delete(doctype, {field: marked})
    for doctype, field in (("External Reference", "source"), ("Executor Inbox", "store_account")):
        frappe.db.delete(doctype, {field: run})
    frappe.db.commit()


def _delete(doctype: str, names: list[str]) -> None:
    if not names:
        return
    here = ("in", names)
    for field in frappe.get_meta(doctype).get_table_fields():
        frappe.db.delete(field.options, {"parenttype": doctype, "parent": here})
    frappe.db.delete("Comment", {"reference_doctype": doctype, "reference_name": here})
    frappe.db.delete("Version", {"ref_doctype": doctype, "docname": here})
    frappe.db.delete("__global_search", {"doctype": doctype, "name": here})
    frappe.db.delete(doctype, {"name": here})
