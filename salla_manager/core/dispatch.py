"""Deliver what is due to one destination: lease, hand over, judge, record."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from salla_manager.core import answers, breaker, readiness, shared_secret
from salla_manager.core.answers import Verdict
from salla_manager.core.breaker import breaker_of
from salla_manager.core.host import Host
from salla_manager.core.model import (
    CommandStatus,
    CommandUpdate,
    Instance,
    OutboundCommand,
    RecordKey,
    Settings,
    is_connection,
)
from salla_manager.core.new_commands import envelope
from salla_manager.core.release import release_waiting_on
from salla_manager.core.verdicts import (
    Exchange,
    ack_row,
    attempt_of,
    breaker_after,
    is_alive,
    record_after,
    update_of,
)
from salla_manager.erp.orchestrator import Destination, PushOrchestrator, travelling, type_of

LEASE_BATCH = 10
# Seconds after which a worker makes room for other destinations that wait for one.
TURN_SECONDS = 5.0
# Seconds between the end of a request and the end of its lease, for writing the outcome.
LEASE_MARGIN = 5


@dataclass
class DispatchReport:
    """Counts of one run; breaker is its state at the end."""

    sent: int = 0
    done: int = 0
    retried: int = 0
    dead: int = 0
    held: int = 0
    superseded: int = 0
    returned: int = 0
    lost_leases: int = 0
    # The budget or limit ended it; more may be due.
    is_cut_short: bool = False
    breaker: str = breaker.CLOSED
    reason: str = ""


def dispatch_to(
    host: Host, destination: str, limit: int = 100, budget_seconds: float = 45.0
) -> DispatchReport:
    """Deliver up to `limit` commands within the budget; safe to run in parallel for one destination.

    destination: name of an ERP Instance or an ERP Connection.
    """
    with host.store.transaction():
        host.store.free_expired_leases(host.clock.now())
    found = find_destination(host, destination)
    if found is None:
        kind = "ERP Connection" if is_connection(destination) else "ERP Instance"
        return DispatchReport(reason=f"The {kind} {destination} does not exist.")
    return _Run(host, found, limit, budget_seconds).run()


def find_destination(host: Host, name: str) -> Destination | None:
    return host.store.connection(name) if is_connection(name) else host.store.instance(name)


def take_turn(host: Host, destination: str) -> DispatchReport:
    """A short run; what is left then queues up behind the other destinations that wait for a worker."""
    report = dispatch_to(host, destination, limit=1000, budget_seconds=TURN_SECONDS)
    if report.is_cut_short:
        host.jobs.dispatch(destination)
    return report


class _Run:
    """One worker's run over one destination."""

    def __init__(self, host: Host, destination: Destination, limit: int, budget_seconds: float):
        self.host = host
        self.hub = host.store
        self.settings: Settings = host.store.settings()
        self.destination = destination
        self.orchestrator = PushOrchestrator(host)
        self.breaker = breaker_of(destination)
        self.left = limit
        self.ends_at = host.clock.monotonic() + budget_seconds
        # Seconds by which the destination's clock is ahead, once it has said so.
        self.offset = 0
        self.is_over = False
        self.report = DispatchReport()

    def run(self) -> DispatchReport:
        if self.settings.standstill:
            return DispatchReport(reason=self.settings.standstill)
        if self._is_passable():
            while self._goes_on():
                token = secrets.token_hex(16)
                commands = self._lease(token)
                if not commands:
                    break
                for number, command in enumerate(commands):
                    self._handle(command, token, number)
                self.report.is_cut_short = not self.is_over and not self._goes_on()
        self.report.breaker = self.breaker.state(self.host.clock.now())
        self.report.reason = self.breaker.reason
        return self.report

    def _goes_on(self) -> bool:
        return not self.is_over and self.left > 0 and self.host.clock.monotonic() < self.ends_at

    def _lease(self, token: str) -> list[OutboundCommand]:
        now = self.host.clock.now()
        until = now + timedelta(seconds=self._lease_seconds())
        with self.hub.transaction():
            # What was switched since the last batch counts for this one.
            self.settings = self.hub.settings()
            size = min(self.left, LEASE_BATCH)
            return self.hub.lease_due_commands(self.destination.name, now, size, token, until)

    def _lease_seconds(self) -> float:
        """Never shorter than the two requests that a command may take: one, and one signed anew."""
        return max(self.settings.lease_seconds, 2 * self.settings.total_timeout + LEASE_MARGIN)

    def _handle(self, command: OutboundCommand, token: str, number: int) -> None:
        closed = readiness.closed_gate(self.hub, self.hub.store(command.store), command)
        if closed:
            self.report.held += 1
            self._give_back(command, token, CommandUpdate(CommandStatus.HELD, closed, command.attempts))
            return
        if not self._goes_on() or not self._fits(command):
            self.report.returned += 1
            update = CommandUpdate(CommandStatus.QUEUED, command.reason, command.attempts, command.due_at)
            self._give_back(command, token, update)
            return
        self.left -= 1
        self._deliver(command, token, number)

    def _fits(self, command: OutboundCommand) -> bool:
        """Whether a request that takes all its time ends within the lease."""
        needed = timedelta(seconds=self.settings.total_timeout + LEASE_MARGIN)
        return command.lease_until is None or self.host.clock.now() + needed <= command.lease_until

    def _give_back(self, command: OutboundCommand, token: str, update: CommandUpdate) -> None:
        with self.hub.transaction():
            self.hub.return_lease(command, token, update)

    def _deliver(self, command: OutboundCommand, token: str, number: int) -> None:
        exchange = self._attempt(command)
        if exchange.verdict.action == answers.RESIGN and self._fits(command):
            self.offset = exchange.verdict.offset
            exchange = self._attempt(command)
        self.report.sent += 1
        self._judge_destination(exchange.verdict)
        is_kept = self._record(command, token, f"{token}:{number}", exchange)
        if is_kept and exchange.verdict.action == answers.DONE and not command.is_copy:
            release_waiting_on(self.host, command.record)

    def _attempt(self, command: OutboundCommand) -> Exchange:
        draft_order = travelling(envelope(command))
        return self.orchestrator.attempt(self.destination, draft_order, self.settings, self.offset)

    def _record(self, command: OutboundCommand, token: str, attempt_key: str, exchange: Exchange) -> bool:
        """Attempt, ack, command and record in one transaction; False where the lease was lost."""
        key = RecordKey(command.store, command.entity_type, command.external_id)
        now, verdict = self.host.clock.now(), exchange.verdict
        with self.hub.transaction():
            # The record before the command, as everywhere, so that no two workers wait for each other.
            record = self.hub.lock_record(key)
            update = update_of(command, record, verdict, self.settings, now, self.host.random())
            attempt = attempt_of(command, exchange, update, type_of(self.destination), attempt_key)
            ack = ack_row(command, verdict, now)
            is_kept = self.hub.record_outcome(command, token, attempt, ack, update)
            if is_kept:
                after = record_after(record, command, update, verdict)
                if after is not record:
                    self.hub.save_record(after)
        self._count(update.status if is_kept else "")
        return is_kept

    def _count(self, status: str) -> None:
        name = {
            CommandStatus.DONE: "done",
            CommandStatus.QUEUED: "retried",
            CommandStatus.DEAD: "dead",
            CommandStatus.HELD: "held",
            CommandStatus.SUPERSEDED: "superseded",
        }.get(status, "lost_leases")
        setattr(self.report, name, getattr(self.report, name) + 1)

    def _is_passable(self) -> bool:
        """Closed, or closed again by a probe that is due now."""
        now = self.host.clock.now()
        state = self.breaker.state(now)
        if state == breaker.HALF_OPEN and self._can_be_asked():
            self._save_breaker(breaker.probing(self.breaker, now, seconds=self._probe_seconds()))
            return self._probe()
        return state == breaker.CLOSED

    def _can_be_asked(self) -> bool:
        found = self.destination
        is_readable = found.secret if isinstance(found, Instance) else not found.config_problem
        return found.is_enabled and bool(is_readable)

    def _probe_seconds(self) -> float:
        return self.settings.breaker_probe_seconds

    def _probe(self) -> bool:
        """No command's attempts are burned on it."""
        exchange, self.offset = self.orchestrator.probe(self.destination, self.settings)
        verdict, now = exchange.verdict, self.host.clock.now()
        if is_alive(verdict) or self._knows_the_pending_secret():
            self._save_breaker(breaker.after_success(self.breaker))
            return True
        seconds = max(self._probe_seconds(), verdict.delay)
        self._save_breaker(breaker.opened(self.breaker, now, seconds=seconds, reason=verdict.reason))
        return False

    def _knows_the_pending_secret(self) -> bool:
        """The ERP has kept a new secret and its word of it was lost."""
        found = self.destination
        if not isinstance(found, Instance) or not shared_secret.adopt_pending(self.host, found):
            return False
        self.destination = self.hub.instance(found.name) or found
        return True

    def _judge_destination(self, verdict: Verdict) -> None:
        self._save_breaker(breaker_after(self.breaker, verdict, self.settings, self.host.clock.now()))
        self.is_over = verdict.is_throttled or self.breaker.open_until is not None

    def _save_breaker(self, changed: breaker.Breaker) -> None:
        if changed == self.breaker:
            return
        self.breaker = changed
        with self.hub.transaction():
            self.hub.save_breaker(self.destination.name, changed.failures, changed.open_until, changed.reason)
