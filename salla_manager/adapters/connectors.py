"""Shops as admin methods, forms and the command line see them: what they are, their syncs and their runs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import frappe
from frappe import _

from salla_manager import reading
from salla_manager.adapters import look_rows
from salla_manager.adapters.connecting import webhook_url
from salla_manager.adapters.host import build_host
from salla_manager.adapters.rows import from_shown
from salla_manager.adapters.sync_store import BACKFILL, CHANGES, RUN, FrappeSyncStore
from salla_manager.core import backfill
from salla_manager.core.connector_views import ConnectorView, CountView, Mode, RunView, SyncView, TestView
from salla_manager.core.pull import PullError, source_of

STORE = "Store Account"
MODES: dict[str, Mode] = {CHANGES: "delta", BACKFILL: "full"}
_COUNTS = ("total", "queued", "unchanged", "skipped", "failed", "vanished", "known")
MOST_RUNS = 200


def views(platform: str = "", organisation: str = "") -> list[ConnectorView]:
    """Those that the user may read, by name."""
    where = {"platform": platform, "customer_account": organisation}
    names = frappe.get_list(
        STORE, {key: ("=", value) for key, value in where.items() if value}, pluck="name", order_by="name asc"
    )
    return [view(name) for name in names]


def view(name: str) -> ConnectorView:
    doc = frappe.get_doc(STORE, name)
    return {
        "name": doc.name,
        "title": doc.store_name,
        "platform": doc.platform,
        "url": doc.base_url or "",
        "enabled": bool(doc.enabled),
        "organisation": doc.customer_account or "",
        "erp_instance": doc.erp_instance or "",
        "currency": doc.currency or "",
        "read_products": bool(doc.read_products),
        "read_orders": bool(doc.read_orders),
        "look_minutes": doc.changes_every or 0,
        "calls_per_minute": doc.calls_per_minute or 0,
        "query_auth": bool(doc.query_auth),
        # What stands in the fields are stars, never the secret.
        "has_access": bool(doc.tokens or (doc.consumer_key and doc.consumer_secret)),
        "webhook_url": webhook_url(doc.name, doc.platform),
        "last_test": last_test(doc),
        "last_sync_at": moment(doc.last_sync_at),
        "last_error": doc.last_sync_error or "",
    }


def last_test(doc: Any) -> TestView:
    # Kept as they were told, shown in the language of whoever looks.
    steps = [{**step, "check": _(step["check"])} for step in json.loads(doc.test_steps or "[]")]
    return {"ok": doc.test_result == "Passed", "tested_at": moment(doc.tested_at), "steps": steps}


def begin_sync(name: str, mode: Mode, entity_types: list[str] | None, since: str | None) -> SyncView:
    """Have a worker begin it. Raises PullError where it cannot be begun."""
    # Frappe checks types, but not which words are meant.
    if mode not in MODES.values():
        raise PullError(f"mode has to be delta or full, not {mode}.")
    if mode == "full":
        backfill.check_plan(build_host(), FrappeSyncStore(), name, entity_types, since)
        options = {"store": name, "entity_types": entity_types, "since": since}
        frappe.enqueue("salla_manager.reading.read_all", queue="long", enqueue_after_commit=True, **options)
        return {
            "connector": name,
            "mode": mode,
            "run": "",
            "message": _("The shop is being counted, then read."),
        }
    if entity_types or since:
        raise PullError("A delta reads what changed of all kinds: leave entity_types and since out.")
    source_of(build_host(), name)
    reading.look_now(name)
    run = look_rows.changes_name(name)
    return {
        "connector": name,
        "mode": mode,
        "run": run,
        "message": _("The changes of the shop are being read."),
    }


def runs(name: str = "", limit: int = 20) -> list[RunView]:
    """Those that the user may read, the newest first."""
    rows = frappe.get_list(
        RUN,
        {"store": ("=", name)} if name else {},
        ["name", "store", "kind", "status", "message", "percent", "started_at", "finished_at", "steps"],
        order_by="modified desc",
        limit=min(max(limit, 1), MOST_RUNS),
    )
    return [_run(row) for row in rows]


def _run(row: Any) -> RunView:
    return {
        "name": row.name,
        "connector": row.store,
        "mode": MODES[row.kind],
        "status": row.status,
        "message": row.message or "",
        "percent": float(row.percent or 0),
        "started_at": moment(row.started_at),
        "finished_at": moment(row.finished_at),
        "counts": [_count(step) for step in json.loads(row.steps or "[]")],
    }


def _count(step: dict[str, Any]) -> CountView:
    counts = {name: step.get(name, 0) for name in _COUNTS}
    return {"entity_type": step["entity_type"], **counts, "reasons": step.get("reasons", [])}  # type: ignore[typeddict-item]


def moment(value: datetime | str | None) -> str:
    """A Datetime field in UTC."""
    if not value:
        return ""
    return from_shown(frappe.utils.get_datetime(value)).isoformat(timespec="seconds")
