"""What the buttons about backfills call. Permission first, then one call of the core."""

from __future__ import annotations

import frappe
from frappe import _

from salla_manager import reading
from salla_manager.adapters.host import build_host
from salla_manager.adapters.sync_store import RUN, FrappeSyncStore
from salla_manager.api.told import told
from salla_manager.core import backfill


@frappe.whitelist(methods=["POST"])
def plan(store: str, entity_types: list | str | None = None, since: str | None = None) -> str:
    """Have a worker count what the shop has and keep it as a Planned run; whoever asked is shown its figures."""
    frappe.has_permission(RUN, "write", throw=True)
    frappe.has_permission("Store Account", "read", store, throw=True)
    wanted = frappe.parse_json(entity_types) if isinstance(entity_types, str) else entity_types
    told(backfill.check_plan, build_host(), FrappeSyncStore(), store, wanted or None, since)
    values = {"store": store, "entity_types": wanted or None, "since": since or None}
    # A large shop within a small limit takes longer than a request may.
    frappe.enqueue("salla_manager.tasks.plan_backfill", queue="long", enqueue_after_commit=True, **values)
    return _("The shop is being counted in the background. The plan is shown here, and kept in Sync Run.")


@frappe.whitelist(methods=["POST"])
def start(name: str) -> None:
    """Begin a planned run, or go on with a paused one."""
    frappe.has_permission(RUN, "write", name, throw=True)
    told(backfill.start, build_host(), FrappeSyncStore(), name)
    reading.wake_backfill(name)


@frappe.whitelist(methods=["POST"])
def pause(name: str) -> None:
    frappe.has_permission(RUN, "write", name, throw=True)
    told(backfill.pause, build_host(), FrappeSyncStore(), name)


@frappe.whitelist(methods=["POST"])
def cancel(name: str) -> None:
    """What has been read stays."""
    frappe.has_permission(RUN, "write", name, throw=True)
    told(backfill.cancel, build_host(), FrappeSyncStore(), name)
