"""What the hub does with an executor's answer: one pure function, one table.

ref: docs/RPC_CONTRACT.md, answers
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from salla_manager import contract
from salla_manager.core.retry import retry_after
from salla_manager.core.transport import TransportError

DONE = "done"
RETRY = "retry"
# Come back after exactly `delay`.
WAIT = "wait"
DEAD = "dead"
# A person has to mend something in the ERP first.
HOLD = "hold"
# The fault is the instance's, not the command's: open its breaker.
BREAK = "break"
# The clocks differ: sign once more with `offset`.
RESIGN = "resign"

NONCE_CODES = ("nonce_used", "nonce_replayed", "replayed_nonce", "replay")
CLOCK_CODE = "stale_timestamp"
# What the body says where a foreign executor answers 200 to everything.
IDENTITY_CODES = ("unauthorized", CLOCK_CODE, *NONCE_CODES)
NOT_SENT = ("refused", "dns", "tls", "blocked")
_BREAKS = ("dns", "tls", "blocked")
_DEAD_STATUSES = (200, 400, 415, 422)


@dataclass(frozen=True)
class AckBody:
    """The ack as it stands in the answer; payload is ack_payload, code its error_code."""

    status: str
    payload: dict[str, Any]
    code: str = ""
    message: str = ""
    is_retryable: bool | None = None
    server_time: int | None = None


@dataclass(frozen=True)
class Verdict:
    """delay: seconds to wait at least, besides the backoff (0: nothing said); offset: seconds to add to our clock.

    is_connection_like: counts towards opening the breaker.
    """

    action: str
    burns_attempt: bool
    delay: float
    reason: str
    ack: AckBody | None = None
    is_connection_like: bool = False
    # The whole instance asks for patience, not this command.
    is_throttled: bool = False
    offset: int = 0


def judge(
    http_status: int,
    headers: Mapping[str, str],
    body: bytes,
    error: TransportError | None,
    command: contract.Command,
    now: datetime,
) -> Verdict:
    """headers with names in lower case; error where there is no answer at all."""
    if error is not None:
        return _no_answer(error)
    ack, flaw = read_ack(body, command)
    for rule in (_misdirected, _identity, _throttled, _in_progress, _too_large):
        verdict = rule(http_status, headers, ack, now)
        if verdict is not None:
            return verdict
    if ack is None:
        return Verdict(RETRY, True, 0, f"HTTP {http_status}: {flaw}", None, is_connection_like=True)
    return _acknowledged(http_status, ack)


def read_ack(body: bytes, command: contract.Command) -> tuple[AckBody | None, str]:
    """The ack, or None and what is wrong with the answer."""
    try:
        data = contract.load_json(body)
    except contract.ProtocolError:
        return None, f"the answer is no ack but: {_excerpt(body)}"
    if not isinstance(data, dict) or "ack_status" not in data:
        return None, f"the answer has no ack_status: {_excerpt(body)}"
    status = data["ack_status"]
    if status not in contract.ACK_STATUSES:
        return None, f"the ack_status {str(status)[:40]!r} is not one of the contract"
    for name, own in (("idempotency_key", command.idempotency_key), ("command_id", command.command_id)):
        if data.get(name) not in (None, "", own):
            return None, f"the answer's {name} is that of another command; is something caching answers?"
    payload = data.get("ack_payload")
    payload = payload if isinstance(payload, dict) else {}
    # Executors of others put these beside ack_payload.
    said = {**data, **payload}
    return AckBody(
        status=status,
        payload=payload,
        code=_text(said.get("error_code")),
        message=_text(said.get("message")),
        is_retryable=said["retryable"] if isinstance(said.get("retryable"), bool) else None,
        server_time=said["server_time"] if type(said.get("server_time")) is int else None,
    ), ""


def _no_answer(error: TransportError) -> Verdict:
    return Verdict(
        action=BREAK if error.kind in _BREAKS else RETRY,
        burns_attempt=error.kind not in NOT_SENT,
        delay=0,
        reason=str(error),
        is_connection_like=True,
    )


def _misdirected(
    status: int, headers: Mapping[str, str], ack: AckBody | None, now: datetime
) -> Verdict | None:
    if 300 <= status < 400:
        target = headers.get("location", "another address")[:200]
        return _break(
            f"HTTP {status}: the ERP redirects to {target}. Correct the URL of the ERP Instance.", ack
        )
    if status == 404:
        return _break(
            "HTTP 404: nothing answers there. Check the URL, and that salla_executor is installed.", ack
        )
    if status == 410:
        return _break(
            "HTTP 410: this ERP is gone for good. Correct the URL or disable the ERP Instance.", ack
        )
    return None


def _identity(status: int, headers: Mapping[str, str], ack: AckBody | None, now: datetime) -> Verdict | None:
    code = ack.code if ack else ""
    is_refused = ack is not None and ack.status == "rejected" and code in IDENTITY_CODES
    if status not in (401, 403) and not is_refused:
        return None
    said = (ack.message if ack else "") or "the request was refused"
    if code in NONCE_CODES:
        return Verdict(RETRY, True, 0, f"HTTP {status}: {said} (something on the way sent it twice?)", ack)
    if code == CLOCK_CODE and ack and ack.server_time is not None:
        offset = ack.server_time - int(now.timestamp())
        return Verdict(
            RESIGN, False, 0, f"The ERP's clock is {offset:+d} s off this one. {said}", ack, offset=offset
        )
    return _break(f"HTTP {status}: {said} Check instance id and secret on both sides.", ack)


def _throttled(status: int, headers: Mapping[str, str], ack: AckBody | None, now: datetime) -> Verdict | None:
    asked = retry_after(headers.get("retry-after"), now)
    if status == 429 or (status == 503 and asked is not None):
        return Verdict(
            RETRY, False, asked or 0, f"HTTP {status}: the ERP asks for patience.", ack, is_throttled=True
        )
    return None


def _in_progress(
    status: int, headers: Mapping[str, str], ack: AckBody | None, now: datetime
) -> Verdict | None:
    if status not in (409, 425):
        return None
    asked = retry_after(headers.get("retry-after"), now) or 0
    return Verdict(WAIT, False, min(max(asked, 2), 5), f"HTTP {status}: the ERP is still at work on it.", ack)


def _too_large(status: int, headers: Mapping[str, str], ack: AckBody | None, now: datetime) -> Verdict | None:
    if status != 413:
        return None
    return Verdict(DEAD, True, 0, "HTTP 413: too large for the ERP's web server. Raise its body limit.", ack)


def _acknowledged(status: int, ack: AckBody) -> Verdict:
    said = ack.message or ack.code or "no reason given"
    if ack.status in ("applied", "skipped") and status == 200:
        return Verdict(DONE, True, 0, ack.message, ack)
    if ack.status == "rejected" and status in _DEAD_STATUSES:
        return Verdict(DEAD, True, 0, f"Rejected by the ERP: {said}", ack)
    if ack.status == "failed" and (status == 422 or (status == 200 and ack.is_retryable is False)):
        return Verdict(DEAD, True, 0, f"Failed in the ERP: {said}", ack)
    if ack.status == "failed" and _text(ack.payload.get("waits_on")):
        return Verdict(HOLD, False, 0, f"Waits for a person in the ERP: {said}", ack)
    return Verdict(RETRY, True, 0, f"HTTP {status}, {ack.status}: {said}", ack)


def _break(reason: str, ack: AckBody | None) -> Verdict:
    return Verdict(BREAK, False, 0, reason, ack, is_connection_like=True)


def _text(value: Any) -> str:
    return value[:1000] if isinstance(value, str) else ""


def _excerpt(body: bytes) -> str:
    return " ".join(body[:400].decode("utf-8", "replace").split())[:200] or "nothing"
