"""WooCommerce behind the port of the platforms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.body import check_entry
from salla_manager.platforms.port import AppChange, NormalizeError, ShopEntry, Signal, StoreContext, Webhook
from salla_manager.platforms.values import identifier
from salla_manager.platforms.woocommerce import entries, signature, webhooks
from salla_manager.platforms.woocommerce.client import WooClient
from salla_manager.platforms.woocommerce.lists import stamp_of
from salla_manager.platforms.woocommerce.normalize.catalogue import normalize_brand, normalize_category
from salla_manager.platforms.woocommerce.normalize.customer import normalize_customer
from salla_manager.platforms.woocommerce.normalize.order import normalize_order
from salla_manager.platforms.woocommerce.normalize.product import (
    normalize_product,
    normalize_variation,
    variation_ids,
)
from salla_manager.platforms.woocommerce.normalize.statuses import normalize_order_status, status_body

_NORMALIZERS = {
    "category": normalize_category,
    "brand": normalize_brand,
    "order_status": normalize_order_status,
    "product": normalize_product,
    "variant": normalize_variation,
    "customer": normalize_customer,
    "order": normalize_order,
}


class WooPlatform:
    name = "woocommerce"

    def check_signature(self, headers: Mapping[str, str], raw: bytes, secrets: tuple[str, ...]) -> None:
        signature.check(headers, raw, secrets)

    def is_ping(self, raw: bytes) -> bool:
        return webhooks.is_ping(raw)

    def read_webhook(self, raw: bytes, headers: Mapping[str, str] | None = None) -> Webhook:
        return webhooks.read_webhook(raw, headers)

    def signals(self, webhook: Webhook) -> list[Signal]:
        return webhooks.signals(webhook)

    def app_change(self, webhook: Webhook) -> AppChange | None:
        """A shop knows of no app, only of a key."""
        return None

    def ignored_because(self, event: str) -> str:
        return webhooks.ignored_because(event)

    def product_of(self, body: dict[str, Any]) -> str:
        return identifier(body.get("parent_id")) or ""

    def variants_of(self, body: dict[str, Any]) -> frozenset[str] | None:
        return variation_ids(body)

    def stamp(self, entity_type: str, body: dict[str, Any]) -> str:
        return stamp_of(entity_type, body)

    def seen_status(self, slug: str) -> Payload | None:
        (payload,) = normalize_order_status(status_body(slug), StoreContext())
        return payload

    def entry(
        self, entity_type: str, external_id: str, row: dict[str, Any], context: StoreContext
    ) -> ShopEntry:
        return entries.entry(entity_type, external_id, row, context)

    def admin_url(self, entity_type: str, external_id: str, body: dict[str, Any]) -> str:
        return entries.admin_url(entity_type, external_id, body)

    def normalize(self, entity_type: str, body: dict[str, Any], context: StoreContext) -> list[Payload]:
        """Raises NormalizeError."""
        normalizer = _NORMALIZERS.get(entity_type)
        if normalizer is None:
            raise NormalizeError(entity_type, "", [f"entity_type: WooCommerce has no {entity_type}"])
        if not isinstance(body, dict):
            raise NormalizeError(entity_type, "", ["body: it is not an object"])
        try:
            check_entry(body)
        except ValueError as error:
            key = identifier(body.get("id")) or ""
            raise NormalizeError(entity_type, key, [f"body: {error}"], {"id": key}) from None
        return normalizer(body, context)

    def client(self, base_url: str, credentials: Any, transport: Any = None, **options: Any) -> WooClient:
        """credentials: consumer_key and consumer_secret."""
        return WooClient(base_url, credentials, transport, **options)


WOOCOMMERCE = WooPlatform()
