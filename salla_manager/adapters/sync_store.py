"""Sync Run for the core: backfills, and until when the changes of each shop have been read."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import frappe
from frappe.model.naming import make_autoname
from frappe.utils import now_datetime

from salla_manager.adapters.rows import (
    changed_rows,
    from_epoch,
    insert_row,
    plain,
    shown,
    to_epoch,
    update_rows,
)
from salla_manager.core.sync_run import Place, RunStatus, SyncRun, block_of, dump_steps, load_steps

RUN = "Sync Run"
BACKFILL, CHANGES = "Backfill", "Changes"
_DUE = "kind = 'Backfill' and status = 'Running' and due <= %s and lease_until < %s"


def changes_name(store: str) -> str:
    """Of the one row about a store's changes."""
    return f"{store} changes"


def note_sync(store: str, finished_at: datetime | None, error: str) -> None:
    """For the list of shops. finished_at: as it is shown, None where it did not come to its end."""
    values = {"last_sync_error": error, **({"last_sync_at": finished_at} if finished_at else {})}
    frappe.db.set_value("Store Account", store, values, update_modified=False)


class FrappeSyncStore:
    """Implements core.sync_run.SyncStore."""

    def add_run(self, run: SyncRun) -> str:
        name = make_autoname("SM-SYNC-.#####", RUN)
        values = {
            "name": name,
            "kind": BACKFILL,
            "store": run.store,
            "status": run.status,
            "planned": to_epoch(run.created_at),
            "since": to_epoch(run.since),
            "since_at": shown(run.since),
            "message": plain(run.message),
            **_progress(run),
        }
        return insert_row(RUN, values)

    def run(self, name: str) -> SyncRun | None:
        rows = frappe.db.sql(
            "select * from `tabSync Run` where name = %s and kind = %s", (name, BACKFILL), as_dict=True
        )
        return _run_of(rows[0]) if rows else None

    def open_runs(self, store: str = "") -> list[SyncRun]:
        if store:
            # Two plans at once would not see each other.
            frappe.db.sql("select name from `tabStore Account` where name = %s for update", store)
        rows = frappe.db.sql(
            """select * from `tabSync Run` where kind = %s and status in %s and %s in ('', store)
            order by planned, name""",
            (BACKFILL, RunStatus.OPEN, store),
            as_dict=True,
        )
        return [_run_of(row) for row in rows]

    def last_run(self, store: str) -> SyncRun | None:
        rows = frappe.db.sql(
            "select * from `tabSync Run` where kind = %s and store = %s order by planned desc limit 1",
            (BACKFILL, store),
            as_dict=True,
        )
        return _run_of(rows[0]) if rows else None

    def due_runs(self, now: datetime) -> list[str]:
        moment = to_epoch(now)
        return frappe.db.sql(
            f"select name from `tabSync Run` where {_DUE} order by planned, name",
            (moment, moment),
            pluck=True,
        )

    def lease_run(self, name: str, token: str, now: datetime, until: datetime) -> SyncRun | None:
        moment = to_epoch(now)
        frappe.db.sql(
            f"""update `tabSync Run` set lease_token = %s, lease_until = %s, due = 0, modified = %s
            where name = %s and {_DUE}""",
            (token, to_epoch(until), now_datetime(), name, moment, moment),
        )
        return self.run(name) if changed_rows() else None

    def save_progress(self, run: SyncRun, token: str) -> str:
        values = {**_progress(run), "lease_until": to_epoch(run.lease_until)}
        update_rows(RUN, values, name=run.name, lease_token=token)
        return self._status(run.name, token)

    def end_lease(self, run: SyncRun, token: str, status: str) -> bool:
        was = self.save_progress(run, token)
        if was == RunStatus.RUNNING:
            values = {
                "status": status,
                "message": plain(run.message),
                "due": to_epoch(run.due_at),
                "finished": to_epoch(run.finished_at),
                "finished_at": shown(run.finished_at),
            }
            update_rows(RUN, values, name=run.name)
            if status == RunStatus.DONE:
                note_sync(run.store, values["finished_at"], plain(_first_reason(run)))
            elif status == RunStatus.PAUSED:
                note_sync(run.store, None, values["message"])
        update_rows(RUN, {"lease_token": "", "lease_until": 0}, name=run.name, lease_token=token)
        return bool(was)

    def _status(self, name: str, token: str) -> str:
        """Empty where the lease was lost."""
        found = frappe.db.sql(
            "select status from `tabSync Run` where name = %s and lease_token = %s for update",
            (name, token),
            pluck=True,
        )
        return found[0] if found else ""

    def change_run_status(
        self, name: str, expected: tuple[str, ...], status: str, now: datetime, message: str = ""
    ) -> bool:
        sets = {"status": status, "message": plain(message), "due": 0, "modified": now_datetime()}
        if status in (RunStatus.CANCELLED, RunStatus.DONE):
            sets |= {"finished": to_epoch(now), "finished_at": shown(now)}
        first = ""
        if status == RunStatus.RUNNING:
            # Of the first start; assigned from left to right, so the number goes last.
            first = ", started_at = if(started = 0, %s, started_at), started = if(started = 0, %s, started)"
        frappe.db.sql(
            f"update `tabSync Run` set {', '.join(f'`{column}` = %s' for column in sets)}{first}"
            " where name = %s and kind = %s and status in %s",
            (*sets.values(), *((shown(now), to_epoch(now)) if first else ()), name, BACKFILL, expected),
        )
        return changed_rows() == 1

    def queued_commands(self, store: str) -> int:
        found = frappe.db.sql(
            "select count(*) from `tabOutbound Client Command` where status = 'Queued' and store = %s", store
        )
        return int(found[0][0])

    def watermark(self, store: str, entity_type: str) -> datetime | None:
        return from_epoch(self._kept(store)[0].get(entity_type))

    def save_watermark(self, store: str, entity_type: str, moment: datetime) -> None:
        watermarks, places = self._for_change(store)
        watermarks[entity_type] = to_epoch(moment)
        places.pop(entity_type, None)
        self._keep(store, watermarks, places)

    def place(self, store: str, entity_type: str) -> Place | None:
        began, cursor, *block = self._kept(store)[1].get(entity_type, (0, ""))
        return Place(from_epoch(began), cursor, block_of(block[0] if block else None)) if began else None

    def save_place(self, store: str, entity_type: str, place: Place) -> None:
        watermarks, places = self._for_change(store)
        places[entity_type] = [to_epoch(place.began), place.cursor, asdict(place.block)]
        self._keep(store, watermarks, places)

    def _for_change(self, store: str) -> tuple[dict[str, int], dict[str, Any]]:
        name = changes_name(store)
        insert_row(
            RUN,
            {"name": name, "kind": CHANGES, "store": store, "status": RunStatus.DONE},
            on_duplicate={"name": name},
        )
        return self._kept(store, "for update")

    def _kept(self, store: str, lock: str = "") -> tuple[dict[str, int], dict[str, Any]]:
        found = frappe.db.sql(
            f"select watermarks, places from `tabSync Run` where name = %s {lock}", changes_name(store)
        )
        watermarks, places = found[0] if found else ("", "")
        return json.loads(watermarks or "{}"), json.loads(places or "{}")

    def _keep(self, store: str, watermarks: dict[str, int], places: dict[str, Any]) -> None:
        values = {"watermarks": json.dumps(watermarks), "places": json.dumps(places)}
        update_rows(RUN, values, name=changes_name(store))


def _first_reason(run: SyncRun) -> str:
    return next((reason for step in run.steps for reason in step.reasons), "")


def _progress(run: SyncRun) -> dict[str, Any]:
    """What changes while it is read, with the figures for people."""
    figures = run.figures()
    calls, left = figures["calls"], figures["calls_left"]
    is_done = all(step.is_done for step in run.steps)
    return {
        "steps": dump_steps(run.steps),
        # By calls, which is what takes the time; never all of it before the end.
        "percent": 100.0 if is_done else max(0.0, min(99.0, round(100.0 * (calls - left) / calls, 1))),
        "calls": calls,
        "calls_left": left,
        "calls_per_minute": run.calls_per_minute,
        "minutes_left": figures["minutes_left"] or 0.0,
    }


def _run_of(row: Any) -> SyncRun:
    return SyncRun(
        name=row.name,
        store=row.store,
        status=row.status,
        steps=load_steps(row.steps),
        created_at=from_epoch(row.planned),
        since=from_epoch(row.since),
        calls_per_minute=row.calls_per_minute,
        started_at=from_epoch(row.started),
        finished_at=from_epoch(row.finished),
        due_at=from_epoch(row.due),
        message=row.message or "",
        lease_token=row.lease_token or "",
        lease_until=from_epoch(row.lease_until),
    )
