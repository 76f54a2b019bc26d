"""What the button of External Reference calls, where a shop's customer may be one of several that are there."""

from __future__ import annotations

import frappe

from salla_executor.erpnext import customer_choice


@frappe.whitelist(methods=["POST"])
def choose(reference: str, customer: str) -> None:
    """The command goes on with this Customer the next time the hub sends it."""
    frappe.has_permission("Customer", "write", throw=True)
    customer_choice.choose(reference, customer)
