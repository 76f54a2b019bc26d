"""Webhooks of simulated WooCommerce stores at the embedded hub."""

from dataclasses import replace

import pytest

from sandbox.hub import EmbeddedHub
from sandbox.woocommerce.server import SimulatedWoo
from sandbox.woocommerce.webhooks import signature


@pytest.fixture
def woo():
    with SimulatedWoo() as woo:
        yield woo


@pytest.fixture
def hub(tmp_path):
    with EmbeddedHub(tmp_path / "hub.sqlite") as hub:
        yield hub


def connect(hub, woo, url, secret):
    return hub.add_woo_store(url, woo.consumer_key, woo.consumer_secret, secret, False).name


def send(hub, woo, store, delivery, secret):
    """The HTTP status of the hub's answer."""
    proof = {"X-WC-Webhook-Signature": signature(secret, delivery.body)}
    signed = replace(delivery, headers=delivery.headers | proof)
    return woo.deliver(hub.woo_webhook_url(store), signed).status_code


def test_a_shop_and_its_copy_are_told_apart(hub, woo):
    """A copy of a site may send what its original sends, word for word."""
    stores = {connect(hub, woo, f"{woo.url}/{name}", name * 32): name * 32 for name in ("a", "b")}
    same = woo.shop.webhook("coupon.updated", {"id": 7, "code": "ten"})
    for store, secret in stores.items():
        assert [send(hub, woo, store, same, secret) for _ in range(2)] == [200, 200]
    rows = hub.rows("event")
    assert sorted(row["store"] for row in rows) == sorted(stores)
    assert [row["duplicates"] for row in rows] == [1, 1]


def test_one_stores_secret_opens_no_other_door(hub, woo):
    first, second = (connect(hub, woo, f"{woo.url}/{name}", name * 32) for name in ("a", "b"))
    delivery = woo.shop.webhook("order.updated", {"id": 7})
    assert send(hub, woo, second, delivery, "a" * 32) == 401
    assert send(hub, woo, "SM-STORE-99999", delivery, "a" * 32) == 401
    assert hub.rows("event") == []
    assert send(hub, woo, first, delivery, "a" * 32) == 200


def test_a_ping_is_answered_and_leaves_nothing(hub, woo):
    store = connect(hub, woo, woo.url, "a" * 32)
    assert woo.deliver(hub.woo_webhook_url(store), woo.webhooks.ping()).status_code == 200
    assert hub.rows("event") == []


def test_what_is_not_readable_is_kept_for_each_store(hub, woo):
    stores = {connect(hub, woo, f"{woo.url}/{name}", name * 32): name * 32 for name in ("a", "b")}
    for store, secret in stores.items():
        send(hub, woo, store, replace(woo.shop.webhook("order.updated", {}), body=b"[1]"), secret)
    assert sorted(row["store"] for row in hub.rows("event")) == sorted(stores)
