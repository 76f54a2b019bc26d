import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.salla.platform import SALLA
from sandbox.salla import bodies
from sandbox.salla.generate import generate
from sandbox.salla.shop import Shop

CONTEXT = StoreContext(currency="SAR")


def frozen():
    return datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def read(body):
    return load_body(bodies.dump(body))


def test_the_same_seed_gives_the_same_store():
    one, two = (generate(5, now=frozen) for _ in range(2))
    assert bodies.dump(one.products) == bodies.dump(two.products)
    assert one.orders == two.orders
    assert generate(6, now=frozen).orders != one.orders


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), includes_tax=st.booleans())
def test_orders_add_up_and_keep_their_money(seed, includes_tax):
    state = generate(seed, orders=4, products=10, customers=3, prices_include_tax=includes_tax, now=frozen)
    for order in state.orders.values():
        (payload,) = SALLA.normalize("order", read(bodies.full_order(state, order)), CONTEXT)
        assert payload.total == order.total == order.total.quantize(Decimal("0.01"))
        assert payload.subtotal == sum(line.unit_price * line.quantity for line in payload.items)
        assert payload.discount_total == order.discount == sum(line.discount for line in payload.items)
        parts = payload.shipping.amount + payload.cash_on_delivery + payload.tax.amount
        assert payload.total == payload.subtotal - payload.discount_total + parts
        assert abs(payload.tax.amount - (payload.total - payload.tax.amount) * 15 / 100) <= Decimal("0.005")


def test_a_bundle_of_the_store_says_what_it_holds():
    state = generate(3, now=frozen)
    part = next(row for row in state.products.values() if row["sku"])
    delivery = Shop(state).new_bundle("Set", "50", "SET-1", [(part["id"], 3)])
    (made,) = SALLA.normalize("product", load_body(delivery.body)["data"], CONTEXT)
    assert made.type == "bundle"
    assert [(row.external_id, row.sku, row.quantity) for row in made.components] == [
        (str(part["id"]), part["sku"], 3)
    ]


def test_every_entity_of_a_store_normalizes():
    state = generate(3, now=frozen)
    made = [
        payload
        for row in state.products.values()
        for payload in SALLA.normalize("product", read(row), CONTEXT)
    ]
    without_sku = [payload for payload in made if not payload.sku]
    assert len(made) > len(state.products)
    assert {type(payload).__name__ for payload in without_sku} == {"ProductPayload", "VariantPayload"}
    assert {payload.type for payload in made} == {"product", "service", "digital"}
    people = [SALLA.normalize("customer", read(row), CONTEXT)[0] for row in state.customers.values()]
    assert all(person.phone.startswith("+9665") for person in people)
    assert any(person.email is None for person in people)


def test_one_pair_of_products_shares_a_sku_when_asked():
    def repeated(state):
        skus = [row["sku"] for row in state.products.values() if row["sku"]]
        return len(skus) - len(set(skus))

    assert (repeated(generate(1)), repeated(generate(1, duplicate_sku=True))) == (0, 1)


def changes(shop):
    """(delivery, entity type, external id) of each thing that can happen."""
    state = shop.state
    product, variety = next(iter(state.products)), next(row for row in state.products.values() if row["skus"])
    customer, order = next(iter(state.customers)), next(iter(state.orders))
    category, brand = next(iter(state.categories)), next(iter(state.brands))
    yield shop.change_price(product, "99.5"), "product", product
    yield shop.rename(product, "اسم جديد"), "product", product
    yield shop.give_sku(variety["id"], "NEW", variety["skus"][-1]["id"]), "product", variety["id"]
    yield shop.change_product_status(product, "hidden"), "product", product
    yield shop.new_product("New", "10", "N-1"), "product", list(state.products)[-1]
    yield shop.delete_product(product), "product", product
    yield shop.new_customer(first_name="Zed"), "customer", list(state.customers)[-1]
    yield shop.change_customer(customer, email="new@example.com"), "customer", customer
    yield shop.rename_category(category, "Other"), "category", category
    yield shop.rename_brand(brand, "Other"), "brand", brand
    yield shop.new_order(), "order", list(state.orders)[-1]
    for delivery in (
        shop.change_order_status(order, "delivered"),
        shop.edit_order(order, [(variety["id"], variety["skus"][0]["id"], 3)]),
        shop.ship(order, "TRACK-1"),
        shop.issue_invoice(order),
        shop.cancel_order(order),
        shop.delete_order(order),
    ):
        yield delivery, "order", order


@pytest.mark.parametrize("strategy", ["signature", "token"])
def test_every_change_gives_a_webhook_that_is_understood(strategy):
    shop = Shop(generate(2), "secret", strategy)
    for delivery, entity_type, external_id in changes(shop):
        SALLA.check_signature(delivery.headers, delivery.body, ("secret",))
        webhook = SALLA.read_webhook(delivery.body)
        (signal,) = SALLA.signals(webhook)
        assert (signal.entity_type, signal.external_id) == (entity_type, str(external_id)), delivery.event
        assert webhook.merchant_id == str(shop.state.merchant_id)
        assert webhook.occurred_at is not None
        if signal.body is not None:
            assert SALLA.normalize(entity_type, signal.body, CONTEXT)[0].external_id == str(external_id)


def test_the_status_event_has_an_activity_id_beyond_floats():
    shop = Shop(generate(2))
    body = json.loads(shop.change_order_status(next(iter(shop.state.orders)), "shipped").body)
    assert int(float(body["data"]["id"])) != body["data"]["id"]


def test_two_changes_never_share_a_second():
    shop = Shop(generate(2, now=frozen))
    order = next(iter(shop.state.orders.values()))
    times = []
    for status in ("in_progress", "completed", "shipped"):
        shop.change_order_status(order.id, status)
        times.append(order.updated)
    assert times == sorted(set(times))


def get(salla, path, token, **headers):
    return requests.get(
        salla.api_url + path, headers={"Authorization": f"Bearer {token}", **headers}, timeout=5
    )


def test_errors_speak_the_language_asked_for(salla):
    token = salla.oauth.issue()["access_token"]
    arabic, english = (get(salla, "/products/1", token, **{"Accept-Language": name}) for name in ("ar", "en"))
    assert (arabic.status_code, english.json()["error"]["code"]) == (404, 404)
    assert "المحتوى" in arabic.json()["error"]["message"]
    assert "no longer available" in english.json()["error"]["message"]
    assert get(salla, "/orders/items", token).status_code == 422


def test_a_light_order_has_no_lines(salla):
    token = salla.oauth.issue()["access_token"]
    data = get(salla, f"/orders/{next(iter(salla.state.orders))}", token).json()["data"]
    assert "items" not in data
    assert "shipments" not in data


def test_a_spent_refresh_token_kills_the_chain(salla):
    first = salla.oauth.issue()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    form |= {"client_id": "sandbox-client", "client_secret": "sandbox-client-secret"}
    second = requests.post(salla.token_url, data=form, timeout=5).json()
    assert get(salla, "/brands", second["access_token"]).status_code == 200
    again = requests.post(salla.token_url, data=form, timeout=5)
    assert (again.status_code, again.json()) == (401, {"error": "invalid_grant"})
    refused = get(salla, "/brands", second["access_token"])
    assert (refused.status_code, refused.json()["error"]["message"]) == (401, "The access token is invalid")
    chain = requests.post(salla.token_url, data={**form, "refresh_token": second["refresh_token"]}, timeout=5)
    assert chain.status_code == 401


def test_faults_hit_as_often_as_they_are_told(salla):
    token = salla.oauth.issue()["access_token"]
    salla.faults.add("/brands", "error", times=2, status=502)
    assert [get(salla, "/brands", token).status_code for _ in range(3)] == [502, 502, 200]
    assert get(salla, "/categories", token).status_code == 200
    assert salla.log.counts() == {"/admin/v2/brands": 3, "/admin/v2/categories": 1}
    with pytest.raises(ValueError, match="no fault 'fire'"):
        salla.faults.add("/brands", "fire")


def test_installation_brings_tokens_that_work(salla):
    delivery = salla.authorize()
    webhook = SALLA.read_webhook(delivery.body)
    assert get(salla, "/brands", webhook.tokens["access_token"]).status_code == 200
    salla.oauth.uninstall()
    assert get(salla, "/brands", webhook.tokens["access_token"]).status_code == 401


def test_an_order_keeps_the_receiver_it_was_given():
    shop = Shop(generate(2))
    order = next(order for order in shop.state.orders.values() if order.is_shippable)
    known = shop.state.customers[order.customer_id]["full_name"]
    shop.change_customer(order.customer_id, full_name="Someone Else")
    (payload,) = SALLA.normalize("order", read(bodies.full_order(shop.state, order)), CONTEXT)
    assert payload.shipping.address.name == known
    assert payload.shipping.address.phone.startswith("+9665")
