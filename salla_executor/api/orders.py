"""What the form of a Sales Order calls."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from salla_executor.erpnext import order_acceptance, order_guard

DOCTYPE = "Sales Order"


@frappe.whitelist(methods=["GET", "POST"])
def comparison(name: str) -> dict[str, list[dict[str, Any]]]:
    """The shop's money beside the order's: figures and lines, each with label, shop, erp and off."""
    frappe.has_permission(DOCTYPE, "read", name, throw=True)
    return order_guard.comparison(frappe.get_doc(DOCTYPE, name))


@frappe.whitelist(methods=["POST"])
def accept_difference(name: str) -> int:
    """Let a draft go on although its money differs from the shop's, with what its status asks for; its docstatus afterwards."""
    frappe.has_permission(DOCTYPE, "submit", name, throw=True)
    doc = frappe.get_doc(DOCTYPE, name, for_update=True)
    if doc.docstatus or not doc.get("shop_difference_note"):
        frappe.throw(_("There is no difference to accept on {0}.").format(name))
    return order_acceptance.accept(doc)
