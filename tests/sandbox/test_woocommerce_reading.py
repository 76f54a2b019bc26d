"""The hub reads a WooCommerce store that moves, answers badly or stands still meanwhile: nothing lost, nothing twice."""

import random
from datetime import timedelta

import pytest

from benchmarks.woocommerce import least_calls
from salla_manager.core import backfill
from salla_manager.core.sync_run import RunStatus
from sandbox.history import Killed
from sandbox.woocommerce.history import WooHistory

# Two pages of each list that is long.
SIZES = {"products": 104, "variations": 108, "orders": 104, "customers": 3, "categories": 2, "brands": 1}


@pytest.fixture
def history(tmp_path):
    history = WooHistory(str(tmp_path / "hub.sqlite"), **SIZES)
    yield history
    history.close()


def read(history):
    run = history.finish(history.begin().name)
    assert (run.status, run.message) == (RunStatus.DONE, "")
    return run


def once(history):
    """Nothing missing, and one command for each entity that has any."""
    assert history.missing() == {}
    assert set(history.commands().values()) == {1}


def test_deletions_while_paging_lose_nothing(history):
    chance, shop, state = random.Random(7), history.woo.shop, history.woo.state

    def shift(path):
        if path in ("/products", "/variations") and chance.random() < 0.6:
            shop.delete_product(chance.choice(list(state.products)))
        if path == "/orders" and chance.random() < 0.6:
            shop.delete_order(chance.choice(list(state.orders)))

    history.woo.after = shift
    read(history)
    history.woo.after = lambda path: None
    once(history)


def test_what_comes_new_while_paging_is_read_too(history):
    shop, simple = history.woo.shop, next(iter(history.woo.state.products))

    def shift(path):
        if path == "/products":
            shop.new_product("Fresh", "9.90", f"FRESH-{history.calls()}")
        if path == "/orders":
            shop.new_order([(simple, 0, 1)], customer_id=next(iter(history.woo.state.customers)))

    history.woo.before = shift
    read(history)
    history.woo.before = lambda path: None
    assert set(history.commands().values()) == {1}
    assert sum(len(ids) for ids in history.missing().values()) <= 2


def test_rows_that_nobody_may_read_end_no_list(history):
    state = history.woo.state
    state.hidden.update(list(state.products)[95:105])
    read(history)
    hidden = {str(key) for key in state.hidden}
    assert set(history.missing().get("product", ())) <= hidden
    assert not history.missing().keys() - {"product"}


@pytest.mark.parametrize(
    "fault",
    [
        ("html", {"status": 403}),
        ("error", {"status": 503}),
        ("throttle", {"retry_after": 3}),
        ("cut", {}),
    ],
    ids=lambda fault: fault[0] + str(fault[1].get("status", "")),
)
def test_a_bad_answer_in_the_middle_costs_time_only(history, fault):
    kind, options = fault
    name = history.begin().name
    for path in ("/products", "/variations", "/orders"):
        history.woo.faults.add(path, kind, times=2, **options)
    assert history.finish(name).status == RunStatus.DONE
    once(history)


def test_a_large_page_that_is_too_much_for_the_shop_is_asked_for_in_parts(history):
    def too_much(path):
        _, _, query = history.woo.log.entries[-1]
        if path == "/products" and "per_page=100" in query:
            history.woo.faults.add("/products", "error", status=504)

    history.woo.before = too_much
    read(history)
    once(history)


@pytest.mark.parametrize("at", [4, 8])
def test_a_kill_anywhere_costs_one_page(history, at):
    name = history.begin().name
    planned = history.calls()

    def kill(path):
        if history.calls() >= planned + at:
            history.woo.before = lambda path: None
            raise Killed

    history.woo.before = kill
    with pytest.raises(Killed):
        backfill.work(history.host, history.rows, name, float("inf"))
    history.until_due(history.run(name))
    assert history.finish(name).status == RunStatus.DONE
    once(history)
    assert history.calls() - planned <= least_calls(history) + 2


def test_an_old_shop_without_collections_is_read_product_by_product(tmp_path):
    history = WooHistory(str(tmp_path / "old.sqlite"), version="8.2.0", **SIZES)
    read(history)
    assert {"brand"} >= history.missing().keys()
    assert set(history.commands().values()) == {1}
    history.close()


def test_a_look_finds_what_changed_and_moves_on(history):
    read(history)
    shop, state = history.woo.shop, history.woo.state
    history.clock.sleep(timedelta(hours=2).total_seconds())
    simple = next(key for key, row in state.products.items() if row.type == "simple" and row.sku)
    variation = next(key for key, row in state.variations.items() if row.sku)
    shop.change_price(simple, "71.10")
    shop.change_price(variation, "72.20")
    shop.change_order_status(next(iter(state.orders)), "refunded")
    history.clock.sleep(60)
    before = sum(history.commands().values())
    history.look()
    assert sum(history.commands().values()) == before + 3
    calls = history.calls()
    history.clock.sleep(60)
    history.look()
    assert sum(history.commands().values()) == before + 3
    assert history.calls() - calls <= 25
