"""External Record, SKU Skip Log and the making of Outbound Client Commands for the core."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import frappe
from frappe.database.sequence import get_next_val
from frappe.utils import now_datetime

from salla_manager.adapters.rows import (
    DATA_LENGTH,
    ONE_MORE,
    changed_rows,
    from_epoch,
    insert_row,
    key_of,
    plain,
    shown,
    to_epoch,
    update_rows,
)
from salla_manager.core.model import CommandStatus, OutboundCommand, Record, RecordKey, Seen, Skip
from salla_manager.core.sku import normalize_sku

RECORD, SKIP, COMMAND, DEPENDENCY = (
    "External Record",
    "SKU Skip Log",
    "Outbound Client Command",
    "Command Dependency",
)
_SUPERSEDABLE = (CommandStatus.QUEUED, CommandStatus.WAITING, CommandStatus.HELD, CommandStatus.DEAD)


class RecordRows:
    def lock_record(self, key: RecordKey) -> Record:
        column = _record_key(key)
        # A locking read of a row that is not there would lock its gap and make two inserts deadlock.
        if not frappe.db.get_value(RECORD, {"record_key": ("=", column)}, "name"):
            _check_id(key.external_id)
            values = {
                "record_key": column,
                "store": key.store,
                "entity_type": key.entity_type,
                "external_id": key.external_id,
                "status": "New",
            }
            insert_row(RECORD, values, on_duplicate={"record_key": column})
        (row,) = frappe.db.sql(
            "select * from `tabExternal Record` where record_key = %s for update", column, as_dict=True
        )
        return record_of(row)

    def save_record(self, record: Record) -> None:
        values = {
            "status": record.status,
            "message": plain(record.message),
            "revision": record.revision,
            "generation": record.generation,
            "content_hash": record.content_hash,
            "made_of": record.made_of,
            "raw": record.raw,
            "mapped": record.mapped,
            "normalized": record.normalized,
            "failed_by": record.failed_by,
            "sku": plain(record.sku, DATA_LENGTH),
            "sku_key": sku_key(record.sku),
            "title": plain(record.title, DATA_LENGTH),
            "source_updated": to_epoch(record.source_updated_at),
            "source_updated_at": shown(record.source_updated_at),
            "observed": to_epoch(record.observed_at),
            "applied_revision": record.applied_revision,
            "erp_document": plain(record.erp_document, DATA_LENGTH),
            "last_command": record.last_command or None,
        }
        update_rows(RECORD, values, name=record.name)

    def find_record(self, key: RecordKey) -> Record | None:
        rows = frappe.db.sql(
            "select * from `tabExternal Record` where record_key = %s", _record_key(key), as_dict=True
        )
        return record_of(rows[0]) if rows else None

    def seen(self, store: str, entity_type: str, external_ids: Iterable[str]) -> list[Seen]:
        keys = tuple(key_of(store, entity_type, external_id) for external_id in external_ids)
        if not keys:
            return []
        rows = frappe.db.sql(
            """select external_id, status, made_of, observed, source_updated from `tabExternal Record`
            where record_key in %s""",
            (keys,),
            as_dict=True,
        )
        return [
            Seen(
                row.external_id,
                row.status,
                row.made_of or "",
                from_epoch(row.observed),
                from_epoch(row.source_updated),
            )
            for row in rows
        ]

    def newest_records(self, store: str, entity_type: str, limit: int) -> list[Record]:
        # The names first: sorting whole rows would drag the payloads along.
        rows = frappe.db.sql(
            """select record.* from `tabExternal Record` record join (
                select name from `tabExternal Record` where store = %s and entity_type = %s
                order by source_updated desc, observed desc, name limit %s
            ) newest on newest.name = record.name
            order by record.source_updated desc, record.observed desc, record.name""",
            (store, entity_type, limit),
            as_dict=True,
        )
        return [record_of(row) for row in rows]

    def records_with_sku(self, store: str, sku: str) -> list[Record]:
        wanted = sku_key(sku)
        rows = frappe.db.sql(
            """select * from `tabExternal Record`
            where sku_key = %s and store = %s and entity_type in ('product', 'variant') for update""",
            (wanted, store),
            as_dict=True,
        )
        # The collation also takes accents for nothing.
        return [record_of(row) for row in rows if row.sku_key == wanted]

    def skipped_with_free_sku(self, limit: int) -> list[Record]:
        rows = frappe.db.sql(
            """select * from `tabExternal Record` record
            where status = 'Skipped' and sku_key != '' and entity_type in ('product', 'variant')
            and not exists (
                select 1 from `tabExternal Record` other
                where other.sku_key = record.sku_key and other.store = record.store and other.status != 'Skipped'
                and other.entity_type in ('product', 'variant')
            ) order by creation limit %s""",
            limit,
            as_dict=True,
        )
        return [record_of(row) for row in rows]

    def add_skip(self, skip: Skip) -> None:
        values = {
            "store": skip.store,
            "entity_type": skip.entity_type,
            "external_id": skip.external_id,
            "title": plain(skip.title, DATA_LENGTH),
            "reason": plain(skip.reason),
            "occurrences": 1,
            "resolved": 0,
        }
        again = {
            "title": values["title"],
            "reason": values["reason"],
            "resolved": 0,
            "resolved_at": None,
            "modified": now_datetime(),
            "occurrences": ONE_MORE,
        }
        key = RecordKey(skip.store, skip.entity_type, skip.external_id)
        insert_row(SKIP, {**values, "entity_key": _record_key(key)}, on_duplicate=again)

    def resolve_skip(self, key: RecordKey) -> bool:
        values = {"resolved": 1, "resolved_at": now_datetime()}
        return bool(update_rows(SKIP, values, entity_key=_record_key(key), resolved=0))

    def add_command(self, command: OutboundCommand) -> str:
        due_at = command.due_at or command.created_at
        values = {
            "name": command.name or next_command_name(),
            "title": plain(command.title, DATA_LENGTH),
            "command_type": command.command_type,
            "entity_type": command.entity_type,
            "external_id": command.external_id,
            "store": command.store,
            "customer_account": command.customer_account or None,
            "erp_instance": command.erp_instance or None,
            "erp_connection": command.erp_connection or None,
            "is_copy": int(command.is_copy),
            "record": command.record,
            "idempotency_key": command.idempotency_key,
            "payload": command.payload,
            "revision": command.revision,
            "generation": command.generation,
            "status": command.status,
            "reason": plain(command.reason),
            "attempts": command.attempts,
            "due": to_epoch(due_at),
            "due_at": shown(due_at),
            "created": to_epoch(command.created_at),
            "lane": lane_of(command.destination, command.store, command.entity_type, command.external_id),
        }
        same = {"idempotency_key": command.idempotency_key}
        insert_row(COMMAND, values, on_duplicate=same)
        where = {"idempotency_key": ("=", command.idempotency_key)}
        kept = frappe.db.get_value(COMMAND, where, "name", for_update=True)
        if not kept:
            raise frappe.DuplicateEntryError(COMMAND, values["name"])
        if kept == values["name"]:
            set_dependencies(kept, command.waits_for)
        return str(kept)

    def supersede_commands(
        self, key: RecordKey, revision: int, reason: str, generation: int = 0, *, with_copies: bool = True
    ) -> int:
        record = frappe.db.get_value(RECORD, {"record_key": ("=", _record_key(key))}, "name")
        if not record:
            return 0
        frappe.db.sql(
            """update `tabOutbound Client Command` set status = %s, reason = %s, modified = %s
            where record = %s and status in %s
            and (revision < %s or (revision = %s and generation < %s)) and is_copy in (0, %s)""",
            (
                CommandStatus.SUPERSEDED,
                plain(reason),
                now_datetime(),
                record,
                _SUPERSEDABLE,
                revision,
                revision,
                generation,
                int(with_copies),
            ),
        )
        return changed_rows()


def sku_key(sku: str) -> str:
    """What the column of this name holds."""
    return plain(normalize_sku(plain(sku, DATA_LENGTH)), DATA_LENGTH)


def fill_sku_keys() -> None:
    """Of records from before the column was there."""
    for name, sku in frappe.db.sql(
        "select name, sku from `tabExternal Record` where sku != '' and coalesce(sku_key, '') = ''"
    ):
        frappe.db.set_value(RECORD, name, "sku_key", sku_key(sku), update_modified=False)


def lane_of(destination: str, store: str, entity_type: str, external_id: str) -> str:
    return key_of(destination, store, entity_type, external_id)


def next_command_name() -> str:
    """From a sequence: a naming series would lock its row until the transaction ends and queue up all intake."""
    return f"SM-COMMAND-{get_next_val(COMMAND, slug='_name_seq'):05d}"


def set_dependencies(command: str, records: tuple[str, ...]) -> None:
    frappe.db.delete(DEPENDENCY, {"parent": command})
    for index, record in enumerate(records, start=1):
        values = {
            "parent": command,
            "parenttype": COMMAND,
            "parentfield": "waits_for",
            "idx": index,
            "record": record,
        }
        insert_row(DEPENDENCY, values)


def record_of(row: Any) -> Record:
    return Record(
        name=row.name,
        key=RecordKey(row.store, row.entity_type, row.external_id),
        status=row.status,
        message=row.message or "",
        revision=row.revision,
        generation=row.generation,
        content_hash=row.content_hash or "",
        made_of=row.made_of or "",
        raw=row.raw or "",
        mapped=row.mapped or "",
        normalized=row.normalized or "",
        failed_by=row.failed_by or "",
        sku=row.sku or "",
        title=row.title or "",
        source_updated_at=from_epoch(row.source_updated),
        observed_at=from_epoch(row.observed),
        applied_revision=row.applied_revision,
        erp_document=row.erp_document or "",
        last_command=row.last_command or "",
    )


def _check_id(external_id: str) -> None:
    """An id is kept as it is, and Desk's reports would render these."""
    if not external_id or len(external_id) > DATA_LENGTH or set(external_id) & set("<>\x00"):
        raise ValueError(f"'{plain(external_id, 60)}' is no id that a shop gives.")


def _record_key(key: RecordKey) -> str:
    return key_of(key.store, key.entity_type, key.external_id)
