"""WooCommerce's webhooks. A webhook is a hint only: it bears no time, so an old one can be sent again, and what it is
about is always read from the shop.

ref: class-wc-webhook.php
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from salla_manager.contract import dump_json
from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import Signal, Webhook, WebhookError
from salla_manager.platforms.values import identifier, mapping, moment, text
from salla_manager.platforms.woocommerce.site import merchant_id

_PING = re.compile(rb"webhook_id=\d{1,20}")
_TOPIC = re.compile(r"[a-z0-9_]{1,60}\.[a-z0-9_]{1,60}")
# Resources that are sent to the ERP; deleted, restored and what else a shop's versions have are read again all the same.
_RESOURCES = ("order", "product", "customer")
TOPICS = tuple(
    f"{resource}.{event}"
    for resource in _RESOURCES
    for event in ("created", "updated", "deleted", *(("restored",) if resource != "customer" else ()))
)
_IGNORED = {
    "coupon": "A coupon counts as a discount when its order comes.",
    "action": "It is an action of WordPress, not one of the entities that are sent to the ERP.",
}


def is_ping(raw: bytes) -> bool:
    """What comes when a webhook is made, as a form and unsigned."""
    return _PING.fullmatch(raw.strip()) is not None


def read_webhook(raw: bytes, headers: Mapping[str, str] | None = None) -> Webhook:
    """Topic and shop stand in the headers only, so what is kept is {topic, source, body}. Raises WebhookError."""
    try:
        content = load_body(raw)
    except ValueError as error:
        raise WebhookError(f"The webhook is not JSON that can be taken: {error}") from None
    if not isinstance(content, dict):
        raise WebhookError("The webhook is not a JSON object")
    kept = content if headers is None else _with_headers(content, headers)
    topic, source = text(kept.get("topic")) or "", text(kept.get("source")) or ""
    missing = [name for name, value in (("topic", topic), ("source", source)) if not value]
    if missing:
        raise WebhookError(f"The webhook lacks its {' and '.join(missing)}")
    if not _TOPIC.fullmatch(topic):
        raise WebhookError("The webhook's topic is none of WooCommerce")
    body = mapping(kept.get("body"))
    return Webhook(
        event=topic,
        merchant_id=merchant_id(source),
        occurred_at=moment(body.get("date_modified_gmt"), "+00:00"),
        data=body,
        dedupe_hash=_dedupe_hash(topic, source, body),
        raw=dump_json(kept).decode(),
    )


def _with_headers(body: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    found = {name.lower(): value for name, value in headers.items()}
    return {
        "topic": found.get("x-wc-webhook-topic", "").strip(),
        "source": found.get("x-wc-webhook-source", "").strip(),
        "body": body,
    }


def _dedupe_hash(topic: str, source: str, body: dict[str, Any]) -> str:
    """The id of a delivery is one of its second only, so what it says decides."""
    said = (
        topic.partition(".")[0],
        merchant_id(source),
        identifier(body.get("id")),
        body.get("date_modified_gmt"),
    )
    content = hashlib.sha256(dump_json(body)).hexdigest()
    return hashlib.sha256(dump_json(["woocommerce", topic, *said, content])).hexdigest()


def signals(webhook: Webhook) -> list[Signal]:
    """What to read again. Empty for a topic of no interest. Raises WebhookError where an id is missing."""
    resource, _, event = webhook.event.partition(".")
    if resource not in _RESOURCES:
        return []
    external_id = identifier(webhook.data.get("id"))
    if external_id is None:
        raise WebhookError(f"{webhook.event} lacks the id of its {resource}")
    parent_id = identifier(webhook.data.get("parent_id"))
    if resource == "product" and webhook.data.get("type") == "variation" and parent_id:
        return [Signal("product", parent_id)]
    found = [Signal(resource, external_id)]
    if resource == "product" and event == "deleted":
        # Nothing but the id tells whether it was a product or a variation; only one of them is known here.
        found.append(Signal("variant", external_id))
    return found


def ignored_because(event: str) -> str:
    """Why an event gives no signals, in a sentence."""
    return _IGNORED.get(event.partition(".")[0], f"The topic '{event}' is not known; nothing is done for it.")
