"""What the list of External References calls."""

from __future__ import annotations

from typing import Any

import frappe

from salla_executor.erpnext import waiting


@frappe.whitelist(methods=["GET", "POST"])
def causes() -> list[dict[str, Any]]:
    """What a person has to mend and how many commands wait for it, the most awaited first."""
    frappe.has_permission(waiting.DOCTYPE, "read", throw=True)
    return waiting.waiting()
