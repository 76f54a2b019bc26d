"""The pace of each limit in a row of its own, shared by all workers of all hosts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import frappe

from salla_manager.adapters.rows import insert_row, retrying, shown
from salla_manager.platforms.pace import Change, Pace

LIMIT = "Shop Limit"
_FIELDS = ("size", "rate", "level", "seen", "blocked_until", "bans")


class FrappePaceStore:
    """Implements platforms.pace.PaceStore: a short transaction for each change, never open during a call."""

    def change_pace(self, key: str, change: Change) -> float:
        # This ends a transaction, so nothing of the caller's may be in it.
        if getattr(frappe.local, "salla_transaction", False) or frappe.db.transaction_writes:
            raise RuntimeError(f"A shop is asked in the middle of a transaction ({key}). Commit it before.")
        return retrying(lambda: _change(key, change))


def _change(key: str, change: Change) -> float:
    frappe.db.rollback()
    row = _locked(key) or _made(key)
    pace, seconds = change(Pace(**{name: float(row[name] or 0) for name in _FIELDS}))
    values = [getattr(pace, name) for name in _FIELDS]
    frappe.db.sql(
        f"update `tab{LIMIT}` set {', '.join(f'`{name}` = %s' for name in _FIELDS)}, held_until = %s where name = %s",
        (*values, _moment(pace.blocked_until), key),
    )
    # The place is taken before the call goes out, whatever becomes of this worker.
    frappe.db.commit()
    return seconds


def _locked(key: str) -> Any:
    columns = ", ".join(f"`{name}`" for name in _FIELDS)
    found = frappe.db.sql(
        f"select {columns} from `tab{LIMIT}` where name = %s for update", (key,), as_dict=True
    )
    return found[0] if found else None


def _made(key: str) -> Any:
    # Two workers that both looked for a missing row would wait for each other's gap.
    frappe.db.rollback()
    insert_row(LIMIT, {"name": key}, on_duplicate={"name": key})
    # Seen by all from now on; the change itself comes in the next transaction.
    frappe.db.commit()
    return _locked(key)


def _moment(seconds: float) -> datetime | None:
    return shown(datetime.fromtimestamp(seconds, timezone.utc)) if seconds else None
