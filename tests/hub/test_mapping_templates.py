"""The default templates change nothing of what the normalizers give: each body of the shops with and without them."""

import json
from pathlib import Path
from typing import Any

import pytest

from salla_manager.contract import dump_json
from salla_manager.core.host import context_of
from salla_manager.core.mapping.apply import map_payload
from salla_manager.core.mapping.rules import compile_rules
from salla_manager.core.mapping.templates import template
from salla_manager.core.outbox import content_hash, entity_type_of
from salla_manager.core.pull import ENTITY_TYPES
from salla_manager.payloads import PAYLOADS, Payload, dump_payload, parse_payload
from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.salla.platform import SALLA
from salla_manager.platforms.salla.understand import payloads
from salla_manager.platforms.woocommerce.platform import WOOCOMMERCE
from sandbox.woocommerce.history import WooHistory

CONTEXT = StoreContext(currency="SAR")
FIXTURES = Path(__file__).resolve().parents[1] / "salla" / "fixtures"


def unchanged(platform: str, payload: Payload) -> bool:
    """Also where its customer is taken out of an order."""
    entity_type = entity_type_of(payload)
    after = map_payload(payload, compile_rules(template(platform, entity_type)))
    assert dump_payload(after) == dump_payload(payload)
    assert content_hash(after) == content_hash(payload)
    return after is payload


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_of_captured_bodies(path):
    body = load_body(path.read_bytes())
    if path.stem == "order_light":
        body = {**body["data"], "items": load_body((FIXTURES / "order_items.json").read_bytes())["data"]}
    found, _ = payloads(body, CONTEXT)
    assert all(unchanged("salla", payload) for _, payload in found)


def test_of_a_whole_store(history):
    client = history.host.client_for(history.store)
    kinds = dict.fromkeys(PAYLOADS, 0)
    for entity_type in ENTITY_TYPES.values():
        for body in client.list(entity_type):
            for payload in SALLA.normalize(entity_type, body, CONTEXT):
                kinds[entity_type_of(payload)] += 1
                assert unchanged("salla", payload)
                # As it is read back from the record.
                assert unchanged("salla", parse_payload(entity_type_of(payload), kept(payload)))
    assert all(kinds.values()), kinds


def test_of_a_whole_woocommerce_store(tmp_path):
    history = WooHistory(
        str(tmp_path / "woo.db"), seed=5, products=20, variations=30, orders=30, customers=12
    )
    client = history.client_for(history.store)
    context = context_of(history.store)
    kinds = dict.fromkeys(PAYLOADS, 0)
    for entity_type in ("category", "product", "customer", "order"):
        for body in client.list(entity_type):
            for payload in WOOCOMMERCE.normalize(entity_type, body, context):
                kinds[entity_type_of(payload)] += 1
                assert unchanged("woocommerce", payload)
                customer = getattr(payload, "customer", None)
                assert customer is None or unchanged("woocommerce", customer)
    history.rows.close()
    assert min(kinds[kind] for kind in ("category", "product", "variant", "customer", "order")) > 0, kinds


def kept(payload: Payload) -> dict[str, Any]:
    return json.loads(dump_json(dump_payload(payload)))
