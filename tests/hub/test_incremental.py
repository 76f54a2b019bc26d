"""What changed since the last look, against the simulated store on a simulated clock."""

from contextlib import closing
from dataclasses import replace
from itertools import islice

import pytest

from salla_manager.core.incremental import RETRY_SECONDS, read_changes
from salla_manager.core.ingest import ingest
from salla_manager.core.process import process_due_events
from salla_manager.core.pull import PullError, source_of
from salla_manager.core.sync_run import MOST_TRIES
from sandbox.history import History, Killed


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


def test_an_order_that_never_can_be_read_does_not_hold_up_the_others(read):
    keys = changed(read, 8)
    bad = f"/orders/{keys[3]}"
    read.salla.faults.add(bad, "error", times=None)
    for _ in range(MOST_TRIES - 1):
        answer = look(read, "orders")
        assert (answer["ok"], answer["goes_on_after"]) == (False, RETRY_SECONDS)
        assert str(keys[3]) not in shipped(read)
        read.clock.sleep(RETRY_SECONDS)
    answer = look(read, "orders")
    assert (answer["ok"], answer["goes_on_after"]) == (True, None)
    assert f"order {keys[3]} could not be read {MOST_TRIES} times" in answer["failed"]["orders"]["reasons"][0]
    assert shipped(read) == {str(key) for key in keys} - {str(keys[3])}
    # It is read by itself, by the road of events, once the shop can give it.
    read.salla.faults.clear()
    assert process_due_events(read.host).events == {"Processed": 1}
    assert shipped(read) == {str(key) for key in keys}


def test_two_orders_that_can_not_be_read_are_left_out_one_after_the_other(read):
    keys = changed(read, 8)
    for key in (keys[2], keys[5]):
        read.salla.faults.add(f"/orders/{key}", "error", times=None)
    turns = look_on(read, "orders")
    assert turns == 2 * MOST_TRIES - 1
    assert shipped(read) == {str(key) for key in keys} - {str(keys[2]), str(keys[5])}
    assert read.rows.watermark(read.store.name, "order") is not None
    assert len([row for row in read.rows.rows("event") if row["event"] == "hub.read"]) == 2


def test_an_order_that_the_shop_refuses_is_counted_and_the_look_goes_on(read):
    keys = changed(read, 4)
    read.salla.faults.add(f"/orders/{keys[1]}", "refuse", times=None, status=422, message="No.")
    answer = look(read, "orders")
    assert (answer["ok"], answer["queued"]["orders"], answer["failed"]["orders"]["count"]) == (True, 3, 1)


def test_an_order_whose_product_never_can_be_read_does_not_hold_up_the_others(read):
    keys = changed(read, 5)
    product = read.salla.state.orders[keys[2]].lines[0].product_id
    read.rows._run("delete from record where entity_type in ('product', 'variant')")
    read.salla.faults.add(f"/products/{product}", "error", times=None)
    others = {
        str(key)
        for key in keys
        if product not in {line.product_id for line in read.salla.state.orders[key].lines}
    }
    assert others
    assert look_on(read, "orders") >= MOST_TRIES
    assert shipped(read) == others


def test_what_is_switched_off_is_not_read(read):
    store = replace(read.store, disabled_command_types=frozenset({"upsert_order", "upsert_order_status"}))
    object.__setattr__(read.host.store, "store", lambda name: store)
    changed(read, 2)
    answer = look(read)
    assert "orders" not in answer["queued"]
    assert "products" in answer["queued"]
    assert asked(read, "/orders") == 0
    with pytest.raises(PullError, match="orders is switched off on"):
        look(read, "orders")


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


def changed(history, count):
    keys = list(history.salla.state.orders)[:count]
    for key in keys:
        history.salla.shop.change_order_status(key, "shipped")
    return keys


def shipped(history):
    rows = [row for row in history.rows.rows("record") if row["entity_type"] == "order"]
    return {row["external_id"] for row in rows if '"status":"shipped"' in row["mapped"]}


def new_key(rows, make):
    before = set(rows)
    make()
    return next(iter(set(rows) - before))


def look_on(history, *plurals):
    """Look after look, as long as they say that they go on; gives how many."""
    for turn in range(1, 200):
        wait = look(history, *plurals)["goes_on_after"]
        if wait is None:
            return turn
        history.clock.sleep(wait)
    raise TimeoutError


def test_two_thousand_changed_orders_come_by_themselves_at_120_calls_a_minute(tmp_path):
    sizes = {"products": 48, "customers": 22, "orders": 2000, "categories": 6, "brands": 3}
    with closing(History(str(tmp_path / "many.db"), per_minute=120, **sizes)) as history:
        look(history, "orders")
        before = history.commands()
        history.clock.sleep(4 * 86400)
        keys = changed(history, 2000)
        history.clock.sleep(60)
        began = history.clock.now()
        history.salla.log.clear()
        turns = look_on(history, "orders")
        assert shipped(history) == {str(key) for key in keys}
        assert set((history.commands() - before).values()) == {1}
        assert history.refusals() == 0
        assert turns > 10
        # Order, lines and shipments of each, and the pages; each turn reads again the page it stands on.
        assert history.calls() <= 3 * 2000 * 1.02
        assert history.rows.watermark(history.store.name, "order") == began
        assert history.rows.place(history.store.name, "order") is None
        history.salla.log.clear()
        assert look(history, "orders")["queued"]["orders"] == 0


def test_a_look_that_is_killed_goes_on_where_it_stood(read):
    keys = changed(read, 20)
    fetched = [f"/orders/{key}" for key in keys]

    def kill(path):
        if path == fetched[4]:
            read.salla.before = lambda path: None
            raise Killed

    read.salla.before = kill
    with pytest.raises(Killed):
        look(read, "orders")
    read.salla.log.clear()
    look(read, "orders")
    assert shipped(read) == {str(key) for key in keys}
    assert sum(asked(read, path) for path in fetched) <= 6
    assert read.rows.place(read.store.name, "order") is None


def test_what_changes_while_a_look_goes_on_comes_with_the_next(read):
    keys = changed(read, 20)
    read.salla.faults.add(f"/orders/{keys[5]}", "error")
    assert look(read, "orders")["goes_on_after"] == RETRY_SECONDS
    # One that was read already, and one whose turn had not come yet and moves to the top.
    for key in (keys[15], keys[1]):
        read.clock.sleep(60)
        read.salla.shop.change_order_status(key, "delivered")
    read.clock.sleep(60)
    look(read, "orders")
    look(read, "orders")
    delivered = {
        row["external_id"] for row in read.rows.rows("record") if '"status":"delivered"' in row["mapped"]
    }
    assert {str(keys[15]), str(keys[1])} <= delivered
    assert shipped(read) == {str(key) for key in keys} - {str(keys[15]), str(keys[1])}


def test_orders_that_vanish_pull_nothing_out_of_a_look(read):
    keys = changed(read, 20)
    read.salla.faults.add(f"/orders/{keys[5]}", "error")
    look(read, "orders")
    for key in keys[16:]:
        read.salla.state.orders.pop(key)
    look(read, "orders")
    assert {str(key) for key in keys} <= shipped(read)


def test_new_products_below_those_that_were_told_are_found(read, monkeypatch):
    monkeypatch.setattr("salla_manager.platforms.salla.client.PER_PAGE", 5)
    read.salla.api.per_page_cap = 5
    fresh = [read.salla.shop.new_product(f"New {number}", "10", f"NEW-{number}") for number in range(20)]
    read.clock.sleep(60)
    store, client = source_of(read.host, read.store.name)
    # Webhooks told of the newest twelve, and of none before.
    for body in islice(client.list("product"), 12):
        ingest(read.host, store, client, "product", body, read.clock.now())
    assert look(read, "products")["queued"]["products"] == len(fresh) - 12


def test_a_list_of_new_products_that_broke_off_is_read_to_its_end(read, monkeypatch):
    monkeypatch.setattr("salla_manager.platforms.salla.client.PER_PAGE", 5)
    read.salla.api.per_page_cap = 5
    for number in range(30):
        read.salla.shop.new_product(f"New {number}", "10", f"NEW-{number}")
    pages = []

    def break_off(path):
        pages.append(path)
        if len(pages) == 4:
            read.salla.before = lambda path: None
            raise Killed

    read.salla.before = break_off
    with pytest.raises(Killed):
        look(read, "products")
    assert look(read, "products")["queued"]["products"] == 15
    assert read.missing() == {}


def test_an_order_whose_product_the_shop_cannot_give_now_is_no_reason_to_move_on(read):
    product = new_key(read.salla.state.products, lambda: read.salla.shop.new_product("New", "10", "NEW-1"))
    order = new_key(read.salla.state.orders, lambda: read.salla.shop.new_order([(product, None, 1)]))
    read.salla.faults.add(f"/products/{product}", "error")
    assert look(read, "orders")["ok"] is False
    assert read.rows.place(read.store.name, "order") is not None
    assert look(read, "orders")["queued"]["orders"] == 1
    assert ("order", str(order)) in read.commands()
