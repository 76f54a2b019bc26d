"""What the buttons of External Reference call, where an entry of the shop may be an Item that is there."""

from __future__ import annotations

import frappe

from salla_executor.erpnext import reviews


@frappe.whitelist(methods=["POST"])
def link(reference: str, item: str) -> None:
    frappe.has_permission("Item", "write", throw=True)
    reviews.link(reference, item)


@frappe.whitelist(methods=["POST"])
def make_new(reference: str, item_code: str) -> None:
    frappe.has_permission("Item", "create", throw=True)
    reviews.make_new(reference, item_code)


@frappe.whitelist(methods=["POST"])
def link_suggested(references: list[str] | str) -> int:
    """How many were linked; all or none."""
    frappe.has_permission("Item", "write", throw=True)
    return reviews.link_suggested(frappe.parse_json(references))
