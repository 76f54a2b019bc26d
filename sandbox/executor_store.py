"""The executor's `Receiver` on SQLite: nonces, inbox, references and the transaction.

One connection per request and one real transaction per command; SQLite lets one writer in at a time.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from salla_executor.contract import CONTRACT_VERSION, Command, dump_json, load_json
from salla_executor.core.model import BusinessError, Claim, Gate, NewSecret, Reference, Settings
from sandbox.executor_erp import SqliteErp

# A file of its own: a nonce is committed at once, and SQLite lets one writer into a file at a time.
NONCES = """
CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, expires_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS nonces_due ON nonces (expires_at);
"""
SCHEMA = """
CREATE TABLE IF NOT EXISTS inbox (idempotency_key TEXT PRIMARY KEY, body_hash TEXT NOT NULL, ack TEXT);
CREATE TABLE IF NOT EXISTS documents (doctype TEXT, name TEXT, body TEXT NOT NULL, PRIMARY KEY (doctype, name));
CREATE INDEX IF NOT EXISTS documents_barcode ON documents (json_extract(body, '$.barcode')) WHERE doctype = 'Item';
CREATE TABLE IF NOT EXISTS refs (source TEXT, entity_type TEXT, external_id TEXT, doctype TEXT, docname TEXT,
    revision INTEGER, generation INTEGER, content_hash TEXT, is_deleted INTEGER, not_applied TEXT, item_code TEXT,
    PRIMARY KEY (source, entity_type, external_id));
CREATE INDEX IF NOT EXISTS refs_document ON refs (doctype, docname);
CREATE TABLE IF NOT EXISTS waits (source TEXT, entity_type TEXT, external_id TEXT, waits_on TEXT, message TEXT,
    PRIMARY KEY (source, entity_type, external_id));
CREATE TABLE IF NOT EXISTS contacts (customer TEXT, kind TEXT, value TEXT, PRIMARY KEY (customer, kind, value));
CREATE INDEX IF NOT EXISTS contacts_value ON contacts (kind, value);
CREATE TABLE IF NOT EXISTS shop_orders (source TEXT, external_id TEXT, name TEXT, PRIMARY KEY (source, external_id));
"""
DELETE_WAIT = "DELETE FROM waits WHERE source = ? AND entity_type = ? AND external_id = ?"
# Seconds that the secret before the current one is still taken, once the hub has used the current one.
OVERLAP = 24 * 3600
_REFERENCE_FIELDS = tuple(one.name for one in fields(Reference) if one.name != "is_new")


@dataclass
class Store:
    """One file (and one for nonces beside it) and what its requests share."""

    path: Path
    settings: Settings
    clock: Callable[[], float] = time.time
    errors: list[str] = field(default_factory=list)
    # Until then the secret before the current one is taken; None: as long as it stands in the settings.
    previous_until: float | None = None
    _running: set[str] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for schema, is_nonces in ((SCHEMA, False), (NONCES, True)):
            connection = self.connect(is_nonces)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(schema)
            connection.close()

    def connect(self, is_nonces: bool = False) -> sqlite3.Connection:
        path = f"{self.path}-nonces" if is_nonces else self.path
        connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    @contextmanager
    def receiver(self) -> Iterator[SqliteReceiver]:
        """For one request; what it left uncommitted is undone."""
        receiver = SqliteReceiver(self)
        try:
            yield receiver
        finally:
            receiver.close()

    def documents(self, doctype: str) -> list[dict[str, Any]]:
        """All committed documents of a doctype, by name; each has its `name`."""
        connection = self.connect()
        query = "SELECT name, body FROM documents WHERE doctype = ? ORDER BY name"
        rows = connection.execute(query, (doctype,)).fetchall()
        connection.close()
        return [json.loads(row["body"]) | {"name": row["name"]} for row in rows]

    def waits(self) -> dict[str, str]:
        """External id -> what it waits on."""
        connection = self.connect()
        rows = connection.execute("SELECT external_id, waits_on FROM waits").fetchall()
        connection.close()
        return {row["external_id"]: row["waits_on"] for row in rows}

    def count(self, table: str) -> int:
        connection = self.connect(table == "nonces")
        number = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        connection.close()
        return number

    def settings_now(self) -> Settings:
        if self.previous_until is None or self.clock() < self.previous_until:
            return self.settings
        return replace(self.settings, secrets=self.settings.secrets[:1])

    def keep_secret(self, new: NewSecret) -> bool:
        with self._guard:
            if "".join(self.settings.secrets[:1]) != new.replaces:
                return False
            self.previous_until = None
            self.settings = replace(
                self.settings,
                secrets=(new.secret, new.previous) if new.previous else (new.secret,),
                is_rotating=bool(new.previous),
                instance_id=new.instance_id or self.settings.instance_id,
                hub_url=new.hub_url or self.settings.hub_url,
            )
            return True

    def begin(self, key: str) -> bool:
        """Whether no other request of this process works on the key."""
        with self._guard:
            if key in self._running:
                return False
            self._running.add(key)
            return True

    def end(self, key: str) -> None:
        with self._guard:
            self._running.discard(key)


class SqliteReceiver:
    """ref: salla_executor.core.ports.Receiver"""

    def __init__(self, store: Store):
        self.store = store
        self.connection = store.connect()
        self.erp = SqliteErp(self.connection, store.settings)
        self._key = ""

    def close(self) -> None:
        self.rollback()
        self.connection.close()

    def now(self) -> int:
        return int(self.store.clock())

    def gate(self) -> Gate:
        return self.settings()

    def settings(self) -> Settings:
        return self.store.settings_now()

    def store_secret(self, new: NewSecret) -> bool:
        return self.store.keep_secret(new)

    def end_rotation(self) -> None:
        self.store.settings = replace(self.store.settings, is_rotating=False)
        self.store.previous_until = self.store.clock() + OVERLAP

    def remember_nonce(self, nonce: str, expires_at: int) -> bool:
        connection = self.store.connect(is_nonces=True)
        connection.execute("DELETE FROM nonces WHERE expires_at < ?", (self.now(),))
        cursor = connection.execute("INSERT OR IGNORE INTO nonces VALUES (?, ?)", (nonce, expires_at))
        connection.close()
        return cursor.rowcount == 1

    def claim(self, command: Command, body_hash: str) -> Claim:
        key = command.idempotency_key
        if not self.store.begin(key):
            return Claim("in_progress")
        self._key = key
        self.connection.execute("BEGIN IMMEDIATE")
        if self._changed("INSERT OR IGNORE INTO inbox VALUES (?, ?, NULL)", key, body_hash):
            return Claim("new")
        row = self._row("SELECT * FROM inbox WHERE idempotency_key = ?", key)
        if row["body_hash"] != body_hash:
            return Claim("conflict")
        return Claim("known", load_json(row["ack"].encode()))

    def lock_person(self, keys: Mapping[str, str]) -> None:
        """The transaction is the only writer."""

    def lock_reference(self, source: str, entity_type: str, external_id: str) -> Reference:
        # The transaction is the only writer, so reading is locking.
        found = self.find_reference(source, entity_type, external_id)
        return found or Reference(source, entity_type, external_id, is_new=True)

    def find_reference(self, source: str, entity_type: str, external_id: str) -> Reference | None:
        query = "SELECT * FROM refs WHERE source = ? AND entity_type = ? AND external_id = ?"
        row = self._row(query, source, entity_type, external_id)
        return Reference(**dict(row)) if row else None

    def usable_documents(
        self, source: str, wanted: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], str]:
        references = {key: self.find_reference(source, *key) for key in wanted}
        return {key: one.docname for key, one in references.items() if one and self._is_usable(one)}

    def _is_usable(self, reference: Reference) -> bool:
        if reference.doctype != ("Customer" if reference.entity_type == "customer" else "Item"):
            return False
        is_there = self.erp.exists(reference.doctype, reference.docname)
        return is_there and not (reference.doctype == "Item" and self.erp.is_template(reference.docname))

    def references_of(self, doctype: str, docname: str) -> list[Reference]:
        query = (
            "SELECT * FROM refs WHERE doctype = ? AND docname = ? ORDER BY source, entity_type, external_id"
        )
        return [Reference(**dict(row)) for row in self.connection.execute(query, (doctype, docname))]

    def save_reference(self, reference: Reference) -> None:
        values = [getattr(reference, name) for name in _REFERENCE_FIELDS]
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"INSERT OR REPLACE INTO refs VALUES ({marks})", values)
        self.connection.execute(DELETE_WAIT, (reference.source, reference.entity_type, reference.external_id))

    def note_wait(self, command: Command, error: BusinessError) -> None:
        key = (command.store_account, command.entity_type, command.external_id)
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute(DELETE_WAIT, key)
        standing = self.find_reference(*key)
        said = (command.revision, command.generation)
        is_newer = not (standing and command.revision) or said > (standing.revision, standing.generation)
        if error.waits_on and is_newer:
            row = (*key, error.waits_on, str(error))
            self.connection.execute("INSERT INTO waits VALUES (?, ?, ?, ?, ?)", row)
        self.connection.execute("COMMIT")

    def store_ack(self, idempotency_key: str, ack: dict[str, Any]) -> None:
        query = "UPDATE inbox SET ack = ? WHERE idempotency_key = ?"
        if not self._changed(query, dump_json(ack).decode(), idempotency_key):
            raise LookupError("the key was not claimed")

    def applying(self, *, is_dry_run: bool = False) -> AbstractContextManager[None]:
        return nullcontext()

    def commit(self) -> None:
        self.connection.execute("COMMIT")
        self._release()

    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self._release()

    def report(self, error: Exception) -> bool:
        self.store.errors.append(type(error).__name__)
        return False

    def versions(self) -> dict[str, str]:
        return {"salla_executor": "sandbox", "contract": CONTRACT_VERSION}

    def checks(self) -> list[dict[str, str]]:
        return [{"check": "Sandbox", "state": "ok", "message": "Nothing can be wrong here."}]

    def _release(self) -> None:
        if self._key:
            self.store.end(self._key)
            self._key = ""

    def _changed(self, query: str, *values: Any) -> bool:
        return self.connection.execute(query, values).rowcount == 1

    def _row(self, query: str, *values: Any) -> sqlite3.Row | None:
        return self.connection.execute(query, values).fetchone()


def default_settings(instance_id: str, secret: str, **changes: Any) -> Settings:
    """Settings with an account for everything."""
    settings = Settings(
        instance_id=instance_id,
        secrets=(secret,),
        company="Sandbox Company",
        warehouse="Stores - SC",
        price_list="Standard Selling",
        customer_group="Individual",
        territory="Saudi Arabia",
        guest_customer="Shop Guest",
        tax_account="VAT 15% - SC",
        shipping_account="Shipping - SC",
        cod_account="Cash on Delivery - SC",
        money_tolerance=Decimal("0.00"),
    )
    return replace(settings, **changes)
