"""A variant that its product has no more is deleted, and gives its SKU to whoever waits for it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hub_kit import STORE, Hub

from salla_manager.core import variants
from salla_manager.core.ingest import ingest
from salla_manager.core.model import RecordKey
from salla_manager.platforms import registry


def sku(key: int, value: int, code: str) -> dict[str, Any]:
    price = {"amount": 10, "currency": "SAR"}
    return {"id": key, "sku": code, "price": price, "related_option_values": [value]}


SMALL, LARGE = sku(31, 211, "RING-S"), sku(32, 212, "RING-L")
VALUES = [{"id": 211, "name": "S"}, {"id": 212, "name": "L"}, {"id": 213, "name": "XL"}]


def ring(*skus: dict[str, Any], **values: Any) -> dict[str, Any]:
    options = [{"id": 21, "name": "Size", "type": "radio", "values": VALUES}]
    body = {"id": 1, "name": "Ring", "sku": "RING", "type": "product", "status": "sale", "options": options}
    return {**body, "price": {"amount": 10, "currency": "SAR"}, "skus": list(skus), **values}


def take(hub: Hub, body: dict[str, Any], entity_type: str = "product", **options: Any) -> list[Any]:
    host = replace(hub.host, platforms=registry.get)
    hub.clock.forward(1)
    return ingest(host, hub.store, None, entity_type, body, options.get("at", hub.clock.now()))


@pytest.fixture
def shop(hub: Hub) -> Hub:
    """A ring in two sizes, applied."""
    take(hub, ring(SMALL, LARGE))
    while hub.dispatch().done:
        pass
    return hub


def sent(hub: Hub, external_id: str) -> tuple[str, str]:
    """Status and SKU of the newest command of a variant."""
    payload = json.loads(hub.commands("variant", external_id)[-1].payload)
    return payload["status"], payload["sku"]


def test_variant_that_is_left_out_is_deleted_and_others_are_not(shop: Hub) -> None:
    outcomes = take(shop, ring(SMALL))
    assert (outcomes[0].key.entity_type, outcomes[0].status) == ("product", "Unchanged")
    assert sent(shop, "32") == ("deleted", "RING-L")
    assert len(shop.commands("variant", "31")) == 1
    assert take(shop, ring(SMALL))
    assert len(shop.commands("variant", "32")) == 2


def test_new_variant_takes_over_the_sku(shop: Hub) -> None:
    """Options that are made anew give all variants new ids."""
    take(shop, ring(sku(41, 211, "RING-S"), sku(42, 212, "RING-L")))
    assert (sent(shop, "31")[0], sent(shop, "32")[0]) == ("deleted", "deleted")
    assert (sent(shop, "41"), sent(shop, "42")) == (("sale", "RING-S"), ("sale", "RING-L"))
    # Oldest first: the ERP lets go before another one takes.
    numbers = [shop.commands("variant", key)[-1].name for key in ("31", "41")]
    assert numbers == sorted(numbers)


def test_sku_goes_to_who_was_skipped_for_it(shop: Hub) -> None:
    take(shop, {**ring(), "id": 2, "sku": "RING-L", "options": []})
    assert shop.record("product", "2").status == "Skipped"
    take(shop, ring(SMALL))
    assert shop.record("product", "2").status == "Queued"


def test_variant_that_comes_back_is_sold_again(shop: Hub) -> None:
    take(shop, ring(SMALL))
    take(shop, ring(SMALL, LARGE))
    assert sent(shop, "32") == ("sale", "RING-L")


def cut(name: str) -> dict[str, Any]:
    return {key: value for key, value in ring(SMALL).items() if key != name}


@pytest.mark.parametrize("body", [cut("skus"), cut("options"), ring()])
def test_body_that_does_not_carry_its_variants_whole_deletes_none(shop: Hub, body: dict[str, Any]) -> None:
    take(shop, body)
    assert len(shop.commands("variant", "32")) == 1


def test_older_body_deletes_none(hub: Hub) -> None:
    take(hub, ring(SMALL, LARGE, updated_at="2026-11-20 10:00:00"))
    take(hub, ring(SMALL, updated_at="2026-11-20 09:00:00"))
    take(hub, ring(SMALL), at=hub.clock.now() - timedelta(hours=1))
    assert len(hub.commands("variant", "32")) == 1


def test_body_that_is_not_understood_deletes_all_the_same(shop: Hub) -> None:
    """It replaces what is known of the product, so that nothing could tell later."""
    assert take(shop, ring(SMALL, name=None))[0].status == "Failed"
    assert sent(shop, "32")[0] == "deleted"


def test_product_without_options_any_more(shop: Hub) -> None:
    take(shop, ring(sku(33, 0, "RING"), options=[], skus=[{"id": 31, "sku": "RING", "price": 10}]))
    assert (sent(shop, "31")[0], sent(shop, "32")[0]) == ("deleted", "deleted")


def test_deleted_product_takes_its_variants_along(shop: Hub) -> None:
    host = replace(shop.host, platforms=registry.get)
    first, *rest = variants.delete(host, shop.store, RecordKey(STORE, "product", "1"))
    assert (first.key.entity_type, len(rest)) == ("product", 2)
    assert (sent(shop, "31")[0], sent(shop, "32")[0]) == ("deleted", "deleted")
