"""What a verdict makes of its command, record and attempt. Pure: time and chance are passed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from salla_manager.core import answers
from salla_manager.core.addresses import TransportError
from salla_manager.core.answers import Verdict
from salla_manager.core.model import (
    AckRow,
    Attempt,
    AttemptStatus,
    CommandStatus,
    CommandUpdate,
    OutboundCommand,
    Record,
    RecordStatus,
    Settings,
)
from salla_manager.core.retry import backoff
from salla_manager.core.transport import HttpAnswer

_KEPT_ANSWER = 4000
# Seconds until the ERP is asked again whether a person has mended what the command waits for.
ASK_AGAIN_FIRST, ASK_AGAIN_MOST = 60.0, 600.0
_NO_EFFECT = ("refused", "dns", "tls", "blocked")


@dataclass(frozen=True)
class Exchange:
    """One request and what came of it."""

    verdict: Verdict
    started_at: datetime
    latency_ms: int
    answer: HttpAnswer | None
    error: TransportError | None


def update_of(
    command: OutboundCommand,
    record: Record,
    verdict: Verdict,
    settings: Settings,
    now: datetime,
    jitter: float,
) -> CommandUpdate:
    """jitter: 0 <= jitter < 1."""
    attempts = command.attempts + int(verdict.burns_attempt)
    if verdict.action == answers.DONE:
        return CommandUpdate(CommandStatus.DONE, verdict.reason, attempts)
    if is_overtaken(command, record):
        reason = f"A newer revision has come. {verdict.reason}"
        return CommandUpdate(CommandStatus.SUPERSEDED, reason, attempts)
    if verdict.action == answers.DEAD:
        return CommandUpdate(CommandStatus.DEAD, verdict.reason, attempts)
    if verdict.action == answers.HOLD:
        due_at = now + timedelta(seconds=_ask_again(command, now, jitter))
        return CommandUpdate(CommandStatus.HELD, verdict.reason, attempts, due_at)
    if verdict.burns_attempt and attempts >= settings.retry_max_attempts:
        times = "1 attempt" if attempts == 1 else f"{attempts} attempts"
        reason = f"Given up after {times}. {verdict.reason} Mend the cause, then retry."
        return CommandUpdate(CommandStatus.DEAD, reason, attempts)
    due_at = now + timedelta(seconds=_delay(verdict, attempts, settings, jitter))
    return CommandUpdate(CommandStatus.QUEUED, verdict.reason, attempts, due_at)


def _delay(verdict: Verdict, attempts: int, settings: Settings, jitter: float) -> float:
    if verdict.action == answers.WAIT:
        return verdict.delay
    if verdict.action in (answers.BREAK, answers.RESIGN):
        # The breaker keeps it back; it shall go at once when that closes.
        return 0.0
    failures = attempts - 1 if verdict.burns_attempt else attempts
    wait = backoff(failures, settings.retry_backoff_seconds, settings.retry_cap_seconds, jitter)
    return max(verdict.delay, wait)


def _ask_again(command: OutboundCommand, now: datetime, jitter: float) -> float:
    """Seldomer the longer it waits, and never for all at the same moment."""
    age = (now - command.created_at).total_seconds() if command.created_at else 0.0
    return min(max(age, ASK_AGAIN_FIRST), ASK_AGAIN_MOST) * (0.5 + jitter / 2)


def is_alive(verdict: Verdict) -> bool:
    """An executor that trusts our signature has answered, whatever it says."""
    return (
        verdict.ack is not None
        and verdict.action not in (answers.BREAK, answers.RESIGN)
        and not verdict.is_throttled
    )


def is_overtaken(command: OutboundCommand, record: Record) -> bool:
    return (record.revision, record.generation) > (command.revision, command.generation)


def record_after(record: Record, command: OutboundCommand, update: CommandUpdate, verdict: Verdict) -> Record:
    is_latest = not is_overtaken(command, record)
    if update.status == CommandStatus.DONE:
        document = _document(verdict) or record.erp_document
        applied = max(record.applied_revision, command.revision)
        record = replace(record, applied_revision=applied, erp_document=document)
        # Skipped or not understood since then: that state is newer than this command.
        if is_latest and record.status == RecordStatus.QUEUED:
            record = replace(record, status=RecordStatus.APPLIED, message="")
    elif update.status == CommandStatus.DEAD and is_latest:
        record = replace(record, status=RecordStatus.FAILED, message=update.reason)
    return record


def _document(verdict: Verdict) -> str:
    """erp_doc is a name, or an object with doctype and name."""
    said = verdict.ack.payload.get("erp_doc") if verdict.ack else None
    if isinstance(said, dict):
        said = said.get("name")
    return said[:140] if isinstance(said, str) else ""


def ack_row(command: OutboundCommand, verdict: Verdict, now: datetime) -> AckRow | None:
    if verdict.ack is None:
        return None
    return AckRow(command.name, command.erp_instance, verdict.ack.status, now, verdict.ack.payload)


def attempt_of(command: OutboundCommand, exchange: Exchange, key: str) -> Attempt:
    verdict, answer, error = exchange.verdict, exchange.answer, exchange.error
    return Attempt(
        command=command.name,
        erp_instance=command.erp_instance,
        number=command.attempts + 1,
        idempotency_key=command.idempotency_key,
        started_at=exchange.started_at,
        latency_ms=exchange.latency_ms,
        status=_attempt_status(exchange),
        http_status=answer.status if answer else 0,
        response=answer.body.decode("utf-8", "replace")[:_KEPT_ANSWER] if answer else "",
        error="" if verdict.action == answers.DONE else (str(error) if error else verdict.reason),
        burned=verdict.burns_attempt,
        attempt_key=key,
    )


def _attempt_status(exchange: Exchange) -> str:
    if exchange.verdict.action == answers.DONE:
        return AttemptStatus.SUCCEEDED
    has_no_effect = exchange.verdict.ack is not None or (exchange.error and exchange.error.kind in _NO_EFFECT)
    return AttemptStatus.FAILED if has_no_effect else AttemptStatus.UNKNOWN
