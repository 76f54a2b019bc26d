"""What reading a shop keeps on SQLite: the pace of each limit, and the runs of long readings."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from salla_manager.core.model import CommandStatus
from salla_manager.core.sync_run import Place, RunStatus, SyncRun, block_of, dump_steps, load_steps
from salla_manager.platforms.pace import Change, Pace
from sandbox.hub_rows import Rows, as_text, columns_of

_TABLES = """
create table if not exists pace
    (key text primary key, size real, rate real, level real, seen real, blocked_until real, bans real);
create table if not exists sync_run
    (name text primary key, store, status, steps, created_at, since, calls_per_minute integer, started_at,
     finished_at, due_at, message, lease_token, lease_until);
create table if not exists watermark (store, entity_type, moment, primary key (store, entity_type));
create table if not exists place
    (store, entity_type, began, cursor, block, primary key (store, entity_type));
"""
_MOMENTS = ("created_at", "since", "started_at", "finished_at", "due_at", "lease_until")


class SyncRows(Rows):
    """Implements salla_manager.platforms.pace.PaceStore and salla_manager.core.sync_run.SyncStore."""

    def __init__(self, path: str):
        super().__init__(path)
        self._connection.executescript(_TABLES)

    def change_pace(self, key: str, change: Change) -> float:
        with self.transaction():
            row = self._run("select * from pace where key = ?", key).fetchone()
            before = {name: row[name] for name in asdict(Pace())} if row else {}
            pace, seconds = change(Pace(**before))
            self._run("replace into pace values (?, ?, ?, ?, ?, ?, ?)", key, *asdict(pace).values())
            return seconds

    def add_run(self, run: SyncRun) -> str:
        number = self._run("select count(*) from sync_run").fetchone()[0] + 1
        name = f"SM-SYNC-{number:05d}"
        values = _columns(replace(run, name=name))
        marks = ", ".join("?" * len(values))
        self._run(f"insert into sync_run ({', '.join(values)}) values ({marks})", *values.values())
        return name

    def run(self, name: str) -> SyncRun | None:
        row = self._run("select * from sync_run where name = ?", name).fetchone()
        return _run_of(row) if row else None

    def open_runs(self, store: str = "") -> list[SyncRun]:
        found = self._run(
            "select * from sync_run where status in (?, ?, ?) and (store = ? or ? = '') order by rowid",
            *(*RunStatus.OPEN, store, store),
        )
        return [_run_of(row) for row in found.fetchall()]

    def due_runs(self, now: datetime) -> list[str]:
        found = self._run(
            f"select name from sync_run where {_DUE} order by rowid", *(RunStatus.RUNNING, *_due_at(now))
        )
        return [row["name"] for row in found.fetchall()]

    def lease_run(self, name: str, token: str, now: datetime, until: datetime) -> SyncRun | None:
        taken = self._run(
            f"update sync_run set lease_token = ?, lease_until = ?, due_at = null where name = ? and {_DUE}",
            *(token, as_text(until), name, RunStatus.RUNNING, *_due_at(now)),
        )
        return self.run(name) if taken.rowcount else None

    def save_progress(self, run: SyncRun, token: str) -> str:
        values = _columns(run)
        self._run(
            "update sync_run set steps = ?, calls_per_minute = ?, lease_until = ? where name = ? and lease_token = ?",
            *(values["steps"], run.calls_per_minute, values["lease_until"], run.name, token),
        )
        return self._status(run.name, token)

    def end_lease(self, run: SyncRun, token: str, status: str) -> bool:
        was, values = self.save_progress(run, token), _columns(run)
        if was == RunStatus.RUNNING:
            self._run(
                "update sync_run set status = ?, message = ?, due_at = ?, finished_at = ? where name = ?",
                *(status, run.message, values["due_at"], values["finished_at"], run.name),
            )
        self._run(
            "update sync_run set lease_token = '', lease_until = null where name = ? and lease_token = ?",
            *(run.name, token),
        )
        return bool(was)

    def _status(self, name: str, token: str) -> str:
        """Empty where the lease was lost."""
        row = self._run(
            "select status from sync_run where name = ? and lease_token = ?", name, token
        ).fetchone()
        return row["status"] if row else ""

    def change_run_status(
        self, name: str, expected: tuple[str, ...], status: str, now: datetime, message: str = ""
    ) -> bool:
        marks = ", ".join("?" * len(expected))
        begins, ends = status == RunStatus.RUNNING, status in (RunStatus.CANCELLED, RunStatus.DONE)
        changed = self._run(
            "update sync_run set status = ?, message = ?, due_at = null,"
            " started_at = coalesce(started_at, ?), finished_at = ?"
            f" where name = ? and status in ({marks})",
            *(status, message, as_text(now) if begins else None, as_text(now) if ends else None),
            *(name, *expected),
        )
        return changed.rowcount == 1

    def queued_commands(self, store: str) -> int:
        found = self._run(
            "select count(*) from command where status = ? and store = ?", CommandStatus.QUEUED, store
        )
        return found.fetchone()[0]

    def watermark(self, store: str, entity_type: str) -> datetime | None:
        row = self._run(
            "select moment from watermark where store = ? and entity_type = ?", store, entity_type
        ).fetchone()
        return datetime.fromisoformat(row["moment"]) if row else None

    def save_watermark(self, store: str, entity_type: str, moment: datetime) -> None:
        self._run("replace into watermark values (?, ?, ?)", store, entity_type, as_text(moment))
        self._run("delete from place where store = ? and entity_type = ?", store, entity_type)

    def place(self, store: str, entity_type: str) -> Place | None:
        row = self._run(
            "select began, cursor, block from place where store = ? and entity_type = ?", store, entity_type
        ).fetchone()
        if row is None:
            return None
        return Place(datetime.fromisoformat(row["began"]), row["cursor"], block_of(json.loads(row["block"])))

    def save_place(self, store: str, entity_type: str, place: Place) -> None:
        block = json.dumps(asdict(place.block))
        values = (store, entity_type, as_text(place.began), place.cursor, block)
        self._run("replace into place values (?, ?, ?, ?, ?)", *values)


_DUE = "status = ? and (due_at is null or due_at <= ?) and (lease_until is null or lease_until < ?)"


def _due_at(now: datetime) -> tuple[str | None, str | None]:
    return as_text(now), as_text(now)


def _columns(run: SyncRun) -> dict[str, Any]:
    return columns_of(run) | {"steps": dump_steps(run.steps)}


def _run_of(row: sqlite3.Row) -> SyncRun:
    values = dict(row)
    moments = {name: datetime.fromisoformat(values[name]) for name in _MOMENTS if values[name]}
    return SyncRun(**{**values, **dict.fromkeys(_MOMENTS), **moments, "steps": load_steps(values["steps"])})
