"""What connectors share: a checked configuration, ends in time, and errors and logs that hold no secret.

A connector of one's own says `config_fields`, `deliver` and `probe`, and `take_back` where it can.
docs/ERP_CONNECTORS.md walks through one.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from salla_manager.core.transport import Limits
from salla_manager.erp.config import ConnectorConfig, problems
from salla_manager.erp.deadline import DeadlinePassed, within
from salla_manager.erp.port import ConfigField, ConnectorError, ExportResult, TestResult

T = TypeVar("T")
LOGGER = logging.getLogger("salla_manager.erp")
TEST_SECONDS = 5.0
MAX_TEXT = 500
# Nothing else is logged, so that no payload and no configuration can be.
LOG_FIELDS = frozenset(
    {
        "command_id",
        "command_type",
        "entity_type",
        "store_account",
        "idempotency_key",
        "revision",
        "generation",
    }
    | {"export_id", "storage_key", "success", "action", "is_uncertain", "error", "latency_ms"}
)


@dataclass
class Latency:
    """latency_ms: how long the block took, once it has ended."""

    name: str
    latency_ms: int = 0


class BaseConnector:
    """connector_type: as registered. One object serves all threads, so nothing of a call is kept in it.

    limits: the host's seconds per connection, and whether private addresses are allowed.
    """

    connector_type = ""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()

    # --- what a connector says of itself ---

    def config_fields(self) -> tuple[ConfigField, ...]:
        return ()

    def deliver(self, command: Mapping[str, Any], config: ConnectorConfig) -> ExportResult:
        """Bring one command to the ERP; the same idempotency_key again has no second effect. Raises ConnectorError.

        It runs in a thread of its own, which is left alone after `limits.total` seconds: no Frappe in here.
        """
        raise NotImplementedError

    def probe(self, config: ConnectorConfig) -> None:
        """Find out, without an effect, whether `deliver` would work. Raises ConnectorError with cause and next step."""
        raise NotImplementedError

    def take_back(self, result: ExportResult, config: ConnectorConfig) -> ExportResult:
        """Undo what `deliver` gave. Raises ConnectorError where that is too late."""
        raise ConnectorError(
            f"{self.connector_type} takes nothing back. Undo it in the ERP, by hand.", action="dead"
        )

    # --- the port ---

    def export(self, draft_order: dict[str, Any], config: Mapping[str, Any]) -> ExportResult:
        """Raises ConnectorError."""
        if draft_order.get("dry_run"):
            raise ConnectorError(
                f"{self.connector_type} knows no rehearsals; nothing was sent. Rehearse with an ERP Instance.",
                action="dead",
            )
        checked = self.checked(config)
        # Monitors of errors keep what the frames of a traceback hold.
        del config
        said = {name: draft_order.get(name) for name in LOG_FIELDS if name in draft_order}
        with self.measure_latency("export") as latency:
            outcome = self._outcome(
                self.limits.total, lambda: _clean(self.deliver(draft_order, checked), checked), checked
            )
        if isinstance(outcome, ConnectorError):
            self._log_failure("export", outcome, checked, latency, said)
            raise outcome
        self.log("export", checked, **said, **_shown(outcome), latency_ms=latency.latency_ms)
        return outcome

    def test_connection(self, config: Mapping[str, Any]) -> TestResult:
        found = self.validate_required_fields(config)
        if found:
            return self.build_test_result(False, " ".join(found))
        checked = ConnectorConfig(config, self.config_fields())
        with self.measure_latency("test_connection") as latency:
            outcome = self._outcome(TEST_SECONDS, lambda: self.probe(checked), checked)
        failure = str(outcome) if isinstance(outcome, ConnectorError) else ""
        return self.build_test_result(not failure, failure, latency.latency_ms)

    def can_rollback(self) -> bool:
        return type(self).take_back is not BaseConnector.take_back

    def rollback(self, result: ExportResult, config: Mapping[str, Any]) -> ExportResult:
        """Raises ConnectorError."""
        checked = self.checked(config)
        del config
        with self.measure_latency("rollback") as latency:
            outcome = self._outcome(
                self.limits.total, lambda: _clean(self.take_back(result, checked), checked), checked
            )
        if isinstance(outcome, ConnectorError):
            self._log_failure("rollback", outcome, checked, latency, _shown(result))
            raise outcome
        self.log("rollback", checked, **_shown(outcome), latency_ms=latency.latency_ms)
        return outcome

    # --- helpers ---

    def validate_required_fields(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """One sentence per field that is missing or wrong; none shows a value."""
        return problems(config, self.config_fields())

    def checked(self, config: Mapping[str, Any]) -> ConnectorConfig:
        """Raises ConnectorError `break` with all that `validate_required_fields` finds."""
        found = self.validate_required_fields(config)
        if found:
            raise ConnectorError(" ".join(found), action="break", burns_attempt=False)
        return ConnectorConfig(config, self.config_fields())

    @contextmanager
    def measure_latency(self, name: str) -> Iterator[Latency]:
        latency, began = Latency(name), time.monotonic()
        try:
            yield latency
        finally:
            latency.latency_ms = round((time.monotonic() - began) * 1000)

    def build_test_result(self, success: bool, error_message: str = "", latency_ms: int = 0) -> TestResult:
        return TestResult(success, "" if success else error_message[:MAX_TEXT], latency_ms)

    def log(self, event: str, config: ConnectorConfig, /, *, level: int = logging.INFO, **said: Any) -> None:
        """One line of JSON: those of LOG_FIELDS that are plain values, without the configuration's secrets."""
        line = {"event": event, "connector": self.connector_type} | {
            name: config.redact(value)[:MAX_TEXT] if isinstance(value, str) else value
            for name, value in said.items()
            if name in LOG_FIELDS and isinstance(value, str | int | float | bool | None)
        }
        # Text alone: a record's args and exc_info are kept, and shown, by others.
        LOGGER.log(level, config.redact(json.dumps(line, ensure_ascii=False)))

    def _log_failure(
        self,
        event: str,
        error: ConnectorError,
        config: ConnectorConfig,
        latency: Latency,
        said: dict[str, Any],
    ) -> None:
        said = said | {"success": False, "action": error.action, "is_uncertain": error.is_uncertain}
        said |= {"error": str(error), "latency_ms": latency.latency_ms}
        self.log(event, config, level=logging.WARNING, **said)

    def _outcome(self, seconds: float, work: Callable[[], T], config: ConnectorConfig) -> T | ConnectorError:
        try:
            return within(seconds, lambda: self._tried(work, config))
        except DeadlinePassed as error:
            return ConnectorError(
                f"{error} Is the destination of {self.connector_type} up? It may still have taken it.",
                is_uncertain=True,
            )

    def _tried(self, work: Callable[[], T], config: ConnectorConfig) -> T | ConnectorError:
        """An error is a new one, without the traceback whose frames hold the configuration."""
        try:
            return work()
        except ConnectorError as error:
            return _like(error, config.redact(str(error)))
        # In the connector's own thread; also its SystemExit must not end a worker.
        except BaseException as error:
            return ConnectorError(self._fault(error), is_uncertain=True)

    def _fault(self, error: BaseException) -> str:
        """An exception's own words may quote anything, so only what it is and where it was raised is told."""
        frames = traceback.extract_tb(error.__traceback__)
        own = getattr(sys.modules.get(type(self).__module__), "__file__", "")
        frame = next((one for one in reversed(frames) if one.filename == own), frames[-1])
        place = f"{frame.filename.rsplit('/', 1)[-1]}, line {frame.lineno}"
        return f"A fault inside the connector {self.connector_type}: {type(error).__name__} at {place}. Tell who wrote it."


def _like(error: ConnectorError, message: str) -> ConnectorError:
    return ConnectorError(
        message,
        action=error.action,
        retry_after=error.retry_after,
        burns_attempt=error.burns_attempt,
        is_uncertain=error.is_uncertain,
        is_throttled=error.is_throttled,
    )


def _clean(result: ExportResult, config: ConnectorConfig) -> ExportResult:
    metadata = config.redact.inside(result.connector_metadata)
    return ExportResult(
        result.success, config.redact(result.export_id), config.redact(result.storage_key), metadata
    )


def _shown(result: ExportResult) -> dict[str, Any]:
    return {"success": result.success, "export_id": result.export_id, "storage_key": result.storage_key}
