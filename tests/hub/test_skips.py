"""Skipped products are read again each hour: no webhook tells of a SKU that was mended in the shop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_kit import Hub, body, line

from salla_manager.core import skips
from salla_manager.core.process import process_due_events
from salla_manager.core.pull import request_pull
from salla_manager.core.release import release_parked
from salla_manager.core.skips import MOST, read_again
from sandbox.history import History


def look(hub: Hub, most: int = MOST) -> list[str]:
    """Products that one hour's look reads."""
    hub.shop.fetched.clear()
    hub.clock.forward(3600)
    read_again(hub.host, hub.rows, hub.store, most)
    hub.process()
    return [key for kind, key in hub.shop.fetched if kind == "product"]


def test_a_mended_product_goes_and_so_does_the_order_that_it_held(hub: Hub) -> None:
    hub.shop.has("product", body("product", sku=None))
    hub.shop.has("order", body("order", customer=None, items=[line(sku=None)]))
    hub.webhook("order.created", external_id="900")
    hub.process()
    assert hub.statuses("order") == ["Held"]
    hub.shop.has("product", body("product", sku="OUD-1"))
    assert look(hub) == ["1"]
    release_parked(hub.host)
    hub.dispatch()
    assert (hub.statuses("product"), hub.statuses("order")) == (["Done"], ["Done"])
    assert look(hub) == []


def test_what_holds_orders_comes_first_and_the_rest_in_turn(hub: Hub) -> None:
    for number in range(1, 6):
        hub.shop.has("product", body("product", external_id=str(number), sku=None))
        hub.absorb("product", external_id=str(number), sku=None)
    hub.absorb("order", customer=None, items=[line(product_id="5", sku=None)])
    assert hub.statuses("order") == ["Held"]
    seen = [look(hub, most=3) for _ in range(2)]
    assert [keys[0] for keys in seen] == ["5", "5"]
    assert sorted(key for keys in seen for key in keys[1:]) == ["1", "2", "3", "4"]


def test_a_product_is_read_once_an_hour_however_often_one_looks(hub: Hub) -> None:
    hub.shop.has("product", body("product", sku=None))
    hub.absorb("product", sku=None)
    assert look(hub) == ["1"]
    assert read_again(hub.host, hub.rows, hub.store) == 0


def test_a_variant_without_sku_has_its_product_read(hub: Hub) -> None:
    hub.absorb("product")
    hub.absorb("variant", external_id="31", product_id="1", sku=None)
    assert look(hub) == ["1"]


def test_what_is_gone_from_the_shop_is_skipped_no_more(hub: Hub) -> None:
    hub.absorb("product", sku=None)
    assert look(hub) == ["1"]
    assert [row["is_resolved"] for row in hub.rows.rows("skip")] == [1]


@pytest.mark.parametrize(
    "off", [{"is_enabled": False}, {"disabled_command_types": frozenset({"upsert_product"})}]
)
def test_what_is_switched_off_is_not_read(hub: Hub, off: dict) -> None:
    hub.absorb("product", sku=None)
    hub.change_store(**off)
    assert look(hub) == []


def test_a_shop_without_access_is_not_asked(hub: Hub) -> None:
    hub.absorb("product", sku=None)
    hub.client = None
    assert look(hub) == []


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    reading = History(str(tmp_path / "hub.db"), products=6, customers=2, orders=0, categories=1, brands=1)
    yield reading
    reading.close()


def test_salla_tells_nothing_of_a_mended_sku_and_it_comes_all_the_same(history: History) -> None:
    shop = history.salla.shop
    shop.tells_all = False
    shop.new_product("ساعة بدون رمز", "250.00")
    key = list(history.salla.state.products)[-1]
    request_pull(history.host, history.store.name, ["products"])
    assert str(key) in history.rows.skipped_products(history.store.name)
    assert shop.give_sku(key, "LATE-1") is None
    history.clock.sleep(3600)
    assert skips.read_again(history.host, history.rows, history.store)
    process_due_events(history.host)
    assert str(key) not in history.rows.skipped_products(history.store.name)
    assert ("product", str(key)) in history.commands()
