"""What a verdict makes of its command, record and attempt. Pure: time and chance are passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from salla_manager.core import answers, breaker
from salla_manager.core.answers import Verdict
from salla_manager.core.breaker import Breaker
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

# Seconds until the ERP is asked again whether a person has mended what the command waits for.
ASK_AGAIN_FIRST, ASK_AGAIN_MOST = 60.0, 600.0


@dataclass(frozen=True)
class Exchange:
    """One request and what came of it.

    request: method, target, bytes, sha256; never a secret. no_answer: why there is none at all. is_uncertain: it may
    have had its effect though it did not succeed.
    """

    verdict: Verdict
    started_at: datetime
    latency_ms: int
    request: Mapping[str, Any] = field(default_factory=dict)
    http_status: int = 0
    response: str = ""
    no_answer: str = ""
    is_uncertain: bool = False


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


def breaker_after(before: Breaker, verdict: Verdict, settings: Settings, now: datetime) -> Breaker:
    """Of the destination that the verdict is about."""
    seconds, reason = settings.breaker_probe_seconds, verdict.reason
    if verdict.action in (answers.BREAK, answers.RESIGN):
        return breaker.opened(before, now, seconds=seconds, reason=reason)
    if verdict.is_connection_like:
        return breaker.after_failure(
            before, now, limit=settings.breaker_failures, seconds=seconds, reason=reason
        )
    return breaker.after_success(before) if is_alive(verdict) else before


def is_overtaken(command: OutboundCommand, record: Record) -> bool:
    if command.is_copy:
        # What is sent to the leading destination once more is nothing newer to the others.
        return record.revision > command.revision
    return (record.revision, record.generation) > (command.revision, command.generation)


def record_after(record: Record, command: OutboundCommand, update: CommandUpdate, verdict: Verdict) -> Record:
    """The same object where nothing of it changes."""
    if command.is_copy:
        return record
    is_latest = not is_overtaken(command, record)
    if update.status == CommandStatus.DONE:
        document = document_of(verdict) or record.erp_document
        applied = max(record.applied_revision, command.revision)
        record = replace(record, applied_revision=applied, erp_document=document)
        # Skipped or not understood since then: that state is newer than this command.
        if is_latest and record.status == RecordStatus.QUEUED:
            record = replace(record, status=RecordStatus.APPLIED, message="")
    elif update.status == CommandStatus.DEAD and is_latest:
        record = replace(record, status=RecordStatus.FAILED, message=update.reason)
    return record


def document_of(verdict: Verdict) -> str:
    """erp_doc is a name, or an object with doctype and name."""
    said = verdict.ack.payload.get("erp_doc") if verdict.ack else None
    if isinstance(said, dict):
        said = said.get("name")
    return said[:140] if isinstance(said, str) else ""


def ack_row(command: OutboundCommand, verdict: Verdict, now: datetime) -> AckRow | None:
    if verdict.ack is None:
        return None
    return AckRow(
        command.name,
        command.erp_instance,
        verdict.ack.status,
        now,
        verdict.ack.payload,
        command.erp_connection,
    )


def attempt_of(
    command: OutboundCommand, exchange: Exchange, update: CommandUpdate, connector_type: str, key: str
) -> Attempt:
    verdict = exchange.verdict
    return Attempt(
        command=command.name,
        erp_instance=command.erp_instance,
        number=command.attempts + 1,
        idempotency_key=command.idempotency_key,
        started_at=exchange.started_at,
        latency_ms=exchange.latency_ms,
        status=attempt_status(verdict, update.status),
        http_status=exchange.http_status,
        response=exchange.response,
        error="" if verdict.action == answers.DONE else verdict.reason,
        burned=verdict.burns_attempt,
        attempt_key=key,
        connector_type=connector_type,
        erp_connection=command.erp_connection,
        request=exchange.request,
        is_uncertain=exchange.is_uncertain,
    )


def attempt_status(verdict: Verdict, command_status: str) -> str:
    """command_status: what became of the command by it."""
    if verdict.action == answers.DONE:
        return AttemptStatus.SUCCESS
    if command_status not in CommandStatus.OPEN:
        return AttemptStatus.FAILED
    is_undecided = verdict.action in (answers.WAIT, answers.HOLD)
    return AttemptStatus.PENDING if is_undecided else AttemptStatus.RETRYING
