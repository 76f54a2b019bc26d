"""A backfill against the simulated store, without a socket and on a simulated clock."""

from dataclasses import replace

import pytest

from salla_manager.core import backfill
from salla_manager.core.model import RecordKey
from salla_manager.core.process import process_due_events
from salla_manager.core.pull import PullError
from salla_manager.core.sync_run import MOST_TRIES, RunStatus
from salla_manager.platforms.pace import ORDERS
from sandbox.history import Killed


def step(run, entity_type):
    return next(step for step in run.steps if step.entity_type == entity_type)


def once(history, *kinds):
    """Everything has come, and nothing twice."""
    missing = history.missing()
    return not [missing[kind] for kind in kinds or missing if kind in missing] and set(
        history.commands().values()
    ) == {1}


def test_the_plan_counts_and_asks_for_nothing_more(slow):
    figures = slow.plan().figures()
    assert slow.calls() == 6
    counted = {kind: row["total"] for kind, row in figures["entities"].items()}
    assert counted == {
        "category": 2,
        "brand": 3,
        "order_status": 11,
        "product": 48,
        "customer": 22,
        "order": 24,
    }
    # Three small lists, four pages of products, two of customers, three of orders, each of which asks for three more.
    assert figures["calls"] == 3 + 4 + 2 + 3 + 24 * 3
    assert figures["minutes"] == pytest.approx(84 / 120, abs=0.06)
    assert (figures["status"], figures["calls_left"]) == ("Planned", figures["calls"])


def test_everything_arrives_once(history):
    run = history.finish(history.begin().name)
    assert (run.status, run.message, once(history)) == (RunStatus.DONE, "", True)
    assert run.started_at < run.finished_at == history.clock.now()
    figures = run.figures()
    assert figures["calls_left"] == 0
    assert {kind: row["failed"] for kind, row in figures["entities"].items() if row["failed"]} == {}
    products = step(run, "product")
    assert (products.skipped, products.queued) == (6, 42)


def test_a_second_run_queues_nothing(history):
    history.finish(history.begin().name)
    run = history.finish(history.begin(["products", "orders"]).name)
    assert [(part.queued, part.unchanged + part.skipped) for part in run.steps] == [(0, 48), (0, 24)]
    assert once(history)


def test_at_120_calls_a_minute_none_is_refused(slow):
    run = slow.begin()
    begun, asked = slow.clock(), slow.calls()
    run = slow.finish(run.name)
    assert (run.status, slow.refusals(), once(slow)) == (RunStatus.DONE, 0, True)
    # A quarter of the bucket at once, then two a second.
    steady = (slow.calls() - asked - 30) / 2
    assert steady - 1 <= slow.clock() - begun <= steady + 10
    assert run.calls_per_minute == 120


@pytest.mark.parametrize("at", range(1, 80, 6))
def test_a_kill_anywhere_costs_one_page_and_no_entity(history, at):
    run = history.begin()
    calls = [0]

    def kill(path):
        calls[0] += 1
        if calls[0] == at:
            raise Killed

    history.salla.before = kill
    with pytest.raises(Killed):
        backfill.work(history.host, history.rows, run.name, 1e9)
    # Nobody else takes it until the lease is over.
    assert backfill.work(history.host, history.rows, run.name) is None
    history.until_due(history.run(run.name))
    run = history.finish(run.name)
    assert (run.status, once(history)) == (RunStatus.DONE, True)
    shippable = sum(order.is_shippable for order in history.salla.state.orders.values())
    # The plan and the pages, with one look at the top of the three long lists; then the orders.
    least = 6 + 3 + (4 + 2 + 3) + 3 + 24 * 2 + shippable
    # More than that: the page it was on, and of the order it was on what had been read.
    assert least <= history.calls() <= least + 1 + 3


def test_pause_stops_behind_the_order_in_hand_and_resume_goes_on(history):
    run = history.begin(["products", "customers", "orders"])

    def pause(path):
        if path.startswith("/orders/items") and history.calls() > 45:
            history.salla.before = lambda path: None
            backfill.pause(history.host, history.rows, run.name)

    history.salla.before = pause
    paused = history.finish(run.name)
    assert (paused.status, paused.message) == (RunStatus.PAUSED, "Paused by an operator.")
    done = history.arrived()["order"]
    assert 0 < done < 24
    calls = history.calls()
    assert backfill.work(history.host, history.rows, run.name) is None
    assert history.calls() == calls
    backfill.start(history.host, history.rows, run.name)
    assert history.finish(run.name).status == RunStatus.DONE
    assert once(history, "product", "customer", "order")


def test_cancel_leaves_what_was_read(history):
    run = history.begin(["products", "orders"])

    def cancel(path):
        if path.startswith("/orders/"):
            history.salla.before = lambda path: None
            backfill.cancel(history.host, history.rows, run.name)

    history.salla.before = cancel
    run = history.finish(run.name)
    assert (run.status, run.finished_at is not None) == (RunStatus.CANCELLED, True)
    assert history.arrived()["product"] == 48
    for action in (backfill.start, backfill.pause, backfill.cancel):
        with pytest.raises(PullError, match="is Cancelled"):
            action(history.host, history.rows, run.name)


def test_one_open_run_per_store(history):
    history.plan()
    with pytest.raises(PullError, match="SM-SYNC-00001 of SM-STORE-00001 is Planned"):
        history.plan()
    with pytest.raises(PullError, match="no run"):
        backfill.start(history.host, history.rows, "SM-SYNC-9")


@pytest.mark.parametrize(
    "fault", [{"kind": "error"}, {"kind": "html"}, {"kind": "throttle", "retry_after": 400}]
)
def test_a_shop_that_is_away_is_tried_again_by_itself(history, fault):
    run = history.begin(["products"])
    history.salla.faults.add("/products", **fault)
    backfill.work(history.host, history.rows, run.name)
    waiting = history.run(run.name)
    assert (waiting.status, waiting.due_at > history.clock.now()) == (RunStatus.RUNNING, True)
    assert waiting.message
    assert history.rows.due_runs(history.clock.now()) == []
    assert history.finish(run.name).message == ""
    assert once(history, "product")


def test_orders_that_never_can_be_read_do_not_hold_up_the_others(history):
    keys = list(history.salla.state.orders)
    bad = [keys[4], keys[5]]
    for key in bad:
        history.salla.faults.add(f"/orders/{key}", "error", times=None)
    run = history.finish(history.begin(["orders"]).name)
    orders = step(run, "order")
    assert (run.status, orders.failed, orders.queued) == (RunStatus.DONE, 2, len(keys) - 2)
    assert set(orders.block.left_out) == {str(key) for key in bad}
    assert f"order {bad[1]} could not be read {MOST_TRIES} times" in " ".join(orders.reasons)
    assert history.missing()["order"] == [str(key) for key in bad]
    history.salla.faults.clear()
    assert process_due_events(history.host).events == {"Processed": 2}
    assert "order" not in history.missing()


def test_a_list_that_never_can_be_read_does_not_hold_up_the_other_kinds(history):
    run = history.begin()
    history.salla.faults.add("/brands", "error", times=None)
    for _ in range(MOST_TRIES + 3):
        backfill.work(history.host, history.rows, run.name, 1e9)
        history.until_due(history.run(run.name))
    waiting = history.run(run.name)
    assert [part.entity_type for part in waiting.steps if not part.is_done] == ["brand"]
    assert (waiting.status, "/brands" in waiting.message) == (RunStatus.RUNNING, True)
    history.salla.faults.clear()
    assert history.finish(run.name).status == RunStatus.DONE
    assert once(history)


def test_a_shop_that_was_away_long_is_read_in_the_order_of_work(history):
    run = history.begin()
    history.salla.faults.add("/", "error", times=None)
    for _ in range(8 * MOST_TRIES):
        backfill.work(history.host, history.rows, run.name, 1e9)
        history.until_due(history.run(run.name))
    history.salla.faults.clear()
    history.salla.log.clear()
    assert history.finish(run.name).status == RunStatus.DONE
    asked = [entry for entry in history.salla.log.counts()]
    assert asked[0].endswith("/categories")
    assert once(history)


def test_what_is_switched_off_is_not_planned(history):
    off = frozenset({"upsert_product", "upsert_variant", "upsert_category", "upsert_brand"})
    store = replace(history.store, disabled_command_types=off)
    object.__setattr__(history.host.store, "store", lambda name: store)
    assert [part.entity_type for part in history.plan().steps] == ["order_status", "customer", "order"]
    with pytest.raises(PullError, match="products is switched off"):
        history.plan(["products"])


def test_a_lost_access_pauses_and_says_what_to_do(history):
    run = history.begin(["products"])
    history.salla.oauth.scope = ""
    run = history.finish(run.name)
    assert run.status == RunStatus.PAUSED
    assert "scopes" in run.message
    assert run.message.endswith("Resume it then.")


def test_a_store_without_access_pauses_too(history):
    run = history.begin(["products"])
    object.__setattr__(history.host, "client_for", lambda store: None)
    run = history.finish(run.name)
    assert (run.status, "Connect the store" in run.message) == (RunStatus.PAUSED, True)


def test_it_reads_no_further_than_the_erp_follows(history, monkeypatch):
    queued = [500]
    monkeypatch.setattr(history.rows, "queued_commands", lambda store: queued[0])
    run = history.begin(["products"])
    calls = history.calls()
    backfill.work(history.host, history.rows, run.name)
    waiting = history.run(run.name)
    assert (history.calls(), waiting.status, "500 commands" in waiting.message) == (
        calls,
        RunStatus.RUNNING,
        True,
    )
    queued[0] = 0
    assert history.finish(run.name).status == RunStatus.DONE


def test_a_live_order_never_waits_for_the_backfill(slow):
    run = slow.begin()
    live, waits = slow.client_for(slow.store).in_lane(ORDERS), []

    def order_comes(path):
        if path.startswith("/orders/") and slow.calls() % 10 == 0:
            slow.salla.before = lambda path: None
            key = next(iter(slow.salla.state.orders))
            before = slow.clock()
            assert live.fetch("order", str(key))["items"]
            waits.append(slow.clock() - before)
            slow.salla.before = order_comes

    slow.salla.before = order_comes
    assert slow.finish(run.name).status == RunStatus.DONE
    assert len(waits) >= 2
    assert max(waits) < 0.5
    assert slow.refusals() == 0


def test_what_a_webhook_brought_meanwhile_is_not_read_again(history):
    run = history.begin(["orders"])
    key = str(next(iter(history.salla.state.orders)))
    with history.rows.transaction():
        record = history.rows.lock_record(RecordKey(history.store.name, "order", key))
    with history.rows.transaction():
        history.rows.save_record(replace(record, observed_at=history.clock.now()))
    run = history.finish(run.name)
    assert step(run, "order").known >= 1
    assert f"/admin/v2/orders/{key}" not in history.salla.log.counts()


def test_orders_from_a_day_on(history):
    orders = list(history.salla.state.orders.values())
    run = history.finish(history.begin(["orders"], since=orders[14].created.isoformat()).name)
    assert run.status == RunStatus.DONE
    known = history.arrived()["order"]
    # A day more than asked for, as the shop's days are not ours.
    assert 10 <= known <= 10 + 8


def test_a_lock_conflict_is_no_failure(history):
    run = history.begin(["products"])
    conflicts = [0]

    def retrying(work):
        conflicts[0] += 1
        if conflicts[0] % 3 == 0:
            return work()
        return retrying(work)

    object.__setattr__(history.host, "retrying", retrying)
    history.finish(run.name)
    assert conflicts[0] == 3 * 48
    assert once(history, "product")


def test_a_look_for_changes_goes_on_where_the_backfill_began(history):
    run = history.finish(history.begin(["products", "orders"]).name)
    marks = {
        kind: history.rows.watermark(history.store.name, kind) for kind in ("product", "order", "customer")
    }
    assert marks == {"product": run.started_at, "order": run.started_at, "customer": None}
    first = marks["order"]
    history.finish(history.begin(["orders"], since="2026-11-19").name)
    assert history.rows.watermark(history.store.name, "order") == first


def test_what_is_missing_counts_variants_and_statuses_too(history):
    kinds = {"product", "variant", "customer", "order", "category", "brand", "order_status"}
    assert set(history.missing()) == kinds
    history.finish(history.begin().name)
    assert history.missing() == {}
