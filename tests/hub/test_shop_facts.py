"""Currency and VAT as the shop says, read from the simulated store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from salla_manager.core import shop_facts
from salla_manager.core.model import Store
from salla_manager.core.pull import request_pull
from salla_manager.platforms.port import ShopError
from sandbox.history import History


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    reading = History(str(tmp_path / "hub.db"), products=6, customers=2, orders=0, categories=1, brands=1)
    yield reading
    reading.close()


def kept(history: History, **values: Any) -> Store:
    """The Store Account, with what a person says on it."""
    with history.rows.transaction():
        history.rows.save_store(replace(history.store, **values))
    return store_of(history)


def store_of(history: History) -> Store:
    store = history.rows.store(history.store.name)
    assert store is not None
    return store


@pytest.mark.parametrize("includes_tax", [True, False])
def test_what_nobody_has_said_is_filled(history: History, includes_tax: bool) -> None:
    history.salla.state.prices_include_tax = includes_tax
    assert shop_facts.learn(history.host, kept(history, currency=None)) == ""
    store = store_of(history)
    assert (store.currency, store.prices_include_tax) == ("SAR", includes_tax)


def test_prices_are_taken_as_the_shop_has_them(history: History) -> None:
    history.salla.state.prices_include_tax = True
    for product in history.salla.state.products.values():
        product["pre_tax_price"] = product["taxed_price"] = None
    shop_facts.learn(history.host, store_of(history))
    request_pull(history.host, history.store.name, ["products"])
    products = [row for row in history.rows.rows("record") if row["entity_type"] == "product"]
    assert products
    assert all('"price_includes_tax":true' in row["mapped"].replace(" ", "") for row in products)


def test_what_a_person_said_stays_and_the_difference_is_told(history: History) -> None:
    history.salla.state.prices_include_tax = True
    told = shop_facts.learn(history.host, kept(history, currency="KWD", prices_include_tax=False))
    assert "its prices are with VAT, Prices Include Tax here says without VAT" in told
    assert "currency is SAR, here it is KWD" in told
    assert (store_of(history).currency, store_of(history).prices_include_tax) == ("KWD", False)


def test_what_the_app_may_not_read_stays_open_and_is_told(history: History) -> None:
    history.salla.oauth.scope = history.salla.oauth.scope.replace("settings.read", "")
    told = shop_facts.learn(history.host, kept(history, currency=None))
    assert "does not say whether its prices include VAT" in told
    assert "settings.read" in told
    assert (store_of(history).currency, store_of(history).prices_include_tax) == ("SAR", None)


def test_a_shop_that_is_away_is_asked_again_and_nothing_is_said(history: History) -> None:
    history.salla.faults.add("/settings", "error", times=None)
    with pytest.raises(ShopError) as caught:
        shop_facts.learn(history.host, kept(history, currency=None))
    assert caught.value.is_retryable
    assert store_of(history).currency is None
