"""The SKU workbench: what is held and why, what only looks alike, and what happens once it is mended."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hub_kit import STORE, Hub, body, payload

from salla_manager.core.commands import OperatorError
from salla_manager.core.model import RecordKey
from salla_manager.core.outbox import absorb_deletion, release_skipped
from salla_manager.core.sku import normalize_sku
from salla_manager.core.workbench import Kind, SkuRow, find_problems, recheck, recheck_all
from salla_manager.platforms.port import ShopError

SAME = [
    "OUD 1",
    " oud 1 ",
    "Oud  1",
    "oud\u00a01",
    "OUD\t1",
    "\u200fOUD 1\u200e",
    "O\u200bUD 1",
    "ＯＵＤ　１",
]
OTHER = ["OUD1", "OUD-1", "ÓUD 1", "OUD ١", "OUD 11"]


@pytest.mark.parametrize("sku", SAME)
def test_what_an_erp_or_a_person_takes_for_one_sku_is_one(hub: Hub, sku: str) -> None:
    assert normalize_sku(sku) == "oud 1"
    hub.absorb("product", sku="OUD 1")
    outcome = hub.absorb("product", external_id="2", sku=sku)
    assert (outcome.status, outcome.kind) == ("Skipped", "duplicate")
    assert "belongs to product 1 (Oud) already" in outcome.reason
    hub.dispatch()
    assert [envelope["payload"]["external_id"] for envelope, _ in hub.wire.sent] == ["1"]


@pytest.mark.parametrize("sku", OTHER)
def test_what_is_another_sku_goes(hub: Hub, sku: str) -> None:
    hub.absorb("product", sku="OUD 1")
    assert hub.absorb("product", external_id="2", sku=sku).status == "Queued"


def rows_of(hub: Hub) -> list[SkuRow]:
    records = [
        hub.record(row["entity_type"], row["external_id"])
        for row in hub.rows.rows("record")
        if row["entity_type"] in ("product", "variant")
    ]
    return [
        SkuRow(
            record.name,
            record.key.entity_type,
            record.key.external_id,
            record.key.external_id,
            record.title,
            record.sku,
            record.status,
            record.message,
        )
        for record in records
        if json.loads(record.mapped)["status"] != "deleted"
    ]


def test_the_list_names_each_problem_once_and_who_is_beside_it(hub: Hub) -> None:
    for external_id, sku in enumerate(["A 1", "a 1", "A 1", None, "A1", "B", "É9", "E٩"], start=1):
        hub.absorb("product", external_id=str(external_id), sku=sku)
    hub.absorb("variant", external_id="1", product_id="6", sku="")
    found = find_problems(rows_of(hub))
    assert [(one.kind, one.row.entity_type, one.row.external_id) for one in found] == [
        (Kind.MISSING, "product", "4"),
        (Kind.MISSING, "variant", "1"),
        (Kind.DUPLICATE, "product", "3"),
        (Kind.SPELLING, "product", "2"),
        (Kind.ALIKE, "product", "1"),
        (Kind.ALIKE, "product", "5"),
        (Kind.ALIKE, "product", "8"),
        (Kind.ALIKE, "product", "7"),
    ]
    assert [beside.external_id for beside in found[3].beside] == ["1"]
    assert "which writes it 'A 1': an ERP takes both for one" in found[3].reason
    assert found[4].reason == "It is sent, but is easily taken for 'A1' of Oud."


def test_a_store_in_order_has_no_problem(hub: Hub) -> None:
    hub.absorb("product")
    hub.absorb("variant", external_id="1", product_id="1", sku="OUD-1-S")
    assert find_problems(rows_of(hub)) == []


def pair(hub: Hub) -> None:
    """Two products of one SKU; the second is held."""
    for external_id in ("1", "2"):
        hub.shop.has("product", body("product", external_id=external_id))
        hub.absorb("product", external_id=external_id)


def statuses(hub: Hub, *keys: str) -> list[str]:
    return [hub.record("product", key).status for key in keys]


def test_the_one_held_goes_when_it_got_a_sku_of_its_own(hub: Hub) -> None:
    pair(hub)
    hub.shop.has("product", body("product", external_id="2", sku="OUD-2"))
    [outcome] = recheck(hub.host, RecordKey(STORE, "product", "2"))
    assert (outcome.status, hub.rows.rows("skip")[0]["is_resolved"]) == ("Queued", 1)


def test_the_one_held_goes_when_the_holder_is_mended_or_gone(hub: Hub) -> None:
    pair(hub)
    hub.shop.has("product", body("product", external_id="1", sku="OUD-9"))
    outcomes = recheck(hub.host, RecordKey(STORE, "product", "1"))
    assert [(one.key.external_id, one.status) for one in outcomes] == [("1", "Queued"), ("2", "Queued")]


def test_a_product_that_the_shop_has_no_more_lets_its_sku_go(hub: Hub) -> None:
    pair(hub)
    del hub.shop.bodies["product", "1"]
    recheck(hub.host, RecordKey(STORE, "product", "1"))
    assert statuses(hub, "2") == ["Queued"]
    assert hub.jobs.instances


def test_a_variant_that_its_product_has_no_more_lets_its_sku_go(hub: Hub) -> None:
    variants = [body("variant", external_id=key, sku=sku) for key, sku in (("11", "S"), ("12", "s"))]
    hub.shop.has("product", body("product", variants=variants))
    hub.absorb_all(*(payload("variant", external_id=one["external_id"], sku=one["sku"]) for one in variants))
    assert hub.record("variant", "12").status == "Skipped"
    hub.shop.has("product", body("product", variants=variants[1:]))
    recheck(hub.host, RecordKey(STORE, "variant", "11"))
    assert hub.record("variant", "12").status == "Queued"


def test_a_crash_between_holder_and_held_is_made_good_by_the_sweep(hub: Hub) -> None:
    pair(hub)
    hub.absorb("product", external_id="3")
    # As a killed worker leaves it: the holder was written, those beside it were not looked at.
    hub.absorb("product", external_id="1", sku="OUD-9")
    assert statuses(hub, "2", "3") == ["Skipped", "Skipped"]
    assert release_skipped(hub.host) == 1
    assert statuses(hub, "2", "3") == ["Queued", "Skipped"]
    assert release_skipped(hub.host) == 0


def test_a_deleted_duplicate_stays_away(hub: Hub) -> None:
    pair(hub)
    absorb_deletion(RecordKey(STORE, "product", "2"), hub.store, hub.host)
    assert release_skipped(hub.host) == 0
    assert find_problems(rows_of(hub)) == []


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({}, RecordKey(STORE, "product", "99"), "There is no product or variant 99"),
        ({}, RecordKey(STORE, "customer", "7"), "There is no product or variant 7"),
        ({"client": None}, RecordKey(STORE, "product", "1"), "has no access to its shop"),
    ],
)
def test_what_cannot_be_read_again(hub: Hub, change: dict[str, Any], key: RecordKey, words: str) -> None:
    pair(hub)
    hub.absorb("customer", external_id="7")
    vars(hub).update(change)
    with pytest.raises(OperatorError, match=words):
        recheck(hub.host, key)


def test_a_shop_that_is_away_is_told(hub: Hub) -> None:
    pair(hub)
    hub.shop.errors = [ShopError("offline", "HTTP 502.")]
    with pytest.raises(OperatorError, match="could not be read: HTTP 502"):
        recheck(hub.host, RecordKey(STORE, "product", "1"))


def test_all_are_read_again_by_the_way_of_events(hub: Hub) -> None:
    pair(hub)
    hub.shop.has("product", body("product", external_id="2", sku="OUD-2"))
    problems = find_problems(rows_of(hub))
    assert recheck_all(hub.host, STORE, [one.row for one in problems]) == 1
    hub.process()
    assert statuses(hub, "1", "2") == ["Queued", "Queued"]
