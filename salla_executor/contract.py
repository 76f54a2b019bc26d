"""The protocol between the hub and an executor: headers, signing, verifying, envelope and ack.

The same file lies in both apps, byte for byte, since they are installed apart. Standard library only.
ref: docs/RPC_CONTRACT.md
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets as random_source
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

CONTRACT_VERSION = "1.0"
DISPATCH_PATH = "/api/method/salla_executor.api.commands.receive"
PULL_PATH = "/api/method/salla_manager.api.client.request_pull"
PAIR_PATH = "/api/method/salla_manager.api.client.pair"
CHECK_PATH = "/api/method/salla_manager.api.client.check"
SEND_AGAIN_PATH = "/api/method/salla_manager.api.client.send_again"

HEADER_INSTANCE = "X-Instance-ID"
HEADER_TIMESTAMP = "X-Timestamp"
HEADER_NONCE = "X-Nonce"
HEADER_SIGNATURE = "X-Signature"
HEADER_KEY = "X-Idempotency-Key"

ENTITY_TYPES = ("category", "brand", "order_status", "product", "variant", "customer", "order")
COMMAND_TYPES = {f"upsert_{entity}": entity for entity in ENTITY_TYPES}
PING = "ping"
ROTATE_SECRET = "rotate_secret"
ACK_STATUSES = ("applied", "skipped", "failed", "rejected")

TIMESTAMP_WINDOW = 300
# A request stamped now + window stays valid until now + 2 x window, so a nonce has to outlive that.
NONCE_LIFETIME = 2 * TIMESTAMP_WINDOW + 60
MAX_BODY = 256 * 1024
MAX_DEPTH = 32

# \A and \Z, since $ also matches before a final newline; [0-9], since \d takes Arabic digits.
_INSTANCE = re.compile(r"\A[A-Za-z0-9_.-]{1,140}\Z", re.ASCII)
_TIMESTAMP = re.compile(r"\A[0-9]{10}\Z", re.ASCII)
_NONCE = re.compile(r"\A[A-Za-z0-9_-]{16,64}\Z", re.ASCII)
_SIGNATURE = re.compile(r"\A[0-9a-f]{64}\Z", re.ASCII)
_KEY = re.compile(r"\A[A-Za-z0-9:_.-]{8,128}\Z", re.ASCII)
# Texts of the envelope are kept and shown as they are.
_MARKUP = re.compile(r"[<>\x00-\x1f\x7f]")
_GRAMMAR = {
    HEADER_INSTANCE: _INSTANCE,
    HEADER_TIMESTAMP: _TIMESTAMP,
    HEADER_NONCE: _NONCE,
    HEADER_SIGNATURE: _SIGNATURE,
    HEADER_KEY: _KEY,
}
# Names that steer the web framework when they stand at the top of a JSON body.
FORBIDDEN_BODY_KEYS = frozenset(
    {"cmd", "sid", "csrf_token", "_", "_lang", "doctype", "docstatus", "owner", "flags", "name"}
)
_DUMMY_SECRET = "0" * 64


class ProtocolError(Exception):
    """A request that is refused before anything is written.

    http_status: int, error_code: word for machines, reason: sentence for people,
    extra: further keys of the ack payload (for example server_time).
    """

    def __init__(self, http_status: int, error_code: str, reason: str, **extra: Any):
        super().__init__(reason)
        self.http_status = http_status
        self.error_code = error_code
        self.reason = reason
        self.extra = extra


@dataclass(frozen=True)
class SignedRequest:
    """The checked headers of one request; timestamp in Unix seconds, secret: the one that signed it."""

    instance_id: str
    timestamp: int
    nonce: str
    signature: str
    idempotency_key: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Command:
    """One command as it lies in the body; payload is the normalized payload of its entity type."""

    command_id: str
    command_type: str
    entity_type: str
    store_account: str
    customer_account: str
    erp_instance: str
    idempotency_key: str
    payload: dict[str, Any]
    # Optional additions: 0 means "not said".
    revision: int = 0
    generation: int = 0
    dry_run: bool = False
    contract_version: str = CONTRACT_VERSION

    @property
    def external_id(self) -> str:
        return str(self.payload.get("external_id") or "")


@dataclass(frozen=True)
class Ack:
    """The executor's verdict and the HTTP status it travels with."""

    http_status: int
    ack_status: str
    idempotency_key: str = ""
    command_id: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        return dump_json(self.content())

    def content(self) -> dict[str, Any]:
        return {
            "ack_status": self.ack_status,
            "ack_payload": self.payload,
            "idempotency_key": self.idempotency_key,
            "command_id": self.command_id,
        }


def sign(secret: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Lower-case hex of HMAC-SHA256 over "{timestamp}.{nonce}.{raw_body}"."""
    message = timestamp.encode("ascii") + b"." + nonce.encode("ascii") + b"." + body
    return hmac_hex(secret.encode("utf-8"), message)


def hmac_hex(key: bytes, message: bytes) -> str:
    """Lower-case hex of HMAC-SHA256, all 64 characters."""
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def new_nonce() -> str:
    return random_source.token_urlsafe(24)


def new_secret() -> str:
    """A shared secret of 256 bits, as 64 hex characters."""
    return random_source.token_hex(32)


def signed_headers(
    instance_id: str, secret: str, body: bytes, key: str, *, now: int, nonce: str | None = None
) -> dict[str, str]:
    """The headers of one request; `now` in Unix seconds, a fresh nonce unless one is given."""
    timestamp, nonce = f"{int(now):010d}", nonce or new_nonce()
    return {
        HEADER_INSTANCE: instance_id,
        HEADER_TIMESTAMP: timestamp,
        HEADER_NONCE: nonce,
        HEADER_SIGNATURE: sign(secret, timestamp, nonce, body),
        HEADER_KEY: key,
        "Content-Type": "application/json",
    }


def read_headers(headers: Mapping[str, str]) -> SignedRequest:
    """Check the grammar of the five headers. Raises ProtocolError 400 `bad_header`."""
    values = {}
    for name, grammar in _GRAMMAR.items():
        value = headers.get(name)
        if value is None or value == "":
            raise ProtocolError(400, "missing_header", f"The header {name} is missing.")
        if not isinstance(value, str) or not grammar.match(value):
            raise ProtocolError(
                400, "bad_header", f"The header {name} does not have the form of the contract."
            )
        values[name] = value
    return SignedRequest(
        instance_id=values[HEADER_INSTANCE],
        timestamp=int(values[HEADER_TIMESTAMP]),
        nonce=values[HEADER_NONCE],
        signature=values[HEADER_SIGNATURE],
        idempotency_key=values[HEADER_KEY],
    )


def check_size(body: bytes, limit: int = MAX_BODY) -> None:
    """Raises ProtocolError 413 `too_large`."""
    if len(body) > limit:
        raise ProtocolError(413, "too_large", f"The body has {len(body)} bytes; at most {limit} are taken.")


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    instance_id: str,
    secrets: Iterable[str],
    now: int,
    window: int = TIMESTAMP_WINDOW,
) -> SignedRequest:
    """Check size, header grammar, instance, signature and time, in this order.

    secrets: the current one and, during a rotation, the previous one; all are tried, in constant time.
    An unknown instance and a wrong signature give the same answer.
    Raises ProtocolError 400, 401 or 413.
    """
    check_size(body)
    request = read_headers(headers)
    candidates = [secret for secret in secrets if secret] or [_DUMMY_SECRET]
    used = ""
    for secret in candidates:
        expected = sign(secret, headers[HEADER_TIMESTAMP], request.nonce, body)
        if hmac.compare_digest(expected.encode("ascii"), request.signature.encode("ascii")):
            used = secret
    known = hmac.compare_digest(request.instance_id.encode("ascii"), instance_id.encode("utf-8"))
    if not (used and known and candidates != [_DUMMY_SECRET]):
        raise ProtocolError(401, "unauthorized", "The instance is not known here or the signature is wrong.")
    if abs(int(now) - request.timestamp) > window:
        raise ProtocolError(
            401,
            "stale_timestamp",
            f"The request's time is {request.timestamp - int(now):+d} s off this server's; at most {window} s are"
            " taken. Set the clocks by NTP.",
            server_time=int(now),
        )
    return replace(request, secret=used)


def answer_proof(secret: str, nonce: str, server_time: int) -> str:
    """What the hub adds to its answer to a check, to show that it has the secret; hex of HMAC-SHA256."""
    return hmac_hex(secret.encode("utf-8"), f"answer.{nonce}.{server_time}".encode("ascii"))


def dump_json(value: Any) -> bytes:
    """Compact UTF-8 JSON; Decimal as text, so that money keeps every digit."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_encode).encode("utf-8")


def _encode(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no JSON form in the contract")


def load_json(body: bytes) -> Any:
    """Strict JSON: UTF-8, no NaN, no duplicate keys, bounded depth and numbers; decimals stay Decimal.

    Raises ProtocolError 400 `bad_json`.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_unique_object,
            parse_float=_parse_decimal,
            parse_int=_parse_int,
            parse_constant=_refuse_constant,
        )
        if isinstance(value, dict | list):
            _check_depth(value)
        if "\\ud" in text.lower():
            # json accepts lone surrogates as escapes; no UTF-8 text can hold them.
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except ProtocolError:
        raise
    except (ValueError, RecursionError) as error:
        raise ProtocolError(
            400, "bad_json", f"The body is not JSON of the contract's kind: {error}"
        ) from None
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


def _unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result


def _parse_decimal(text: str) -> Decimal:
    value = Decimal(text)
    if len(text) > 40 or (value and abs(value.adjusted()) > 20):
        raise ValueError("a number is out of range")
    return value


def _parse_int(text: str) -> int:
    if len(text) > 20:
        raise ValueError("a number is out of range")
    return int(text)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def encode_command(command: Command) -> bytes:
    """The raw body of a dispatch; optional fields appear only when they say something."""
    envelope: dict[str, Any] = {
        "command_id": command.command_id,
        "command_type": command.command_type,
        "entity_type": command.entity_type,
        "store_account": command.store_account,
        "customer_account": command.customer_account,
        "erp_instance": command.erp_instance,
        "idempotency_key": command.idempotency_key,
        "payload": command.payload,
        "contract_version": command.contract_version,
    }
    if command.revision:
        envelope["revision"] = command.revision
    if command.generation:
        envelope["generation"] = command.generation
    if command.dry_run:
        envelope["dry_run"] = True
    return dump_json(envelope)


def decode_command(body: bytes, request: SignedRequest) -> Command:
    """Parse and check the envelope against the signed headers.

    Raises ProtocolError 400: `bad_json`, `bad_envelope`, `header_mismatch`, `unknown_command_type`.
    """
    data = load_json(body)
    if not isinstance(data, dict):
        raise ProtocolError(400, "bad_envelope", "The body has to be a JSON object.")
    forbidden = sorted(FORBIDDEN_BODY_KEYS & data.keys())
    if forbidden:
        raise ProtocolError(
            400, "bad_envelope", f"The body has keys that are not taken: {', '.join(forbidden)}."
        )
    command = Command(
        **{name: _text(data, name) for name in _TEXT_FIELDS},
        payload=_typed(data, "payload", dict, {}),
        revision=_counter(data, "revision"),
        generation=_counter(data, "generation"),
        dry_run=_typed(data, "dry_run", bool, False),
        contract_version=_typed(data, "contract_version", str, CONTRACT_VERSION),
    )
    if command.idempotency_key != request.idempotency_key:
        raise ProtocolError(400, "header_mismatch", f"{HEADER_KEY} and the body's idempotency_key differ.")
    if command.erp_instance != request.instance_id:
        raise ProtocolError(400, "header_mismatch", f"{HEADER_INSTANCE} and the body's erp_instance differ.")
    _check_type(command)
    return command


_TEXT_FIELDS = (
    "command_id",
    "command_type",
    "entity_type",
    "store_account",
    "customer_account",
    "erp_instance",
    "idempotency_key",
)
# A store may have no Customer Account yet, and a ping or a new secret speaks of no store at all.
_MAY_BE_EMPTY = {"customer_account", "store_account", "entity_type"}


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name, "")
    if value is None:
        value = ""
    if not isinstance(value, str) or len(value) > 140 or not (value or name in _MAY_BE_EMPTY):
        raise ProtocolError(400, "bad_envelope", f"The field {name} has to be a text of 1 to 140 characters.")
    if _MARKUP.search(value):
        raise ProtocolError(400, "bad_envelope", f"The field {name} holds < or > or a control character.")
    return value


def _typed(data: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = data.get(name, default)
    if not isinstance(value, kind):
        raise ProtocolError(400, "bad_envelope", f"The field {name} has to be a {kind.__name__}.")
    return value


def _counter(data: Mapping[str, Any], name: str) -> int:
    value = _typed(data, name, int, 0)
    if isinstance(value, bool) or not 0 <= value < 2**53:
        raise ProtocolError(400, "bad_envelope", f"The field {name} has to be a whole number from 0.")
    return value


def _check_type(command: Command) -> None:
    if command.command_type in (PING, ROTATE_SECRET):
        return
    expected = COMMAND_TYPES.get(command.command_type)
    if expected is None:
        raise ProtocolError(
            400, "unknown_command_type", f"The command type '{command.command_type}' is not known here."
        )
    if command.entity_type != expected:
        raise ProtocolError(400, "bad_envelope", f"{command.command_type} goes with entity_type {expected}.")
    if not command.store_account:
        raise ProtocolError(
            400, "bad_envelope", "The field store_account has to be a text of 1 to 140 characters."
        )


def refusal(error: ProtocolError, *, idempotency_key: str = "", command_id: str = "") -> Ack:
    """The ack of a refused request."""
    payload = {"erp_doc": None, "message": error.reason, "error_code": error.error_code, **error.extra}
    return Ack(error.http_status, "rejected", idempotency_key, command_id, payload)


def idempotency_key(
    erp_instance: str, command_type: str, store: str, external_id: str, revision: int, generation: int = 0
) -> str:
    """sha256 hex over (ERP Instance, command type, store, external id, revision).

    A deliberate re-send of the same revision is a new generation and so a new key.
    """
    version = str(revision) if not generation else f"{revision}+{generation}"
    parts = json.dumps([erp_instance, command_type, store, str(external_id), version], ensure_ascii=False)
    return hashlib.sha256(parts.encode("utf-8")).hexdigest()


def body_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
