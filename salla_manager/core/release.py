"""Let go what was held or waits, once its reason is gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from salla_manager import contract
from salla_manager.core import readiness
from salla_manager.core.host import Host
from salla_manager.core.model import CommandStatus, CommandUpdate, OutboundCommand, Store

PAGE = 200


@dataclass
class ReleaseReport:
    looked_at: int = 0
    released: int = 0


def release_parked(host: Host) -> ReleaseReport:
    """Look again at every Held and Waiting command: each minute, and on demand after a switch was turned."""
    report = ReleaseReport()
    woken: list[str] = []
    # A closed gate holds thousands for one reason; it is looked at once.
    gates: dict[tuple[str, str, str], str] = {}
    for status in (CommandStatus.HELD, CommandStatus.WAITING):
        after = ""
        while page := host.store.parked_commands(status, PAGE, after):
            after = page[-1].name
            report.looked_at += len(page)
            woken += filter(None, (_look_again(host, command, gates) for command in page))
    report.released = len(woken)
    _wake(host, woken)
    return report


def release_waiting_on(host: Host, record: str) -> int:
    """The record has reached the ERP: let go what waited for it alone."""
    with host.store.transaction():
        waiting = host.store.waiting_for_record(record)
    woken = list(filter(None, (_look_again(host, command, {}) for command in waiting)))
    _wake(host, woken)
    return len(woken)


def _look_again(host: Host, command: OutboundCommand, gates: dict[tuple[str, str, str], str]) -> str:
    """The ERP Instance to wake where the command is Queued now, else empty."""
    gate = (command.store, command.command_type, command.erp_instance)
    if command.erp_instance and gates.get(gate) and gates[gate] == command.reason:
        return ""
    with host.store.transaction():
        store = host.store.store(command.store)
        addressed = _address(host, command, store)
        if addressed is None:
            return ""
        gates[gate] = readiness.closed_gate(host.store, store, addressed)
        if store is None or gates[gate]:
            placement = readiness.Placement(CommandStatus.HELD, gates[gate])
        else:
            placement = readiness.dependencies(host.store, store, addressed)
        if (placement.status, placement.reason, placement.waits_for) == (
            command.status,
            command.reason,
            command.waits_for,
        ):
            return ""
        update = CommandUpdate(
            placement.status, placement.reason, command.attempts, None, placement.waits_for
        )
        is_first = host.store.update_command(command.name, command.status, update)
    return addressed.erp_instance if is_first and placement.status == CommandStatus.QUEUED else ""


def _address(host: Host, command: OutboundCommand, store: Store | None) -> OutboundCommand | None:
    """Give the command of a store without an ERP Instance its address; None where another worker was first."""
    if command.erp_instance or store is None or not store.erp_instance:
        return command
    key = contract.idempotency_key(
        store.erp_instance,
        command.command_type,
        store.name,
        command.external_id,
        command.revision,
        command.generation,
    )
    if not host.store.address_command(command.name, store.erp_instance, store.customer_account, key):
        return None
    return replace(
        command,
        erp_instance=store.erp_instance,
        customer_account=store.customer_account,
        idempotency_key=key,
    )


def _wake(host: Host, instances: Iterable[str]) -> None:
    for instance in dict.fromkeys(instances):
        host.jobs.dispatch(instance)
