"""The documents that were made of a Sales Order, and what all of them have."""

from __future__ import annotations

import frappe
from frappe.model.document import Document

# How the rows of a document name the order.
NAMED_BY = {"Sales Invoice": "sales_order", "Delivery Note": "against_sales_order"}


def documents_of(doctype: str, order: str) -> list[str]:
    """Submitted, returns left out."""
    return _documents(doctype, order, docstatus=1, is_return=0)


def has_draft(doctype: str, order: str) -> bool:
    """One that waits for a person is not made again; a draft return is another matter."""
    return bool(_documents(doctype, order, docstatus=0, is_return=0))


def has_return(order: str) -> bool:
    """Of any kind; drafts too."""
    return any(
        _documents(doctype, order, docstatus=docstatus, is_return=1)
        for doctype in NAMED_BY
        for docstatus in (0, 1)
    )


def _documents(doctype: str, order: str, *, docstatus: int, is_return: int) -> list[str]:
    filters = [
        [f"{doctype} Item", NAMED_BY[doctype], "=", order],
        ["docstatus", "=", docstatus],
        ["is_return", "=", is_return],
    ]
    return frappe.get_all(doctype, filters, pluck="name", distinct=True, order_by="name")


def fixed_charges(document: Document) -> list[Document]:
    """Rows of an absolute amount, which ERPNext carries over whole."""
    return [row for row in document.taxes if row.charge_type == "Actual"]
