"""The benchmark of a WooCommerce sync finds what is not as promised, and nothing else."""

import pytest

from benchmarks.woocommerce import Again, Cost, First, least_calls, measure_again, measure_first
from sandbox.woocommerce.history import WooHistory


@pytest.fixture
def history(tmp_path):
    history = WooHistory(
        str(tmp_path / "hub.sqlite"), products=120, variations=130, orders=20, customers=5, categories=3
    )
    yield history
    history.close()


def test_a_small_store_is_read_whole_and_once(history):
    first = measure_first(history)
    assert (first.missing, first.repeated) == ({}, 0)
    assert first.cost.commands == sum(history.commands().values()) > 200
    assert first.cost.calls == history.calls()
    assert first.cost.seconds > 0
    again = {one.name: one.cost for one in measure_again(history, first.cost)}
    assert set(again) == {"second sync", "all read again"}
    assert [cost.commands for cost in again.values()] == [0, 0]
    key = str(next(iter(history.woo.state.products)))
    history.rows._run("delete from record where entity_type = 'product' and external_id = ?", key)
    assert history.missing() == {"product": [key]}


def test_the_least_is_each_list_once_in_the_largest_pages(history):
    # products 2, variations 2, orders, refunds, customers, categories, brands and statuses 1 each
    assert least_calls(history) == 10


FINE = Cost(calls=102, seconds=10.0, commands=500)


def test_limits_hold_and_are_told_when_they_do_not():
    assert First(FINE, 100, 0, {}).problems() == []
    assert First(FINE, 99, 2, {"order": 3}).problems() == [
        "missing: {'order': 3}",
        "2 entities have more than one command",
        "3.03 % more calls than the least",
    ]
    assert Again("second sync", Cost(20, 0.3, 0), FINE).problems() == []
    assert Again("second sync", Cost(20, 0.31, 1), FINE).problems() == [
        "second sync: 1 commands",
        "second sync: 3.10 % of the first",
    ]
