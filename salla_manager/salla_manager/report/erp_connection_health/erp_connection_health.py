"""How each ERP Connection did in the last day and week."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from salla_manager.adapters.erp_connection_health import health_of
from salla_manager.adapters.instance_store import CONNECTION

_SHOWN = ("name", "title", "customer_account", "connector_type", "status", "breaker_status")


def execute(filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """(columns, rows); the connections that the user may read."""
    connections = frappe.get_list(CONNECTION, fields=list(_SHOWN), order_by="name asc", limit=0)
    health = health_of([row.name for row in connections])
    return columns(), [_row(connection, health[connection.name]) for connection in connections]


def columns() -> list[dict[str, Any]]:
    return [
        _column("name", _("ERP Connection"), 210, fieldtype="Link", options=CONNECTION),
        _column("title", _("Title"), 160),
        _column("connector_type", _("Connector Type"), 190),
        _column("state", _("Status"), 110),
        _column("day_attempts", _("Attempts, 24 Hours"), 150, fieldtype="Int"),
        _column("day_rate", _("Success Rate, 24 Hours"), 190, fieldtype="Percent"),
        _column("week_attempts", _("Attempts, 7 Days"), 130, fieldtype="Int"),
        _column("week_rate", _("Success Rate, 7 Days"), 180, fieldtype="Percent"),
        _column("latency_ms", _("Latency on Average (ms)"), 190, fieldtype="Int"),
        _column("last_error", _("Last Error"), 420),
        _column("last_error_at", _("Of"), 160, fieldtype="Datetime"),
    ]


def _row(connection: dict[str, Any], health: dict[str, Any]) -> dict[str, Any]:
    is_open = connection["status"] == "ACTIVE" and connection["breaker_status"] == "Open"
    return {
        **connection,
        "state": _("Unreachable") if is_open else _(connection["status"]),
        "day_attempts": health["day"]["attempts"],
        "day_rate": health["day"]["success_rate"],
        "week_attempts": health["week"]["attempts"],
        "week_rate": health["week"]["success_rate"],
        "latency_ms": health["week"]["latency_ms"],
        "last_error": health["last_error"],
        "last_error_at": health["last_error_at"],
    }


def _column(name: str, label: str, width: int, **more: Any) -> dict[str, Any]:
    return {"fieldname": name, "label": label, "fieldtype": "Data", "width": width, **more}
