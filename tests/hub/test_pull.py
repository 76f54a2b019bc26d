"""A pull: counts, failures of single entities, and the signed request of an executor."""

from __future__ import annotations

from typing import Any

import pytest
from hub_kit import INSTANCE, NOW, SECRET, STORE, Hub, body

from salla_manager import contract
from salla_manager.core.pull import PullError, request_pull
from salla_manager.core.pull_api import receive_pull
from salla_manager.platforms.port import ShopError


def fill(hub: Hub) -> None:
    hub.shop.has("order", body("order"))
    hub.shop.has("product", body("product", variants=[body("variant", external_id="11", sku="OUD-S")]))
    hub.shop.has("product", body("product", external_id="2", sku=None))
    hub.shop.has("product", body("product", external_id="3", sku="oud-1"))
    hub.shop.has("customer", body("customer", external_id="7"))
    hub.shop.has("category", body("category"))


def test_a_pull_counts_what_it_queued_and_skipped(hub: Hub) -> None:
    fill(hub)
    assert request_pull(hub.host, STORE, ["orders", "products", "categories", "customers"]) == {
        "ok": True,
        "queued": {"categories": 1, "products": 1, "customers": 1, "orders": 1},
        "skipped_missing_sku": 1,
        "skipped_duplicate_sku": 1,
        "unchanged": {},
        "failed": {},
    }
    assert [command.entity_type for command in hub.commands()] == [
        "category",
        "product",
        "variant",
        "customer",
        "order",
    ]


def test_a_second_pull_sends_nothing(hub: Hub) -> None:
    fill(hub)
    request_pull(hub.host, STORE)
    answer = request_pull(hub.host, STORE)
    assert sum(answer["queued"].values()) == 0
    assert answer["unchanged"] == {"categories": 1, "products": 1, "customers": 1, "orders": 1}
    assert len(hub.commands()) == 5


def test_pull_and_webhook_are_one_way(hub: Hub) -> None:
    hub.webhook("product.updated", **body("product"))
    hub.process()
    hub.shop.has("product", body("product"))
    assert request_pull(hub.host, STORE, ["products"])["queued"] == {"products": 0}


def test_one_bad_entity_never_stops_the_rest(hub: Hub) -> None:
    for number in range(1, 9):
        price = "10" if number == 8 else "dear"
        hub.shop.has("product", body("product", external_id=str(number), sku=f"SKU-{number}", price=price))
    answer = request_pull(hub.host, STORE, ["products"])
    assert (answer["ok"], answer["queued"]) == (True, {"products": 1})
    assert (answer["failed"]["products"]["count"], len(answer["failed"]["products"]["reasons"])) == (7, 5)
    assert answer["failed"]["products"]["reasons"][0].startswith("product 1: price: ")
    assert hub.record("product", "1").status == "Failed"


def test_a_list_that_breaks_off_is_told(hub: Hub) -> None:
    fill(hub)
    hub.shop.list_errors["products"[:-1]] = ShopError("offline", "HTTP 502")
    answer = request_pull(hub.host, STORE, ["products", "customers"])
    assert (answer["ok"], answer["queued"]) == (False, {"products": 1, "customers": 1})
    assert "could not be read to its end: HTTP 502" in answer["failed"]["products"]["reasons"][0]


def test_the_limit_holds_per_entity_type(hub: Hub) -> None:
    for number in range(3):
        hub.shop.has("brand", body("brand", external_id=str(number)))
        hub.shop.has("category", body("category", external_id=str(number)))
    assert request_pull(hub.host, STORE, ["brands", "categories"], limit=2)["queued"] == {
        "categories": 2,
        "brands": 2,
    }


BAD = [
    ({"store_id": "SM-STORE-00009"}, "is not known"),
    ({"entity_types": ["products", "coupons"]}, "Unknown entity type 'coupons'"),
    ({"entity_types": "products"}, "has to be a list"),
    ({"entity_types": [1]}, "has to be a list"),
    ({"entity_types": 5}, "has to be a list"),
    ({"entity_types": True}, "has to be a list"),
    ({"entity_types": {"brands": 1}}, "has to be a list"),
    ({"entity_types": [["like", "%"]]}, "has to be a list"),
    ({"since": "yesterday"}, "ISO 8601, not 'yesterday'"),
    ({"since": 5}, "ISO 8601"),
    ({"limit": 0}, "limit has to be"),
    ({"limit": True}, "limit has to be"),
    ({"limit": "5"}, "limit has to be"),
    ({"limit": 10**19}, "limit has to be"),
    ({"since": "0001-01-01T00:00:00+14:00"}, "of our days"),
    ({"since": "9999-12-31T23:59:59-12:00"}, "of our days"),
]


@pytest.mark.parametrize(("change", "reason"), BAD)
def test_a_bad_request_begins_nothing(hub: Hub, change: dict[str, Any], reason: str) -> None:
    fill(hub)
    with pytest.raises(PullError, match=reason):
        request_pull(hub.host, **{"store_id": STORE, **change})
    assert hub.commands() == []


def test_a_store_without_tokens_cannot_be_pulled(hub: Hub) -> None:
    hub.client = None
    with pytest.raises(PullError, match="has no access to its shop"):
        request_pull(hub.host, STORE)


def ask(
    hub: Hub, secret: str = SECRET, nonce: str = "n" * 16, now: int = 0, **change: Any
) -> tuple[int, Any]:
    raw = contract.dump_json({"store_id": STORE, "entity_types": ["brands"], **change})
    at = int(NOW.timestamp()) + now
    headers = contract.signed_headers(INSTANCE, secret, raw, "pull-0001", now=at, nonce=nonce)
    return receive_pull(raw, headers, hub.host)


def test_a_signed_pull_is_answered(hub: Hub) -> None:
    hub.shop.has("brand", body("brand"))
    status, answer = ask(hub, since="2026-11-20T10:00:00Z", limit=5)
    assert (status, answer["ok"], answer["queued"]) == (200, True, {"brands": 1})


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"secret": "x" * 64}, 401, "unauthorized"),
        ({"now": -301}, 401, "stale_timestamp"),
        ({"store_id": "SM-STORE-00002"}, 403, "unknown_store"),
        ({"store_id": ["like", "%"]}, 403, "unknown_store"),
        ({"entity_types": ["coupons"]}, 400, "bad_pull"),
        ({"entity_types": 5}, 400, "bad_pull"),
        ({"store_id": "%"}, 403, "unknown_store"),
        ({"store_id": {"name": STORE}}, 403, "unknown_store"),
        ({"store_id": None}, 403, "unknown_store"),
    ],
)
def test_a_pull_is_refused(hub: Hub, change: dict[str, Any], status: int, code: str) -> None:
    hub.rows.add_store(type(hub.store)("", "salla", "2", erp_instance="ERP-INSTANCE-0002"))
    answer = ask(hub, **change)
    assert (answer[0], answer[1]["ok"], answer[1]["error_code"]) == (status, False, code)
    assert hub.commands() == []


def test_a_pull_is_not_taken_twice(hub: Hub) -> None:
    assert ask(hub)[0] == 200
    assert ask(hub)[1]["error_code"] == "nonce_used"
    assert ask(hub, nonce="m" * 16)[0] == 200


def test_the_previous_secret_is_taken_and_a_disabled_instance_is_not(hub: Hub) -> None:
    hub.change_instance(secret="t" * 64, previous_secret=SECRET)
    assert ask(hub)[0] == 200
    hub.change_instance(is_enabled=False)
    assert ask(hub, nonce="m" * 16)[1]["error_code"] == "unauthorized"
