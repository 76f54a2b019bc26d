"""Rows of the hub's machine-made DocTypes, written without a logged-in user.

Webhooks come from guests and jobs run as whoever woke them, so these few functions are the one place that writes
past Document. Nothing that a request names reaches them as a table or column.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import frappe
from frappe.utils import get_system_timezone, now_datetime

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DUPLICATE, DEADLOCK, LOCK_WAIT_TIMEOUT, SNAPSHOT_CHANGED = 1062, 1213, 1205, 1020
DATA_LENGTH = 140
# For on_duplicate: counts the column up.
ONE_MORE = object()
TEXT_LENGTH = 10_000
_SHOWN = str.maketrans({"<": "‹", ">": "›", "\x00": ""})


def to_epoch(moment: datetime | None) -> int:
    """Microseconds since 1970, exact; 0 stands for nothing. Columns in site time would jump with its zone."""
    return (moment - EPOCH) // timedelta(microseconds=1) if moment else 0


def from_epoch(value: int | None) -> datetime | None:
    return EPOCH + timedelta(microseconds=int(value)) if value else None


def shown(moment: datetime | None) -> datetime | None:
    """The same moment as Frappe keeps Datetime fields: naive, in the site's zone."""
    return moment.astimezone(ZoneInfo(get_system_timezone())).replace(tzinfo=None) if moment else None


def from_shown(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=ZoneInfo(get_system_timezone())).astimezone(timezone.utc) if moment else None


def plain(text: str | None, length: int = TEXT_LENGTH) -> str:
    """Text of a shop or an ERP for the screen: Desk renders some fields as HTML."""
    return (text or "").translate(_SHOWN)[:length]


def key_of(*parts: str) -> str:
    """Unique columns hold this, since the database's collation takes `A`, `a` and `ä` for the same."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def new_name() -> str:
    return frappe.generate_hash(length=20)


def insert_row(doctype: str, values: dict[str, Any], *, on_duplicate: dict[str, Any] | None = None) -> str:
    """Gives the row's own name; on_duplicate: columns to set where a unique key is taken already."""
    # Written out: building the same statement with the query builder takes longer than running it.
    moment, user = now_datetime(), frappe.session.user
    row = {
        "name": new_name(),
        "creation": moment,
        "modified": moment,
        "owner": user,
        "modified_by": user,
        **values,
    }
    columns = ", ".join(f"`{column}`" for column in row)
    statement = f"insert into `tab{doctype}` ({columns}) values ({', '.join(['%s'] * len(row))})"
    again = on_duplicate or {}
    if again:
        sets = (
            f"`{name}` = {f'`{name}` + 1' if value is ONE_MORE else '%s'}" for name, value in again.items()
        )
        statement += f" on duplicate key update {', '.join(sets)}"
    frappe.db.sql(statement, (*row.values(), *(value for value in again.values() if value is not ONE_MORE)))
    return str(row["name"])


def update_rows(doctype: str, values: dict[str, Any], **where: Any) -> int:
    """Update rows whose columns equal `where`; gives how many changed."""
    sets = {"modified": now_datetime(), **values}
    frappe.db.sql(
        f"update `tab{doctype}` set {', '.join(f'`{column}` = %s' for column in sets)}"
        f" where {' and '.join(f'`{column}` = %s' for column in where)}",
        (*sets.values(), *where.values()),
    )
    return changed_rows()


def changed_rows() -> int:
    """Of the statement before."""
    return int(frappe.db._cursor.rowcount)


def is_duplicate(error: BaseException) -> bool:
    """A unique key is taken; only the statement is undone, the transaction goes on."""
    return bool(error.args) and error.args[0] == DUPLICATE


def is_transient(error: BaseException) -> bool:
    """Deadlock, lock timeout or a snapshot that another transaction has overtaken: worth doing again."""
    if isinstance(error, frappe.QueryDeadlockError | frappe.QueryTimeoutError):
        return True
    return bool(error.args) and error.args[0] in (DEADLOCK, LOCK_WAIT_TIMEOUT, SNAPSHOT_CHANGED)


def retrying(work: Callable[[], T], attempts: int = 4) -> T:
    """Do `work`, which ends its own transactions, again after a lock conflict. Frappe's own retry does not work:
    its `sql` wraps the error that `execute_job` waits for."""
    for attempt in range(1, attempts + 1):
        try:
            return work()
        except Exception as error:
            frappe.db.rollback()
            if attempt == attempts or not is_transient(error):
                raise
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
    raise AssertionError("unreachable")
