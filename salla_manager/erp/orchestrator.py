"""The one way out of the hub: every command goes to its destination through here, whichever connector serves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salla_manager import contract
from salla_manager.core import answers, exchange
from salla_manager.core.answers import AckBody, Verdict
from salla_manager.core.host import Host
from salla_manager.core.model import CLIENT_EXECUTOR, Connection, Instance, Settings
from salla_manager.core.transport import limits_of
from salla_manager.core.verdicts import Exchange
from salla_manager.erp.base import TEST_SECONDS, BaseConnector
from salla_manager.erp.client_executor import ClientExecutorConnector, config_of
from salla_manager.erp.deadline import DeadlinePassed, within
from salla_manager.erp.outcomes import exchange_of, result_of
from salla_manager.erp.port import ConnectorError, ERPConnectorPort, ExportResult, TestResult
from salla_manager.erp.push import push

Destination = Instance | Connection


class PushOrchestrator:
    def __init__(self, host: Host) -> None:
        self._host = host

    def attempt(
        self,
        destination: Destination,
        draft_order: dict[str, Any],
        settings: Settings,
        clock_offset: int = 0,
    ) -> Exchange:
        """One command to one destination, once, and what became of it. Never raises for what a connector does.

        clock_offset: seconds by which the destination's clock is ahead, where it signs.
        """
        clock = self._host.clock
        started_at, began = clock.now(), clock.monotonic()
        outcome: ExportResult | ConnectorError
        try:
            connector = self.connector(type_of(destination), settings)
            outcome = connector.export(draft_order, _config(destination, clock_offset))
        except ConnectorError as error:
            outcome = error
        except Exception as error:
            outcome = _fault(type_of(destination), error)
        known = getattr(outcome, "exchange", None)
        if known is not None:
            return known
        latency = int((clock.monotonic() - began) * 1000)
        target = f"{type_of(destination)} {destination.name}"
        return exchange_of(outcome, target, draft_order, started_at, latency)

    def probe(self, destination: Destination, settings: Settings) -> tuple[Exchange, int]:
        """Whether it would take anything, without an effect; the second value is its clock's offset."""
        if isinstance(destination, Instance):
            return exchange.ping(self._host, destination)
        started_at, result = self._host.clock.now(), self.test(destination, settings)
        broken = Verdict(answers.BREAK, False, 0, result.error_message, is_connection_like=True)
        return Exchange(_TESTED if result.success else broken, started_at, result.latency_ms), 0

    def test(self, connection: Connection, settings: Settings) -> TestResult:
        """Within 5 seconds. Never raises for what a connector does."""
        clock = self._host.clock
        began = clock.monotonic()
        try:
            connector = self.connector(connection.connector_type, settings)
            result = _tested(connector, connection.config)
            message = "" if result.success else result.error_message or "The test failed without a reason."
        except (ConnectorError, DeadlinePassed) as error:
            message = str(error)
        except Exception as error:
            message = str(_fault(connection.connector_type, error))
        return TestResult(not message, message, int((clock.monotonic() - began) * 1000))

    def takes_back(self, connection: Connection, settings: Settings) -> bool:
        try:
            return self.connector(connection.connector_type, settings).can_rollback()
        except ConnectorError:
            return False

    def roll_back(self, connection: Connection, idempotency_key: str, settings: Settings) -> ExportResult:
        """Take back what stands under this key. Raises ConnectorError."""
        kept = self.check_idempotency(idempotency_key)
        connector = self.connector(connection.connector_type, settings)
        if not connector.can_rollback():
            raise ConnectorError(
                f"{connection.connector_type} takes nothing back. Undo it at the destination, by hand.",
                action="dead",
            )
        if kept is None:
            raise ConnectorError(
                "What it gave is not kept here any more. Undo it at the destination, by hand.", action="dead"
            )
        try:
            return connector.rollback(kept, connection.config)
        except ConnectorError:
            raise
        except Exception as error:
            raise _fault(connection.connector_type, error) from None

    def generate_idempotency_key(self, destination: str, draft_order: Mapping[str, Any]) -> str:
        """The key of its command for a destination; of what has no revision, by its content.

        destination: name of an ERP Instance or ERP Connection.
        """
        payload = draft_order.get("payload") or {}
        entity = str(payload.get("external_id") or "")
        if not draft_order.get("revision"):
            entity = f"{entity} {contract.body_hash(contract.dump_json(payload))}"
        return contract.idempotency_key(
            destination,
            draft_order.get("command_type", ""),
            draft_order.get("store_account", ""),
            entity,
            draft_order.get("revision", 0),
            draft_order.get("generation", 0),
        )

    def check_idempotency(self, idempotency_key: str) -> ExportResult | None:
        """What a destination gave for this key; None where nothing has succeeded under it yet."""
        response = self._host.store.response_of(idempotency_key)
        return result_of(response) if response else None

    def push_order(
        self,
        org_id: str,
        draft_order: Mapping[str, Any],
        max_retries: int = 3,
        retry_delay_base: float = 1.0,
    ) -> dict[str, ExportResult]:
        """For a caller that waits: to every active ERP Connection of the organisation that takes it.

        draft_order: a command as it travels, whose key is made for each connection. What fails comes again after
        retry_delay_base * 2**n seconds, max_retries times. Gives connection -> result; one without success says why
        as connector_metadata["error"]. Raises ConnectorError where nothing may leave this hub, ValueError where no
        connection takes it.
        """
        return push(self, self._host, org_id, draft_order, max_retries, retry_delay_base)

    def connector(self, connector_type: str, settings: Settings) -> ERPConnectorPort:
        """Raises ConnectorError `break` where nothing is registered under the type."""
        if connector_type == CLIENT_EXECUTOR:
            return ClientExecutorConnector(self._host, limits_of(settings))
        try:
            return self._host.connectors(connector_type)
        except ValueError as error:
            raise ConnectorError(
                f"{error}. Install the app that brings it, or disable the ERP Connection.",
                action="break",
                burns_attempt=False,
            ) from None


def type_of(destination: Destination) -> str:
    return CLIENT_EXECUTOR if isinstance(destination, Instance) else destination.connector_type


def travelling(command: contract.Command) -> dict[str, Any]:
    """As connectors take it; the payload is the command's own."""
    return dict(vars(command))


def _config(destination: Destination, clock_offset: int) -> Mapping[str, Any]:
    if isinstance(destination, Instance):
        return {**config_of(destination), "clock_offset": clock_offset}
    if destination.connector_type == CLIENT_EXECUTOR:
        return {**destination.config, "clock_offset": clock_offset}
    return destination.config


def _tested(connector: ERPConnectorPort, config: Mapping[str, Any]) -> TestResult:
    if isinstance(connector, BaseConnector | ClientExecutorConnector):
        # They end in time by themselves.
        return connector.test_connection(config)
    return within(TEST_SECONDS, lambda: connector.test_connection(config))


def _fault(connector_type: str, error: Exception) -> ConnectorError:
    # Its words may quote a configuration.
    return ConnectorError(
        f"The connector {connector_type} stumbled: {type(error).__name__}. Tell who wrote it.",
        is_uncertain=True,
    )


_TESTED = Verdict(answers.DONE, False, 0, "", AckBody("applied", {}))
