"""How an ERP Connection does: what its attempts of the last day and week say, and its test."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.utils import add_to_date, now_datetime

from salla_manager.adapters.host import build_host
from salla_manager.adapters.instance_store import CONNECTION
from salla_manager.adapters.rows import plain
from salla_manager.core.commands import test_connection

PERIODS = {"day": 24, "week": 7 * 24}

_FIGURES = """select erp_connection as connection, count(*) as attempts, sum(status = 'SUCCESS') as succeeded,
        sum(status = 'FAILED') as failed, sum(status = 'RETRYING') as retrying, sum(status = 'PENDING') as pending,
        round(avg(latency_ms)) as latency_ms, max(latency_ms) as slowest_ms
    from `tabCommand Delivery Attempt`
    where erp_connection in %(names)s and creation >= %(since)s group by erp_connection"""
_LAST_ERROR = """select error, started_at from `tabCommand Delivery Attempt`
    where erp_connection = %(name)s and creation >= %(since)s and error != '' order by creation desc limit 1"""


def test_and_keep(name: str) -> dict[str, Any]:
    """ok, message and latency_ms. Raises OperatorError."""
    result = test_connection(build_host(), name)
    values = {
        "last_test": now_datetime(),
        "test_ok": int(result.success),
        "test_latency_ms": result.latency_ms,
        "test_error": plain(result.error_message),
    }
    # Not `modified`: it would refuse the save of someone who has the form open.
    frappe.db.set_value(CONNECTION, name, values, update_modified=False)
    return {"ok": result.success, "message": values["test_error"], "latency_ms": result.latency_ms}


def health_of(names: list[str]) -> dict[str, dict[str, Any]]:
    """Name -> day, week: attempts by outcome, success_rate in percent (None without attempts), latency_ms on average,
    slowest_ms; and last_error with last_error_at of the week."""
    periods = {period: _figures(names, hours) for period, hours in PERIODS.items()}
    return {
        name: {period: figures[name] for period, figures in periods.items()} | _last_error(name)
        for name in names
    }


def _figures(names: list[str], hours: int) -> dict[str, dict[str, Any]]:
    values = {"names": tuple(names) or ("",), "since": _ago(hours)}
    found = {row.pop("connection"): row for row in frappe.db.sql(_FIGURES, values, as_dict=True)}
    return {name: _rated(found.get(name) or {}) for name in names}


def _rated(row: dict[str, Any]) -> dict[str, Any]:
    names = ("attempts", "succeeded", "failed", "retrying", "pending", "latency_ms", "slowest_ms")
    counts = {name: int(row.get(name) or 0) for name in names}
    # Who is asked to wait has not failed.
    decided = counts["attempts"] - counts["pending"]
    rate = round(100 * counts["succeeded"] / decided, 1) if decided else None
    return counts | {"success_rate": rate}


def _last_error(name: str) -> dict[str, Any]:
    values = {"name": name, "since": _ago(PERIODS["week"])}
    rows = frappe.db.sql(_LAST_ERROR, values, as_dict=True)
    return {
        "last_error": rows[0].error if rows else "",
        "last_error_at": rows[0].started_at if rows else None,
    }


def _ago(hours: int) -> Any:
    return add_to_date(now_datetime(), hours=-hours)
