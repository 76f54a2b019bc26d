"""One signed request from raw bytes to its ack, in a fixed order: verify, replay guard, inbox, apply, commit.

Nothing is stored before the signature holds. Everything after the claim is one database transaction, so a crash
leaves either nothing or all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from salla_executor import contract, key_agreement
from salla_executor.contract import Ack, Command, ProtocolError, SignedRequest
from salla_executor.core.answer import bounded
from salla_executor.core.apply import apply, content_hash, unchanged
from salla_executor.core.context import Context, Outcome
from salla_executor.core.customers import person_of
from salla_executor.core.model import BusinessError, Gate, NewSecret, Reference
from salla_executor.core.ports import Receiver
from salla_executor.key_agreement import AgreementError
from salla_executor.payloads import Payload, PayloadError, parse_payload

# Seconds: while the same command runs, and while a person has switched the executor off.
RETRY_RUNNING = {"Retry-After": "2"}
RETRY_DISABLED = {"Retry-After": "60"}


def receive(raw: bytes, headers: Mapping[str, str], receiver: Receiver) -> Ack:
    """Answer one request; headers are looked up by the contract's names. Never raises."""
    key = ""
    try:
        gate = receiver.gate()
        request = _admit(raw, headers, gate, receiver)
        key = request.idempotency_key
        command = contract.decode_command(raw, request)
        if gate.is_rotating and request.secret == gate.secrets[0]:
            receiver.end_rotation()
        if command.command_type == contract.PING:
            return _pong(command, gate, receiver)
        if command.command_type == contract.ROTATE_SECRET:
            return _rotate(command, request.secret, gate, receiver)
        return _execute(command, contract.body_hash(raw), gate, receiver)
    except ProtocolError as error:
        return contract.refusal(error, idempotency_key=key)
    except Exception as error:
        return _unexpected(error, key, receiver)


def _admit(raw: bytes, headers: Mapping[str, str], gate: Gate, receiver: Receiver) -> SignedRequest:
    """Raises ProtocolError 400, 401 or 413."""
    request = contract.verify(
        headers,
        raw,
        instance_id=gate.instance_id,
        secrets=gate.secrets,
        now=receiver.now(),
        window=gate.timestamp_window,
    )
    lifetime = max(contract.NONCE_LIFETIME, 2 * gate.timestamp_window + 60)
    if not receiver.remember_nonce(request.nonce, receiver.now() + lifetime):
        raise ProtocolError(
            401, "nonce_used", "This request was received before; sign it anew to send it again."
        )
    return request


def _execute(command: Command, body_hash: str, gate: Gate, receiver: Receiver) -> Ack:
    if not gate.is_enabled:
        reason = "The executor is switched off in Salla Executor Settings; the hub holds the command until it is on."
        return _failure(command, BusinessError("disabled", reason, retryable=True), 503, RETRY_DISABLED)
    try:
        return _transact(command, body_hash, receiver)
    except BusinessError as error:
        receiver.rollback()
        if command.dry_run:
            return _failure(command, error)
        if not error.retryable:
            _keep_failure(command, body_hash, error, receiver)
        if error.waits_on or not error.retryable:
            receiver.note_wait(command, error)
        return _failure(command, error)


def _transact(command: Command, body_hash: str, receiver: Receiver) -> Ack:
    """Claim, apply and commit. Raises BusinessError with the transaction still open."""
    claim = receiver.claim(command, body_hash)
    # A dry run stores nothing, so it may borrow the key of a command that was applied.
    if claim.state != "new" and not (claim.state == "conflict" and command.dry_run):
        receiver.rollback()
        return _answer_of(command, claim.state, claim.ack or {})
    payload = _parse(command)
    if person := person_of(payload, receiver):
        receiver.lock_person(person)
    reference = receiver.lock_reference(command.store_account, command.entity_type, payload.external_id)
    context = Context(command, receiver, reference)
    digest = content_hash(payload)
    outcome = _stale(command, reference) or unchanged(digest, context)
    if outcome is None:
        with receiver.applying(is_dry_run=command.dry_run):
            outcome = apply(payload, digest, context)
    ack = _ack(command, outcome)
    if command.dry_run:
        receiver.rollback()
        return ack
    receiver.store_ack(command.idempotency_key, ack.content())
    receiver.commit()
    return ack


def _parse(command: Command) -> Payload:
    try:
        return parse_payload(command.entity_type, command.payload)
    except PayloadError as error:
        problems = "; ".join(error.problems)
        message = f"The payload does not fit the contract: {problems}. Correct the mapping rules on the hub."
        raise BusinessError("invalid_payload", message) from None


def _stale(command: Command, reference: Reference) -> Outcome | None:
    """A newer state stands already. Revision 0 says nothing of its age and is taken."""
    said = (command.revision, command.generation)
    if not command.revision or said > (reference.revision, reference.generation):
        return None
    message = (
        f"Revision {command.revision} came after revision {reference.revision}, which stands here already;"
        " nothing was changed."
    )
    return Outcome("skipped", message, reference.doctype, reference.docname, error_code="stale")


def _answer_of(command: Command, state: str, stored: dict[str, Any]) -> Ack:
    """The answer to a key that the inbox knows."""
    if state == "known":
        payload = {**(stored.get("ack_payload") or {}), "repeat": True}
        return Ack(200, stored["ack_status"], command.idempotency_key, command.command_id, payload)
    if state == "in_progress":
        error = BusinessError("in_progress", "The same command is being applied right now.", retryable=True)
        return _failure(command, error, 409, RETRY_RUNNING)
    reason = "This idempotency key was used with another body; nothing was changed. Send the change as a new revision."
    refused = ProtocolError(422, "idempotency_conflict", reason)
    return contract.refusal(refused, idempotency_key=command.idempotency_key, command_id=command.command_id)


def _keep_failure(command: Command, body_hash: str, error: BusinessError, receiver: Receiver) -> None:
    """A lasting failure is a result: a repeat gets the same answer. Its writes were rolled back before."""
    if receiver.claim(command, body_hash).state == "new":
        receiver.store_ack(command.idempotency_key, _failure(command, error).content())
        receiver.commit()
    else:
        receiver.rollback()


def _ack(command: Command, outcome: Outcome) -> Ack:
    document = {"doctype": outcome.doctype, "name": outcome.docname} if outcome.docname else None
    payload = {
        "erp_doc": document,
        "message": outcome.message,
        "error_code": outcome.error_code,
        "retryable": False,
        "changes": outcome.changes,
        "documents": outcome.documents(),
        **outcome.extra,
    }
    if command.dry_run:
        payload["dry_run"] = True
    payload = bounded(payload)
    return Ack(200, outcome.status, command.idempotency_key, command.command_id, payload)


def _failure(
    command: Command, error: BusinessError, status: int | None = None, headers: dict[str, str] | None = None
) -> Ack:
    status = status or (503 if error.retryable else 422)
    payload = bounded(_failure_payload(error.error_code, str(error), error.retryable))
    if error.waits_on:
        payload["waits_on"] = error.waits_on
    if command.dry_run:
        payload["dry_run"] = True
    return Ack(status, "failed", command.idempotency_key, command.command_id, payload, headers or {})


def _failure_payload(error_code: str, message: str, retryable: bool) -> dict[str, Any]:
    return {
        "erp_doc": None,
        "message": message,
        "error_code": error_code,
        "retryable": retryable,
        "changes": {},
    }


def _rotate(command: Command, signer: str, gate: Gate, receiver: Receiver) -> Ack:
    """A new secret by the hub's wish. What signed this request is taken on, so that a lost answer shuts nobody out."""
    if command.dry_run:
        raise ProtocolError(400, "bad_envelope", "A new secret cannot be tried by a dry run.")
    try:
        secret, answer = key_agreement.answer(key_agreement.ROTATE, gate.instance_id, command.payload, signer)
    except AgreementError as error:
        raise ProtocolError(400, "bad_key", str(error)) from None
    if not receiver.store_secret(NewSecret(secret, signer, replaces=gate.secrets[0])):
        busy = BusinessError(
            "in_progress", "The secret is being changed by somebody else right now.", retryable=True
        )
        return _failure(command, busy, 409, RETRY_RUNNING)
    payload = {"erp_doc": None, "message": "The new secret is kept.", "error_code": None, **answer}
    return Ack(200, "applied", command.idempotency_key, command.command_id, payload)


def _pong(command: Command, gate: Gate, receiver: Receiver) -> Ack:
    payload = {
        "erp_doc": None,
        "message": "The executor answers."
        if gate.is_enabled
        else "The executor answers, but is switched off.",
        "error_code": None,
        "retryable": False,
        "changes": {},
        "server_time": receiver.now(),
        "is_enabled": gate.is_enabled,
        "contract_version": contract.CONTRACT_VERSION,
        "versions": receiver.versions(),
        "checks": receiver.checks(),
    }
    return Ack(200, "applied", command.idempotency_key, command.command_id, bounded(payload))


def _unexpected(error: Exception, key: str, receiver: Receiver) -> Ack:
    """Nothing of the error leaves this server: it may hold personal data."""
    with suppress(Exception):
        receiver.rollback()
    is_conflict = False
    with suppress(Exception):
        is_conflict = receiver.report(error)
    if is_conflict:
        message = "Other commands are at work on the same rows; nothing was changed. The hub sends it again."
        return Ack(409, "failed", key, "", _failure_payload("busy", message, True), RETRY_RUNNING)
    message = (
        "The executor could not finish and changed nothing; its Error Log says why. The hub sends it again."
    )
    return Ack(503, "failed", key, "", _failure_payload("internal", message, True))
