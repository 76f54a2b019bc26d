"""What an operator does by hand: try again, cancel, send again, work off again."""

from __future__ import annotations

from dataclasses import replace

from salla_manager.core import outbox, readiness
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
from salla_manager.erp.orchestrator import PushOrchestrator
from salla_manager.erp.port import ConnectorError, TestResult

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
    if command.is_copy:
        return _retry_copy(host, command)
    if record is not None and record.last_command != name:
        raise OperatorError(f"{name} is outdated by {record.last_command}. Look at that one instead.")
    return resend_record(host, command.record, leading_only=True)


def _retry_copy(host: Host, command: OutboundCommand) -> Outcome:
    """The same command under the same key: connectors hold that one twice has one effect, and keep no verdict."""
    store = host.store.store(command.store)
    with host.store.transaction():
        reason = readiness.closed_gate(host.store, store, command)
        status = CommandStatus.HELD if reason else CommandStatus.QUEUED
        _change(host, command, CommandUpdate(status, reason, due_at=host.clock.now()))
    due = () if reason else (command.destination,)
    outcome = Outcome(_key(command), status, reason, command.name, due=due)
    outbox.wake([outcome], host)
    return outcome


def roll_back_command(host: Host, name: str, reason: str = "") -> str:
    """Take back what a Done command gave to its ERP Connection; gives what the destination called it.

    Raises OperatorError."""
    command, settings = _command(host, name), host.store.settings()
    if command.status != CommandStatus.DONE or not command.erp_connection:
        raise OperatorError(f"{name} is not Done by an ERP Connection; there is nothing to roll back.")
    if settings.standstill:
        raise OperatorError(settings.standstill)
    connection = host.store.connection(command.erp_connection)
    if connection is None or connection.config_problem:
        why = connection.config_problem if connection else "It does not exist any more."
        raise OperatorError(f"The ERP Connection {command.erp_connection} cannot be used. {why}")
    try:
        result = PushOrchestrator(host).roll_back(connection, command.idempotency_key, settings)
    except ConnectorError as error:
        raise OperatorError(str(error)) from None
    _withdraw(host, command, f"Rolled back by an operator. {reason}".strip())
    return result.export_id


def can_roll_back(host: Host, name: str) -> bool:
    """Whether its connector takes back what the command gave."""
    command = host.store.command(name)
    if command is None or command.status != CommandStatus.DONE or not command.erp_connection:
        return False
    connection = host.store.connection(command.erp_connection)
    return connection is not None and PushOrchestrator(host).takes_back(connection, host.store.settings())


def close_breaker(host: Host, destination: str) -> None:
    """Send again at once, without waiting for the next probe."""
    with host.store.transaction():
        host.store.save_breaker(destination, 0, None, "")
    host.jobs.dispatch(destination)


def test_connection(host: Host, name: str) -> TestResult:
    """Whether an ERP Connection would take anything, found out without an effect. Raises OperatorError."""
    settings, connection = host.store.settings(), host.store.connection(name)
    if settings.standstill:
        raise OperatorError(settings.standstill)
    if connection is None:
        raise OperatorError(f"The ERP Connection {name} does not exist any more.")
    if connection.config_problem:
        return TestResult(False, connection.config_problem)
    return PushOrchestrator(host).test(connection, settings)


def _withdraw(host: Host, command: OutboundCommand, message: str) -> None:
    with host.store.transaction():
        record = host.store.lock_record(_key(command))
        _change(host, command, CommandUpdate(CommandStatus.CANCELLED, message, command.attempts))
        if record.last_command == command.name:
            host.store.save_record(replace(record, status=RecordStatus.FAILED, message=message))


def cancel_command(host: Host, name: str, reason: str = "") -> None:
    """It is never sent; a later change of the entity is a new command and goes."""
    command = _command(host, name)
    if command.status not in _CANCELLABLE:
        raise OperatorError(f"{name} is {command.status} and cannot be cancelled.")
    _withdraw(host, command, f"Cancelled by an operator. {reason}".strip())


def resend_record(host: Host, record_name: str, *, leading_only: bool = False) -> Outcome:
    """Send the newest known state of an entity again, under a new key; to every destination unless leading_only."""
    record = next(iter(host.store.records([record_name])), None)
    store = host.store.store(record.key.store) if record else None
    if record is None or store is None:
        raise OperatorError(
            f"The External Record {record_name} or its Store Account does not exist any more."
        )
    try:
        return outbox.resend(record, store, host, leading_only=leading_only)
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
