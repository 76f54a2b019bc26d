"""Reconciliation and Reconciliation Finding for the core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe.utils import getdate

from salla_manager.adapters.event_store import event_of
from salla_manager.adapters.rows import (
    DATA_LENGTH,
    changed_rows,
    from_epoch,
    insert_row,
    key_of,
    plain,
    shown,
    to_epoch,
    update_rows,
)
from salla_manager.core.model import Event, EventStatus
from salla_manager.core.reconciliation import GONE_WALKS, Reconciliation, RunKey, RunStatus, Tally
from salla_manager.core.standing import Finding, Standing, State

RUN, FINDING, RECORD = "Reconciliation", "Reconciliation Finding", "External Record"
_AT_ONCE = 1000
_LONG = ("reason", "url")
STANDING = """select record.name as record, record.external_id, record.title, record.status, record.message,
    record.revision, record.applied_revision, record.erp_document, record.source_updated as changed_at,
    json_value(coalesce(nullif(record.normalized, ''), nullif(record.mapped, '')), '$.total') as total,
    json_value(coalesce(nullif(record.normalized, ''), nullif(record.mapped, '')), '$.currency') as currency,
    json_value(coalesce(nullif(record.normalized, ''), nullif(record.mapped, '')), '$.name') as name,
    json_value(coalesce(nullif(record.normalized, ''), nullif(record.mapped, '')), '$.sku') as sku,
    json_value(coalesce(nullif(record.normalized, ''), nullif(record.mapped, '')), '$.status') as shop_status,
    json_value(nullif(record.mapped, ''), '$.status') = 'deleted' as is_deleted,
    command.name as command, command.status as command_status, command.reason as command_reason
    from `tabExternal Record` record
    left join `tabOutbound Client Command` command on command.name = record.last_command"""


class FrappeReconcileStore:
    """Implements core.reconciliation.ReconcileStore."""

    def begin_reconciliation(self, run: Reconciliation, now: datetime, life_sign: timedelta) -> bool:
        values = {
            "store": run.key.store,
            "entity_type": run.key.entity_type,
            "day": run.key.day,
            "started": to_epoch(run.started_at),
            "started_at": shown(run.started_at),
            **_values(run, now),
        }
        # Made first: a locking read of a row that is not there would lock its gap.
        insert_row(RUN, {"name": run.key.name, "token": "", **values}, on_duplicate={"name": run.key.name})
        (row,) = frappe.db.sql(
            "select token, status, seen from `tabReconciliation` where name = %s for update",
            run.key.name,
            as_dict=True,
        )
        if row.token and row.status == RunStatus.RUNNING and row.seen > to_epoch(now - life_sign):
            return False
        if not run.cursor:
            frappe.db.delete(FINDING, {"run": run.key.name})
        update_rows(RUN, {"token": run.token, **values}, name=run.key.name)
        return True

    def save_reconciliation(self, run: Reconciliation, findings: Iterable[Finding], now: datetime) -> bool:
        if not update_rows(RUN, _values(run, now), name=run.key.name, token=run.token):
            return False
        for finding in findings:
            values = {
                name: plain(value) if name in _LONG else plain(value, DATA_LENGTH)
                for name, value in asdict(finding).items()
            }
            insert_row(FINDING, {"run": run.key.name, **values})
        return True

    def interrupt_reconciliations(self, now: datetime, life_sign: timedelta) -> int:
        frappe.db.sql(
            "update `tabReconciliation` set status = %s where status = %s and seen <= %s",
            (RunStatus.INTERRUPTED, RunStatus.RUNNING, to_epoch(now - life_sign)),
        )
        return changed_rows()

    def note_gone(self, key: RunKey, now: datetime) -> None:
        gone = f"select record from `tab{FINDING}` where run = %s and state = %s and record != ''"
        found = frappe.db.sql(gone, (key.name, State.GONE), pluck=True)
        where = {"store": key.store, "entity_type": key.entity_type}
        back = {**where, "gone_walks": (">", 0), "name": ("not in", [*found, ""])}
        frappe.db.set_value(RECORD, back, {"gone_walks": 0, "missing_at_source": None}, update_modified=False)
        for start in range(0, len(found), _AT_ONCE):
            frappe.db.sql(
                f"""update `tab{RECORD}` set gone_walks = gone_walks + 1, missing_at_source =
                if(gone_walks >= %s and missing_at_source is null, %s, missing_at_source) where name in %s""",
                (GONE_WALKS, shown(now), tuple(found[start : start + _AT_ONCE])),
            )

    def find_reconciliation(self, key: RunKey) -> Reconciliation | None:
        row = frappe.db.get_value(RUN, {"name": ("=", key.name)}, "*", as_dict=True)
        return _reconciliation(row) if row else None

    def findings(self, key: RunKey, states: tuple[str, ...] = State.ALL) -> list[Finding]:
        fields = list(asdict(Finding("", "")))
        rows = frappe.get_all(
            FINDING, {"run": key.name, "state": ("in", states)}, fields, order_by="creation, name"
        )
        return [Finding(**{name: row[name] or "" for name in fields}) for row in rows]

    def standings(self, store: str, entity_type: str, external_ids: list[str]) -> list[Standing]:
        keys = tuple(key_of(store, entity_type, external_id) for external_id in external_ids)
        return _standings("where record.record_key in %s", (keys,)) if keys else []

    def standings_after(self, store: str, entity_type: str, record: str, limit: int) -> list[Standing]:
        return _standings(
            "where record.store = %s and record.entity_type = %s and record.name > %s order by record.name limit %s",
            (store, entity_type, record, limit),
        )

    def open_events(self, store: str) -> list[Event]:
        rows = frappe.db.sql(
            "select * from `tabSalla Incoming Log` where store = %s and status in %s order by received",
            (store, (EventStatus.RECEIVED, EventStatus.FAILED)),
            as_dict=True,
        )
        return [event_of(row) for row in rows]


def _values(run: Reconciliation, now: datetime) -> dict[str, Any]:
    tally = run.tally
    return {
        "status": run.status,
        "message": plain(run.message),
        "next_page": run.cursor,
        "at_shop": tally.at_shop,
        "received": tally.received,
        "applied": tally.applied,
        **{frappe.scrub(state): tally.of(state) for state in State.ALL if state != State.APPLIED},
        "all_well": tally.of(State.APPLIED),
        "page": tally.page,
        "pages": tally.pages,
        "finished": to_epoch(run.finished_at),
        "finished_at": shown(run.finished_at),
        "seen": to_epoch(now),
    }


def _reconciliation(row: Any) -> Reconciliation:
    states = {state: row[frappe.scrub(state)] for state in State.ALL if state != State.APPLIED}
    states[State.APPLIED] = row.all_well
    kept = {state: count for state, count in states.items() if count}
    return Reconciliation(
        RunKey(row.store, row.entity_type, getdate(row.day) if row.day else None),
        row.token,
        row.status,
        row.message or "",
        Tally(row.at_shop, row.received, row.applied, kept, row.page, row.pages),
        from_epoch(row.started),
        from_epoch(row.finished),
        row.next_page or "",
    )


def _standings(condition: str, values: tuple[Any, ...]) -> list[Standing]:
    rows = frappe.db.sql(f"{STANDING} {condition}", values, as_dict=True)
    found = []
    for row in rows:
        values = {name: "" if value is None else value for name, value in row.items()}
        found.append(Standing(**{**values, "changed_at": from_epoch(row.changed_at)}))
    return found
