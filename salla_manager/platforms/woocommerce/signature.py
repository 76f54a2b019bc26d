"""Whether a webhook comes from the shop. ref: class-wc-webhook.php, generate_signature()"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from salla_manager.platforms.port import SignatureError

SIGNATURE = "X-WC-Webhook-Signature"


def sign(secret: str, raw: bytes) -> str:
    """Base64 of HMAC-SHA256 over the raw body."""
    return base64.b64encode(hmac.new(secret.encode("utf-8"), raw, hashlib.sha256).digest()).decode()


def check(headers: Mapping[str, str], raw: bytes, secrets: tuple[str, ...]) -> None:
    """secrets: the current one, and the previous one while it is being changed. Raises SignatureError."""
    secrets = tuple(secret for secret in secrets if secret)
    if not secrets:
        raise SignatureError("No webhook secret is set, so nothing can be verified.")
    given = {name.lower(): value for name, value in headers.items()}.get(SIGNATURE.lower(), "").strip()
    if not given:
        raise SignatureError(f"The header {SIGNATURE} is missing.")
    candidate = given.encode("utf-8", "replace")
    # All are tried, to take the same time.
    matches = [hmac.compare_digest(candidate, sign(secret, raw).encode()) for secret in secrets]
    if not any(matches):
        raise SignatureError("The signature does not fit any webhook secret.")
