"""What a refusal of Salla means, and what the operator does about it. ref: docs.salla.dev/421123m0 (responses)"""

from __future__ import annotations

from typing import Any

from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.values import mapping, text

_AGAIN = "then do it again."
TOKEN, SPENT, USER_GONE, INACTIVE, SCOPE = "token", "spent", "user_gone", "inactive", "scope"
# Part of the message -> which of the five kinds of 401. Only the first is cured by a refresh.
_PARTS = {
    "access token is invalid": TOKEN,
    "invalid_grant": SPENT,
    "user is not exist": USER_GONE,
    "غير مفعل": INACTIVE,
    "scope": SCOPE,
}
_STEPS_OF_401 = {
    TOKEN: f"Connect the store again, {_AGAIN}",
    SPENT: f"The merchant has to install the app again, {_AGAIN}",
    USER_GONE: (
        f"The user who installed the app is gone from the shop. Somebody else has to install it there, {_AGAIN}"
    ),
    INACTIVE: f"The shop's account is not active. Wait until it is, {_AGAIN}",
    SCOPE: f"Give the app the scopes that are named, install it again, {_AGAIN}",
}
_ENDED = "Salla does not answer there any more: look whether its interface has changed, and update this app."
_STEPS = {
    403: f"Give the app the missing scope in the shop, {_AGAIN}",
    422: "Look at the named fields in the shop.",
}


class Gone(ShopError):
    """The shop has this entity no more. Salla says so in its own envelope; an interface that has ended is no such word."""


def kind_of_401(content: bytes) -> str:
    """Empty where Salla does not say which."""
    return _kind(message_of(body_of(content)))


def is_token_invalid(content: bytes) -> bool:
    """The kind of 401 that a fresh token cures."""
    return kind_of_401(content) == TOKEN


def is_ban(status: int, content: bytes) -> bool:
    """A 403 that names no scope is Salla's answer to what it takes for abuse, and ends by itself. ref:
    docs.salla.dev/421125m0 (rate limits)"""
    return status == 403 and kind_of_401(content) != SCOPE


def refusal(call: str, status: int, body: dict[str, Any]) -> ShopError:
    """Of an answer that says no: 3xx, 4xx, or success false. call: such as `GET /orders`."""
    told = message_of(body)
    said = f"{call}: {status} {told}".rstrip()
    if status == 401:
        found = _kind(told)
        kind = "forbidden" if found == SCOPE else "unauthorized"
        return ShopError(kind, said, http_status=status, step=_STEPS_OF_401.get(found, ""))
    if status == 404 and isinstance(body.get("error"), dict) and "route" not in told.lower():
        return Gone("refused", said, http_status=status)
    if status in (404, 410):
        return ShopError("refused", said, http_status=status, step=_ENDED)
    kind = "forbidden" if status == 403 else "refused"
    return ShopError(kind, said, http_status=status, step=_STEPS.get(status, ""))


def _kind(message: str) -> str:
    lower = message.lower()
    return next((kind for part, kind in _PARTS.items() if part in lower), "")


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
