"""The ERP's calls to the hub: signed requests, and the agreement on a new secret.

Whatever answer gets lost, both can go on with the secret they had, and doing it again heals.
ref: docs/RPC_CONTRACT.md, the shared secret
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from salla_executor import contract
from salla_executor.core.model import NewSecret, Settings
from salla_executor.core.ports import Hub, SecretKeeper
from salla_executor.key_agreement import PAIR, AgreementError, PairingCode, Question


class HubError(Exception):
    """The hub cannot be reached or has refused; the message says cause and next step. code: its error_code, or empty."""

    def __init__(self, message: str, code: str = ""):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Reply:
    """An answer; secret and nonce: of the request that it answers, sent_at: that one's time in Unix seconds."""

    status: int
    answer: dict[str, Any]
    secret: str = field(repr=False)
    nonce: str
    sent_at: int


@dataclass(frozen=True)
class Caller:
    """Who calls which hub."""

    hub: Hub
    hub_url: str
    instance_id: str

    def call(self, path: str, body: bytes, secret: str, now: int) -> Reply:
        """Raises HubError where there is no answer."""
        nonce = contract.new_nonce()
        headers = contract.signed_headers(
            self.instance_id, secret, body, f"call-{nonce}", now=now, nonce=nonce
        )
        status, answer = self.hub.post(self.hub_url + path, body, headers)
        return Reply(status, answer, secret, nonce, now)

    def call_with(self, secrets: tuple[str, ...], path: str, body: bytes, now: int) -> Reply:
        """With the first secret that the hub takes: where its answer was lost, it may not know the newest."""
        reply = self.call(path, body, secrets[0], now)
        for secret in secrets[1:]:
            if not is_unknown(reply):
                break
            reply = self.call(path, body, secret, now)
        return reply

    def small_body(self, action: str, **values: str) -> bytes:
        return contract.dump_json({"action": action, "erp_instance": self.instance_id, **values})


def caller_of(settings: Settings, hub: Hub) -> Caller:
    """Raises HubError where the ERP was never paired."""
    if not (settings.hub_url and settings.instance_id and settings.secrets):
        raise HubError("This ERP is not paired with a hub yet. Pair it first.")
    return Caller(hub, settings.hub_url, settings.instance_id)


def is_unknown(reply: Reply) -> bool:
    """The hub does not know the instance or the secret."""
    return reply.status == 401 and reply.answer.get("error_code") == "unauthorized"


def pair(code: PairingCode, hub: Hub, keeper: SecretKeeper) -> None:
    """Agree on a secret by a one-time code and keep it. Raises HubError; nothing is kept then."""
    settings = keeper.settings()
    caller = Caller(hub, code.hub_url, code.instance_id)
    question = Question(PAIR, code.instance_id, code.code)
    reply = caller.call(contract.PAIR_PATH, _ask(caller, question), code.code, keeper.now())
    if is_unknown(reply):
        raise HubError(
            "The hub does not take this pairing code: it was used, is older than half an hour, or a newer one was made."
            " Make a new one on the hub.",
            "unauthorized",
        )
    new = NewSecret(
        secret=_agreed(question, reply),
        previous=_known_to(settings, code),
        replaces=_current(settings),
        instance_id=code.instance_id,
        hub_url=code.hub_url,
    )
    _keep(keeper, new)


def rotate(hub: Hub, keeper: SecretKeeper) -> None:
    """Agree on a new secret, signed with the one both have, and keep it. Raises HubError; nothing is kept then."""
    settings = keeper.settings()
    caller = caller_of(settings, hub)
    for secret in settings.secrets:
        question = Question(PAIR, settings.instance_id, secret)
        reply = caller.call(contract.PAIR_PATH, _ask(caller, question), secret, keeper.now())
        if not is_unknown(reply):
            break
    else:
        raise HubError(
            "The hub does not take this ERP's secret. Pair again, with a code from the hub.", "unauthorized"
        )
    _keep(keeper, NewSecret(_agreed(question, reply), previous=reply.secret, replaces=_current(settings)))


def _ask(caller: Caller, question: Question) -> bytes:
    return caller.small_body("pair", public_key=question.public_key)


def _agreed(question: Question, reply: Reply) -> str:
    check_ok(reply)
    try:
        return question.secret_of(reply.answer)
    except AgreementError as error:
        raise HubError(f"{error} Nothing was changed here.") from None


def check_ok(reply: Reply) -> None:
    """Raises HubError with what the hub said."""
    if reply.status != 200 or reply.answer.get("ok") is not True:
        said = str(reply.answer.get("message") or reply.answer)[:300]
        code = reply.answer.get("error_code")
        raise HubError(said, code if isinstance(code, str) else "")


def _keep(keeper: SecretKeeper, new: NewSecret) -> None:
    if not keeper.store_secret(new):
        raise HubError("The secret was changed by somebody else meanwhile; that one stands. Try again.")


def _current(settings: Settings) -> str:
    return settings.secrets[0] if settings.secrets else ""


def _known_to(settings: Settings, code: PairingCode) -> str:
    """The newest secret that this hub is known to sign with; none that another hub or instance had."""
    if (settings.hub_url, settings.instance_id) != (code.hub_url, code.instance_id):
        return ""
    return settings.secrets[-1] if settings.is_rotating else _current(settings)
