"""Let go what was held or waits, once its reason is gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from salla_manager import contract
from salla_manager.core import readiness, routing
from salla_manager.core.drain import is_turn, spoken_until, turn_reason
from salla_manager.core.host import Host
from salla_manager.core.model import CommandStatus, CommandUpdate, OutboundCommand, Store
from salla_manager.core.readiness import Placement

PAGE = 200


@dataclass
class ReleaseReport:
    looked_at: int = 0
    released: int = 0


def release_parked(host: Host) -> ReleaseReport:
    """Look again at every Held and Waiting command: each minute, and on demand after a switch was turned."""
    report = ReleaseReport()
    look = _Look(host)
    woken: list[str] = []
    # First those that wait: what they wait for, if it is held, shall not stand behind everything else.
    for status in (CommandStatus.WAITING, CommandStatus.HELD):
        after = ""
        while page := host.store.parked_commands(status, PAGE, after):
            after = page[-1].name
            report.looked_at += len(page)
            woken += filter(None, (look.again(command) for command in page))
    report.released = len(woken)
    _wake(host, woken)
    return report


def release_waiting_on(host: Host, record: str) -> int:
    """The record has reached the ERP: let go what waited for it alone."""
    with host.store.transaction():
        waiting = host.store.waiting_for_record(record)
    look = _Look(host)
    woken = list(filter(None, (look.again(command) for command in waiting)))
    _wake(host, woken)
    return len(woken)


class _Look:
    """One look at many parked commands."""

    def __init__(self, host: Host):
        self.host = host
        self.per_minute = host.store.settings().release_per_minute
        # A closed gate holds thousands for one reason; it is looked at once.
        self.gates: dict[tuple[str, str, str], str] = {}
        # Records that a command waits for.
        self.wanted: set[str] = set()
        # (destination, urgent or not) for which no more may go for now.
        self.spent: set[tuple[str, bool]] = set()

    def again(self, command: OutboundCommand) -> str:
        """The destination to wake where the command is Queued now, else empty."""
        if self._is_in_vain(command):
            return ""
        with self.host.store.transaction():
            store = self.host.store.store(command.store)
            addressed = _address(self.host, command, store)
            if addressed is None:
                return ""
            placement = self._place(addressed, store)
            self.wanted.update(placement.waits_for)
            if (placement.status, placement.reason, placement.waits_for) == (
                command.status,
                command.reason,
                command.waits_for,
            ):
                return ""
            # Not before what has been due for longer.
            due_at = self.host.clock.now() if placement.status == CommandStatus.QUEUED else None
            update = CommandUpdate(
                placement.status, placement.reason, command.attempts, due_at, placement.waits_for
            )
            is_first = self.host.store.update_command(command.name, command.status, update)
        return addressed.destination if is_first and placement.status == CommandStatus.QUEUED else ""

    def _is_in_vain(self, command: OutboundCommand) -> bool:
        if command.due_at and command.due_at > self.host.clock.now():
            # Held by the ERP's own word; it is asked again then.
            return True
        if not command.destination:
            return False
        closed = self.gates.get(_gate_of(command))
        if closed and closed == command.reason:
            return True
        return closed == "" and is_turn(command.reason) and self._is_spent(command)

    def _place(self, command: OutboundCommand, store: Store | None) -> Placement:
        closed = self.gates[_gate_of(command)] = readiness.closed_gate(self.host.store, store, command)
        if store is None or closed:
            return Placement(CommandStatus.HELD, closed)
        placement = readiness.dependencies(self.host.store, store, command)
        if placement.status == CommandStatus.QUEUED and not self._may_go(command):
            return Placement(CommandStatus.HELD, turn_reason(self.per_minute, command.destination))
        return placement

    def _may_go(self, command: OutboundCommand) -> bool:
        """Whether this one has a place within the minute; what waited was never held back by a switch."""
        if command.status != CommandStatus.HELD or not self.per_minute:
            return True
        if self._is_spent(command):
            return False
        is_urgent, now = self._is_urgent(command), self.host.clock.now()
        may_go = self.host.store.move_release(
            command.destination, lambda kept: spoken_until(kept, now, self.per_minute, is_urgent=is_urgent)
        )
        if not may_go:
            self.spent.add((command.destination, is_urgent))
        return may_go

    def _is_spent(self, command: OutboundCommand) -> bool:
        return (command.destination, self._is_urgent(command)) in self.spent

    def _is_urgent(self, command: OutboundCommand) -> bool:
        return command.entity_type == "order" or command.record in self.wanted


def _gate_of(command: OutboundCommand) -> tuple[str, str, str]:
    return command.store, command.command_type, command.destination


def _address(host: Host, command: OutboundCommand, store: Store | None) -> OutboundCommand | None:
    """Give the command of a store that had no destination its address; None where another worker was first."""
    if command.destination or store is None:
        return command
    target = routing.targets(host.store, store, command.command_type)[0]
    if not target.destination:
        return command
    key = contract.idempotency_key(
        target.destination,
        command.command_type,
        store.name,
        command.external_id,
        command.revision,
        command.generation,
    )
    if not host.store.address_command(command.name, target.destination, store.customer_account, key):
        return None
    return replace(
        command,
        erp_instance=target.erp_instance,
        erp_connection=target.erp_connection,
        customer_account=store.customer_account,
        idempotency_key=key,
    )


def _wake(host: Host, destinations: Iterable[str]) -> None:
    for destination in dict.fromkeys(destinations):
        host.jobs.dispatch(destination)
