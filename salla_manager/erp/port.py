"""What the hub asks of an ERP destination. One connector per kind of destination, found through `registry`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

# What becomes of the command: `retry` comes again by backoff, `wait` after exactly retry_after, `dead` needs the command
# changed, `hold` needs a person at the destination, `break` is the destination's fault, not the command's.
Action = Literal["retry", "wait", "dead", "hold", "break"]


@dataclass(frozen=True)
class ExportResult:
    """What a destination did with one command.

    export_id: its own name for it, such as a document's. storage_key: where it lies, such as a path. connector_metadata:
    JSON values for the attempt's row; never a secret.
    """

    success: bool
    export_id: str = ""
    storage_key: str = ""
    connector_metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TestResult:
    """error_message: cause and next step, in a sentence; empty where it went well."""

    # pytest collects what is called Test…
    __test__ = False

    success: bool
    error_message: str = ""
    latency_ms: int = 0


class ConnectorError(Exception):
    """An export that did not succeed; the message names cause and next step and never holds a secret.

    retry_after: seconds to wait at least. burns_attempt: counts against the attempts of the command. is_uncertain: it
    may have had its effect all the same. is_throttled: the destination asks for patience, whatever the command.
    """

    def __init__(
        self,
        message: str,
        *,
        action: Action = "retry",
        retry_after: float = 0.0,
        burns_attempt: bool = True,
        is_uncertain: bool = False,
        is_throttled: bool = False,
    ):
        super().__init__(message)
        self.action = action
        self.retry_after = retry_after
        self.burns_attempt = burns_attempt
        self.is_uncertain = is_uncertain
        self.is_throttled = is_throttled


@dataclass(frozen=True)
class ConfigField:
    """One field of a connector's configuration, and of its form. choices: of a `choice`."""

    name: str
    label: str
    kind: Literal["text", "secret", "number", "check", "choice", "long_text"] = "text"
    is_required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    help: str = ""


class ERPConnectorPort(Protocol):
    """config: values of `config_fields`, decrypted for this call and kept nowhere."""

    def config_fields(self) -> tuple[ConfigField, ...]: ...

    def export(self, draft_order: dict[str, Any], config: Mapping[str, Any]) -> ExportResult:
        """draft_order: the command as it travels, with its idempotency_key: the same key twice has one effect.

        Raises ConnectorError.
        """

    def test_connection(self, config: Mapping[str, Any]) -> TestResult:
        """Within 5 seconds, without an effect. Never raises for what the destination does."""

    def can_rollback(self) -> bool: ...

    def rollback(self, result: ExportResult, config: Mapping[str, Any]) -> ExportResult:
        """Take back what `export` gave. Raises ConnectorError."""
