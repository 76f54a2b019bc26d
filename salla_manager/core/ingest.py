"""From a shop's body to outcomes: normalize, map, get what an order stands on, absorb. Webhook and pull meet here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from salla_manager.core import outbox, readiness
from salla_manager.core.given_back import told
from salla_manager.core.host import Host, context_of
from salla_manager.core.mapping.gate import Mapped, RuleSets, mapped
from salla_manager.core.model import RecordKey, Store, command_type_of
from salla_manager.core.outbox import Outcome
from salla_manager.core.seen import made_of
from salla_manager.core.sku import with_template_code
from salla_manager.core.variants import delete_removed
from salla_manager.payloads import OrderPayload, Payload, dump_payload
from salla_manager.platforms.port import NormalizeError, ShopClient, ShopError


def ingest(
    host: Host,
    store: Store,
    client: ShopClient | None,
    entity_type: str,
    body: dict[str, Any],
    observed_at: datetime,
    given_back_at: datetime | None = None,
) -> list[Outcome]:
    """The entity's outcome first. given_back_at: of an event that told so of this order.

    Raises ShopError where it is worth coming back, NormalizeError without an id.
    """
    platform, context = host.platforms(store.platform), context_of(store)
    if entity_type in ("product", "variant") and (product_id := platform.product_of(body)):
        entity_type = "variant"
        product = host.store.find_record(RecordKey(store.name, "product", product_id))
        whole = client.fetch("product", product_id) if client and not (product and product.mapped) else None
        if whole is not None:
            # A product that is not known yet brings all its variants.
            return ingest(host, store, client, "product", whole, observed_at)
        parent = json.loads(product.normalized or product.mapped or "{}") if product else {}
        context = replace(context, parent=parent)
    try:
        payloads = told(platform.normalize(entity_type, body, context), given_back_at)
    except NormalizeError as error:
        if not error.external_id:
            raise
        key = RecordKey(store.name, error.entity_type, error.external_id)
        removed = _removed(host, store, key.entity_type, key.external_id, body, observed_at)
        return [outbox.keep_failure(key, "; ".join(error.problems), error.raw or body, host), *removed]
    removed = _removed(host, store, entity_type, payloads[0].external_id, body, observed_at)
    return take_in(host, store, client, payloads, observed_at) + removed


def _removed(
    host: Host, store: Store, entity_type: str, external_id: str, body: dict[str, Any], observed_at: datetime
) -> list[Outcome]:
    if entity_type != "product":
        return []
    return delete_removed(host, store, external_id, body, observed_at)


def take_in(
    host: Host, store: Store, client: ShopClient | None, payloads: Iterable[Payload], observed_at: datetime
) -> list[Outcome]:
    """Payloads as normalized, through the store's Mapping Rules; the first one's outcome first. Raises ShopError."""
    sets, payloads = host.rules(store), list(payloads)
    found = [mapped(payload, sets) for payload in payloads]
    before: list[Outcome] = []
    for one in found:
        if isinstance(one.payload, OrderPayload):
            before += _prepare_order(host, store, client, one.payload, sets)
    refused = [_refuse(host, store, one, observed_at) for one in found if one.refusal]
    ready = [one for one in found if not one.refusal]
    normalized = {outbox.key_of(one.payload, store): one.normalized for one in ready if one.normalized}
    is_refused = bool(found and found[0].refusal)
    taken = outbox.absorb_all(
        with_template_code([one.payload for one in ready]),
        store,
        host,
        observed_at=observed_at,
        normalized=normalized,
        made_of="" if is_refused or not payloads else made_of(host, store, sets, payloads[0]),
    )
    return (refused + taken if is_refused else taken + refused) + before


def _refuse(
    host: Host, store: Store, one: Mapped, observed_at: datetime, only_if_new: bool = False
) -> Outcome:
    return outbox.keep_unmapped(
        one.payload, one.refusal or ("", ""), store, host, observed_at=observed_at, only_if_new=only_if_new
    )


def _prepare_order(
    host: Host, store: Store, client: ShopClient | None, order: OrderPayload, sets: RuleSets
) -> list[Outcome]:
    """Its status, the customer and the products that the order stands on, as far as they are not known yet."""
    outcomes = []
    seen = _unknown_status(host, store, order.status)
    for payload in filter(None, (seen, order.customer)):
        outcomes.append(_take_new(host, store, payload, sets))
    asked: set[str] = set()
    is_off = command_type_of("product") in store.disabled_command_types
    for line in dump_payload(order)["items"]:
        wanted = line.get("product_id") or line.get("sku") or ""
        if (
            client is None
            or is_off
            or wanted in asked
            or readiness.record_of_line(host.store, store.name, line) is not None
        ):
            continue
        asked.add(wanted)
        outcomes += _fetch_product(host, store, client, line)
    return outcomes


def _unknown_status(host: Host, store: Store, slug: str) -> Payload | None:
    if host.store.find_record(RecordKey(store.name, "order_status", slug)) is not None:
        return None
    return host.platforms(store.platform).seen_status(slug)


def _take_new(host: Host, store: Store, payload: Payload, sets: RuleSets) -> Outcome:
    """A second-hand copy, which never replaces what is known."""
    one = mapped(payload, sets)
    if one.refusal:
        return _refuse(host, store, one, host.clock.now(), only_if_new=True)
    return outbox.absorb(one.payload, store, host, only_if_new=True, normalized=one.normalized)


def _fetch_product(host: Host, store: Store, client: ShopClient, line: dict[str, Any]) -> list[Outcome]:
    """Nothing where the shop does not give it: the order is then held and its line named."""
    observed_at = host.clock.now()
    try:
        body = client.fetch("product", line["product_id"]) if line.get("product_id") else None
        if body is None and line.get("sku"):
            body = client.find_by_sku(line["sku"])
    except ShopError as error:
        if error.is_retryable:
            raise
        return []
    try:
        return ingest(host, store, client, "product", body, observed_at) if body is not None else []
    except NormalizeError:
        return []
