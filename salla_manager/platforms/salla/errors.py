"""What a refusal of Salla means, and what the operator does about it. ref: docs.salla.dev/421123m0 (responses)"""

from __future__ import annotations

from typing import Any

from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.normalize.common import mapping, text

_AGAIN = "then do it again."
# Of the five kinds of 401 only one is cured by a refresh: (part of the message, kind, what to do).
_KINDS_OF_401 = (
    ("access token is invalid", "unauthorized", f"Connect the store again, {_AGAIN}"),
    ("invalid_grant", "unauthorized", f"The merchant has to install the app again, {_AGAIN}"),
    (
        "user is not exist",
        "unauthorized",
        f"The user who installed the app is gone from the shop. Somebody else has to install it there, {_AGAIN}",
    ),
    ("غير مفعل", "unauthorized", f"The shop's account is not active. Wait until it is, {_AGAIN}"),
    ("scope", "forbidden", f"Give the app the scopes that are named, install it again, {_AGAIN}"),
)
_STEPS = {
    403: f"Give the app the missing scope in the shop, {_AGAIN}",
    422: "Look at the named fields in the shop.",
}


def is_token_invalid(content: bytes) -> bool:
    """The kind of 401 that a fresh token cures."""
    return _KINDS_OF_401[0][0] in message_of(body_of(content)).lower()


def refusal(path: str, status: int, body: dict[str, Any]) -> ShopError:
    """Of an answer that says no: 3xx, 4xx, or success false."""
    told = message_of(body)
    said = f"GET {path}: {status} {told}".rstrip()
    if status == 401:
        lower = told.lower()
        for part, kind, step in _KINDS_OF_401:
            if part in lower:
                return ShopError(kind, said, http_status=status, step=step)
        return ShopError("unauthorized", said, http_status=status)
    kind = "forbidden" if status == 403 else "refused"
    return ShopError(kind, said, http_status=status, step=_STEPS.get(status, ""))


def body_of(content: bytes) -> dict[str, Any]:
    """The JSON object, empty where it is none."""
    try:
        body = load_body(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def message_of(body: dict[str, Any]) -> str:
    """In the language the shop chose, with its word for the kind and the fields where it names them."""
    error = body.get("error")
    if not isinstance(error, dict):
        return text(error) or text(body.get("message")) or ""
    fields = mapping(error.get("fields"))
    named = "; ".join(f"{name}: {_words(value)}" for name, value in fields.items())
    parts = (text(error.get("message")) or text(error.get("code")), named)
    return " ".join(part for part in parts if part)[:500]


def _words(value: Any) -> str:
    listed = value if isinstance(value, list) else [value]
    return ", ".join(word for word in map(text, listed) if word)
