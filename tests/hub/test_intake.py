"""A webhook at the door: what is kept, what is refused, what is answered."""

from __future__ import annotations

import json

import pytest
from hub_kit import INSTANCE, MERCHANT, STORE, WEBHOOK_SECRET, Hub, body

from salla_manager.core.intake import receive_webhook

PRODUCT = body("product")


def test_a_signed_webhook_is_kept_and_wakes_the_worker(hub: Hub) -> None:
    answer = hub.webhook("product.updated", **PRODUCT)
    assert (answer.http_status, answer.body) == (
        200,
        {"ok": True, "event": "SM-LOG-00001", "duplicate": False},
    )
    event = hub.event()
    assert (event["status"], event["store"], event["event"]) == ("Received", STORE, "product.updated")
    assert (hub.jobs.events, hub.rows.rows("record")) == (1, [])


def test_a_wrong_signature_leaves_no_row(hub: Hub) -> None:
    answer = hub.webhook("product.updated", secret="wrong", **PRODUCT)
    assert (answer.http_status, answer.body["message"]) == (401, "The signature is wrong.")
    assert (hub.rows.rows("event"), hub.jobs.events) == ([], 0)


def test_without_a_secret_nothing_is_taken(hub: Hub) -> None:
    hub.rows.salla_webhook_secrets = ()
    assert hub.webhook("product.updated", **PRODUCT).http_status == 401


def test_a_body_over_the_limit_is_refused_before_its_signature(hub: Hub) -> None:
    hub.rows.webhook_body_limit = 20
    assert hub.raw_webhook(b"x" * 21).http_status == 413
    assert hub.raw_webhook(b"x" * 20).http_status == 200


def test_an_unknown_platform_is_404(hub: Hub) -> None:
    assert receive_webhook("zid", b"{}", {}, hub.host).http_status == 404


def test_the_same_content_again_is_counted_not_added(hub: Hub) -> None:
    hub.shop.has("product", PRODUCT)
    hub.webhook("product.updated", **PRODUCT)
    answer = hub.webhook("product.updated", **PRODUCT)
    assert (answer.http_status, answer.body["duplicate"]) == (200, True)
    assert [event["duplicates"] for event in hub.rows.rows("event")] == [1]
    hub.process()
    assert len(hub.commands()) == 1


def test_a_repeat_is_a_reason_to_look_again(hub: Hub) -> None:
    """10, 12 and 10 again within one second: the third webhook has the bytes of the first."""
    for price in ("10", "12", "10"):
        hub.clock.forward(1)
        hub.shop.has("product", body("product", price=price))
        hub.webhook("product.updated", **body("product", price=price))
        hub.process()
        hub.dispatch()
    assert len(hub.rows.rows("event")) == 2
    assert [sent["payload"]["price"] for sent, _ in hub.wire.sent] == ["10", "12", "10"]


def test_an_authentic_unreadable_body_is_kept_with_the_reason(hub: Hub) -> None:
    answer = hub.raw_webhook(b'{"event": "app.store.authorize", "access_token": "geheim", "x')
    event = hub.event()
    assert (answer.http_status, event["status"]) == (200, "Failed")
    assert "signed rightly but cannot be read" in event["message"]
    assert "geheim" not in event["raw"]
    assert hub.raw_webhook(b"\xff").http_status == 200


def test_an_unknown_store_is_kept_and_picked_up_once_it_is_there(bare_hub: Hub) -> None:
    hub = bare_hub
    assert hub.webhook("product.updated", **PRODUCT).http_status == 200
    event = hub.event()
    assert (event["status"], MERCHANT in event["message"]) == ("Unknown Store", True)
    assert hub.process().events == {}
    hub.webhook("app.store.authorize", access_token="at", refresh_token="rt", expires=1, scope="all")
    assert hub.process().events == {"Processed": 1}
    assert hub.record("product", "1").status == "Queued"


def test_tokens_are_kept_apart_and_never_in_the_log(bare_hub: Hub) -> None:
    hub = bare_hub
    hub.webhook("app.store.authorize", access_token="at-1", refresh_token="rt-1", expires=1, scope="all")
    event = hub.event()
    assert (event["status"], event["message"]) == ("Processed", f"Tokens are kept for {STORE}.")
    assert "at-1" not in json.dumps(hub.rows.rows("event"))
    assert hub.rows.tokens(STORE)["refresh_token"] == "rt-1"


def test_a_repeated_authorization_does_not_bring_old_tokens_back(bare_hub: Hub) -> None:
    hub = bare_hub
    old = {"access_token": "at-1", "refresh_token": "rt-1", "expires": 1, "scope": "all"}
    hub.webhook("app.store.authorize", **old)
    hub.webhook("app.store.authorize", **{**old, "access_token": "at-2"})
    hub.webhook("app.store.authorize", **old)
    assert hub.rows.tokens(STORE)["access_token"] == "at-2"


def test_two_secrets_are_taken_while_one_is_replaced(hub: Hub) -> None:
    hub.rows.salla_webhook_secrets = ("new" * 10, WEBHOOK_SECRET)
    assert hub.webhook("product.updated", **PRODUCT).http_status == 200


ODD_NAMES = ["x" * 141, "x" * 65_536, "<img src=x onerror=alert(1)>", "a\u0000b", "a\nb"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_that_no_column_holds_is_kept_as_unreadable(hub: Hub, name: str) -> None:
    for envelope in ({"event": name, "merchant": MERCHANT}, {"event": "product.updated", "merchant": name}):
        raw = json.dumps({**envelope, "data": PRODUCT}).encode()
        assert hub.raw_webhook(raw).http_status == 200
        event = hub.rows.rows("event")[-1]
        assert (event["status"], event["event"], event["merchant_id"]) == ("Failed", "", "")
        assert "longer than 140 characters or holds" in event["message"]
        assert event["raw"] == raw.decode()
    assert hub.process().events == {}


def test_a_flood_for_two_stores_of_which_one_is_disabled(hub: Hub) -> None:
    other = type(hub.store)("", "salla", "77", erp_instance=INSTANCE, customer_account="C", is_enabled=False)
    hub.rows.add_store(other)
    for number in range(60):
        for merchant in (MERCHANT, "77"):
            answer = hub.webhook(
                "product.updated", merchant, **body("product", external_id=str(number), sku=f"S{number}")
            )
            assert answer.http_status == 200
    while hub.process().events:
        pass
    while hub.dispatch().sent:
        pass
    assert {sent["store_account"] for sent, _ in hub.wire.sent} == {STORE}
    assert len(hub.wire.sent) == 60
    # Nothing of the disabled one is lost.
    statuses = [event["status"] for event in hub.rows.rows("event") if event["merchant_id"] == "77"]
    assert len(statuses) == 60
    assert "Received" not in statuses
