"""A shared secret that both ends make together, so that it never crosses the wire, and the one-time code that begins it.

X25519, HKDF-SHA256, HMAC-SHA256. The same file lies in both apps, byte for byte, since they are installed apart.
ref: docs/RPC_CONTRACT.md, the shared secret
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets as random_source
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LABEL = "salla-key-agreement-1"
# Who asks, and so what a proof is good for: the ERP with a code or its secret, or the hub with a command.
PAIR, ROTATE = "pair", "rotate_secret"
CODE_PREFIX = "salla-pair:"
CODE_MINUTES = 30
_HEX = re.compile(r"\A[0-9a-f]{64}\Z", re.ASCII)
_CODE = re.compile(r"\A[A-Za-z0-9_-]{22,86}\Z", re.ASCII)


class AgreementError(ValueError):
    """A key, a proof or a code that is none. The message says what to do; nothing may be stored."""


@dataclass(frozen=True)
class Question:
    """One side's half: its public key goes out, its private key never leaves the process.

    signer: the code or secret that signs the request, so that nobody without it can answer.
    """

    purpose: str
    instance_id: str
    signer: str = field(repr=False)
    private: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate, repr=False)

    @property
    def public_key(self) -> str:
        """64 hex characters."""
        return _public(self.private)

    def secret_of(self, answer: Mapping[str, Any]) -> str:
        """The new shared secret, once the other side has proved that it has it too. Raises AgreementError."""
        theirs = _hex(answer, "public_key")
        transcript = _transcript(self.purpose, self.instance_id, self.public_key, theirs)
        secret = _derive(self.private, theirs, transcript, self.signer)
        if not hmac.compare_digest(_proof(secret, transcript), _hex(answer, "proof")):
            raise AgreementError("The proof of the other side is wrong: somebody else has answered.")
        return secret


def answer(
    purpose: str,
    instance_id: str,
    question: Mapping[str, Any],
    signer: str,
    private: X25519PrivateKey | None = None,
) -> tuple[str, dict[str, str]]:
    """The new shared secret, and what the asker is told: public_key and proof. Raises AgreementError.

    private: a fresh key unless one is given."""
    private = private or X25519PrivateKey.generate()
    asked = _hex(question, "public_key")
    transcript = _transcript(purpose, instance_id, asked, _public(private))
    secret = _derive(private, asked, transcript, signer)
    return secret, {"public_key": _public(private), "proof": _proof(secret, transcript)}


def _public(private: X25519PrivateKey) -> str:
    return private.public_key().public_bytes_raw().hex()


def _hex(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not _HEX.match(value):
        raise AgreementError(f"The field {name} has to be 64 lower-case hex characters.")
    return value


def _transcript(purpose: str, instance_id: str, asker: str, answerer: str) -> bytes:
    return "\n".join((LABEL, purpose, instance_id, asker, answerer)).encode("ascii")


def _derive(private: X25519PrivateKey, theirs: str, transcript: bytes, signer: str) -> str:
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(theirs)))
    except (ValueError, UnsupportedAlgorithm):
        # A point of low order gives the same secret with every key.
        raise AgreementError("The public key is not one of X25519.") from None
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=signer.encode("utf-8"), info=transcript)
    return kdf.derive(shared).hex()


def _proof(secret: str, transcript: bytes) -> str:
    return hmac.new(secret.encode("ascii"), transcript, "sha256").hexdigest()


@dataclass(frozen=True)
class PairingCode:
    """What an operator of the hub hands to the ERP's: where the hub is, which instance, and a secret for one use."""

    hub_url: str
    instance_id: str
    code: str = field(repr=False)

    def text(self) -> str:
        """One line without blanks, to be copied."""
        values = {"hub": self.hub_url, "instance": self.instance_id, "code": self.code}
        packed = json.dumps(values, separators=(",", ":")).encode("utf-8")
        return CODE_PREFIX + base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def new_code() -> str:
    """192 random bits."""
    return random_source.token_urlsafe(24)


def read_code(text: str) -> PairingCode:
    """Raises AgreementError. Blanks and line breaks, which mail programs put in, are left out."""
    packed = "".join(text.split()).removeprefix(CODE_PREFIX)
    try:
        values = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        code = PairingCode(*(str(values[name]) for name in ("hub", "instance", "code")))
    except (ValueError, TypeError, KeyError):
        code = PairingCode("", "", "")
    if not (code.hub_url and code.instance_id and _CODE.match(code.code)):
        raise AgreementError(
            "This is not a whole pairing code. Copy all of it from the hub, from salla-pair: on."
        )
    return code
