"""Salla Incoming Log for the core. `due` drives the machine: 0 means that nothing is to be done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import frappe
from frappe.utils import now_datetime

from salla_manager.adapters.rows import (
    ONE_MORE,
    changed_rows,
    from_epoch,
    insert_row,
    plain,
    shown,
    to_epoch,
    update_rows,
)
from salla_manager.core.model import Event, EventStatus

LOG = "Salla Incoming Log"
# A worker that dies keeps its events to itself no longer than this.
CLAIM = timedelta(minutes=3)
# Times the limit: other workers claim from the same end.
LOOKED_AT = 5


class EventRows:
    def add_event(self, event: Event) -> tuple[str, bool]:
        due_at = event.due_at or (event.received_at if event.status == EventStatus.RECEIVED else None)
        values = {
            "platform": event.platform,
            "event": event.event,
            "merchant_id": event.merchant_id,
            "store": event.store or None,
            "raw": event.raw,
            "dedupe_hash": event.dedupe_hash,
            "received": to_epoch(event.received_at),
            "received_at": shown(event.received_at),
            "status": event.status,
            "message": plain(event.message),
            "attempts": event.attempts,
            "duplicates": event.duplicates,
            **_due(due_at),
        }
        name = insert_row(LOG, values, on_duplicate={"duplicates": ONE_MORE})
        # 1: inserted; 2: the row that has this content already was counted up.
        if changed_rows() == 1:
            return name, True
        # Written out: building the same statement with the query builder takes longer than running it.
        kept = frappe.db.sql(f"select name from `tab{LOG}` where dedupe_hash = %s", (event.dedupe_hash,))
        return str(kept[0][0]), False

    def due_events(self, now: datetime, limit: int) -> list[Event]:
        # Looked for without lock and locked by name: a locked range of `due` would make webhooks wait to come in.
        found = frappe.db.sql(
            "select name from `tabSalla Incoming Log` where due between 1 and %s order by due limit %s",
            (to_epoch(now), limit * LOOKED_AT),
            pluck=True,
        )
        rows = []
        for start in range(0, len(found), limit):
            rows = self._claimable(found[start : start + limit], now)
            if rows:
                break
        for row in rows:
            update_rows(LOG, _due(now + CLAIM), name=row.name)
        return [event_of(row) for row in rows]

    def claim_longer(self, names: Iterable[str], now: datetime) -> None:
        for name in names:
            update_rows(LOG, _due(now + CLAIM), name=name)

    def _claimable(self, names: list[str], now: datetime) -> list[Any]:
        return frappe.db.sql(
            """select * from `tabSalla Incoming Log` force index (primary) where name in %s and due between 1 and %s
            order by due for update skip locked""",
            (names, to_epoch(now)),
            as_dict=True,
        )

    def finish_event(
        self, name: str, status: str, message: str, *, attempts: int = 0, due_at: datetime | None = None
    ) -> None:
        values = {"status": status, "message": plain(message), "attempts": attempts, **_due(due_at)}
        if status == EventStatus.RECEIVED and due_at is None:
            values["due"] = 1
        update_rows(LOG, values, name=name)

    def adopt_events(self, platform: str, merchant_id: str, store: str, *, has_access: bool = True) -> int:
        parked = (
            EventStatus.UNKNOWN_STORE,
            EventStatus.NO_ACCESS if has_access else EventStatus.UNKNOWN_STORE,
        )
        frappe.db.sql(
            """update `tabSalla Incoming Log` set status = %s, store = %s, due = 1, message = '', modified = %s
            where merchant_id = %s and platform = %s and status in (%s, %s)""",
            (EventStatus.RECEIVED, store, now_datetime(), merchant_id, platform, *parked),
        )
        return changed_rows()

    def resume_events(self, store: str) -> int:
        frappe.db.sql(
            """update `tabSalla Incoming Log` set status = %s, due = 1, message = '', modified = %s
            where store = %s and status = %s""",
            (EventStatus.RECEIVED, now_datetime(), store, EventStatus.SWITCHED_OFF),
        )
        return changed_rows()


def _due(due_at: datetime | None) -> dict[str, Any]:
    return {"due": to_epoch(due_at), "due_at": shown(due_at)}


def event_of(row: Any) -> Event:
    received_at = from_epoch(row.received)
    assert received_at is not None
    return Event(
        name=row.name,
        platform=row.platform,
        event=row.event,
        merchant_id=row.merchant_id,
        store=row.store or "",
        raw=row.raw or "",
        dedupe_hash=row.dedupe_hash,
        received_at=received_at,
        status=row.status,
        message=row.message or "",
        attempts=row.attempts,
        due_at=from_epoch(row.due) if row.due > 1 else None,
        duplicates=row.duplicates,
    )
