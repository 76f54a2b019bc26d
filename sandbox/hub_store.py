"""The hub's rows on SQLite: core's HubStore for the embedded host."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from salla_manager.core.model import (
    AckRow,
    Attempt,
    AttemptStatus,
    CommandStatus,
    CommandUpdate,
    Event,
    EventStatus,
    OutboundCommand,
    Record,
    RecordKey,
    RecordStatus,
    Seen,
    Skip,
    is_connection,
)
from salla_manager.core.sku import normalize_sku
from sandbox.hub_config import ConfigRows
from sandbox.hub_rows import as_text, columns_of
from sandbox.mapping_rows import MappingRows
from sandbox.reconcile_rows import ReconcileRows
from sandbox.sync_rows import SyncRows

CLAIM = timedelta(minutes=3)


class SqliteHubStore(ConfigRows, SyncRows, ReconcileRows, MappingRows):
    """Implements salla_manager.core.ports.HubStore."""

    # Events

    def add_event(self, event: Event) -> tuple[str, bool]:
        row = self._run("select name from event where dedupe_hash = ?", event.dedupe_hash).fetchone()
        if row is not None:
            self._run("update event set duplicates = duplicates + 1 where name = ?", row["name"])
            return row["name"], False
        name = self._name("event")
        self._insert("event", replace(event, name=name))
        return name, True

    def due_events(self, now: datetime, limit: int) -> list[Event]:
        events = self._many(
            Event,
            "select * from event where (status = ? and (due_at is null or due_at <= ?))"
            " or (status = ? and due_at <= ?) order by rowid limit ?",
            *(
                EventStatus.RECEIVED,
                as_text(now),
                EventStatus.FAILED,
                as_text(now),
                limit,
            ),
        )
        for event in events:
            self._update("event", event.name, {"due_at": as_text(now + CLAIM)})
        return events

    def claim_longer(self, names: Iterable[str], now: datetime) -> None:
        for name in names:
            self._update("event", name, {"due_at": as_text(now + CLAIM)})

    def finish_event(
        self, name: str, status: str, message: str, *, attempts: int = 0, due_at: datetime | None = None
    ) -> None:
        values = {"status": status, "message": message, "attempts": attempts, "due_at": as_text(due_at)}
        self._update("event", name, values)

    def adopt_events(self, platform: str, merchant_id: str, store: str, *, has_access: bool = True) -> int:
        no_access = EventStatus.NO_ACCESS if has_access else EventStatus.UNKNOWN_STORE
        return self._run(
            "update event set status = ?, store = ?, message = '', due_at = null"
            " where status in (?, ?) and platform = ? and merchant_id = ?",
            *(EventStatus.RECEIVED, store, EventStatus.UNKNOWN_STORE, no_access),
            *(platform, merchant_id),
        ).rowcount

    def resume_events(self, store: str) -> int:
        return self._run(
            "update event set status = ?, message = '', due_at = null where store = ? and status = ?",
            *(EventStatus.RECEIVED, store, EventStatus.SWITCHED_OFF),
        ).rowcount

    # Records

    def lock_record(self, key: RecordKey) -> Record:
        record = self.find_record(key)
        if record is not None:
            return record
        self._insert("record", Record(name=self._name("record"), key=key))
        return self.lock_record(key)

    def save_record(self, record: Record) -> None:
        self._update("record", record.name, columns_of(record))

    def find_record(self, key: RecordKey) -> Record | None:
        return self._one(
            Record,
            "select * from record where store = ? and entity_type = ? and external_id = ?",
            *(key.store, key.entity_type, key.external_id),
        )

    def seen(self, store: str, entity_type: str, external_ids: Iterable[str]) -> list[Seen]:
        ids = list(external_ids)
        marks = ", ".join("?" * len(ids))
        return self._many(
            Seen,
            "select external_id, status, made_of, observed_at, source_updated_at from record"
            f" where store = ? and entity_type = ? and external_id in ({marks})",
            *(store, entity_type, *ids),
        )

    def newest_records(self, store: str, entity_type: str, limit: int) -> list[Record]:
        return self._many(
            Record,
            "select * from record where store = ? and entity_type = ?"
            " order by source_updated_at desc, observed_at desc, name limit ?",
            *(store, entity_type, limit),
        )

    def records(self, names: Iterable[str]) -> list[Record]:
        return [r for name in names for r in self._many(Record, "select * from record where name = ?", name)]

    def records_with_sku(self, store: str, sku: str) -> list[Record]:
        return self._many(
            Record,
            "select * from record where store = ? and sku_key = ? and entity_type in ('product', 'variant')",
            *(store, normalize_sku(sku)),
        )

    def skipped_with_free_sku(self, limit: int) -> list[Record]:
        return self._many(
            Record,
            "select * from record as r where status = ? and sku_key != '' and not exists (select 1 from record as o"
            " where o.store = r.store and o.sku_key = r.sku_key and o.status != ?) order by rowid limit ?",
            *(RecordStatus.SKIPPED, RecordStatus.SKIPPED, limit),
        )

    def skipped_products(self, store: str) -> list[str]:
        rows = self._run(
            "select distinct iif(entity_type = 'product', external_id, json_extract(mapped, '$.product_id')) as id"
            " from record where store = ? and status = ? and entity_type in ('product', 'variant') order by id",
            *(store, RecordStatus.SKIPPED),
        )
        return [row["id"] for row in rows.fetchall() if row["id"]]

    def held_orders(self, store: str, limit: int) -> list[str]:
        rows = self._run(
            "select payload from command where store = ? and entity_type = 'order' and status = ?"
            " order by rowid desc limit ?",
            *(store, CommandStatus.HELD, limit),
        )
        return [row["payload"] for row in rows.fetchall()]

    def add_skip(self, skip: Skip) -> None:
        self._run(
            "delete from skip where store = ? and entity_type = ? and external_id = ?",
            *(skip.store, skip.entity_type, skip.external_id),
        )
        self._insert("skip", skip, is_resolved=0)

    def resolve_skip(self, key: RecordKey) -> bool:
        changed = self._run(
            "update skip set is_resolved = 1 where store = ? and entity_type = ? and external_id = ?"
            " and is_resolved = 0",
            *(key.store, key.entity_type, key.external_id),
        )
        return changed.rowcount > 0

    def add_command(self, command: OutboundCommand) -> str:
        row = self._run(
            "select name from command where idempotency_key = ?", command.idempotency_key
        ).fetchone()
        if row is not None:
            return row["name"]
        name = self._name("command")
        self._insert("command", replace(command, name=name))
        return name

    def supersede_commands(
        self, key: RecordKey, revision: int, reason: str, generation: int = 0, *, with_copies: bool = True
    ) -> int:
        return self._run(
            "update command set status = ?, reason = ? where record = (select name from record where store = ?"
            " and entity_type = ? and external_id = ?) and status in (?, ?, ?, ?)"
            " and (revision < ? or (revision = ? and generation < ?)) and is_copy in (0, ?)",
            *(CommandStatus.SUPERSEDED, reason, key.store, key.entity_type, key.external_id),
            *(CommandStatus.QUEUED, CommandStatus.WAITING, CommandStatus.HELD, CommandStatus.DEAD),
            *(revision, revision, generation, int(with_copies)),
        ).rowcount

    # Dispatch

    def destinations_with_due_commands(self, now: datetime) -> list[str]:
        rows = self._run(
            "select distinct coalesce(nullif(erp_connection, ''), erp_instance) as destination from command"
            " where status = ? and (due_at is null or due_at <= ?)",
            *(CommandStatus.QUEUED, as_text(now)),
        )
        return [row["destination"] for row in rows.fetchall()]

    def lease_due_commands(
        self, destination: str, now: datetime, limit: int, token: str, until: datetime
    ) -> list[OutboundCommand]:
        column = "erp_connection" if is_connection(destination) else "erp_instance"
        commands = self._many(
            OutboundCommand,
            f"select * from command as c where {column} = ? and status = ? and (due_at is null or due_at <= ?)"
            f" and not exists (select 1 from command as o where o.record = c.record and o.{column} = c.{column}"
            " and (o.status = ? or (o.status = ? and (o.revision < c.revision"
            " or (o.revision = c.revision and o.generation < c.generation))))) order by rowid limit ?",
            *(destination, CommandStatus.QUEUED, as_text(now)),
            *(CommandStatus.SENDING, CommandStatus.QUEUED, limit),
        )
        values = {"status": CommandStatus.SENDING, "lease_token": token, "lease_until": as_text(until)}
        for command in commands:
            self._update("command", command.name, values)
        return [
            replace(command, status=CommandStatus.SENDING, lease_token=token, lease_until=until)
            for command in commands
        ]

    def free_expired_leases(self, now: datetime) -> int:
        return self._run(
            "update command set status = ?, lease_token = '', lease_until = null, reason = ?"
            " where status = ? and lease_until < ?",
            *(CommandStatus.QUEUED, "Its worker did not report back in time; it is sent again."),
            *(CommandStatus.SENDING, as_text(now)),
        ).rowcount

    def record_outcome(
        self,
        command: OutboundCommand,
        token: str,
        attempt: Attempt,
        ack: AckRow | None,
        update: CommandUpdate,
    ) -> bool:
        self.add_attempt(attempt)
        if ack is not None:
            self._insert("ack", ack, name=self._name("ack"))
        return self.return_lease(command, token, update)

    def return_lease(self, command: OutboundCommand, token: str, update: CommandUpdate) -> bool:
        values = {**_update_values(update), "lease_token": "", "lease_until": None}
        return self._change(
            command.name, "status = ? and lease_token = ?", (CommandStatus.SENDING, token), values
        )

    def command(self, name: str) -> OutboundCommand | None:
        return self._one(OutboundCommand, "select * from command where name = ?", name)

    def parked_commands(self, status: str, limit: int, after: str = "") -> list[OutboundCommand]:
        return self._many(
            OutboundCommand,
            "select * from command where status = ? and rowid > coalesce((select rowid from command"
            " where name = ?), 0) order by rowid limit ?",
            *(status, after, limit),
        )

    def waiting_for_record(self, record: str) -> list[OutboundCommand]:
        return self._many(
            OutboundCommand,
            "select * from command where status = ? and waits_for like ? order by rowid",
            *(CommandStatus.WAITING, f'%"{record}"%'),
        )

    def update_command(self, name: str, expected_status: str, update: CommandUpdate) -> bool:
        return self._change(name, "status = ?", (expected_status,), _update_values(update))

    def address_command(
        self, name: str, destination: str, customer_account: str, idempotency_key: str
    ) -> bool:
        values = {
            "erp_connection" if is_connection(destination) else "erp_instance": destination,
            "customer_account": customer_account,
            "idempotency_key": idempotency_key,
        }
        unaddressed = "status = ? and erp_instance = '' and erp_connection = ''"
        return self._change(name, unaddressed, (CommandStatus.HELD,), values)

    def add_attempt(self, attempt: Attempt) -> None:
        self._insert("attempt", attempt, name=self._name("attempt"))

    def response_of(self, idempotency_key: str) -> str:
        row = self._run(
            "select response from attempt where idempotency_key = ? and status = ? order by rowid desc limit 1",
            *(idempotency_key, AttemptStatus.SUCCESS),
        ).fetchone()
        return row["response"] if row else ""

    def remember_nonce(self, instance: str, nonce: str, expires_at: datetime) -> bool:
        values = (instance, nonce, as_text(expires_at))
        return self._run("insert or ignore into nonce values (?, ?, ?)", *values).rowcount > 0


def _update_values(update: CommandUpdate) -> dict[str, Any]:
    values = {
        "status": update.status,
        "reason": update.reason,
        "attempts": update.attempts,
        "due_at": as_text(update.due_at),
    }
    if update.waits_for is not None:
        values["waits_for"] = json.dumps(update.waits_for)
    return values
