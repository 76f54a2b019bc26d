"""Variants that carry their product's SKU, as Salla's often do: the product, which nobody can sell, does not claim it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hub_kit import Hub
from test_removed_variants import ring, sku, take

from salla_manager.core.readiness import record_of_line

ONE = [sku(31, 211, "RING"), sku(32, 212, "RING-L")]
ALL = [sku(31, 211, "RING"), sku(32, 212, " ring ")]


def sent(hub: Hub, kind: str, key: str) -> dict[str, Any]:
    return json.loads(hub.commands(kind, key)[-1].payload)


def test_one_variant_has_the_sku_of_its_product(hub: Hub) -> None:
    assert [outcome.status for outcome in take(hub, ring(*ONE))] == ["Queued", "Waiting", "Waiting"]
    assert (sent(hub, "product", "1")["sku"], sent(hub, "product", "1")["template_code"]) == (
        "RING",
        "RING-1",
    )
    assert sent(hub, "variant", "31")["sku"] == "RING"
    assert hub.rows.rows("skip") == []


def test_a_line_that_names_the_sku_only_is_the_variant(hub: Hub) -> None:
    take(hub, ring(*ONE))
    record = record_of_line(hub.rows, hub.store.name, {"sku": "RING"})
    assert record is not None
    assert record.key.external_id == "31"


def test_a_product_whose_variants_have_their_own_keeps_its_code(hub: Hub) -> None:
    take(hub, ring(sku(31, 211, "RING-S")))
    assert sent(hub, "product", "1")["template_code"] is None


def test_of_several_the_others_are_told_to_get_their_own(hub: Hub) -> None:
    outcomes = take(hub, ring(*ALL))
    assert [outcome.status for outcome in outcomes] == ["Queued", "Waiting", "Skipped"]
    (skip,) = hub.rows.rows("skip")
    assert (skip["external_id"], outcomes[2].kind) == ("32", "duplicate")
    assert "Several variants of product 1 carry the SKU" in skip["reason"]
    assert "Give each variant its own SKU" in skip["reason"]


def test_mended_in_the_shop_all_flow(hub: Hub) -> None:
    take(hub, ring(*ALL))
    take(hub, ring(sku(31, 211, "RING-S"), sku(32, 212, "RING")))
    assert [row["is_resolved"] for row in hub.rows.rows("skip")] == [1]
    assert (sent(hub, "variant", "31")["sku"], sent(hub, "variant", "32")["sku"]) == ("RING-S", "RING")


def test_a_template_without_sku_is_skipped_as_before(hub: Hub) -> None:
    assert take(hub, ring(*ONE, sku=""))[0].kind == "missing"


def test_what_an_older_hub_skipped_for_the_template_goes(hub: Hub) -> None:
    take(hub, ring(*ONE))
    product, variant = hub.record("product", "1"), hub.record("variant", "31")
    with hub.rows.transaction():
        hub.rows.save_record(replace(product, sku="RING"))
        hub.rows.save_record(replace(variant, status="Skipped", revision=0, content_hash=""))
    assert "Queued" in {outcome.status for outcome in take(hub, ring(*ONE))} | {
        hub.record("variant", "31").status
    }
    assert hub.record("variant", "31").status == "Queued"
