"""What an operator does by hand: try again, cancel, send again, work off again."""

from __future__ import annotations

from dataclasses import replace

from salla_manager.core import outbox
from salla_manager.core.host import Host
from salla_manager.core.model import (
    CommandStatus,
    CommandUpdate,
    EventStatus,
    OutboundCommand,
    RecordKey,
    RecordStatus,
)
from salla_manager.core.outbox import Outcome

_CANCELLABLE = (CommandStatus.QUEUED, CommandStatus.WAITING, CommandStatus.HELD, CommandStatus.DEAD)


class OperatorError(ValueError):
    """An action that cannot be done as things stand; the message says why and what to do instead."""


def retry_command(host: Host, name: str) -> Outcome:
    """Send a Dead command's record again. It is a new command under a new key, since the executor answers a key
    that failed for good with the same failure for ever."""
    command = _command(host, name)
    if command.status != CommandStatus.DEAD:
        raise OperatorError(f"{name} is {command.status}; only a Dead command can be tried again.")
    record = next(iter(host.store.records([command.record])), None)
    if record is not None and record.last_command != name:
        raise OperatorError(f"{name} is outdated by {record.last_command}. Look at that one instead.")
    return resend_record(host, command.record)


def cancel_command(host: Host, name: str, reason: str = "") -> None:
    """It is never sent; a later change of the entity is a new command and goes."""
    command = _command(host, name)
    if command.status not in _CANCELLABLE:
        raise OperatorError(f"{name} is {command.status} and cannot be cancelled.")
    message = f"Cancelled by an operator. {reason}".strip()
    with host.store.transaction():
        record = host.store.lock_record(_key(command))
        _change(host, command, CommandUpdate(CommandStatus.CANCELLED, message, command.attempts))
        if record.last_command == name:
            host.store.save_record(replace(record, status=RecordStatus.FAILED, message=message))


def resend_record(host: Host, record_name: str) -> Outcome:
    """Send the newest known state of an entity again, under a new key."""
    record = next(iter(host.store.records([record_name])), None)
    store = host.store.store(record.key.store) if record else None
    if record is None or store is None:
        raise OperatorError(
            f"The External Record {record_name} or its Store Account does not exist any more."
        )
    try:
        return outbox.resend(record, store, host)
    except ValueError as error:
        raise OperatorError(str(error)) from None


def process_event_again(host: Host, event_name: str) -> None:
    with host.store.transaction():
        host.store.finish_event(
            event_name, EventStatus.RECEIVED, "To be processed again by an operator's wish."
        )
    host.jobs.process_events()


def _command(host: Host, name: str) -> OutboundCommand:
    command = host.store.command(name)
    if command is None:
        raise OperatorError(f"The command {name} does not exist any more.")
    return command


def _key(command: OutboundCommand) -> RecordKey:
    return RecordKey(command.store, command.entity_type, command.external_id)


def _change(host: Host, command: OutboundCommand, update: CommandUpdate) -> None:
    if not host.store.update_command(command.name, command.status, update):
        raise OperatorError(f"{command.name} has just been changed by another worker. Look at it again.")
