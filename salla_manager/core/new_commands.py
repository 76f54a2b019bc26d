"""The commands of one change of an entity: one for each destination of its store. In the transaction that is open."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from salla_manager import contract
from salla_manager.core import readiness
from salla_manager.core.host import Host
from salla_manager.core.model import CommandStatus, OutboundCommand, Record, Store, command_type_of
from salla_manager.core.routing import Target, targets

# command_id is given by the store later; no name is longer.
_LONGEST_NAME = "x" * 140


@dataclass(frozen=True)
class Made:
    """leading: the command that the record follows; due: destinations that have something to be sent now."""

    leading: OutboundCommand
    due: tuple[str, ...]


def add_commands(
    host: Host, store: Store, record: Record, replaced: str, *, leading_only: bool = False
) -> Made:
    """replaced: why older commands of the entity are not sent any more. leading_only: copies are left as they are."""
    payload = stored_payload(record)
    goals = targets(host.store, store, command_type_of(record.key.entity_type))
    commands = [
        _placed(host, store, _build(host, store, record, payload, goal))
        for goal in (goals[:1] if leading_only else goals)
    ]
    host.store.supersede_commands(
        record.key, record.revision, replaced, record.generation, with_copies=not leading_only
    )
    added = [replace(command, name=host.store.add_command(command)) for command in commands]
    due = (command.destination for command in added if command.status == CommandStatus.QUEUED)
    return Made(added[0], tuple(due))


def stored_payload(record: Record) -> dict[str, Any]:
    return {**json.loads(record.mapped), "raw": json.loads(record.raw) if record.raw else None}


def _placed(host: Host, store: Store, command: OutboundCommand) -> OutboundCommand:
    place = readiness.place(host.store, store, command)
    return _fit(replace(command, status=place.status, reason=place.reason, waits_for=place.waits_for))


def _build(
    host: Host, store: Store, record: Record, payload: dict[str, Any], target: Target
) -> OutboundCommand:
    key = record.key
    command_type = command_type_of(key.entity_type)
    return OutboundCommand(
        name="",
        command_type=command_type,
        entity_type=key.entity_type,
        store=store.name,
        customer_account=store.customer_account,
        erp_instance=target.erp_instance,
        erp_connection=target.erp_connection,
        is_copy=target.is_copy,
        external_id=key.external_id,
        record=record.name,
        idempotency_key=contract.idempotency_key(
            target.destination,
            command_type,
            store.name,
            key.external_id,
            record.revision,
            record.generation,
        ),
        payload=contract.dump_json(payload).decode(),
        revision=record.revision,
        generation=record.generation,
        created_at=host.clock.now(),
        title=record.title,
    )


def _fit(command: OutboundCommand) -> OutboundCommand:
    """Without the shop's own body where it is too large with it; dead where it is too large all the same."""
    if _envelope_size(command) <= contract.MAX_BODY:
        return command
    values = json.loads(command.payload)
    command = replace(command, payload=contract.dump_json({**values, "raw": None}).decode())
    size = _envelope_size(command)
    if size <= contract.MAX_BODY:
        return command
    reason = f"Too large: {size} bytes, at most {contract.MAX_BODY} are taken. Shorten its texts in the shop."
    return replace(command, status=CommandStatus.DEAD, reason=reason, waits_for=())


def _envelope_size(command: OutboundCommand) -> int:
    return len(contract.encode_command(envelope(replace(command, name=_LONGEST_NAME))))


def envelope(command: OutboundCommand) -> contract.Command:
    """The command as it travels."""
    return contract.Command(
        command_id=command.name,
        command_type=command.command_type,
        entity_type=command.entity_type,
        store_account=command.store,
        customer_account=command.customer_account,
        erp_instance=command.destination,
        idempotency_key=command.idempotency_key,
        payload=json.loads(command.payload),
        revision=command.revision,
        generation=command.generation,
    )
