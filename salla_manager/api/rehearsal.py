"""What the button Rehearse Orders of an ERP Instance calls. Permission first, then one call of the core."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.utils import cint

from salla_manager.adapters.host import build_host
from salla_manager.api.told import told
from salla_manager.core import rehearsal

# Orders, and seconds: a web worker waits meanwhile.
MOST, BUDGET = 100, 45.0


@frappe.whitelist(methods=["POST"])
def rehearse(store: str, last: int = 20) -> dict[str, Any]:
    """What the ERP would make of a store's newest orders, `last` of them (Desk sends it as text); see Rehearsal.values."""
    frappe.has_permission("Outbound Client Command", "write", throw=True)
    frappe.has_permission("Store Account", "read", store, throw=True)
    return told(rehearsal.rehearse, build_host(), store, min(max(cint(last), 1), MOST), BUDGET).values()
