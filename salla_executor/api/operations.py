"""What the buttons of Salla Executor Settings call."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import frappe
from frappe import _
from frappe.utils import get_datetime, get_system_timezone

from salla_executor.erpnext import hub
from salla_executor.erpnext.readiness import problems
from salla_executor.erpnext.settings import DOCTYPE

PULLABLE = ("categories", "brands", "order_statuses", "products", "customers", "orders")
MOST = 10_000


@frappe.whitelist(methods=["POST"])
def readiness() -> dict[str, list[str]]:
    frappe.has_permission(DOCTYPE, "read", throw=True)
    return {"problems": problems()}


@frappe.whitelist(methods=["POST"])
def request_pull(
    store_id: str, entity_types: list[str] | str | None = None, since: str = "", limit: int = 100
) -> dict[str, Any]:
    """Ask the hub to fetch from the shop; since is a time of this site's zone, limit counts per entity type."""
    frappe.has_permission(DOCTYPE, "write", throw=True)
    chosen = frappe.parse_json(entity_types) if isinstance(entity_types, str) else entity_types
    chosen = chosen or list(PULLABLE)
    unknown = [str(entity) for entity in chosen if entity not in PULLABLE]
    if unknown:
        frappe.throw(
            _("{0} cannot be fetched. Choose of: {1}.").format(", ".join(unknown), ", ".join(PULLABLE))
        )
    if not 1 <= limit <= MOST:
        frappe.throw(_("At most: write a number from 1 to {0}.").format(MOST))
    return hub.request_pull(store_id.strip(), list(chosen), _with_zone(since), limit)


def _with_zone(since: str) -> str:
    """The contract wants a time with its zone; Desk gives one of the site's."""
    if not since:
        return ""
    moment = get_datetime(since)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(get_system_timezone()))
    return moment.isoformat()
