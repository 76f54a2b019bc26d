"""The secret that hub and ERP share: a code for pairing, the agreement on a new one, and when it counts.

Whatever answer gets lost, both can go on with the secret they had, and doing it again heals.
ref: docs/RPC_CONTRACT.md, the shared secret
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from salla_manager import contract, key_agreement
from salla_manager.core import answers, exchange
from salla_manager.core.commands import OperatorError
from salla_manager.core.host import Host
from salla_manager.core.model import Instance
from salla_manager.core.verdicts import is_alive
from salla_manager.key_agreement import AgreementError, PairingCode

_BUSY = "The secret of this ERP Instance is being changed right now. Try again in a minute."
_AS_BEFORE = "Both sides go on with the secret they had."


def taken(instance: Instance, now: datetime, *, with_code: bool = False) -> tuple[str, ...]:
    """What may have signed a request of this ERP."""
    secrets = (instance.secret, instance.previous_secret, instance.pending_secret)
    return (*secrets, _valid_code(instance, now)) if with_code else secrets


def _valid_code(instance: Instance, now: datetime) -> str:
    until = instance.pairing_code_until
    return instance.pairing_code if until is not None and now < until else ""


def new_pairing_code(host: Host, name: str, hub_url: str) -> PairingCode:
    """Good once and for half an hour; one that was made before is good no more. Raises OperatorError."""
    code = key_agreement.new_code()
    until = host.clock.now() + timedelta(minutes=key_agreement.CODE_MINUTES)
    with host.store.transaction():
        instance = _known(host.store.lock_instance(name), name)
        host.store.save_secrets(replace(instance, pairing_code=code, pairing_code_until=until))
    return PairingCode(hub_url, name, code)


def agree(host: Host, name: str, request: contract.SignedRequest, question: dict[str, Any]) -> dict[str, str]:
    """The ERP asked for a new secret, by a code or by the secret it has: keep it as pending and answer.

    Raises ProtocolError 400, 401 or 409."""
    with host.store.changing_secret(name) as is_mine:
        if not is_mine:
            raise contract.ProtocolError(409, "in_progress", _BUSY)
        try:
            secret, answer = key_agreement.answer(key_agreement.PAIR, name, question, request.secret)
        except AgreementError as error:
            raise contract.ProtocolError(400, "bad_key", str(error)) from None
        with host.store.transaction():
            _keep_pending(host, name, request.secret, secret)
    return answer


def _keep_pending(host: Host, name: str, signer: str, secret: str) -> None:
    """Looks again with the row locked, so that of two requests with one code only one is answered."""
    instance, now = host.store.lock_instance(name), host.clock.now()
    if instance is None or signer not in taken(instance, now, with_code=True):
        raise contract.ProtocolError(
            401, "unauthorized", "The code or secret that signed this holds no more."
        )
    changed = replace(instance, pending_secret=secret)
    if signer == instance.pairing_code:
        changed = replace(changed, pairing_code="", pairing_code_until=None)
    host.store.save_secrets(changed)


def promote(host: Host, name: str, secret: str) -> bool:
    """The ERP has shown that it kept this pending secret: sign with it from now on. False if it is pending no more
    or another change is under way."""
    with host.store.changing_secret(name) as is_mine:
        return is_mine and _promote(host, name, secret)


def _promote(host: Host, name: str, secret: str) -> bool:
    with host.store.transaction():
        instance = host.store.lock_instance(name)
        if instance is None or not secret or instance.pending_secret != secret:
            return False
        _make_current(host, instance, secret)
    # What a wrong secret held up goes on.
    host.jobs.dispatch(name)
    return True


def _make_current(host: Host, instance: Instance, secret: str) -> None:
    renewed = replace(instance, secret=secret, previous_secret=instance.secret, pending_secret="")
    host.store.save_secrets(renewed)
    host.store.save_breaker(instance.name, 0, None, "")


def adopt_pending(host: Host, instance: Instance) -> bool:
    """Ask the ERP whether it knows the pending secret: its own word of that may have been lost."""
    return _knows_pending(host, instance) and promote(host, instance.name, instance.pending_secret)


def _knows_pending(host: Host, instance: Instance) -> bool:
    pending = instance.pending_secret
    return bool(pending) and is_alive(exchange.ping(host, instance, pending)[0].verdict)


def rotate(host: Host, name: str) -> None:
    """Agree with the ERP on a new secret and sign with it from then on. Raises OperatorError."""
    with host.store.changing_secret(name) as is_mine:
        if not is_mine:
            raise OperatorError(_BUSY)
        _settle_pending(host, _known(host.store.instance(name), name))
        instance = _known(host.store.instance(name), name)
        secret = _ask_for_secret(host, instance)
        with host.store.transaction():
            found = _known(host.store.lock_instance(name), name)
            if found.secret != instance.secret:
                raise OperatorError("Somebody has entered another secret meanwhile; that one stands.")
            _make_current(host, found, secret)
    host.jobs.dispatch(name)


def _settle_pending(host: Host, instance: Instance) -> None:
    """In use if the ERP knows it, dropped if it does not. Neither may stay open: what the ERP had signed with it before it
    took yet another one would make it current when that arrives."""
    if not instance.pending_secret:
        return
    asked, _ = exchange.ping(host, instance, instance.pending_secret)
    if is_alive(asked.verdict):
        _promote(host, instance.name, instance.pending_secret)
    elif asked.http_status in (401, 403):
        with host.store.transaction():
            found = _known(host.store.lock_instance(instance.name), instance.name)
            host.store.save_secrets(replace(found, pending_secret=""))
    else:
        raise OperatorError(f"{asked.verdict.reason} {_AS_BEFORE}")


def _ask_for_secret(host: Host, instance: Instance) -> str:
    if not instance.secret:
        raise OperatorError(
            instance.secret_problem or f"{instance.name} has no shared secret. Pair it first."
        )
    question = key_agreement.Question(key_agreement.ROTATE, instance.name, instance.secret)
    payload = {"public_key": question.public_key}
    verdict = exchange.ask(host, instance, contract.ROTATE_SECRET, payload)[0].verdict
    if verdict.action != answers.DONE or verdict.ack is None:
        raise OperatorError(f"{verdict.reason} {_AS_BEFORE}")
    try:
        return question.secret_of(verdict.ack.payload)
    except AgreementError as error:
        raise OperatorError(f"{error} {_AS_BEFORE}") from None


def _known(instance: Instance | None, name: str) -> Instance:
    if instance is None:
        raise OperatorError(f"The ERP Instance {name} does not exist any more.")
    return instance
