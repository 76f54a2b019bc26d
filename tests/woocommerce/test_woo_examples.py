"""The published examples of WooCommerce's documentation, as an accountant and a warehouse keeper read them.

They lie beside the project, in the folder that WOOCOMMERCE_EXAMPLES names or in ../shared/reference.
"""

import json
import os
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from salla_manager.core.transport import HttpAnswer
from salla_manager.platforms.port import NormalizeError, StoreContext
from salla_manager.platforms.woocommerce import signature
from salla_manager.platforms.woocommerce.client import WooClient
from salla_manager.platforms.woocommerce.platform import WOOCOMMERCE

_DEFAULT = Path(__file__).parents[3] / "shared" / "reference" / "woocommerce" / "examples"
EXAMPLES = Path(os.environ.get("WOOCOMMERCE_EXAMPLES") or _DEFAULT)
pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples are not here")
CONTEXT = StoreContext(currency="USD", prices_include_tax=False)


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text(), parse_float=Decimal)


def one(kind, body, context=CONTEXT):
    return WOOCOMMERCE.normalize(kind, body, context)[0]


# Number, status, total, VAT, shipping, lines: (id, sku, name, units, price, percent, options)
SHIRT = "Ship Your Idea – Color: Black, Size: M Test"
BLACK = [("color", "black"), ("size", "M Test")]
ORDER_727 = (
    "727",
    "processing",
    "29.35",
    "1.35",
    "10.00",
    [
        ("315", None, "Woo Single #1", 2, "3.00", "7.5", []),
        ("316", "Bar3", SHIRT, 1, "12.00", "7.5", BLACK),
    ],
)
ORDER_723 = (
    "723",
    "completed",
    "39.00",
    "0.00",
    "10.00",
    [
        ("311", None, "Woo Album #2", 1, "9.00", "0", []),
        ("313", None, "Woo Ninja", 1, "20.00", "0", []),
    ],
)
ORDER_728 = (
    "728",
    "pending",
    "62.25",
    "2.25",
    "30.00",
    [
        ("319", None, "Woo Logo", 1, "15.00", "7.5", []),
        ("320", None, "Woo Single #1", 1, "3.00", "7.5", []),
        ("321", "Bar3", SHIRT, 1, "12.00", "7.5", BLACK),
    ],
)
ORDER_729 = (
    "729",
    "processing",
    "54.40",
    "2.40",
    "20.00",
    [
        ("324", "Bar3", SHIRT, 1, "12.00", "7.5", BLACK),
        (
            "325",
            None,
            "Ship Your Idea – Color: Green, Size: S Test",
            1,
            "20.00",
            "7.5",
            [("color", "green"), ("size", "S Test")],
        ),
    ],
)
ORDERS = {
    "docs_order_created": [ORDER_727],
    "docs_order_retrieve": [ORDER_727],
    "docs_orders_list": [ORDER_727, ORDER_723],
    "docs_orders_batch": [ORDER_728, ORDER_729, (*ORDER_727[:1], "completed", *ORDER_727[2:]), ORDER_723],
}


def orders_in(name):
    body = example(name)
    if isinstance(body, list):
        return body
    return (
        [body] if "id" in body else [order for part in ("create", "update", "delete") for order in body[part]]
    )


@pytest.mark.parametrize("name", ORDERS)
def test_orders_are_booked_as_the_shop_reckoned_them(name):
    found = [one("order", body) for body in orders_in(name)]
    assert [
        (
            order.reference,
            order.status,
            str(order.total),
            str(order.tax.amount),
            str(order.shipping.amount),
            [
                (
                    line.external_id,
                    line.sku,
                    line.name,
                    line.quantity,
                    str(line.unit_price),
                    str(line.tax_percent),
                    [(option.name, option.value) for option in line.options],
                )
                for line in order.items
            ],
        )
        for order in found
    ] == ORDERS[name]
    for order in found:
        assert order.subtotal - order.discount_total + order.shipping.amount + order.tax.amount == order.total
        assert (order.currency, order.discount_total, order.cash_on_delivery) == ("USD", 0, 0)


def test_an_order_tells_who_bought_when_and_where_it_goes():
    guest, registered = (one("order", body) for body in orders_in("docs_orders_list"))
    # 16:28 in the shop, three hours behind.
    assert guest.created_at == datetime(2017, 3, 22, 19, 28, 2, tzinfo=timezone.utc)
    assert guest.updated_at == datetime(2017, 3, 22, 19, 28, 8, tzinfo=timezone.utc)
    assert (guest.customer.name, guest.customer.email, guest.customer.is_guest) == (
        "John Doe",
        "john.doe@example.com",
        True,
    )
    assert guest.customer.external_id.startswith("guest-")
    assert (registered.customer.external_id, registered.customer.is_guest) == ("26", False)
    place = guest.shipping.address
    assert (place.line1, place.city, place.state, place.postal_code, place.country_code) == (
        "969 Market",
        "San Francisco",
        "CA",
        "94103",
        "US",
    )
    assert (guest.shipping.company, guest.payment_method, guest.source) == ("Flat Rate", "bacs", "rest-api")
    assert guest.url == "https://example.com/wp-admin/post.php?post=727&action=edit"
    assert (guest.items[1].product_id, guest.items[1].variant_id) == ("22", "23")
    assert (guest.items[0].product_id, guest.items[0].variant_id) == ("93", None)


def test_of_a_partial_refund_the_unit_comes_back_and_the_money_alone_does_not():
    """Order 723 stays completed at 39.00; one Woo Album is back in the warehouse."""
    (order,) = [body for body in orders_in("docs_orders_list") if body["id"] == 723]
    refunds = {row["id"]: row for row in example("docs_refunds_list")}
    whole = {**order, "refunds": [{**row, **refunds[row["id"]]} for row in order["refunds"]]}
    found = one("order", whole)
    assert [(line.name, line.quantity, line.returned) for line in found.items] == [
        ("Woo Album #2", 1, 1),
        ("Woo Ninja", 1, 0),
    ]
    assert (found.total, found.status) == (Decimal("39.00"), "completed")
    # 10.00 of money alone, which somebody has to look into.
    assert found.given_back_at == datetime(2017, 3, 21, 20, 7, 11, tzinfo=timezone.utc)


@pytest.mark.parametrize("name", ["docs_refund_created", "docs_refund_retrieve"])
def test_a_refund_of_money_alone_brings_nothing_back(name):
    order = orders_in("docs_orders_list")[1]
    found = one("order", {**order, "refunds": [example(name)]})
    assert found.items[0].returned == 0
    assert found.given_back_at is not None


@pytest.mark.parametrize("name", ["docs_product_simple_created", "docs_product_retrieve"])
def test_a_simple_product(name):
    product = one("product", example(name))
    assert (product.external_id, product.name, product.sku, product.type, product.status) == (
        "794",
        "Premium Quality",
        None,
        "product",
        "sale",
    )
    assert (product.price, product.sale_price, product.currency) == (Decimal("21.99"), None, "USD")
    assert (product.category_ids, product.options) == (["9", "14"], [])
    assert product.images[0] == "https://example.com/wp-content/uploads/2017/03/T_2_front-4.jpg"
    assert product.updated_at == datetime(2017, 3, 23, 20, 1, 14, tzinfo=timezone.utc)


def test_a_variable_product_is_a_template():
    product = one("product", example("docs_product_variable_created"))
    assert (product.external_id, product.options, product.price) == ("799", ["Color", "Size"], None)
    assert len(product.images) == 4


def test_the_list_of_products_holds_both():
    found = [one("product", body) for body in example("docs_products_list")]
    assert [(p.external_id, p.name, bool(p.options)) for p in found] == [
        ("799", "Ship Your Idea", True),
        ("794", "Premium Quality", False),
    ]


@pytest.mark.parametrize("name", ["docs_variation_created", "docs_variation_retrieve"])
def test_a_variation_is_sold_whatever_the_documentation_calls_its_status(name):
    context = StoreContext(
        currency="USD", parent={"external_id": "22", "name": "Ship Your Idea", "options": ["Color"]}
    )
    variant = one("variant", example(name), context)
    assert (variant.external_id, variant.product_id, variant.name) == ("732", "22", "Ship Your Idea - Black")
    assert (variant.price, variant.status, variant.sku) == (Decimal("9.00"), "sale", None)
    assert [(option.name, option.value) for option in variant.options] == [("Color", "Black")]


def test_variations_read_with_their_product():
    product = {**example("docs_product_variable_created"), "variations": example("docs_variations_list")}
    parent, *variants = WOOCOMMERCE.normalize("product", product, CONTEXT)
    assert [(v.external_id, v.product_id, v.name) for v in variants] == [
        ("733", "799", "Ship Your Idea - Green / Any"),
        ("732", "799", "Ship Your Idea - Black / Any"),
    ]
    # ERPNext wants a value for each attribute of the template.
    assert [(o.name, o.value) for o in variants[0].options] == [("Color", "Green"), ("Size", "Any")]
    assert parent.options == ["Color", "Size"]


def test_customers():
    first = one("customer", example("docs_customer_retrieve"))
    assert (first.external_id, first.name, first.email, first.is_guest) == (
        "25",
        "John Doe",
        "john.doe@example.com",
        False,
    )
    # (555) 555-5555 is nobody's number.
    assert (first.phone, len(first.addresses)) == (None, 1)
    assert first.updated_at == datetime(2017, 3, 21, 19, 9, 30, tzinfo=timezone.utc)
    found = [one("customer", body) for body in example("docs_customers_list")]
    assert [(c.external_id, c.name, c.addresses[0].city, c.addresses[0].country_code) for c in found] == [
        ("26", "João Silva", "Rio de Janeiro", "BR"),
        ("25", "John Doe", "San Francisco", "US"),
    ]


class Canned:
    """Gives one answer to everything, or to each path its own."""

    def __init__(self, body, status=200, headers=None):
        self.answer = HttpAnswer(
            status, {"content-type": "application/json; charset=UTF-8", **(headers or {})}, body
        )
        self.urls = []

    def get(self, url, headers, limits):
        self.urls.append(url)
        return self.answer


def client(name, status=200, **headers):
    wire = Canned((EXAMPLES / f"{name}.json").read_bytes(), status, headers)
    keys = {"consumer_key": "ck_1", "consumer_secret": "cs_1"}
    return WooClient("https://shop.example.com", keys, wire), wire


ERRORS = {
    "constructed_error_401_invalid_secret": (401, "unauthorized", "secret"),
    "constructed_error_401_no_read_permission": (401, "forbidden", "permission"),
    "constructed_error_401_cannot_view_unauthenticated": (401, "unauthorized", "nobody"),
    "constructed_error_403_cannot_view_authenticated": (403, "forbidden", "capability"),
    "constructed_error_400_invalid_param": (400, "refused", "parameter"),
    "docs_error_rest_no_route": (404, "refused", "no_route"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_each_refusal_has_its_cause_and_a_next_step(name):
    from salla_manager.platforms.woocommerce.errors import WooError

    status, kind, cause = ERRORS[name]
    shop, _ = client(name, status)
    with pytest.raises(WooError) as caught:
        shop.fetch("order", "1")
    assert (caught.value.kind, caught.value.cause, caught.value.http_status) == (kind, cause, status)
    assert caught.value.step
    assert "cs_1" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("constructed_error_404_order_invalid_id", "order"),
        ("constructed_error_404_product_invalid_id", "product"),
        ("docs_error_term_invalid", "category"),
    ],
)
def test_what_the_shop_has_no_more_is_none(name, kind):
    assert client(name, 404)[0].fetch(kind, "99") is None


def test_currency_webhooks_taxes_and_status_are_no_entities():
    """They are read for the store, not sent to the ERP."""
    shop, _ = client("docs_data_currency_current")
    assert shop._told("/data/currencies/current")["code"] == "USD"
    assert example("docs_system_status")["settings"]["currency"] == "USD"
    for name in ("docs_tax_rate_retrieve", "docs_webhook_retrieve"):
        with pytest.raises(NormalizeError):
            WOOCOMMERCE.normalize("tax", example(name), CONTEXT)
    assert len(example("docs_tax_rates_list")) == 10


def test_webhooks_at_the_shop_that_go_elsewhere_are_somebody_elses():
    from salla_manager.platforms.port import WebhookTarget

    shop, _ = client("docs_webhooks_list", **{"x-wp-totalpages": "1"})
    told = shop.check_webhooks(WebhookTarget("https://hub.example.com/hook", "a" * 40))
    assert len(told) == 11
    assert told[0] == "order.created: there is no webhook of this topic."


def test_the_headers_of_a_list_say_where_it_goes_on():
    headers = example("constructed_headers_samples")["list_response"]["headers"]
    shop, _ = client("docs_orders_list", **{name.lower(): value for name, value in headers.items()})
    page = shop.entries("order")
    assert (page.total, page.cursor) == (237, "100.237")


def test_a_delivery_is_told_from_a_ping_and_a_deletion_is_looked_up():
    samples = example("constructed_headers_samples")
    headers = samples["webhook_delivery_request"]["headers"]
    assert WOOCOMMERCE.is_ping(samples["webhook_ping_request"]["body"].encode())
    raw = (EXAMPLES / "constructed_webhook_order_deleted_payload.json").read_bytes()
    assert not WOOCOMMERCE.is_ping(raw)
    signed = {**headers, "X-WC-Webhook-Signature": signature.sign("s" * 40, raw)}
    WOOCOMMERCE.check_signature(signed, raw, ("s" * 40,))
    webhook = WOOCOMMERCE.read_webhook(raw, {**headers, "X-WC-Webhook-Topic": "order.deleted"})
    assert (webhook.event, webhook.merchant_id) == ("order.deleted", "shop.example.com")
    (signal,) = WOOCOMMERCE.signals(webhook)
    assert (signal.entity_type, signal.action, signal.body) == ("order", "upsert", None)


def test_every_example_is_looked_at():
    here = Path(__file__).read_text()
    unread = [path.stem for path in EXAMPLES.glob("*.json") if path.stem not in here]
    assert unread == []
