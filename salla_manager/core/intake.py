"""A shop's webhook: prove it, keep it, answer. The work comes later."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from salla_manager.core import installation
from salla_manager.core.host import Host
from salla_manager.core.model import Event, EventStatus, SecretsUnreadable, Store
from salla_manager.platforms.port import Platform, SignatureError, Webhook, WebhookError

_NAME = re.compile(r"[^<>\x00-\x1f\x7f]{1,140}")
_TOKENS = re.compile(r'("(?:access|refresh)_token"\s*:\s*)"(?:[^"\\]|\\.)*"?')


@dataclass(frozen=True)
class WebhookAnswer:
    http_status: int
    body: dict[str, Any]


def receive_webhook(
    platform: str, raw: bytes, headers: Mapping[str, str], host: Host, store_name: str | None = None
) -> WebhookAnswer:
    """200 once it is kept (also when it was kept before); 401, 404, 413 or 503 where nothing was stored.

    store_name: of platforms whose stores have a secret and an address each: the one that the address names.
    """
    try:
        adapter = host.platforms(platform)
    except (KeyError, ValueError):
        return _refuse(404, f"The platform '{platform}' is not known here.")
    store = None if store_name is None else _named(host, platform, store_name)
    try:
        rules = host.store.webhook_rules(platform, store.name if store else "")
    except SecretsUnreadable:
        # 5xx: the shop sends it again, once the secret can be read.
        return _refuse(503, "The webhook cannot be verified at the moment. Send it again.")
    if len(raw) > rules.body_limit:
        return _refuse(413, f"The body has {len(raw)} bytes; at most {rules.body_limit} are taken.")
    if adapter.is_ping(raw):
        return WebhookAnswer(200, {"ok": True, "event": "", "duplicate": False})
    try:
        adapter.check_signature(headers, raw, rules.secrets)
    except SignatureError as error:
        return _refuse(401, str(error))
    return _keep(adapter, raw, headers, host, store)


def _named(host: Host, platform: str, name: str) -> Store | None:
    """Compared anew, since the database takes names for equal that are not."""
    store = host.store.store(name)
    return store if store and store.name == name and store.platform == platform else None


def _keep(
    adapter: Platform, raw: bytes, headers: Mapping[str, str], host: Host, store: Store | None
) -> WebhookAnswer:
    try:
        webhook = adapter.read_webhook(raw, headers)
        webhook = _of_store(webhook, store) if store else webhook
        _check_names(webhook)
    except WebhookError as error:
        return _keep_unreadable(adapter.name, raw, str(error), host, store)
    with host.store.transaction():
        answer = (
            _keep_tokens(adapter.name, webhook, host)
            if webhook.tokens
            else _keep_event(adapter.name, webhook, host)
        )
    # After the commit, so that no worker looks before the row is there.
    host.jobs.process_events()
    return answer


def _of_store(webhook: Webhook, store: Store) -> Webhook:
    """Its secret proves whose it is. What it says of that may differ from the address that people entered, and be the
    same for a shop and its copy."""
    own = hashlib.sha256(f"{store.name}\n{webhook.dedupe_hash}".encode()).hexdigest()
    return replace(webhook, merchant_id=store.merchant_id, dedupe_hash=own)


def _check_names(webhook: Webhook) -> None:
    """Both are kept in columns and shown as they are. Raises WebhookError."""
    for name, value in (("event", webhook.event), ("merchant", webhook.merchant_id)):
        if not _NAME.fullmatch(value):
            raise WebhookError(f"its {name} is longer than 140 characters or holds < or > or a line break")


def _keep_event(platform: str, webhook: Webhook, host: Host) -> WebhookAnswer:
    store = host.store.store_of_merchant(platform, webhook.merchant_id)
    status, message = EventStatus.RECEIVED, ""
    if store is None:
        status = EventStatus.UNKNOWN_STORE
        message = f"No Store Account has the merchant {webhook.merchant_id}. Install the app there or make the store."
    event = _event(platform, webhook, host, store.name if store else "", status, message)
    name, is_new = host.store.add_event(event)
    if not is_new:
        # Two changes of the shop may share one body, so a repeat is a reason to look again.
        host.store.finish_event(name, status, message)
    return _accept(name, is_new)


def _keep_tokens(platform: str, webhook: Webhook, host: Host) -> WebhookAnswer:
    """A repeat is not adopted again: newer tokens may have come meanwhile."""
    known = host.store.store_of_merchant(platform, webhook.merchant_id)
    event = _event(
        platform, webhook, host, known.name if known else "", EventStatus.PROCESSED, "Tokens are kept."
    )
    name, is_new = host.store.add_event(event)
    if is_new and webhook.tokens:
        at = webhook.occurred_at or host.clock.now()
        store, problem = installation.keep_access(host, platform, webhook.merchant_id, webhook.tokens, at)
        if store is None:
            host.store.finish_event(name, EventStatus.STALE, problem)
        else:
            host.store.finish_event(name, EventStatus.PROCESSED, f"Tokens are kept for {store.name}.")
    return _accept(name, is_new)


def _keep_unreadable(
    platform: str, raw: bytes, problem: str, host: Host, store: Store | None
) -> WebhookAnswer:
    """It is authentic, so it must not be lost: it stands in the list with the reason."""
    event = Event(
        name="",
        platform=platform,
        event="",
        merchant_id=store.merchant_id if store else "",
        store=store.name if store else "",
        raw=_TOKENS.sub(r'\1"***"', raw.decode("utf-8", "replace")),
        dedupe_hash=hashlib.sha256(raw + (store.name.encode() if store else b"")).hexdigest(),
        received_at=host.clock.now(),
        status=EventStatus.FAILED,
        message=f"It is signed rightly but cannot be read: {problem}. Pull from the shop what it was about.",
    )
    with host.store.transaction():
        name, is_new = host.store.add_event(event)
    return _accept(name, is_new)


def _event(platform: str, webhook: Webhook, host: Host, store: str, status: str, message: str) -> Event:
    return Event(
        name="",
        platform=platform,
        event=webhook.event,
        merchant_id=webhook.merchant_id,
        store=store,
        raw=webhook.raw,
        dedupe_hash=webhook.dedupe_hash,
        received_at=host.clock.now(),
        status=status,
        message=message,
    )


def _accept(name: str, is_new: bool) -> WebhookAnswer:
    return WebhookAnswer(200, {"ok": True, "event": name, "duplicate": not is_new})


def _refuse(http_status: int, reason: str) -> WebhookAnswer:
    return WebhookAnswer(http_status, {"ok": False, "message": reason})
