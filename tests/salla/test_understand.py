import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.salla.understand import payloads, understand
from sandbox.salla.generate import generate
from sandbox.salla.shop import Shop

CONTEXT = StoreContext(currency="SAR")


def test_answers_and_bare_bodies_become_payloads(fixture, order):
    found, said = payloads(fixture("product_variants"), CONTEXT)
    assert [kind for kind, _ in found] == ["product", "variant", "variant"]
    assert said == ["An answer of Salla with one product."]
    assert [kind for kind, _ in payloads(order, CONTEXT)[0]] == ["order"]
    found, said = payloads(fixture("statuses"), CONTEXT)
    assert [kind for kind, _ in found] == ["order_status"] * 3
    assert said == ["An answer of Salla with a list of 2: order status."]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("order_light", "An answer of Salla with an order without its lines; it has to be read whole."),
        (
            "order_items",
            "An answer of Salla with a list of 2: lines of an order; without their order nothing follows.",
        ),
        (
            "order_status_updated",
            "The webhook order.status.updated about order 771203344: a signal without the whole order, which is read"
            " from the shop.",
        ),
        (
            "shipment_live",
            "The webhook order.shipment.created about order 771203344: a signal without the whole order, which is read"
            " from the shop.",
        ),
    ],
)
def test_what_gives_no_payload_says_what_it_is(fixture, name, sentence):
    assert payloads(fixture(name), CONTEXT) == ([], [sentence])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"status": 404, "success": False, "error": {"code": 404, "message": "gone"}},
            "An error answer of Salla: gone.",
        ),
        ({"error": "invalid_grant"}, "An error answer of Salla: invalid_grant."),
        (
            {"status": 202, "success": True, "data": {"message": "done", "code": 202}},
            "a note that a request was done",
        ),
        ({"access_token": "x", "refresh_token": "y"}, "tokens of a store"),
        (
            {"status": 200, "success": True, "data": [{"slug": "a", "type": "boolean", "value": True}]},
            "settings",
        ),
        ({"event": "customer.login", "merchant": 1, "data": {}}, "A login changes nothing"),
        ({"event": "order.created", "merchant": 1, "data": {}}, "cannot be used: order.created lacks the id"),
        ({"event": "product.deleted", "merchant": 1, "data": {"id": 4}}, "the shop has it no more"),
        ("quoted text", "No JSON object or list but text"),
        (None, "nothing"),
        ([], "a list that holds no objects"),
        ({}, "A bare body without content"),
        ({"group_id": 5}, "A bare body with a request to Salla"),
        ({"status": 200, "success": True, "data": {"amount": 5}}, "content of another kind"),
        ({"status": 200, "success": True, "data": []}, "without content"),
    ],
)
def test_sentences(body, words):
    found, said = payloads(body, CONTEXT)
    assert found == []
    assert any(word in said[0] for word in words.split("|")), said


def test_a_light_order_names_what_is_missing_and_money_that_contradicts_itself(fixture):
    body = fixture("order_light")
    order_id = str(body["data"]["id"])
    assert understand(body).wanted == [("order", order_id)]
    assert understand(body).light_order == body["data"]
    assert understand({**body, "data": [body["data"]]}).wanted == [("order", order_id)]
    amounts = body["data"]["amounts"]
    amounts["discounts"] = [{"title": "Coupon", "discount": "15.00"}]
    amounts |= {"sub_total": {"amount": 250}, "shipping_cost": {"amount": "13.04"}, "cash_on_delivery": 0}
    amounts |= {"tax": {"percent": "15.00", "amount": {"amount": "39.46"}}, "total": {"amount": "302.5"}}
    assert understand(body).reason.endswith(
        "Its amounts do not add up: 250.00 - 15.00 discount + 13.04 shipping + 39.46 VAT = 287.50,"
        " but its total is 302.50."
    )


def test_what_cannot_be_normalized_is_named(fixture):
    variant = fixture("product_variants")["data"]["skus"][0]
    found, said = payloads({"status": 200, "success": True, "data": variant}, CONTEXT)
    assert found == []
    assert said == [
        "An answer of Salla with one variant.",
        "variant 5512: product_id: the shop gives none; name: the shop gives none",
    ]


def test_a_webhook_with_its_body_becomes_a_payload():
    shop = Shop(generate(1))
    found, said = payloads(json.loads(shop.new_order().body, parse_float=str), CONTEXT)
    assert [kind for kind, _ in found] == ["order"]
    assert said[0].endswith("with its body.")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["event", "merchant", "data", "id", "name", "items", "amounts", "status", "price", "error"]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_JSON)
def test_nothing_a_file_may_hold_makes_it_crash(body):
    assert understand(body).reason
    payloads(body, CONTEXT)
