"""The checklist of a connection: the hub asks the ERP and looks at every part of what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from salla_manager import __version__, contract
from salla_manager.core import exchange, shared_secret
from salla_manager.core.commands import OperatorError
from salla_manager.core.host import Host
from salla_manager.core.model import Instance, Settings
from salla_manager.core.verdicts import Exchange, is_alive

OK, WARNING, FAILED = "ok", "warning", "failed"
# Seconds that two clocks kept by NTP never differ by.
CLOCK_TOLERANCE = 30
SUPPORTED_MAJORS = ("15", "16")
_MOST_ROWS, _MOST_TEXT = 40, 500


@dataclass(frozen=True)
class Row:
    """One line: what was looked at, `ok`, `warning` or `failed`, and a sentence with the next step.

    message has {0}, {1} … for `values`, so that a screen can show it in its own language.
    """

    check: str
    state: str
    message: str
    values: tuple[Any, ...] = ()

    @property
    def text(self) -> str:
        return self.message.format(*self.values)


def is_good(rows: list[Row]) -> bool:
    return all(row.state != FAILED for row in rows)


def check_instance(host: Host, name: str) -> list[Row]:
    """A signed ping and what it shows, the ERP's own checklist included. Raises OperatorError."""
    instance = host.store.instance(name)
    if instance is None:
        raise OperatorError(f"The ERP Instance {name} does not exist any more.")
    settings = host.store.settings()
    rows = [_enabled(instance), _address(instance, settings)]
    if not instance.secret:
        reason = instance.secret_problem or "There is no shared secret. Pair the ERP."
        return [*rows, Row("Signature", FAILED, "{0}", (reason,))]
    if instance.pending_secret:
        rows.append(_pending(host, instance))
        instance = host.store.instance(name) or instance
    answer, offset = exchange.ping(host, instance)
    return rows + _answer_rows(answer, offset, instance, settings)


def _enabled(instance: Instance) -> Row:
    if instance.is_enabled:
        return Row("Enabled", OK, "Commands are sent to this ERP.")
    return Row(
        "Enabled", WARNING, "This ERP Instance is off, so its commands are held. Tick Enabled to send them."
    )


def _address(instance: Instance, settings: Settings) -> Row:
    if instance.url.startswith("https://"):
        return Row("Address", OK, "{0} is an https address.", (instance.url,))
    if settings.allow_private_addresses:
        message = "{0} is sent to in the clear, which is for a test set-up only. Use https for real data."
        return Row("Address", WARNING, message, (instance.url,))
    return Row("Address", FAILED, "{0} is not https. Correct the URL of the ERP Instance.", (instance.url,))


def _pending(host: Host, instance: Instance) -> Row:
    if shared_secret.adopt_pending(host, instance):
        return Row("Shared Secret", OK, "The ERP has kept the new secret; it is used from now on.")
    message = (
        "A new secret was agreed on, but the ERP did not keep it; the former one is in use. Change it again."
    )
    return Row("Shared Secret", WARNING, message)


def _answer_rows(asked: Exchange, offset: int, instance: Instance, settings: Settings) -> list[Row]:
    if asked.no_answer:
        return [Row("Connection", FAILED, "{0}", (asked.no_answer,))]
    verdict, ack = asked.verdict, asked.verdict.ack
    rows = [_connection(instance)]
    if ack is None:
        return [*rows, Row("Answer", FAILED, "{0}", (verdict.reason,))]
    rows.append(Row("Answer", OK, "The executor's answer is an ack and echoes this request."))
    if offset or ack.server_time is not None:
        sent_at = int(asked.started_at.timestamp() + asked.latency_ms / 2000)
        rows.append(_clock(offset or (ack.server_time or sent_at) - sent_at, settings.timestamp_window))
    if not is_alive(verdict):
        return [*rows, Row("Signature", FAILED, "{0}", (verdict.reason,))]
    rows.append(Row("Signature", OK, "The ERP takes what this hub signs."))
    return [*rows, *_version_rows(ack.payload), *_erp_rows(ack.payload)]


def _connection(instance: Instance) -> Row:
    if instance.url.startswith("https://"):
        return Row("Connection", OK, "The ERP's server answers, and its certificate is valid.")
    return Row("Connection", OK, "The ERP's server answers.")


def _clock(offset: int, window: int) -> Row:
    """offset: seconds by which the ERP's clock is ahead."""
    if abs(offset) < CLOCK_TOLERANCE:
        return Row("Clock", OK, "The clocks of hub and ERP agree.")
    message = "The ERP's clock is {0} s off this one; more than {1} s are refused. Set both servers by NTP."
    return Row("Clock", WARNING if abs(offset) <= window else FAILED, message, (f"{offset:+d}", window))


def _version_rows(payload: Mapping[str, Any]) -> list[Row]:
    said = payload.get("contract_version")
    ours = contract.CONTRACT_VERSION
    if isinstance(said, str) and said.split(".")[0] != ours.split(".")[0]:
        message = "The ERP speaks protocol {0}, this hub {1}. Update the older side."
        return [Row("Versions", FAILED, message, (_cut(said), ours))]
    versions = payload.get("versions")
    if not isinstance(versions, dict):
        return [Row("Versions", WARNING, "The ERP does not say which versions it runs.")]
    return [_versions({str(app): _cut(str(version)) for app, version in list(versions.items())[:10]})]


def _versions(theirs: dict[str, str]) -> Row:
    shown = ", ".join(f"{app} {version}" for app, version in theirs.items())
    old = [
        f"{app} {theirs[app]}"
        for app in ("frappe", "erpnext")
        if app in theirs and theirs[app].split(".")[0] not in SUPPORTED_MAJORS
    ]
    if old:
        return Row("Versions", WARNING, "Not tested with {0}. Use version 15 or 16.", (", ".join(old),))
    executor = theirs.get("salla_executor", __version__)
    if executor[:1].isdigit() and executor.split(".")[:2] != __version__.split(".")[:2]:
        message = "salla_executor is {0} there, salla_manager {1} here. Update the older one."
        return Row("Versions", WARNING, message, (executor, __version__))
    return Row("Versions", OK, "{0}", (shown,))


def _erp_rows(payload: Mapping[str, Any]) -> list[Row]:
    """What the executor found on its own side; of another executor, at least whether it is switched on."""
    checks = payload.get("checks")
    if isinstance(checks, list):
        return [_erp_row(check) for check in checks[:_MOST_ROWS] if isinstance(check, dict)]
    if payload.get("is_enabled") is False:
        return [Row("ERP", FAILED, "The executor is switched off; commands wait here.")]
    return []


def _erp_row(check: dict[str, Any]) -> Row:
    state = check.get("state")
    # Anything else that it says is no proof that all is well.
    state = state if state in (OK, WARNING, FAILED) else FAILED
    return Row(f"ERP: {_cut(str(check.get('check')))}", state, "{0}", (_cut(str(check.get("message"))),))


def _cut(text: str) -> str:
    return text[:_MOST_TEXT]
