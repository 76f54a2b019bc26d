"""From stored events to commands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hub_kit import NOW, STORE, Hub, body

from salla_manager.core.commands import process_event_again
from salla_manager.core.model import RecordStatus
from salla_manager.platforms.pace import ORDERS, PRODUCTS
from salla_manager.platforms.port import ShopError


def test_several_signals_of_one_entity_are_worked_on_once(hub: Hub) -> None:
    hub.shop.has("order", body("order", items=[], customer=None))
    for event in ("order.created", "order.updated", "order.paid"):
        hub.webhook(event, external_id="900")
    report = hub.process()
    assert (report.signals, report.events, hub.shop.fetched) == (1, {"Processed": 3}, [("order", "900")])
    assert len(hub.commands()) == 1


def test_a_whole_body_needs_no_fetch_except_for_orders(hub: Hub) -> None:
    hub.shop.has("order", body("order", total="20.00", items=[], customer=None))
    hub.webhook("product.updated", **body("product"))
    hub.webhook("order.created", **body("order", total="10.00", items=[], customer=None))
    hub.process()
    assert hub.shop.fetched == [("order", "900")]
    assert '"total":"20.00"' in hub.commands("order")[0].payload


@pytest.mark.parametrize("has_client", [True, False])
def test_an_older_version_behind_a_newer_one_in_a_batch_does_not_win(hub: Hub, has_client: bool) -> None:
    newer = body("product", name="New", updated_at="2026-01-02T00:00:00Z")
    hub.shop.has("product", newer)
    if not has_client:
        hub.client = None
    hub.webhook("product.updated", **newer)
    hub.webhook("product.updated", **body("product", name="Old", updated_at="2026-01-01T00:00:00Z"))
    assert hub.process().events == {"Processed": 2}
    assert [command.title for command in hub.commands("product")] == ["New"]


def test_a_deletion_in_a_batch_wins_over_what_came_behind_it(hub: Hub) -> None:
    hub.absorb("product")
    hub.webhook("product.deleted", external_id="1")
    hub.webhook("product.updated", **body("product", name="Late"))
    hub.process()
    assert '"status":"deleted"' in hub.commands("product")[-1].payload


def test_without_tokens_a_whole_body_does(hub: Hub) -> None:
    hub.client = None
    hub.webhook("order.created", **body("order", items=[], customer=None))
    hub.webhook("product.updated", external_id="1")
    assert hub.process().events == {"Processed": 1, "No Access": 1}
    assert "has no access to its shop. Connect the store" in hub.event("SM-LOG-00002")["message"]


def test_what_the_shop_has_no_more_is_ignored_with_the_reason(hub: Hub) -> None:
    hub.webhook("product.updated", external_id="1")
    hub.process()
    assert (hub.event()["status"], hub.event()["message"]) == (
        "Ignored",
        "The shop has no product 1 any more.",
    )


def test_an_event_of_no_interest_is_ignored_and_said_to_be_so(hub: Hub) -> None:
    hub.webhook("review.added", external_id="1")
    hub.process()
    assert hub.event()["message"] == "'review.added' does not concern the ERP."


def test_a_deletion_sends_the_product_as_deleted(hub: Hub) -> None:
    hub.webhook("product.deleted", external_id="1")
    hub.clock.forward(1)
    hub.absorb("product")
    hub.process()
    assert '"status":"deleted"' in hub.commands()[-1].payload
    assert hub.shop.fetched == []


def test_a_deleted_order_is_told_to_the_erp(hub: Hub) -> None:
    hub.absorb("order", items=[], customer=None)
    hub.webhook("order.deleted", external_id="900")
    hub.process()
    assert (hub.event()["status"], hub.statuses()) == ("Processed", ["Superseded", "Queued"])
    assert '"status":"deleted"' in hub.commands()[-1].payload


def test_a_shop_that_is_away_is_asked_again_with_backoff(hub: Hub) -> None:
    hub.shop.has("product", body("product"))
    hub.shop.errors = [ShopError("offline", "HTTP 502"), ShopError("throttled", "HTTP 429", retry_after=500)]
    hub.webhook("product.updated", external_id="1")
    # To find no place within the shop's limit is no failure of the event.
    for attempts, wait in ((1, 15), (1, 500)):
        assert hub.process().events == {"Failed": 1}
        event = hub.event()
        assert (event["attempts"], event["due_at"]) == (
            attempts,
            (hub.clock.now() + timedelta(seconds=wait)).isoformat(timespec="microseconds"),
        )
        assert hub.process().events == {}
        hub.clock.forward(wait)
    assert hub.process().events == {"Processed": 1}


def test_it_gives_up_after_the_last_attempt_and_an_operator_starts_anew(hub: Hub) -> None:
    hub.change_settings(retry_max_attempts=2, retry_backoff_seconds=2.0)
    hub.shop.errors = [ShopError("offline", "HTTP 502")] * 2
    hub.shop.has("product", body("product"))
    hub.webhook("product.updated", external_id="1")
    for _ in range(3):
        hub.process()
        hub.clock.forward(3600)
    event = hub.event()
    assert (event["status"], event["due_at"], len(hub.shop.fetched)) == ("Failed", None, 2)
    assert "tried often enough" in event["message"]
    process_event_again(hub.host, "SM-LOG-00001")
    assert hub.process().events == {"Processed": 1}


@pytest.mark.parametrize(
    ("kind", "status", "step"),
    [("unauthorized", "No Access", "Connect the store"), ("forbidden", "Failed", "missing scope")],
)
def test_a_refusal_of_the_shop_ends_with_cause_and_next_step(
    hub: Hub, kind: str, status: str, step: str
) -> None:
    hub.shop.errors = [ShopError(kind, "no access")]
    hub.webhook("product.updated", external_id="1")
    hub.process()
    event = hub.event()
    assert (event["status"], event["due_at"]) == (status, None)
    assert "no access" in event["message"]
    assert step in event["message"]


def test_what_cannot_be_understood_stands_in_its_record(hub: Hub) -> None:
    hub.webhook("product.updated", **body("product", price="dear"))
    hub.process()
    record = hub.record("product", "1")
    assert (hub.event()["status"], record.status, record.raw[:1]) == ("Failed", RecordStatus.FAILED, "{")
    assert record.message.startswith("price: ")
    hub.clock.forward(1)
    hub.webhook("product.updated", **body("product"))
    hub.process()
    assert (hub.record("product", "1").status, hub.record("product", "1").message) == ("Queued", "")


def test_one_bad_event_never_stops_the_rest(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    normalize = hub.host.platforms("salla").normalize

    def fragile(entity_type: str, entity: dict, context: object) -> list:
        if entity["external_id"] == "2":
            raise RuntimeError("phone +966501234567")
        return normalize(entity_type, entity, context)

    monkeypatch.setattr(hub.host.platforms("salla"), "normalize", fragile)
    for number in ("1", "2", "3"):
        hub.webhook("brand.updated", external_id=number, name=f"Brand {number}")
    assert hub.process().events == {"Processed": 2, "Failed": 1}
    event = hub.event("SM-LOG-00002")
    assert "RuntimeError" in event["message"]
    assert "+966" not in event["message"]
    assert event["due_at"] is not None


def test_an_older_state_ends_as_stale(hub: Hub) -> None:
    hub.absorb("product", price="12", updated_at="2026-11-20T12:00:10Z")
    hub.webhook("product.updated", **body("product", updated_at="2026-11-20T12:00:09Z"))
    assert hub.process().events == {"Stale": 1}
    assert hub.record("product", "1").observed_at == NOW


def test_what_a_slow_shop_keeps_waiting_is_not_taken_by_another_worker(hub: Hub) -> None:
    """Four orders of 70 seconds each, claimed for three minutes."""
    for number in range(4):
        hub.webhook("order.created", external_id=f"90{number}")
    taken_by_others: list[int] = []
    fetch = hub.shop.fetch

    def slow(entity_type: str, external_id: str) -> object:
        hub.clock.forward(70)
        with hub.rows.transaction():
            taken_by_others.append(len(hub.rows.due_events(hub.clock.now(), 10)))
        return fetch(entity_type, external_id)

    hub.shop.fetch = slow  # type: ignore[method-assign]
    hub.process()
    assert taken_by_others == [0, 0, 0, 0]


def test_a_worker_that_died_is_followed_by_another_after_the_claim(hub: Hub) -> None:
    hub.webhook("product.updated", **body("product"))
    with hub.rows.transaction():
        assert len(hub.rows.due_events(hub.clock.now(), 10)) == 1
    assert hub.process().events == {}
    hub.clock.forward(181)
    assert hub.process().events == {"Processed": 1}


def test_orders_have_the_most_urgent_lane(hub: Hub) -> None:
    for kind, number in (("product", "1"), ("order", "900")):
        hub.shop.has(kind, body(kind))
        hub.webhook(f"{kind}.updated", external_id=number)
    hub.process()
    assert hub.shop.lanes == [PRODUCTS, ORDERS]


def test_a_long_queue_for_the_shop_kills_no_event(hub: Hub) -> None:
    hub.change_settings(retry_max_attempts=2)
    hub.shop.has("product", body("product"))
    hub.shop.errors = [ShopError("throttled", "no place", retry_after=3.0)] * 5
    hub.webhook("product.updated", external_id="1")
    for _ in range(5):
        assert hub.process().events == {"Failed": 1}
        hub.clock.forward(3)
    assert hub.process().events == {"Processed": 1}


def test_the_platform_knows_best_what_to_do(hub: Hub) -> None:
    hub.shop.errors = [ShopError("unauthorized", "HTTP 401", step="Wake the owner.")]
    hub.webhook("product.updated", external_id="1")
    hub.process()
    assert hub.event()["message"].endswith("HTTP 401. Wake the owner.")


def test_what_comes_while_its_kind_is_off_is_kept_and_worked_off_when_it_is_on(hub: Hub) -> None:
    hub.shop.has("order", body("order", customer=None, items=[]))
    hub.change_store(disabled_command_types=frozenset({"upsert_order"}))
    hub.webhook("order.created", external_id="900")
    assert hub.process().events == {"Switched Off": 1}
    assert (hub.shop.fetched, hub.commands()) == ([], [])
    assert "Switched on there, the event goes on by itself" in hub.event()["message"]
    hub.change_store(disabled_command_types=frozenset())
    assert hub.process().events == {}
    with hub.rows.transaction():
        assert hub.rows.resume_events(STORE) == 1
    assert hub.process().events == {"Processed": 1}
    assert hub.statuses("order") == ["Queued"]
