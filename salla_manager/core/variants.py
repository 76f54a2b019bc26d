"""Variants that a product does not have any more: shops tell it by no event, only by leaving them out."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from salla_manager.core import outbox
from salla_manager.core.host import Host, context_of
from salla_manager.core.model import Record, RecordKey, Store
from salla_manager.core.outbox import Outcome


def delete_removed(
    host: Host, store: Store, product_id: str, body: dict[str, Any], observed_at: datetime
) -> list[Outcome]:
    """What the product was known to have and its new body leaves out. Before the product is taken in, so that its new
    variants may have the SKUs of the old ones, and so that a stop in between forgets none."""
    platform = host.platforms(store.platform)
    left = platform.variants_of(body)
    product = host.store.find_record(RecordKey(store.name, "product", product_id))
    if left is None or product is None or not product.raw or _is_older(host, store, product, body):
        return []
    known = platform.variants_of(json.loads(product.raw)) or frozenset()
    outcomes: list[Outcome] = []
    for external_id in sorted(known - left):
        key = RecordKey(store.name, "variant", external_id)
        outcomes += outbox.absorb_deletion(key, store, host, observed_at=observed_at)
    return outcomes


def delete(host: Host, store: Store, key: RecordKey) -> list[Outcome]:
    """What the shop has deleted, a product's variants with it; the entity's own outcome first."""
    outcomes = outbox.absorb_deletion(key, store, host)
    product = host.store.find_record(key) if key.entity_type == "product" else None
    if product is None or not product.raw:
        return outcomes
    for external_id in sorted(host.platforms(store.platform).variants_of(json.loads(product.raw)) or ()):
        outcomes += outbox.absorb_deletion(RecordKey(store.name, "variant", external_id), store, host)
    return outcomes


def _is_older(host: Host, store: Store, product: Record, body: dict[str, Any]) -> bool:
    entry = host.platforms(store.platform).entry("product", product.key.external_id, body, context_of(store))
    known = product.source_updated_at
    return bool(entry.changed_at and known and entry.changed_at < known)
