"""How much is stuck, and since when."""

from __future__ import annotations

from typing import Any

import frappe

from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.config_store import ConfigRows
from salla_manager.adapters.erp_connection_health import health_of
from salla_manager.adapters.erp_connection_store import ACTIVE
from salla_manager.adapters.instance_store import CONNECTION, INSTANCE
from salla_manager.adapters.rows import to_epoch
from salla_manager.core.drain import TURN

COMMAND, EVENT = "Outbound Client Command", "Salla Incoming Log"
SECOND = 1_000_000


def read_health() -> dict[str, Any]:
    """Counts by status; oldest_* in seconds, 0 where nothing is due; standstill: why nothing moves, if so;
    readings: backfills that are not at their end, and looks for changes that failed; connections: how the active ERP
    Connections did of late."""
    now = to_epoch(FrappeClock().now())
    return {
        "standstill": ConfigRows().settings().standstill,
        "commands": _counts("select status, count(*) from `tabOutbound Client Command` group by status"),
        "events": _counts("select status, count(*) from `tabSalla Incoming Log` group by status"),
        "records": _counts("select status, count(*) from `tabExternal Record` group by status"),
        "held": read_held(),
        "readings": read_readings(),
        "open_sku_skips": frappe.db.count("SKU Skip Log", {"resolved": 0}),
        "oldest_due_command": _age(
            "select min(due) from `tabOutbound Client Command` where status = 'Queued' and due between 1 and %s",
            now,
        ),
        "oldest_due_event": _age(
            "select min(due) from `tabSalla Incoming Log` where due between 2 and %s", now
        ),
        "open_breakers": [
            row
            for doctype in (INSTANCE, CONNECTION)
            for row in frappe.get_all(
                doctype, {"breaker_status": "Open"}, ["name", "breaker_reason", "breaker_until"]
            )
        ],
        "connections": health_of(frappe.get_all(CONNECTION, {"status": ACTIVE}, pluck="name")),
    }


def read_held(destination: str = "") -> dict[str, dict[str, dict[str, int]]]:
    """ERP Instance or Connection (empty: none yet): command type: held, and of those in_turn, which go on by
    themselves."""
    rows = frappe.db.sql(
        """select coalesce(erp_connection, erp_instance, ''), command_type, count(*), sum(reason like %(turn)s)
        from `tabOutbound Client Command` where status = 'Held'
        and %(destination)s in ('', coalesce(erp_connection, erp_instance))
        group by coalesce(erp_connection, erp_instance, ''), command_type""",
        {"turn": f"{TURN}%", "destination": destination},
    )
    held: dict[str, dict[str, dict[str, int]]] = {}
    for instance, command_type, count, in_turn in rows:
        held.setdefault(instance, {})[command_type] = {"held": int(count), "in_turn": int(in_turn or 0)}
    return held


def read_readings() -> list[dict[str, Any]]:
    return frappe.db.sql(
        """select name, store, kind, status, percent, message from `tabSync Run`
        where (kind = 'Backfill' and status in ('Planned', 'Running', 'Paused'))
        or (kind = 'Changes' and status = 'Failed') order by kind, name""",
        as_dict=True,
    )


def _counts(query: str) -> dict[str, int]:
    return {status: int(count) for status, count in frappe.db.sql(query)}


def _age(query: str, now: int) -> int:
    (oldest,) = frappe.db.sql(query, now)[0]
    return max(0, (now - int(oldest)) // SECOND) if oldest else 0
