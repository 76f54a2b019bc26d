"""Whether a webhook comes from Salla. ref: docs.salla.dev/421119m0"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from salla_manager.platforms.port import SignatureError

STRATEGY = "X-Salla-Security-Strategy"
SIGNATURE = "X-Salla-Signature"
AUTHORIZATION = "Authorization"


def sign(secret: str, raw: bytes) -> str:
    """Lower-case hex of HMAC-SHA256 over the raw body."""
    return hmac.new(secret.encode("utf-8"), raw, hashlib.sha256).hexdigest()


def check(headers: Mapping[str, str], raw: bytes, secrets: tuple[str, ...]) -> None:
    """Strategy Signature or Token; without a strategy header the header that is there decides.

    secrets: the app's webhook secret, and the previous one while it is being changed.
    Raises SignatureError.
    """
    secrets = tuple(secret for secret in secrets if secret)
    if not secrets:
        raise SignatureError("No webhook secret is set, so nothing can be verified.")
    found = {name.lower(): value for name, value in headers.items()}
    strategy = _strategy(found)
    if strategy == "signature":
        given, expected = found.get(SIGNATURE.lower()), [sign(secret, raw) for secret in secrets]
        given = given.strip().lower() if given else given
    elif strategy == "token":
        given, expected = found.get(AUTHORIZATION.lower()), list(secrets)
    else:
        raise SignatureError(
            f"The security strategy '{strategy[:40]}' is not known; Salla has Signature and Token."
        )
    if not given:
        header = SIGNATURE if strategy == "signature" else AUTHORIZATION
        raise SignatureError(f"The header {header} is missing, though the security strategy is {strategy}.")
    if not _equals_one(given, expected):
        raise SignatureError(f"The {strategy} does not fit any webhook secret.")


def _strategy(headers: Mapping[str, str]) -> str:
    named = (headers.get(STRATEGY.lower()) or "").strip().lower()
    if named:
        return named
    if headers.get(SIGNATURE.lower()):
        return "signature"
    if headers.get(AUTHORIZATION.lower()):
        return "token"
    raise SignatureError(
        "The webhook is neither signed nor does it carry a token; set a security strategy in Salla's partner portal."
    )


def _equals_one(given: str, expected: list[str]) -> bool:
    # As bytes, since compare_digest refuses text that is not ASCII; all are tried, to take the same time.
    candidate = given.encode("utf-8", "replace")
    matches = [hmac.compare_digest(candidate, value.encode("utf-8")) for value in expected]
    return any(matches)
