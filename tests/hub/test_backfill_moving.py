"""A backfill of a store that changes while it is read."""

import random

import pytest

from salla_manager.core.sync_run import RunStatus


def step(run, entity_type):
    return next(step for step in run.steps if step.entity_type == entity_type)


@pytest.mark.parametrize("seed", range(6))
def test_pages_that_shift_lose_nothing(history, seed):
    """New ones push rows down, deleted ones pull rows up, while their list is read."""
    chance, state = random.Random(seed), history.salla.state
    before = {kind: list(getattr(state, kind)) for kind in ("products", "customers", "orders")}
    changes = {
        "products": lambda: history.salla.shop.new_product("New", "10", f"NEW-{chance.random()}"),
        "customers": history.salla.shop.new_customer,
        "orders": history.salla.shop.new_order,
    }

    def shift(path):
        kind = path.strip("/")
        if kind in changes and chance.random() < 0.5:
            changes[kind]()
        # A customer with orders cannot be deleted.
        if kind in ("products", "orders") and chance.random() < 0.5:
            key = chance.choice(before[kind])
            if kind == "orders":
                state.orders[key].is_deleted = True
            else:
                getattr(state, kind).pop(key, None)

    run = history.begin(["products", "customers", "orders"])
    history.salla.before = shift
    run = history.finish(run.name)
    assert run.status == RunStatus.DONE
    assert set(history.commands().values()) == {1}
    old = {str(key) for keys in before.values() for key in keys}
    missing = history.missing()
    lost = [key for kind in ("product", "customer", "order") for key in missing.get(kind, ())]
    # What came new behind the last look at the top has its webhook; of what was there before nothing is missing.
    assert [key for key in lost if key in old] == []
    assert len(lost) <= 3


def test_a_deletion_in_what_was_read_hides_no_row(history):
    state = history.salla.state
    first = list(state.products)

    def shift(path):
        if path == "/products" and history.salla.log.counts()["/admin/v2/products"] == 3:
            for key in first[-12:-4]:
                state.products.pop(key)

    history.salla.before = shift
    run = history.finish(history.begin(["products"]).name)
    assert (run.status, history.missing().get("product")) == (RunStatus.DONE, None)


def test_records_that_vanish_are_counted_and_stop_nothing(history):
    gone = list(history.salla.state.orders)[10]
    history.salla.faults.add(f"/orders/{gone}", "refuse", times=None, status=404, message="gone")
    run = history.finish(history.begin().name)
    assert (run.status, step(run, "order").vanished) == (RunStatus.DONE, 1)
    assert history.missing() == {"order": [str(gone)]}


def test_one_entity_that_is_refused_or_nonsense_stops_nothing(history):
    refused, broken = list(history.salla.state.orders)[3:5]
    history.salla.faults.add(f"/orders/{refused}", "refuse", times=None, status=422, message="لا")
    history.salla.state.orders[broken].lines = []
    run = history.finish(history.begin().name)
    orders = step(run, "order")
    assert (run.status, orders.failed) == (RunStatus.DONE, 2)
    assert any("لا" in reason for reason in orders.reasons)
    assert any("no lines" in reason for reason in orders.reasons)
