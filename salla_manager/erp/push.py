"""The orchestrator's attempt, repeated for a caller that waits. Everybody else makes a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from salla_manager import contract
from salla_manager.core import answers, breaker, readiness, routing
from salla_manager.core.host import Host
from salla_manager.core.model import (
    CommandStatus,
    CommandUpdate,
    Connection,
    OutboundCommand,
    Settings,
    Store,
)
from salla_manager.core.verdicts import Exchange, attempt_of, breaker_after
from salla_manager.erp.outcomes import result_of
from salla_manager.erp.port import ConnectorError, ExportResult

_COMES_AGAIN = (answers.RETRY, answers.WAIT, answers.RESIGN)


class Orchestrator(Protocol):
    def attempt(
        self, destination: Connection, draft_order: dict[str, Any], settings: Settings
    ) -> Exchange: ...

    def generate_idempotency_key(self, destination: str, draft_order: Mapping[str, Any]) -> str: ...

    def check_idempotency(self, idempotency_key: str) -> ExportResult | None: ...


def push(
    orchestrator: Orchestrator,
    host: Host,
    org_id: str,
    draft_order: Mapping[str, Any],
    max_retries: int,
    retry_delay_base: float,
) -> dict[str, ExportResult]:
    """In rounds, so that a destination that fails delays none of the others."""
    settings = host.store.settings()
    if settings.standstill:
        raise ConnectorError(settings.standstill, action="hold", burns_attempt=False)
    store = _store_of(host, org_id, draft_order)
    names = routing.takers(host.store, store, str(draft_order.get("command_type")))
    if not names:
        raise ValueError(
            f"No active ERP Connection of {org_id} takes {draft_order.get('command_type')} of {store.name}."
            " Add one, or a route."
        )
    pushes = [_Push(orchestrator, host, settings, store, name, draft_order) for name in names]
    for number in range(max_retries + 1):
        if number:
            host.clock.sleep(retry_delay_base * 2 ** (number - 1))
        for one in pushes:
            if one.result is None:
                one.attempt(number, is_last=number == max_retries)
        if all(one.result is not None for one in pushes):
            break
    return {one.name: one.result for one in pushes if one.result is not None}


def _store_of(host: Host, org_id: str, draft_order: Mapping[str, Any]) -> Store:
    store = host.store.store(str(draft_order.get("store_account") or ""))
    if store is None or not org_id or store.customer_account != org_id:
        raise ValueError(
            f"{draft_order.get('store_account')} is no Store Account of {org_id}. Name one of its."
        )
    return store


class _Push:
    """One draft order on its way to one connection; result: None while it may come again."""

    def __init__(
        self,
        orchestrator: Orchestrator,
        host: Host,
        settings: Settings,
        store: Store,
        name: str,
        draft_order: Mapping[str, Any],
    ) -> None:
        self.orchestrator, self.host, self.settings, self.store = orchestrator, host, settings, store
        self.name = name
        key = orchestrator.generate_idempotency_key(name, draft_order)
        self.draft_order = {**draft_order, "erp_instance": name, "idempotency_key": key}
        self.result = orchestrator.check_idempotency(key)

    def attempt(self, number: int, *, is_last: bool) -> None:
        connection, command = self.host.store.connection(self.name), self._command(number)
        reason = readiness.connection_gate(self.settings, self.store, connection, command)
        if reason or connection is None:
            self.result = _failed(reason)
            return
        state = breaker.breaker_of(connection)
        if state.state(self.host.clock.now()) == breaker.OPEN:
            self.result = _failed(f"{self.name} takes nothing at present: {state.reason}")
            return
        exchange = self.orchestrator.attempt(connection, self.draft_order, self.settings)
        comes_again = exchange.verdict.action in _COMES_AGAIN and not is_last
        self._record(connection, command, exchange, _status(exchange, comes_again))
        if exchange.verdict.action == answers.DONE:
            self.result = result_of(exchange.response)
        elif not comes_again:
            self.result = _failed(exchange.verdict.reason)

    def _record(
        self, connection: Connection, command: OutboundCommand, exchange: Exchange, status: str
    ) -> None:
        before = breaker.breaker_of(connection)
        after = breaker_after(before, exchange.verdict, self.settings, self.host.clock.now())
        key = f"push:{command.idempotency_key}:{contract.new_nonce()}"
        attempt = attempt_of(command, exchange, CommandUpdate(status), connection.connector_type, key)
        with self.host.store.transaction():
            self.host.store.add_attempt(attempt)
            if after != before:
                self.host.store.save_breaker(self.name, after.failures, after.open_until, after.reason)

    def _command(self, number: int) -> OutboundCommand:
        """As if it had been made one: gates and attempts speak of commands."""
        draft = self.draft_order
        return OutboundCommand(
            name=str(draft.get("command_id") or ""),
            command_type=str(draft.get("command_type")),
            entity_type=str(draft.get("entity_type")),
            store=self.store.name,
            customer_account=self.store.customer_account,
            erp_instance="",
            erp_connection=self.name,
            external_id="",
            record="",
            idempotency_key=draft["idempotency_key"],
            payload="",
            revision=0,
            attempts=number,
            is_copy=True,
        )


def _status(exchange: Exchange, comes_again: bool) -> str:
    if comes_again:
        return CommandStatus.QUEUED
    return CommandStatus.HELD if exchange.verdict.action == answers.HOLD else CommandStatus.DEAD


def _failed(reason: str) -> ExportResult:
    return ExportResult(False, connector_metadata={"error": reason})
