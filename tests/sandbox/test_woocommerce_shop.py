"""Money, dates and webhooks of the simulated WooCommerce store."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from woocommerce_kit import NOON, Site

from sandbox.woocommerce.orders import add_order, add_refund
from sandbox.woocommerce.webhooks import MOST_FAILURES


@pytest.fixture
def site():
    return Site


@pytest.fixture
def shop():
    return Site()


def priced(shop, price, **values):
    row = next(row for row in shop.state.products.values() if row.type == "simple" and row.sku)
    row.regular_price, row.sale_price, row.tax_class = Decimal(price), None, ""
    for name, value in values.items():
        setattr(row, name, value)
    return row.id


def bought(shop, *goods, dp=6, **values):
    order = add_order(shop.state, goods, **values)
    return shop.ask(f"orders/{order.id}", dp=dp).json


def parts(row):
    """All amounts that make up an order's total."""
    lines = [*row["line_items"], *row["shipping_lines"], *row["fee_lines"]]
    return sum((Decimal(line["total"]) + Decimal(line["total_tax"]) for line in lines), Decimal(0))


# Money


def test_a_line_is_net_with_its_tax_beside_it(shop):
    row = bought(shop, (priced(shop, "9.99"), 0, 3), shipping_cost=Decimal(15))
    (line,) = row["line_items"]
    assert (line["subtotal"], line["total"], line["total_tax"]) == ("29.970000", "29.970000", "4.500000")
    assert line["taxes"] == [{"id": 1, "total": "4.5", "subtotal": "4.5"}]
    assert (row["shipping_total"], row["shipping_tax"], row["total"]) == (
        "15.000000",
        "2.250000",
        "51.720000",
    )


def test_prices_with_tax_are_net_in_the_lines_all_the_same(site):
    shop = site(prices_include_tax=True)
    row = bought(shop, (priced(shop, "20.00"), 0, 3))
    (line,) = row["line_items"]
    assert (line["total"], line["total_tax"], row["total"]) == ("52.170000", "7.830000", "60.000000")
    assert row["prices_include_tax"] is True


def test_rounding_once_per_order_keeps_six_decimals(site):
    shop = site(prices_include_tax=True, rounds_at_subtotal=True)
    row = bought(shop, (priced(shop, "20.00"), 0, 1))
    (line,) = row["line_items"]
    assert (line["total"], line["total_tax"], row["total"]) == ("17.391304", "2.608696", "20.000000")
    rough = shop.ask(f"orders/{row['id']}").json["line_items"][0]
    assert (rough["total"], rough["total_tax"]) == ("17.39", "2.61")


@pytest.mark.parametrize("prices_include_tax", [False, True])
def test_a_percentage_is_inside_the_line_totals(site, prices_include_tax):
    shop = site(prices_include_tax=prices_include_tax)
    row = bought(shop, (priced(shop, "115"), 0, 1), coupon=("ten", "percent", Decimal(10)))
    (line,) = row["line_items"]
    off = Decimal(line["subtotal"]) - Decimal(line["total"])
    assert off == (Decimal("10") if prices_include_tax else Decimal("11.5"))
    (coupon,) = row["coupon_lines"]
    assert (coupon["code"], Decimal(coupon["discount"])) == ("ten", off)
    assert Decimal(row["discount_total"]) == off
    assert Decimal(row["total"]) == parts(row)


def test_a_sum_off_the_cart_is_spread_over_the_lines(shop):
    first = priced(shop, "10")
    second = next(key for key, row in shop.state.products.items() if row.price and row.sku and key != first)
    shop.state.products[second].regular_price, shop.state.products[second].sale_price = Decimal(20), None
    shop.state.products[second].tax_class = ""
    row = bought(shop, (first, 0, 1), (second, 0, 1), coupon=("five", "fixed_cart", Decimal(5)))
    assert [line["total"] for line in row["line_items"]] == ["8.330000", "16.670000"]
    assert row["total"] == "28.750000"


def test_zero_rated_and_compound_rates(shop):
    key = priced(shop, "100", tax_class="zero-rate")
    (line,) = bought(shop, (key, 0, 2))["line_items"]
    assert (line["total"], line["total_tax"], line["taxes"][0]["id"]) == ("200.000000", "0.000000", 2)
    shop.state.products[key].tax_class = "two-taxes"
    row = bought(shop, (key, 0, 1))
    # 15 % of 100, then 2.5 % of 115.
    assert [tax["total"] for tax in row["line_items"][0]["taxes"]] == ["15", "2.88"]
    assert [(tax["label"], tax["compound"]) for tax in row["tax_lines"]] == [
        ("VAT", False),
        ("Municipality", True),
    ]
    assert row["total"] == "117.880000"


def test_compound_rates_are_taken_out_of_a_price(site):
    shop = site(prices_include_tax=True)
    row = bought(shop, (priced(shop, "117.875", tax_class="two-taxes"), 0, 1))
    assert [tax["total"] for tax in row["line_items"][0]["taxes"]] == ["15", "2.88"]


def test_fees_a_fraction_of_a_unit_and_goods_without_tax(shop):
    key = priced(shop, "8.40")
    row = bought(shop, (key, 0, "1.25"), fees=[("Packing", Decimal("2.50")), ("Bonus", Decimal("-1"))])
    assert row["line_items"][0]["quantity"] == 1.25
    assert [(fee["name"], fee["total"], fee["total_tax"]) for fee in row["fee_lines"]] == [
        ("Packing", "2.500000", "0.380000"), ("Bonus", "-1.000000", "-0.150000"),
    ]  # fmt: skip
    assert Decimal(row["total"]) == parts(row) == Decimal("13.81")
    shop.state.products[key].tax_status = "none"
    (line,) = bought(shop, (key, 0, 1))["line_items"]
    assert (line["total_tax"], line["taxes"]) == ("0.000000", [])


def test_the_price_of_a_line_went_through_a_float(shop):
    row = bought(shop, (priced(shop, "10.01"), 0, 3), coupon=("ten", "percent", Decimal(10)))
    assert row["line_items"][0]["price"] == 27.03 / 3


@pytest.mark.parametrize(("currency", "decimals", "total"), [("JPY", 0, "1035"), ("KWD", 3, "1034.563")])
def test_shops_with_other_decimals(site, currency, decimals, total):
    shop = site(currency=currency, decimals=decimals)
    row = bought(shop, (priced(shop, "899.62" if decimals else "900"), 0, 1), dp="")
    assert (row["currency"], row["total"]) == (currency, total)


def test_each_generated_order_adds_up(site):
    for values in ({}, {"prices_include_tax": True}, {"rounds_at_subtotal": True}, {"is_odd": True}):
        shop = site(orders=40, **values)
        for row in shop.ask("orders", per_page=100, dp=6).json:
            assert abs(Decimal(row["total"]) - parts(row)) <= Decimal("0.005")


# Refunds


def test_a_refund_of_a_line_and_one_of_money_alone(shop):
    order = add_order(shop.state, [(priced(shop, "10"), 0, 3)])
    add_refund(shop.state, order, units={order.lines[0].id: 1}, reason="Damaged")
    add_refund(shop.state, order, Decimal("5"))
    row = shop.ask(f"orders/{order.id}").json
    assert [(one["total"], one["reason"]) for one in row["refunds"]] == [("-5.00", ""), ("-11.50", "Damaged")]
    assert (row["status"], row["total"]) == ("processing", "34.50")
    money, goods = shop.ask(f"orders/{order.id}/refunds").json
    assert money["line_items"] == []
    (line,) = goods["line_items"]
    assert (line["quantity"], line["total"], line["total_tax"]) == (-1, "-10.00", "-1.50")
    assert line["meta_data"][0]["key"] == "_refunded_item_id"
    assert line["meta_data"][0]["value"] == str(order.lines[0].id)
    assert [one["parent_id"] for one in shop.ask("refunds", per_page=2).json] == [order.id] * 2


def test_what_is_given_back_whole_is_refunded(shop):
    order = add_order(shop.state, [(priced(shop, "10"), 0, 1)])
    add_refund(shop.state, order, Decimal("11.50"))
    assert order.status == "refunded"


# What raises date_modified, and what does not


def raised(shop, path, change):
    """Whether a change shows in the row's date."""
    before = shop.ask(path).json["date_modified_gmt"]
    shop.at = shop.at + timedelta(hours=1)
    change()
    return shop.ask(path).json["date_modified_gmt"] != before


def test_changes_of_products(shop):
    variation = next(iter(shop.state.variations.values()))
    parent = f"products/{variation.parent_id}"
    assert not raised(shop, parent, lambda: shop.shop.change_price(variation.id, "77"))
    assert raised(
        shop, f"{parent}/variations/{variation.id}", lambda: shop.shop.change_price(variation.id, "78")
    )
    key = priced(shop, "10", manage_stock=True, stock=7)
    assert raised(shop, f"products/{key}", lambda: shop.shop.rename(key, "Other"))
    assert not raised(shop, f"products/{key}", lambda: shop.shop.new_order([(key, 0, 2)]))
    assert shop.state.products[key].stock == 5
    assert not raised(shop, f"products/{key}", lambda: shop.shop.write_by_sql(key, sku="BY-SQL"))


def test_changes_of_orders(shop):
    key = priced(shop, "10")
    order = add_order(shop.state, [(key, 0, 3)])
    path = f"orders/{order.id}"
    assert not raised(shop, path, lambda: shop.shop.edit_order(order.id, [(key, 0, 1)]))
    assert shop.ask(path).json["line_items"][0]["quantity"] == 1
    assert raised(shop, path, lambda: shop.shop.change_order_status(order.id, "completed"))
    assert raised(shop, path, lambda: shop.shop.open_order(order.id))
    assert raised(shop, path, lambda: shop.shop.refund(order.id, Decimal(1)))
    refund = next(reversed(shop.state.refunds))
    assert not raised(shop, path, lambda: shop.shop.delete_refund(refund))


def test_trash_and_the_end(shop):
    product, order = next(iter(shop.state.products)), next(iter(shop.state.orders))
    deliveries = [shop.shop.trash_product(product), shop.shop.trash_order(order)]
    assert [json.loads(one.body) for one in deliveries] == [{"id": product}, {"id": order}]
    assert product not in shop.ids("products", per_page=100)
    assert shop.ids("products", status="trash") == [product]
    assert shop.ids("orders", status="trash") == [order]
    shop.shop.delete_product(product)
    shop.shop.delete_order(order)
    assert [shop.ask(path).status_code for path in (f"products/{product}", f"orders/{order}")] == [404, 404]


# Webhooks


class Hub:
    """Takes what is posted and answers with a status of the test's choice."""

    def __init__(self):
        self.status, self.seen = 200, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((dict(self.headers), body))
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def hub():
    hub = Hub()
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


def signed(body, secret):
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def subscribe(shop, hub, topic="order.updated"):
    shop.woo.key.permissions = "read_write"
    body = {"topic": topic, "delivery_url": hub.url, "secret": "S3cret" * 6, "name": "Hub"}
    auth = (shop.woo.consumer_key, shop.woo.consumer_secret)
    return shop.client.post("/wp-json/wc/v3/webhooks", json=body, auth=auth)


def test_a_new_webhook_pings_unsigned(shop, hub):
    answer = subscribe(shop, hub)
    assert answer.status_code == 201
    assert "secret" not in answer.json
    ((headers, body),) = hub.seen
    assert body == f"webhook_id={answer.json['id']}".encode()
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert not [name for name in headers if name.startswith("X-WC")]


def test_a_delivery_is_signed_over_its_bytes(shop, hub):
    subscribe(shop, hub)
    key = next(iter(shop.state.orders))
    assert shop.woo.webhooks.send(shop.shop.change_order_status(key, "completed")) == [200]
    headers, body = hub.seen[-1]
    assert headers["X-WC-Webhook-Signature"] == signed(body, "S3cret" * 6)
    assert headers["X-WC-Webhook-Topic"] == "order.updated"
    assert (headers["X-WC-Webhook-Resource"], headers["X-WC-Webhook-Event"]) == ("order", "updated")
    assert json.loads(body)["status"] == "completed"
    assert shop.woo.webhooks.send(shop.shop.rename(next(iter(shop.state.products)), "Other")) == []


def test_one_attempt_and_an_end_after_six_failures(shop, hub):
    number = subscribe(shop, hub).json["id"]
    held, key = shop.woo.webhooks.held[number], next(iter(shop.state.orders))
    delivery = shop.shop.order_webhook("order.updated", key)
    hub.status = 302
    shop.woo.webhooks.send(delivery)
    assert held.failures == 0
    hub.status = 500
    for _ in range(MOST_FAILURES):
        shop.woo.webhooks.send(delivery)
    assert (held.status, held.failures) == ("active", 5)
    shop.woo.webhooks.send(delivery)
    assert held.status == "disabled"
    assert shop.ask(f"webhooks/{number}").json["status"] == "disabled"
    before = len(hub.seen)
    assert shop.woo.webhooks.send(delivery) == []
    assert len(hub.seen) == before


def test_a_webhook_needs_a_topic_an_address_and_a_key_that_may_write(shop, hub):
    auth = (shop.woo.consumer_key, shop.woo.consumer_secret)
    post = lambda **body: shop.client.post("/wp-json/wc/v3/webhooks", json=body, auth=auth)  # noqa: E731
    assert post(topic="order.updated", delivery_url=hub.url).status_code == 401
    shop.woo.key.permissions = "read_write"
    assert post(topic="order.eaten", delivery_url=hub.url).status_code == 400
    assert post(topic="order.updated", delivery_url="ftp://x").status_code == 400


def test_a_variations_change_comes_as_a_product_of_that_type(shop):
    variation = next(iter(shop.state.variations))
    body = json.loads(shop.shop.change_price(variation, "44").body)
    assert (body["id"], body["type"], body["regular_price"]) == (variation, "variation", "44")


def test_what_happens_at_the_shop_can_be_read(shop):
    shop.at = NOON + timedelta(days=1)
    made = [
        shop.shop.new_product("Lamp", "99.50", "LAMP-1"),
        shop.shop.new_variable("Sock", "9.50", "SOCK-1"),
        shop.shop.new_customer(email="new@example.com"),
        shop.shop.new_order([(priced(shop, "5"), 0, 1)]),
    ]
    for delivery, path in zip(made, ("products", "products", "customers", "orders"), strict=True):
        body = json.loads(delivery.body)
        assert shop.ask(f"{path}/{body['id']}").json == body
    sock = json.loads(made[1].body)
    assert len(sock["variations"]) == 4
    assert (sock["regular_price"], sock["type"]) == ("", "variable")
