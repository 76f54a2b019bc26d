"""Salla behind the port of the platforms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.port import AppChange, NormalizeError, ShopEntry, Signal, StoreContext, Webhook
from salla_manager.platforms.salla import app_events, entries, signature, webhooks
from salla_manager.platforms.salla.client import API_URL, SallaClient
from salla_manager.platforms.salla.normalize.catalogue import (
    normalize_brand,
    normalize_category,
    normalize_order_status,
)
from salla_manager.platforms.salla.normalize.customer import normalize_customer
from salla_manager.platforms.salla.normalize.order import normalize_order
from salla_manager.platforms.salla.normalize.product import (
    normalize_product,
    normalize_variant,
    variant_ids,
)

_NORMALIZERS = {
    "category": normalize_category,
    "brand": normalize_brand,
    "order_status": normalize_order_status,
    "product": normalize_product,
    "variant": normalize_variant,
    "customer": normalize_customer,
    "order": normalize_order,
}


class SallaPlatform:
    name = "salla"

    def check_signature(self, headers: Mapping[str, str], raw: bytes, secrets: tuple[str, ...]) -> None:
        signature.check(headers, raw, secrets)

    def is_ping(self, raw: bytes) -> bool:
        return False

    def read_webhook(self, raw: bytes, headers: Mapping[str, str] | None = None) -> Webhook:
        return webhooks.read_webhook(raw)

    def signals(self, webhook: Webhook) -> list[Signal]:
        return webhooks.signals(webhook)

    def product_of(self, body: dict[str, Any]) -> str:
        """A variant brings what it needs of its product along."""
        return ""

    def variants_of(self, body: dict[str, Any]) -> frozenset[str] | None:
        return variant_ids(body)

    def stamp(self, entity_type: str, body: dict[str, Any]) -> str:
        """Lists cannot be asked for less than whole rows."""
        return ""

    def seen_status(self, slug: str) -> Payload | None:
        """The catalogue has them all."""
        return None

    def entry(
        self, entity_type: str, external_id: str, row: dict[str, Any], context: StoreContext
    ) -> ShopEntry:
        return entries.entry(entity_type, external_id, row, context)

    def admin_url(self, entity_type: str, external_id: str, body: dict[str, Any]) -> str:
        return entries.admin_url(entity_type, external_id, body)

    def app_change(self, webhook: Webhook) -> AppChange | None:
        return app_events.app_change(webhook)

    def ignored_because(self, event: str) -> str:
        return webhooks.ignored_because(event)

    def normalize(self, entity_type: str, body: dict[str, Any], context: StoreContext) -> list[Payload]:
        """Raises NormalizeError."""
        normalizer = _NORMALIZERS.get(entity_type)
        if normalizer is None:
            raise NormalizeError(entity_type, "", [f"entity_type: Salla has no {entity_type}"])
        if not isinstance(body, dict):
            raise NormalizeError(entity_type, "", ["body: it is not an object"])
        return normalizer(body, context)

    def client(self, base_url: str, credentials: Any, transport: Any = None, **options: Any) -> SallaClient:
        """credentials: a TokenProvider, such as `tokens.Tokens`."""
        return SallaClient(credentials, transport, base_url=base_url or API_URL, **options)


SALLA = SallaPlatform()
