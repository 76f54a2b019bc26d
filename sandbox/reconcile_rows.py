"""Reconciliations on SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta
from typing import Any

from salla_manager.core.model import Event, EventStatus
from salla_manager.core.reconciliation import GONE_WALKS, Reconciliation, RunKey, RunStatus, Tally
from salla_manager.core.standing import Finding, Standing, State
from sandbox.hub_rows import Rows, as_text

_FINDING = [field.name for field in fields(Finding)]
_TABLES = f"""
create table if not exists reconciliation
    (name text primary key, store, entity_type, day, token, status, message, tally, started_at, finished_at, seen_at,
     cursor);
create table if not exists finding (run, {", ".join(_FINDING)});
create table if not exists gone (record text primary key, store, entity_type, walks integer, since);
create index if not exists finding_run on finding (run, state);
"""
_STANDING = """select r.name as record, r.external_id, r.title, r.status, r.message, r.revision, r.applied_revision,
    r.erp_document, r.source_updated_at as changed_at, json_extract(coalesce(nullif(r.normalized, ''), nullif(r.mapped, '')), '$.total') as total,
    json_extract(coalesce(nullif(r.normalized, ''), nullif(r.mapped, '')), '$.currency') as currency,
    json_extract(coalesce(nullif(r.normalized, ''), nullif(r.mapped, '')), '$.name') as name,
    json_extract(coalesce(nullif(r.normalized, ''), nullif(r.mapped, '')), '$.sku') as sku,
    json_extract(coalesce(nullif(r.normalized, ''), nullif(r.mapped, '')), '$.status') as shop_status,
    json_extract(nullif(r.mapped, ''), '$.status') = 'deleted' as is_deleted,
    c.name as command, c.status as command_status, c.reason as command_reason
    from record as r left join command as c on c.name = r.last_command where r.store = ? and r.entity_type = ?"""


class ReconcileRows(Rows):
    """Implements salla_manager.core.reconciliation.ReconcileStore."""

    def __init__(self, path: str):
        super().__init__(path)
        self._connection.executescript(_TABLES)

    def begin_reconciliation(self, run: Reconciliation, now: datetime, life_sign: timedelta) -> bool:
        busy = self._run(
            "select 1 from reconciliation where name = ? and status = ? and seen_at > ?",
            *(run.key.name, RunStatus.RUNNING, as_text(now - life_sign)),
        ).fetchone()
        if busy:
            return False
        if not run.cursor:
            self._run("delete from finding where run = ?", run.key.name)
        values = (
            run.key.name,
            run.key.store,
            run.key.entity_type,
            run.key.day and str(run.key.day),
            run.token,
        )
        self._run(
            "replace into reconciliation values (?, ?, ?, ?, ?, ?, '', ?, ?, null, ?, ?)",
            *(*values, run.status, json.dumps(asdict(run.tally)), as_text(run.started_at), as_text(now)),
            run.cursor,
        )
        return True

    def save_reconciliation(self, run: Reconciliation, findings: Iterable[Finding], now: datetime) -> bool:
        changed = self._run(
            "update reconciliation set status = ?, message = ?, tally = ?, finished_at = ?, seen_at = ?,"
            " cursor = ?"
            " where name = ? and token = ?",
            *(run.status, run.message, json.dumps(asdict(run.tally)), as_text(run.finished_at)),
            *(as_text(now), run.cursor, run.key.name, run.token),
        )
        for finding in findings if changed.rowcount else ():
            self._insert("finding", finding, run=run.key.name)
        return changed.rowcount > 0

    def interrupt_reconciliations(self, now: datetime, life_sign: timedelta) -> int:
        return self._run(
            "update reconciliation set status = ? where status = ? and seen_at <= ?",
            *(RunStatus.INTERRUPTED, RunStatus.RUNNING, as_text(now - life_sign)),
        ).rowcount

    def note_gone(self, key: RunKey, now: datetime) -> None:
        found = [one.record for one in self.findings(key, (State.GONE,)) if one.record]
        marks = ", ".join("?" * len(found))
        self._run(
            f"delete from gone where store = ? and entity_type = ? and record not in ({marks})",
            *(key.store, key.entity_type, *found),
        )
        for record in found:
            self._run(
                "insert into gone values (?, ?, ?, 1, null) on conflict (record) do update set walks = walks + 1,"
                " since = case when walks + 1 >= ? then coalesce(since, ?) end",
                *(record, key.store, key.entity_type, GONE_WALKS, as_text(now)),
            )

    def missing_at_source(self, store: str) -> list[str]:
        """Names of records."""
        rows = self._run("select record from gone where store = ? and since is not null", store).fetchall()
        return [row["record"] for row in rows]

    def find_reconciliation(self, key: RunKey) -> Reconciliation | None:
        row = self._run("select * from reconciliation where name = ?", key.name).fetchone()
        return _reconciliation(row) if row else None

    def findings(self, key: RunKey, states: tuple[str, ...] = State.ALL) -> list[Finding]:
        marks = ", ".join("?" * len(states))
        rows = self._run(
            f"select {', '.join(_FINDING)} from finding where run = ? and state in ({marks}) order by rowid",
            *(key.name, *states),
        ).fetchall()
        return [Finding(**dict(row)) for row in rows]

    def standings(self, store: str, entity_type: str, external_ids: list[str]) -> list[Standing]:
        marks = ", ".join("?" * len(external_ids))
        return self._standings(f"and r.external_id in ({marks})", store, entity_type, *external_ids)

    def standings_after(self, store: str, entity_type: str, record: str, limit: int) -> list[Standing]:
        return self._standings("and r.name > ? order by r.name limit ?", store, entity_type, record, limit)

    def _standings(self, condition: str, *values: Any) -> list[Standing]:
        rows = self._run(f"{_STANDING} {condition}", *values).fetchall()
        found = []
        for row in rows:
            values = {name: "" if value is None else value for name, value in dict(row).items()}
            changed = row["changed_at"]
            found.append(
                Standing(**{**values, "changed_at": datetime.fromisoformat(changed) if changed else None})
            )
        return found

    def open_events(self, store: str) -> list[Event]:
        return self._many(
            Event,
            "select * from event where store = ? and status in (?, ?) order by rowid",
            *(store, EventStatus.RECEIVED, EventStatus.FAILED),
        )


def _reconciliation(row: sqlite3.Row) -> Reconciliation:
    day = date.fromisoformat(row["day"]) if row["day"] else None
    moments = [
        datetime.fromisoformat(row[name]) if row[name] else None for name in ("started_at", "finished_at")
    ]
    return Reconciliation(
        RunKey(row["store"], row["entity_type"], day),
        row["token"],
        row["status"],
        row["message"],
        Tally(**json.loads(row["tally"])),
        *moments,
        row["cursor"] or "",
    )
