"""The queue of Outbound Client Commands for the core: lease, outcome, parked ones.

A lease is a status, a token and a time. `lane_in_flight` is unique, so the database itself keeps a second command
of a lane from being sent meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import frappe
from frappe.utils import now_datetime

from salla_manager.adapters.record_store import COMMAND, DEPENDENCY, lane_of, record_of, set_dependencies
from salla_manager.adapters.rows import (
    DATA_LENGTH,
    changed_rows,
    from_epoch,
    insert_row,
    is_duplicate,
    key_of,
    plain,
    shown,
    to_epoch,
    update_rows,
)
from salla_manager.contract import dump_json
from salla_manager.core.model import (
    AckRow,
    Attempt,
    CommandStatus,
    CommandUpdate,
    OutboundCommand,
    Record,
    is_connection,
)

ATTEMPT, ACK = "Command Delivery Attempt", "Command ACK Log"
# Read further than the limit, since the due commands of one lane give only one.
_LOOK_AHEAD = 3

# Named, since the optimizer may go by a table's small days when it has grown.
CANDIDATES = """select name, lane, revision, generation from `tabOutbound Client Command` force index ({index})
    where {column} = %s and status = 'Queued' and due <= %s and lane not in %s
    order by due limit %s for update skip locked"""
# Column of a destination -> its index.
QUEUES = {"erp_instance": "lease_queue", "erp_connection": "connection_queue"}


class DispatchRows:
    def destinations_with_due_commands(self, now: datetime) -> list[str]:
        return frappe.db.sql(
            """select name from `tabERP Instance` instance where exists (
                select 1 from `tabOutbound Client Command` command
                where command.erp_instance = instance.name and command.status = 'Queued' and command.due <= %(now)s
            ) union all select name from `tabERP Connection` connection where exists (
                select 1 from `tabOutbound Client Command` command
                where command.erp_connection = connection.name and command.status = 'Queued' and command.due <= %(now)s
            ) order by name""",
            {"now": to_epoch(now)},
            pluck=True,
        )

    def lease_due_commands(
        self, destination: str, now: datetime, limit: int, token: str, until: datetime
    ) -> list[OutboundCommand]:
        column = column_of(destination)
        busy = frappe.db.sql(
            f"""select lane_in_flight from `tabOutbound Client Command`
            where {column} = %s and status = 'Sending'""",
            destination,
            pluck=True,
        )
        values = (destination, to_epoch(now), tuple(busy) or ("",), limit * _LOOK_AHEAD)
        rows = frappe.db.sql(CANDIDATES.format(column=column, index=QUEUES[column]), values, as_dict=True)
        leased = []
        for row in _first_of_each_lane(rows, to_epoch(now)):
            if len(leased) == limit:
                break
            if _take(row.name, row.lane, token, until):
                leased.append(row.name)
        found = {command.name: command for command in _commands(leased)}
        return [found[name] for name in leased]

    def free_expired_leases(self, now: datetime) -> int:
        rows = frappe.db.sql(
            """select name, lease_token from `tabOutbound Client Command`
            where status = 'Sending' and lease_until < %s limit 500 for update skip locked""",
            to_epoch(now),
            as_dict=True,
        )
        reason = "The worker that was sending it did not report back; it is sent again with the same key."
        freed = CommandUpdate(CommandStatus.QUEUED, reason, due_at=now)
        values = _update_values(freed)
        del values["attempts"]
        for row in rows:
            update_rows(COMMAND, values, name=row.name, lease_token=row.lease_token)
        return len(rows)

    def record_outcome(
        self,
        command: OutboundCommand,
        token: str,
        attempt: Attempt,
        ack: AckRow | None,
        update: CommandUpdate,
    ) -> bool:
        _insert_attempt(attempt, token)
        if ack is not None:
            _insert_ack(ack)
        return _end_lease(command.name, token, update)

    def return_lease(self, command: OutboundCommand, token: str, update: CommandUpdate) -> bool:
        return _end_lease(command.name, token, update)

    def command(self, name: str) -> OutboundCommand | None:
        found = _commands([name])
        return found[0] if found else None

    def parked_commands(self, status: str, limit: int, after: str = "") -> list[OutboundCommand]:
        created = frappe.db.get_value(COMMAND, {"name": ("=", after)}, "created") if after else 0
        names = frappe.db.sql(
            """select name from `tabOutbound Client Command`
            where status = %s and created >= %s and (created > %s or name > %s)
            order by created, name limit %s""",
            (status, created or 0, created or 0, after, limit),
            pluck=True,
        )
        found = {command.name: command for command in _commands(names)}
        return [found[name] for name in names]

    def waiting_for_record(self, record: str) -> list[OutboundCommand]:
        names = frappe.db.sql(
            """select command.name from `tabCommand Dependency` dependency
            join `tabOutbound Client Command` command on command.name = dependency.parent
            where dependency.record = %s and command.status = 'Waiting'""",
            record,
            pluck=True,
        )
        return _commands(names)

    def update_command(self, name: str, expected_status: str, update: CommandUpdate) -> bool:
        changed = update_rows(COMMAND, _update_values(update), name=name, status=expected_status)
        if changed and update.waits_for is not None:
            set_dependencies(name, update.waits_for)
        return bool(changed)

    def add_attempt(self, attempt: Attempt) -> None:
        _insert_attempt(attempt, "")

    def response_of(self, idempotency_key: str) -> str:
        responses = frappe.db.sql(
            """select response from `tabCommand Delivery Attempt`
            where idempotency_key = %s and status = 'SUCCESS' order by creation desc limit 1""",
            idempotency_key,
            pluck=True,
        )
        return responses[0] or "" if responses else ""

    def address_command(
        self, name: str, destination: str, customer_account: str, idempotency_key: str
    ) -> bool:
        command = self.command(name)
        if command is None:
            return False
        frappe.db.sql(
            f"""update `tabOutbound Client Command`
            set {column_of(destination)} = %s, customer_account = %s, idempotency_key = %s, lane = %s, modified = %s
            where name = %s and status = 'Held' and erp_instance is null and erp_connection is null""",
            (
                destination,
                customer_account or None,
                idempotency_key,
                lane_of(destination, command.store, command.entity_type, command.external_id),
                now_datetime(),
                name,
            ),
        )
        return bool(changed_rows())

    def records(self, names: Iterable[str]) -> list[Record]:
        wanted = tuple(names)
        if not wanted:
            return []
        rows = frappe.db.sql("select * from `tabExternal Record` where name in %s", (wanted,), as_dict=True)
        return [record_of(row) for row in rows]


def column_of(destination: str) -> str:
    return "erp_connection" if is_connection(destination) else "erp_instance"


def _first_of_each_lane(rows: list[Any], now: int) -> list[Any]:
    """In the order of `rows`; of a lane only its lowest due (revision, generation)."""
    lanes = tuple({row.lane for row in rows})
    if not lanes:
        return []
    due = frappe.db.sql(
        """select lane, revision, generation from `tabOutbound Client Command`
        where lane in %s and status = 'Queued' and due <= %s""",
        (lanes, now),
        as_dict=True,
    )
    lowest: dict[str, tuple[int, int]] = {}
    for row in due:
        version = (row.revision, row.generation)
        lowest[row.lane] = min(lowest.get(row.lane, version), version)
    return [row for row in rows if lowest.get(row.lane) == (row.revision, row.generation)]


def _take(name: str, lane: str, token: str, until: datetime) -> bool:
    values = {
        "status": CommandStatus.SENDING,
        "lease_token": token,
        "lease_until": to_epoch(until),
        "lease_until_at": shown(until),
        "lane_in_flight": lane,
    }
    try:
        return bool(update_rows(COMMAND, values, name=name, status=CommandStatus.QUEUED))
    except Exception as error:
        # Another worker took the lane first.
        if is_duplicate(error):
            return False
        raise


def _end_lease(name: str, token: str, update: CommandUpdate) -> bool:
    changed = update_rows(
        COMMAND, _update_values(update), name=name, lease_token=token, status=CommandStatus.SENDING
    )
    if changed and update.waits_for is not None:
        set_dependencies(name, update.waits_for)
    return bool(changed)


def _update_values(update: CommandUpdate) -> dict[str, Any]:
    return {
        "status": update.status,
        "reason": plain(update.reason),
        "attempts": update.attempts,
        "due": to_epoch(update.due_at),
        "due_at": shown(update.due_at),
        "lease_token": None,
        "lease_until": 0,
        "lease_until_at": None,
        "lane_in_flight": None,
    }


def _insert_attempt(attempt: Attempt, token: str) -> None:
    key = attempt.attempt_key or f"{attempt.command}:{token}:{attempt.number}"
    values = {
        "command": attempt.command or None,
        "erp_instance": attempt.erp_instance or None,
        "erp_connection": attempt.erp_connection or None,
        "connector_type": attempt.connector_type,
        "started_at": shown(attempt.started_at),
        "status": attempt.status,
        "http_status": attempt.http_status,
        "latency_ms": attempt.latency_ms,
        "retry_count": attempt.number,
        "burned": int(attempt.burned),
        "is_uncertain": int(attempt.is_uncertain),
        "error": plain(attempt.error),
        "request": dump_json(dict(attempt.request)).decode(),
        "response": attempt.response,
        "idempotency_key": attempt.idempotency_key,
        "attempt_key": key_of(key),
    }
    insert_row(ATTEMPT, values, on_duplicate={"attempt_key": values["attempt_key"]})


def _insert_ack(ack: AckRow) -> None:
    values = {
        "command": ack.command,
        "erp_instance": ack.erp_instance or None,
        "erp_connection": ack.erp_connection or None,
        "received_at": shown(ack.received_at),
        "ack_status": ack.ack_status,
        "erp_document": plain(_document(ack.payload.get("erp_doc")), DATA_LENGTH),
        "message": plain(str(ack.payload.get("message") or "")),
        "payload": dump_json(ack.payload).decode(),
    }
    insert_row(ACK, values)


def _document(said: Any) -> str:
    """erp_doc is a name, or an object with doctype and name."""
    return str((said.get("name") if isinstance(said, dict) else said) or "")


def _commands(names: Iterable[str]) -> list[OutboundCommand]:
    wanted = tuple(names)
    if not wanted:
        return []
    rows = frappe.db.sql(
        "select * from `tabOutbound Client Command` where name in %s", (wanted,), as_dict=True
    )
    waits: dict[str, list[str]] = {}
    for dependency in frappe.get_all(
        DEPENDENCY, {"parent": ("in", wanted)}, ["parent", "record"], order_by="parent, idx"
    ):
        waits.setdefault(dependency.parent, []).append(dependency.record)
    return [_command(row, tuple(waits.get(row.name, ()))) for row in rows]


def _command(row: Any, waits_for: tuple[str, ...]) -> OutboundCommand:
    return OutboundCommand(
        name=row.name,
        command_type=row.command_type,
        entity_type=row.entity_type,
        store=row.store or "",
        customer_account=row.customer_account or "",
        erp_instance=row.erp_instance or "",
        erp_connection=row.erp_connection or "",
        is_copy=bool(row.is_copy),
        external_id=row.external_id,
        record=row.record or "",
        idempotency_key=row.idempotency_key,
        payload=row.payload or "",
        revision=row.revision,
        generation=row.generation,
        status=row.status,
        reason=row.reason or "",
        attempts=row.attempts,
        due_at=from_epoch(row.due),
        waits_for=waits_for,
        lease_token=row.lease_token or "",
        lease_until=from_epoch(row.lease_until),
        created_at=from_epoch(row.created),
        title=row.title or "",
    )
