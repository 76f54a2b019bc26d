"""What the buttons of the SKU workbench call. Permission first, then one call of the core."""

from __future__ import annotations

import frappe

from salla_manager.adapters.host import build_host
from salla_manager.adapters.sku_rows import sku_problems
from salla_manager.api.told import told
from salla_manager.core import workbench
from salla_manager.core.model import RecordKey


@frappe.whitelist(methods=["POST"])
def recheck(store: str, entity_type: str, external_id: str) -> dict[str, str]:
    """Read the product anew, now; what became of the entity: status, reason."""
    frappe.has_permission("External Record", "write", throw=True)
    frappe.has_permission("Store Account", "read", store, throw=True)
    key = RecordKey(store, entity_type, external_id)
    outcome = next(one for one in told(workbench.recheck, build_host(), key) if one.key == key)
    return {"status": outcome.status, "reason": outcome.reason}


@frappe.whitelist(methods=["POST"])
def recheck_all(store: str) -> int:
    """Read every product of the list in the background; gives how many."""
    frappe.has_permission("External Record", "write", throw=True)
    frappe.has_permission("Store Account", "read", store, throw=True)
    rows = [problem.row for problem in sku_problems(store)]
    return told(workbench.recheck_all, build_host(), store, rows)
