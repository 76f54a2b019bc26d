"""What changed since the last look, against the simulated store on a simulated clock."""

import pytest

from salla_manager.core.incremental import read_changes
from salla_manager.core.pull import PullError


def look(history, *plurals):
    return read_changes(history.host, history.rows, history.store.name, list(plurals) or None)


def asked(history, path):
    return history.salla.log.counts()[f"/admin/v2{path}"]


@pytest.fixture
def read(history):
    """All of it has been read an hour ago."""
    history.finish(history.begin().name)
    look(history)
    history.clock.sleep(3600)
    history.salla.log.clear()
    return history


def test_the_first_look_takes_a_day_of_orders(history):
    answer = look(history, "orders")
    # Six hours lie between two orders; the last day has four, and the next older one is within the overlap.
    assert 4 <= answer["queued"]["orders"] <= 5
    assert answer["ok"]


def test_nothing_changed_nothing_read(read):
    answer = look(read, "orders", "products", "customers")
    assert (answer["queued"], answer["failed"]) == ({"orders": 0, "products": 0, "customers": 0}, {})
    assert asked(read, "/orders/items") == 0
    # Of orders the first is enough to see that it is old.
    assert read.calls() <= 4 + 2 + 1 + 1


def test_changed_orders_are_found_by_their_time(read):
    keys = list(read.salla.state.orders)
    for key in (keys[2], keys[11]):
        read.salla.shop.change_order_status(key, "shipped")
    assert look(read, "orders")["queued"]["orders"] == 2
    assert asked(read, "/orders/items") == 2
    read.clock.sleep(600)
    read.salla.log.clear()
    # Both are within the overlap still, but known: no lines are read again.
    assert look(read, "orders")["queued"]["orders"] == 0
    assert asked(read, "/orders/items") == 0


def test_new_and_changed_ones_at_the_top_are_found(read):
    read.salla.shop.new_product("New", "10", "NEW-1")
    newest = list(read.salla.state.products)[-3]
    read.salla.shop.rename(newest, "اسم جديد")
    read.salla.shop.new_customer()
    assert look(read, "products", "customers")["queued"] == {"products": 2, "customers": 1}


def test_a_look_that_broke_off_is_made_again_from_where_it_began(read):
    keys = list(read.salla.state.orders)[:3]
    for key in keys:
        read.salla.shop.change_order_status(key, "shipped")
    read.salla.faults.add(f"/orders/{keys[0]}", "error")
    answer = look(read, "orders")
    assert (answer["ok"], answer["queued"]["orders"]) == (False, 2)
    read.clock.sleep(7200)
    assert look(read, "orders")["queued"]["orders"] == 1
    assert read.missing() == {}


def test_an_order_that_changes_during_the_look_comes_with_the_next(read):
    keys = list(read.salla.state.orders)
    for key in keys[:3]:
        read.salla.shop.change_order_status(key, "in_progress")
    read.clock.sleep(1)

    def change(path):
        if path == "/orders/items":
            read.salla.before = lambda path: None
            read.salla.shop.change_order_status(keys[0], "delivered")

    read.salla.before = change
    look(read, "orders")
    read.clock.sleep(7200)
    look(read, "orders")
    stored = next(row for row in read.rows.rows("record") if row["external_id"] == str(keys[0]))
    assert '"status":"delivered"' in stored["mapped"]


def test_a_store_without_access_says_so(history):
    object.__setattr__(history.host, "client_for", lambda store: None)
    with pytest.raises(PullError, match="Connect the store"):
        look(history)


def test_what_could_not_be_understood_is_read_again(read):
    key = list(read.salla.state.orders)[-1]
    order = read.salla.state.orders[key]
    lines, order.lines = order.lines, []
    read.salla.shop.change_order_status(key, "shipped")
    assert look(read, "orders")["failed"]["orders"]["count"] == 1
    order.lines = lines
    assert look(read, "orders")["queued"]["orders"] == 1


def test_an_error_of_the_shop_is_no_reason_to_move_on(read):
    before = read.rows.watermark(read.store.name, "order")
    read.salla.faults.add("/orders", "error")
    assert look(read, "orders")["ok"] is False
    assert read.rows.watermark(read.store.name, "order") == before


def test_the_first_look_leaves_what_is_old_to_a_backfill(history):
    history.clock.sleep(7 * 86400)
    history.salla.shop.new_product("New", "10", "NEW-1")
    assert look(history, "products")["queued"] == {"products": 1}
    assert history.arrived()["product"] == 1
