"""The row that says of each shop until when its changes have been read, and what the last look at them gave."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import frappe

from salla_manager.adapters.rows import (
    changed_rows,
    from_epoch,
    from_shown,
    insert_row,
    plain,
    shown,
    to_epoch,
    update_rows,
)
from salla_manager.adapters.sync_store import CHANGES, RUN, changes_name, note_sync
from salla_manager.core.sync_run import RunStatus, SyncStep, dump_steps

STORE, FAILED = "Store Account", "Failed"


def due_looks(now: datetime) -> list[str]:
    """Connected stores whose last look, or whose beginning, is longer ago than they want, or whose look has to go on;
    the longest first."""
    looks = {
        row.store: row
        for row in frappe.get_all(RUN, {"kind": CHANGES}, ["store", "started", "lease_until", "due"])
    }
    columns = ["name", "creation", "changes_every", "platform", "token_expires_at", "consumer_secret"]
    due = []
    for store in filter(_is_connected, frappe.get_all(STORE, {"enabled": 1}, columns)):
        look = looks.get(store.name)
        last = (from_epoch(look.started) if look else None) or from_shown(store.creation)
        is_taken = look is not None and look.lease_until > to_epoch(now)
        goes_on = look is not None and 0 < look.due <= to_epoch(now)
        is_old = store.changes_every and last + timedelta(minutes=store.changes_every) <= now
        if not is_taken and (goes_on or is_old):
            due.append((last, store.name))
    return [name for _, name in sorted(due)]


def _is_connected(store: Any) -> bool:
    # Stars in the field stand for a secret that is kept.
    return bool(store.consumer_secret if store.platform == "WooCommerce" else store.token_expires_at)


def ask_look(store: str, now: datetime) -> None:
    """Have the next look begin at once, unless one is at work."""
    insert_row(
        RUN, {"name": changes_name(store), "kind": CHANGES, "store": store}, on_duplicate={"kind": CHANGES}
    )
    frappe.db.sql(
        "update `tabSync Run` set due = %s where name = %s and lease_until <= %s",
        (to_epoch(now), changes_name(store), to_epoch(now)),
    )


def begin_look(store: str, token: str, now: datetime, until: datetime) -> bool:
    """False where another worker is at it, or has been since it was due."""
    insert_row(
        RUN, {"name": changes_name(store), "kind": CHANGES, "store": store}, on_duplicate={"kind": CHANGES}
    )
    every = timedelta(minutes=frappe.db.get_value(STORE, store, "changes_every") or 0)
    frappe.db.sql(
        """update `tabSync Run` set status = %s, lease_token = %s, lease_until = %s, started = %s, started_at = %s,
        due = 0 where name = %s and lease_until <= %s and (started <= %s or (due > 0 and due <= %s))""",
        (
            *(RunStatus.RUNNING, token, to_epoch(until), to_epoch(now), shown(now)),
            *(changes_name(store), to_epoch(now), to_epoch(now - every), to_epoch(now)),
        ),
    )
    return bool(changed_rows())


def end_look(store: str, token: str, answer: dict[str, Any], now: datetime, message: str = "") -> None:
    """answer: of `read_changes`, empty where it failed as a whole; message: why it did."""
    steps = _steps(answer)
    is_done = bool(answer) and answer["ok"]
    wait, unfinished = answer.get("goes_on_after"), RunStatus.RUNNING if answer.get("is_limited") else FAILED
    values = {
        "status": RunStatus.DONE if is_done else unfinished,
        "due": to_epoch(now + timedelta(seconds=wait)) if wait is not None else 0,
        "message": plain(message or next((reason for step in steps for reason in step.reasons), "")),
        "percent": 100.0 if is_done else 0.0,
        "steps": dump_steps(steps),
        "finished": to_epoch(now),
        "finished_at": shown(now),
        "lease_token": "",
        "lease_until": 0,
    }
    if update_rows(RUN, values, name=changes_name(store), lease_token=token):
        note_sync(store, values["finished_at"] if is_done else None, values["message"])


def _steps(answer: dict[str, Any]) -> list[SyncStep]:
    """By the plurals that were looked at."""
    steps = []
    for plural, queued in answer.get("queued", {}).items():
        failed = answer["failed"].get(plural, {"count": 0, "reasons": []})
        steps.append(
            SyncStep(
                plural,
                queued=queued,
                unchanged=answer["unchanged"].get(plural, 0),
                failed=failed["count"],
                reasons=tuple(failed["reasons"]),
            )
        )
    return steps


def read_until(store: str) -> dict[str, datetime]:
    """By entity type."""
    kept = frappe.db.get_value(RUN, {"name": ("=", changes_name(store))}, "watermarks")
    return {name: moment for name, value in json.loads(kept or "{}").items() if (moment := from_epoch(value))}
