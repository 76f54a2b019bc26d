"""The documents that were made of a Sales Order, and what all of them have."""

from __future__ import annotations

import frappe
from frappe.model.document import Document


def documents_of(doctype: str, field: str, order: str) -> list[str]:
    """Submitted, returns left out. field: how their rows name the order."""
    rows = frappe.get_all(
        f"{doctype} Item",
        filters={field: order, "docstatus": 1},
        pluck="parent",
        distinct=True,
        order_by="parent",
    )
    return [name for name in rows if not frappe.db.get_value(doctype, name, "is_return")]


def fixed_charges(document: Document) -> list[Document]:
    """Rows of an absolute amount, which ERPNext carries over whole."""
    return [row for row in document.taxes if row.charge_type == "Actual"]
