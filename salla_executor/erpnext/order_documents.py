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


def has_return(order: str) -> bool:
    """Drafts too."""
    return any(
        frappe.db.get_value(doctype, name, "is_return")
        for doctype, field in (("Sales Invoice", "sales_order"), ("Delivery Note", "against_sales_order"))
        for name in frappe.get_all(
            f"{doctype} Item", {field: order, "docstatus": ("<", 2)}, pluck="parent", distinct=True
        )
    )


def fixed_charges(document: Document) -> list[Document]:
    """Rows of an absolute amount, which ERPNext carries over whole."""
    return [row for row in document.taxes if row.charge_type == "Actual"]
