"""Salla's webhooks: the envelope, and what each event says. ref: docs.salla.dev/421119m0"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime
from typing import Any

from salla_manager.contract import dump_json
from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import Signal, Webhook, WebhookError
from salla_manager.platforms.salla.accounts import expiry
from salla_manager.platforms.salla.events import (
    GIVING_BACK,
    IGNORED,
    IGNORED_FAMILIES,
    SETTINGS_EVENT,
    SUBJECTS,
    TOKEN_EVENTS,
)
from salla_manager.platforms.values import identifier, mapping, moment, rows, text

_SECRETS = ("access_token", "refresh_token", "id_token")
_REDACTED = "***"


def read_webhook(raw: bytes) -> Webhook:
    """The envelope {event, merchant, created_at, data}. Raises WebhookError.

    The dedupe hash is over merchant, event and the body, since Salla gives no delivery id; of an app
    subscription its own id stands for the body.
    """
    try:
        envelope = load_body(raw)
    except ValueError as error:
        raise WebhookError(f"The webhook is not JSON that can be taken: {error}") from None
    if not isinstance(envelope, dict):
        raise WebhookError("The webhook is not a JSON object")
    event, merchant = text(envelope.get("event")), identifier(envelope.get("merchant"))
    missing = [name for name, value in (("event", event), ("merchant", merchant)) if not value]
    if missing:
        raise WebhookError(f"The webhook lacks {' and '.join(missing)}")
    data = mapping(envelope.get("data"))
    clean = _redact(envelope) if _may_hold_secrets(event, raw) else None
    occurred_at = moment(envelope.get("created_at"))
    tokens = _tokens(event, data, occurred_at)
    return Webhook(
        event=event,
        merchant_id=merchant,
        occurred_at=occurred_at,
        data=data if clean is None else mapping(clean.get("data")),
        dedupe_hash=_dedupe_hash(event, merchant, data, raw),
        raw=raw.decode("utf-8-sig") if clean is None else dump_json(clean).decode(),
        tokens=tokens,
    )


def _dedupe_hash(event: str, merchant: str, data: dict[str, Any], raw: bytes) -> str:
    subscription = identifier(data.get("subscription_id")) if event.startswith("app.subscription.") else None
    content = subscription or hashlib.sha256(raw).hexdigest()
    return hashlib.sha256(f"salla:{merchant}:{event}:{content}".encode()).hexdigest()


def _tokens(event: str, data: dict[str, Any], occurred_at: datetime | None) -> dict[str, Any] | None:
    """access_token, refresh_token, expires (Unix seconds, 0 if not said), scope."""
    # Stars are what is left in a body that was kept.
    if event not in TOKEN_EVENTS or text(data.get("access_token")) in (None, _REDACTED):
        return None
    return {
        "access_token": text(data.get("access_token")),
        "refresh_token": text(data.get("refresh_token")) or "",
        "expires": expiry(data, occurred_at.timestamp() if occurred_at else time.time()),
        "scope": text(data.get("scope")) or "",
    }


def _may_hold_secrets(event: str, raw: bytes) -> bool:
    # No other event should have any, but what was never stored in clear cannot leak.
    return event in (*TOKEN_EVENTS, SETTINGS_EVENT) or any(name.encode() in raw for name in _SECRETS)


def _redact(value: Any, is_secret: bool = False) -> Any:
    """Stars for tokens, and for whatever a merchant typed into the app's settings, keys among them."""
    if isinstance(value, dict):
        return {
            key: _stars(child) if key in _SECRETS else _redact(child, is_secret or key == "settings")
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [_redact(child, is_secret) for child in value]
    return _stars(value) if is_secret else value


def _stars(secret: Any) -> str | None:
    return None if text(secret) is None else _REDACTED


def signals(webhook: Webhook) -> list[Signal]:
    """What changed in the shop. Empty for an event of no interest. Raises WebhookError where an id is missing."""
    subject = SUBJECTS.get(webhook.event)
    if subject is None:
        _check_tokens(webhook)
        return []
    entity_type, action = subject
    external_id = _subject_id(entity_type, webhook)
    if external_id is None:
        raise WebhookError(f"{webhook.event} lacks the id of its {entity_type}")
    # Trimmed bodies of these look whole at a glance, and their id may be another thing's.
    is_trimmed = webhook.event == "order.status.updated" or "shipment" in webhook.event
    body = webhook.data if not is_trimmed and is_whole(entity_type, webhook.data) else None
    return [Signal(entity_type, external_id, action, body, given_back=webhook.event in GIVING_BACK)]


def _check_tokens(webhook: Webhook) -> None:
    """A body that was kept has stars for its tokens."""
    brings_tokens = TOKEN_EVENTS - {"app.updated"}
    if webhook.event in brings_tokens and text(webhook.data.get("access_token")) is None:
        raise WebhookError(
            f"{webhook.event} brings no access token that can be read; the app has to be installed again"
        )


def is_whole(entity_type: str, data: dict[str, Any]) -> bool:
    """Whether a body has what `normalize` needs, so that the shop need not be asked."""
    return _WHOLE.get(entity_type, _has_name)(data)


def ignored_because(event: str) -> str:
    """Why an event gives no signals, in a sentence."""
    if event in IGNORED:
        return IGNORED[event]
    family = next((name for name in IGNORED_FAMILIES if event.startswith(name)), None)
    if family:
        return IGNORED_FAMILIES[family]
    return f"The event '{event}' is not known; nothing is done for it."


def _subject_id(entity_type: str, webhook: Webhook) -> str | None:
    data = webhook.data
    if entity_type != "order":
        return identifier(data.get("id"))
    named = identifier(data.get("order_id")) or identifier(mapping(data.get("order")).get("id"))
    # In these the outer id belongs to an activity, an invoice or a shipment.
    if named or webhook.event in ("order.status.updated", "invoice.created") or _is_shipment(data):
        return named
    return identifier(data.get("id"))


def _is_shipment(data: dict[str, Any]) -> bool:
    return any(
        key in data for key in ("courier_id", "courier_name", "ship_to", "packages", "tracking_number")
    )


def _is_whole_order(data: dict[str, Any]) -> bool:
    items = rows(data.get("items"))
    return bool(
        items
        and mapping(data.get("amounts")).get("total")
        and mapping(data.get("status"))
        and data.get("date")
        and all(mapping(item.get("amounts")) and "quantity" in item for item in items)
    )


def _is_whole_product(data: dict[str, Any]) -> bool:
    return _has_name(data) and all(key in data for key in ("type", "status", "price", "options", "skus"))


def _is_whole_customer(data: dict[str, Any]) -> bool:
    return any(text(data.get(key)) for key in ("first_name", "full_name")) and "mobile" in data


def _has_name(data: dict[str, Any]) -> bool:
    return text(data.get("name")) is not None


_WHOLE = {"order": _is_whole_order, "product": _is_whole_product, "customer": _is_whole_customer}
