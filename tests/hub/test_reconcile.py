"""Is anything missing: the shop's list, what the hub knows, what the ERP has."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hub_kit import NOW, STORE, Hub, acked, body

from salla_manager.core.days import day_of
from salla_manager.core.reconcile import LIFE_SIGN, ReconcileError, enqueue_missing, reconcile, yesterday
from salla_manager.core.reconciliation import Reconciliation, RunKey, RunStatus
from salla_manager.core.standing import Finding, Standing, State, judge
from salla_manager.platforms.port import ShopEntry, ShopError

DAY = date(2026, 11, 20)
ORDERS = RunKey(STORE, "order", DAY)
PRODUCTS = RunKey(STORE, "product")


def sell(hub: Hub, *ids: str, **values: Any) -> None:
    hub.shop.has("product", body("product"))
    hub.shop.has("customer", body("customer", external_id="7"))
    for external_id in ids:
        hub.shop.has("order", body("order", external_id=external_id, **values))


def tell(hub: Hub, *ids: str) -> None:
    for external_id in ids:
        hub.webhook("order.created", external_id=external_id)
    hub.process()


def deliver(hub: Hub) -> None:
    while hub.dispatch().sent:
        pass


def run(hub: Hub, key: RunKey = ORDERS) -> Reconciliation:
    return reconcile(hub.host, hub.rows, key)


def found(hub: Hub, key: RunKey = ORDERS) -> dict[str, Finding]:
    return {finding.external_id: finding for finding in hub.rows.findings(key)}


def test_a_day_on_which_all_went_well_has_no_findings(hub: Hub) -> None:
    sell(hub, "900", "901", "902")
    tell(hub, "900", "901", "902")
    deliver(hub)
    result = run(hub)
    assert (result.status, result.tally.at_shop, result.tally.received, result.tally.applied) == (
        RunStatus.DONE,
        3,
        3,
        3,
    )
    assert result.tally.states == {State.APPLIED: 3}
    assert result.tally.is_complete
    assert found(hub) == {}
    assert hub.rows.find_reconciliation(ORDERS) == result


def test_what_was_never_told_is_missing_and_is_read_once(hub: Hub) -> None:
    sell(hub, "900", "901", "902")
    tell(hub, "901")
    deliver(hub)
    result = run(hub)
    assert (result.tally.of(State.MISSING), result.tally.received, result.tally.is_complete) == (2, 1, False)
    assert found(hub)["900"] == Finding(
        "900",
        State.MISSING,
        "The hub never heard of it.",
        "1042",
        "under_review",
        "10.00",
        currency="SAR",
        url="https://shop.test/order/900",
    )
    assert enqueue_missing(hub.host, hub.rows, ORDERS) == 2
    assert enqueue_missing(hub.host, hub.rows, ORDERS) == 0
    hub.process()
    assert enqueue_missing(hub.host, hub.rows, ORDERS) == 0
    deliver(hub)
    assert hub.statuses("order") == ["Done", "Done", "Done"]
    assert run(hub).tally.is_complete


def test_an_event_that_is_stuck_is_named_as_the_cause(hub: Hub) -> None:
    sell(hub, "900")
    hub.shop.errors = [ShopError("forbidden", "HTTP 403.")]
    tell(hub, "900")
    run(hub)
    assert found(hub)["900"].state == State.MISSING
    assert (
        "its event SM-LOG-00001 is Failed. The shop could not be read: HTTP 403." in found(hub)["900"].reason
    )


def test_a_total_that_changed_unheard_is_different_and_is_read_again(hub: Hub) -> None:
    sell(hub, "900")
    tell(hub, "900")
    deliver(hub)
    sell(hub, "900", total="12.50", updated_at="2026-11-20T11:30:00+00:00")
    assert run(hub).tally.states == {State.DIFFERENT: 1}
    assert found(hub)["900"].reason == "The shop says 12.50 now, the ERP has 10.00."
    assert enqueue_missing(hub.host, hub.rows, ORDERS) == 1
    hub.process()
    deliver(hub)
    assert run(hub).tally.states == {State.APPLIED: 1}


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({"disabled_command_types": frozenset({"upsert_order"})}, State.HELD, "upsert_order is switched off"),
        ({"is_enabled": False}, State.HELD, "is disabled. Enable it"),
        ({}, State.WAITING, "Waits for customer 7"),
    ],
)
def test_what_stands_still_is_told_with_its_reason(
    hub: Hub, change: dict[str, Any], state: str, words: str
) -> None:
    hub.change_instance(**change)
    sell(hub, "900")
    tell(hub, "900")
    result = run(hub)
    assert (result.tally.states, result.tally.applied, result.tally.is_complete) == ({state: 1}, 0, True)
    assert words in found(hub)["900"].reason
    assert found(hub)["900"].command == hub.record("order", "900").last_command


def test_dead_and_not_understood_ones(hub: Hub) -> None:
    sell(hub, "900")
    tell(hub, "900")
    hub.wire.normal = acked("failed", message="No company.", retryable=False)
    deliver(hub)
    hub.wire.normal = acked()
    sell(hub, "901", total="dear")
    tell(hub, "901")
    del hub.shop.bodies["order", "901"]
    sell(hub, "901")
    run(hub)
    states = {key: finding.state for key, finding in found(hub).items()}
    assert states["901"] == State.FAILED
    assert states["900"] in (State.WAITING, State.DEAD)
    assert "total" in found(hub)["901"].reason


def test_only_the_orders_of_the_store_s_day_count(hub: Hub) -> None:
    sell(hub, "900", created_at="2026-11-20T20:59:59+00:00")
    sell(hub, "901", created_at="2026-11-20T21:00:00+00:00")
    sell(hub, "902", created_at="2026-11-19T21:00:00+00:00")
    sell(hub, "903", created_at="2026-11-19T20:59:59+00:00")
    assert set(found(hub)) == set()
    run(hub)
    assert set(found(hub)) == {"900", "902"}
    hub.change_store(timezone="UTC")
    run(hub)
    assert set(found(hub)) == {"900", "901"}
    assert set(hub.shop.days) == {DAY}
    assert (yesterday(hub.store, NOW), day_of(NOW, "Pacific/Kiritimati")) == (
        DAY - timedelta(days=1),
        DAY + timedelta(days=1),
    )


def test_products_are_walked_both_ways(hub: Hub) -> None:
    for number, sku in (("1", "A"), ("2", None), ("3", "C")):
        hub.shop.has("product", body("product", external_id=number, sku=sku))
        hub.webhook("product.updated", **body("product", external_id=number, sku=sku))
    hub.process()
    deliver(hub)
    hub.shop.has("product", body("product", external_id="4", sku="D"))
    del hub.shop.bodies["product", "3"]
    result = run(hub, PRODUCTS)
    assert {key: finding.state for key, finding in found(hub, PRODUCTS).items()} == {
        "2": State.SKIPPED,
        "3": State.GONE,
        "4": State.MISSING,
    }
    assert (result.tally.at_shop, result.tally.received, result.tally.of(State.GONE)) == (3, 2, 1)
    hub.webhook("product.deleted", external_id="3")
    hub.process()
    assert run(hub, PRODUCTS).tally.of(State.GONE) == 0


def test_a_shop_that_breaks_off_leaves_a_run_marked_so(hub: Hub) -> None:
    sell(hub, "900", "901", "902")
    hub.shop.list_errors["order"] = ShopError("offline", "HTTP 502.")
    result = run(hub)
    assert (result.status, result.tally.at_shop) == (RunStatus.FAILED, 2)
    assert result.message == "The shop could not be read to its end: HTTP 502."
    assert set(found(hub)) == {"900", "901"}
    assert len(hub.shop.days) == 5
    del hub.shop.list_errors["order"]
    assert (run(hub).status, len(found(hub))) == (RunStatus.DONE, 3)


class Killed(BaseException):
    pass


def test_a_killed_run_is_marked_and_may_be_begun_again(hub: Hub) -> None:
    sell(hub, "900", "901", "902")
    hub.shop.list_errors["order"] = Killed()  # type: ignore[assignment]
    with pytest.raises(Killed):
        run(hub)
    del hub.shop.list_errors["order"]
    with pytest.raises(ReconcileError, match="is being reconciled already"):
        run(hub)
    hub.clock.forward(LIFE_SIGN.total_seconds())
    with hub.rows.transaction():
        assert hub.rows.interrupt_reconciliations(hub.clock.now(), LIFE_SIGN) == 1
    kept = hub.rows.find_reconciliation(ORDERS)
    assert kept is not None
    assert (kept.status, kept.tally.at_shop, kept.tally.pages) == (RunStatus.INTERRUPTED, 2, 2)
    assert (run(hub).status, len(found(hub))) == (RunStatus.DONE, 3)


def test_a_run_that_was_taken_over_keeps_nothing_more(hub: Hub) -> None:
    sell(hub, "900", "901", "902")
    pages = iter(["", "2"])

    def meanwhile(day: date, cursor: str = "") -> Any:
        if next(pages) == "2":
            hub.clock.forward(LIFE_SIGN.total_seconds())
            hub.shop.orders_of = real  # type: ignore[method-assign]
            run(hub)
        return hub.shop.page("order", cursor)

    real, hub.shop.orders_of = hub.shop.orders_of, meanwhile  # type: ignore[method-assign]
    with pytest.raises(ReconcileError, match="has taken over"):
        run(hub)
    assert len(hub.rows.findings(ORDERS)) == 3


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (RunKey("SM-STORE-9", "order", DAY), "is not known"),
        (RunKey(STORE, "brand"), "Only orders, products, customers"),
        (RunKey(STORE, "product", DAY), "by the day"),
    ],
)
def test_what_cannot_be_begun(hub: Hub, key: RunKey, words: str) -> None:
    with pytest.raises(ReconcileError, match=words):
        run(hub, key)
    assert hub.rows.find_reconciliation(key) is None


def test_nothing_is_enqueued_before_the_first_run_and_nothing_read_without_tokens(hub: Hub) -> None:
    with pytest.raises(ReconcileError, match="was not reconciled yet"):
        enqueue_missing(hub.host, hub.rows, ORDERS)
    hub.client = None
    with pytest.raises(ReconcileError, match="has no access to its shop"):
        run(hub)


APPLIED = Standing("R", "1", status="Applied", revision=2, applied_revision=2, total="10.00", currency="SAR")
JUDGED = [
    (None, "10.00", State.MISSING),
    (APPLIED, "10.00", State.APPLIED),
    (APPLIED, "10.009", State.APPLIED),
    (APPLIED, "10.01", State.DIFFERENT),
    (APPLIED, None, State.APPLIED),
]


@pytest.mark.parametrize(("known", "total", "state"), JUDGED)
def test_judgement(known: Standing | None, total: str | None, state: str) -> None:
    entry = ShopEntry("1", total=Decimal(total) if total else None, currency="SAR")
    assert judge(entry, known).state == state
