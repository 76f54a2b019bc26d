"""SQLite tables of core's values: one column per field, written and read back as they were."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, TypeVar

from salla_manager.core.model import (
    CONNECTION_PREFIX,
    AckRow,
    Attempt,
    Connection,
    Event,
    Instance,
    OutboundCommand,
    Record,
    RecordKey,
    Route,
    Skip,
    Store,
)
from salla_manager.core.sku import normalize_sku

Row = TypeVar("Row")
_TABLES = {
    "store": (Store, ["tokens"]),
    "instance": (Instance, []),
    "connection": (Connection, []),
    "event": (Event, []),
    "record": (Record, ["store", "entity_type", "external_id", "sku_key"]),
    "command": (OutboundCommand, []),
    "attempt": (Attempt, ["name"]),
    "ack": (AckRow, ["name"]),
    "skip": (Skip, ["is_resolved"]),
}
_INDEXES = """
create unique index if not exists event_hash on event (dedupe_hash);
create index if not exists event_due on event (status, due_at);
create unique index if not exists record_key on record (store, entity_type, external_id);
create unique index if not exists record_name on record (name);
create index if not exists record_sku on record (store, sku_key);
create unique index if not exists command_name on command (name);
create unique index if not exists command_idempotency on command (idempotency_key);
create index if not exists command_due on command (erp_instance, status, due_at);
create index if not exists command_connection_due on command (erp_connection, status, due_at);
create unique index if not exists connection_name on connection (name);
create unique index if not exists connection_active on connection (customer_account, connector_type) where is_enabled;
create index if not exists command_parked on command (status);
create index if not exists command_record on command (record, status);
create unique index if not exists attempt_key on attempt (attempt_key);
create unique index if not exists skip_key on skip (store, entity_type, external_id);
create table if not exists counter (prefix text primary key, value integer);
create table if not exists nonce (instance text, nonce text, expires_at text, primary key (instance, nonce));
"""
_PREFIXES = {
    "store": "SM-STORE-",
    "connection": CONNECTION_PREFIX,
    "event": "SM-LOG-",
    "record": "SM-RECORD-",
    "command": "SM-COMMAND-",
    "attempt": "SM-ATTEMPT-",
    "ack": "SM-ACK-",
}


class Rows:
    """One connection, guarded by a lock that a transaction holds from begin to end."""

    def __init__(self, path: str):
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._in_transaction = False
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        for table, (kind, more) in _TABLES.items():
            columns = dict.fromkeys([field.name for field in fields(kind) if field.name != "key"] + more)
            self._connection.execute(f"create table if not exists {table} ({', '.join(columns)})")
        self._connection.executescript(_INDEXES)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            if self._in_transaction:
                raise RuntimeError("transactions are not nested")
            self._connection.execute("begin immediate")
            self._in_transaction = True
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            else:
                self._connection.execute("commit")
            finally:
                self._in_transaction = False

    # For people

    def rows(self, table: str) -> list[dict[str, Any]]:
        if table not in _TABLES:
            raise KeyError(table)
        return [dict(row) for row in self._run(f"select * from {table} order by rowid").fetchall()]

    def counts(self, table: str, column: str = "status") -> dict[str, int]:
        """Rows of a table by the value of a column."""
        counted: dict[str, int] = {}
        for row in self.rows(table):
            counted[row[column]] = counted.get(row[column], 0) + 1
        return counted

    def _run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        with self._lock:
            return self._connection.execute(sql, values)

    def _many(self, kind: type[Row], sql: str, *values: Any) -> list[Row]:
        with self._lock:
            return [_value(kind, row) for row in self._connection.execute(sql, values).fetchall()]

    def _one(self, kind: type[Row], sql: str, *values: Any) -> Row | None:
        found = self._many(kind, sql, *values)
        return found[0] if found else None

    def _insert(self, table: str, value: Any, **more: Any) -> None:
        values = {**columns_of(value), **more}
        marks = ", ".join("?" * len(values))
        self._run(f"insert into {table} ({', '.join(values)}) values ({marks})", *values.values())

    def _update(self, table: str, name: str, values: dict[str, Any]) -> None:
        assignments = ", ".join(f"{column} = ?" for column in values)
        self._run(f"update {table} set {assignments} where name = ?", *values.values(), name)

    def _change(self, name: str, condition: str, expected: tuple[Any, ...], values: dict[str, Any]) -> bool:
        """Compare and set."""
        assignments = ", ".join(f"{column} = ?" for column in values)
        sql = f"update command set {assignments} where name = ? and {condition}"
        return self._run(sql, *values.values(), name, *expected).rowcount == 1

    def _name(self, table: str) -> str:
        with self._lock:
            self._run(
                "insert into counter values (?, 1) on conflict (prefix) do update set value = value + 1",
                table,
            )
            number = self._run("select value from counter where prefix = ?", table).fetchone()[0]
        return f"{_PREFIXES[table]}{number:05d}"


def as_text(moment: datetime | None) -> str | None:
    """Of one width, so that text sorts as time does."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds") if moment else None


def columns_of(value: Any) -> dict[str, Any]:
    columns = {name: _cell(cell) for name, cell in vars(value).items()}
    if isinstance(value, Connection):
        columns["routes"] = json.dumps([vars(route) for route in value.routes])
    if isinstance(value, Record):
        columns.update(asdict(columns.pop("key")), sku_key=normalize_sku(value.sku))
    return columns


def _cell(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return as_text(cell)
    if isinstance(cell, frozenset):
        return json.dumps(sorted(cell))
    if isinstance(cell, tuple | dict):
        return json.dumps(cell, default=str)
    return cell


def _value(kind: type[Row], row: sqlite3.Row) -> Row:
    values = {name: _read(reader, row[name]) for name, reader in _readers(kind)}
    if kind is Record:
        values["key"] = RecordKey(row["store"], row["entity_type"], row["external_id"])
    if kind is Connection:
        values["routes"] = tuple(Route(**route) for route in values["routes"])
    return kind(**values)


def _read(reader: Callable[[Any], Any] | None, cell: Any) -> Any:
    return cell if cell is None or reader is None else reader(cell)


@lru_cache
def _readers(kind: type[Any]) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    return tuple((field.name, _reader_of(field.type)) for field in fields(kind) if field.name != "key")


def _reader_of(annotation: Any) -> Callable[[Any], Any] | None:
    """annotation: the field's type as text, since the model postpones annotations. None: the cell as it is."""
    for name, reader in _READERS.items():
        if annotation.startswith(name):
            return reader
    return None


_READERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "bool": bool,
    "frozenset": lambda cell: frozenset(json.loads(cell)),
    "Mapping": json.loads,
    "tuple": lambda cell: tuple(json.loads(cell)),
}
