"""What the buttons of the report Shop Reconciliation call. Permission first, then one call of the core."""

from __future__ import annotations

import frappe

from salla_manager import reconciling
from salla_manager.adapters.host import build_host
from salla_manager.adapters.reconcile_store import FrappeReconcileStore
from salla_manager.api.told import told
from salla_manager.core import reconcile


@frappe.whitelist(methods=["POST"])
def start(store: str, entity_type: str = "order", day: str | None = None) -> str:
    """Compare in the background; gives the name of the Reconciliation."""
    frappe.has_permission("External Record", "write", throw=True)
    frappe.has_permission("Store Account", "read", store, throw=True)
    key = told(reconciling.key_of, store, entity_type, day)
    reconciling.enqueue(key)
    return key.name


@frappe.whitelist(methods=["POST"])
def enqueue_missing(store: str, entity_type: str = "order", day: str | None = None) -> int:
    """Read what is missing or different from the shop, once per run; gives how many are read now."""
    frappe.has_permission("External Record", "write", throw=True)
    frappe.has_permission("Store Account", "read", store, throw=True)
    key = told(reconciling.key_of, store, entity_type, day)
    return told(reconcile.enqueue_missing, build_host(), FrappeReconcileStore(), key)
