"""CLIENT_EXECUTOR: a client's ERPNext that runs salla_executor, over the signed protocol of docs/RPC_CONTRACT.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from salla_manager import contract
from salla_manager.core import answers
from salla_manager.core.exchange import Line, question, send, send_twice
from salla_manager.core.model import CLIENT_EXECUTOR, Instance
from salla_manager.core.transport import Limits
from salla_manager.core.verdicts import Exchange, document_of, is_alive
from salla_manager.erp.base import TEST_SECONDS
from salla_manager.erp.port import ConfigField, ConnectorError, ExportResult, TestResult


@dataclass(frozen=True)
class Acknowledged(ExportResult):
    """exchange: the request and the ERP's ack."""

    exchange: Exchange | None = field(default=None, repr=False)


class NotAcknowledged(ConnectorError):
    """exchange: the request and what came of it, which says more than an action can."""

    def __init__(self, exchange: Exchange) -> None:
        verdict = exchange.verdict
        super().__init__(
            verdict.reason,
            action="break" if verdict.action == answers.RESIGN else verdict.action,
            retry_after=verdict.delay,
            burns_attempt=verdict.burns_attempt,
            is_uncertain=exchange.is_uncertain,
            is_throttled=verdict.is_throttled,
        )
        self.exchange = exchange


class ClientExecutorConnector:
    """line: clock and transport of the host. An ERP Instance is its configuration; see `config_of`."""

    connector_type = CLIENT_EXECUTOR

    def __init__(self, line: Line, limits: Limits) -> None:
        self._line = line
        self._limits = limits

    def config_fields(self) -> tuple[ConfigField, ...]:
        return (
            ConfigField("url", "URL", is_required=True, help="Of the ERP site."),
            ConfigField("instance_id", "Instance ID", is_required=True),
            ConfigField("shared_secret", "Shared Secret", "secret", is_required=True),
        )

    def export(self, draft_order: dict[str, Any], config: Mapping[str, Any]) -> ExportResult:
        """config may say clock_offset: seconds by which the ERP's clock is ahead."""
        instance = _instance(config)
        command = contract.Command(**{**draft_order, "erp_instance": instance.name})
        offset = config.get("clock_offset", 0)
        exchange = send(self._line, instance, command, self._limits, offset=offset)
        if exchange.verdict.action != answers.DONE:
            raise NotAcknowledged(exchange)
        return Acknowledged(True, document_of(exchange.verdict), exchange=exchange)

    def test_connection(self, config: Mapping[str, Any]) -> TestResult:
        instance, limits = _instance(config), _within(self._limits, TEST_SECONDS / 2)
        exchange, _offset = send_twice(self._line, instance, question(instance, contract.PING, {}), limits)
        is_good = is_alive(exchange.verdict)
        return TestResult(is_good, "" if is_good else exchange.verdict.reason, exchange.latency_ms)

    def can_rollback(self) -> bool:
        return False

    def rollback(self, result: ExportResult, config: Mapping[str, Any]) -> ExportResult:
        raise ConnectorError(
            "What an ERPNext has applied is not taken back from here. Cancel the document there.",
            action="dead",
        )


def config_of(instance: Instance) -> dict[str, Any]:
    return {"url": instance.url, "instance_id": instance.name, "shared_secret": instance.secret}


def _instance(config: Mapping[str, Any]) -> Instance:
    return Instance(config["instance_id"], config["url"], config["shared_secret"])


def _within(limits: Limits, seconds: float) -> Limits:
    """Half of the time, since clocks that differ make it two requests."""
    return replace(
        limits,
        connect=min(limits.connect, seconds),
        read=min(limits.read, seconds),
        total=min(limits.total, seconds),
    )
