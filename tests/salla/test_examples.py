"""What Salla's published examples hold that a first look misses, as an accountant and a warehouse keeper see it."""

from decimal import Decimal

import pytest

from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.salla.platform import SALLA
from salla_manager.platforms.salla.understand import understand
from salla_manager.platforms.values import country, number

CONTEXT = StoreContext(currency="SAR")


def option(key, name, *values, kind="radio"):
    rows = [{"id": number, "name": label} for number, label in values]
    return {"id": key, "name": name, "type": kind, "values": rows}


def sku(key, values, options=()):
    return {"id": key, "sku": f"S-{key}", "price": {"amount": 10}, "related_option_values": values} | (
        {"related_options": list(options)} if options else {}
    )


def product(**values):
    body = {"id": 1, "name": "Ring", "sku": "RING", "type": "product", "status": "sale"}
    return {**body, "price": {"amount": 100, "currency": "SAR"}, "options": [], "skus": [], **values}


SIZE = option(21, "Size", (211, "S"), (212, "L"))
ENGRAVING = option(22, "Engraving", kind="text")


def test_a_text_that_the_buyer_gives_makes_no_variants():
    """The ring stays an Item that can be sold, not a template."""
    (payload,) = SALLA.normalize("product", product(options=[ENGRAVING]), CONTEXT)
    assert payload.options == []


def test_of_the_options_those_count_that_tell_variants_apart():
    body = product(options=[ENGRAVING, SIZE], skus=[sku(31, [211]), sku(32, [212])])
    payload, *variants = SALLA.normalize("product", body, CONTEXT)
    assert payload.options == ["Size"]
    assert [[(o.name, o.value) for o in variant.options] for variant in variants] == [
        [("Size", "S")],
        [("Size", "L")],
    ]


def test_an_option_is_known_by_its_own_id_where_its_values_are_not():
    body = product(options=[SIZE, ENGRAVING], skus=[sku(31, [999], [21])])
    payload, _ = SALLA.normalize("product", body, CONTEXT)
    assert payload.options == ["Size"]


def test_variants_whose_ids_fit_nothing_have_their_template_still():
    body = product(options=[SIZE], skus=[sku(31, [999])])
    payload, variant = SALLA.normalize("product", body, CONTEXT)
    assert (payload.options, variant.product_id) == (["Size"], "1")


def normalized_line(normalize, order, **values):
    item = {key: value for key, value in order["items"][0].items() if key not in ("product_type", "product")}
    order["items"][0] = {**item, **values}
    return normalize("order", order).items[0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, "product"),
        ({"codes": [{"code": "sD21S", "status": "sold"}]}, "codes"),
        ({"files": [{"url": "https://example.com/book.pdf"}]}, "digital"),
        ({"reservations": [{"date": "2023-04-18", "from": "01:10", "to": "01:40"}]}, "booking"),
        ({"consisted_products": [{"id": 1, "sku": "A", "quantity_in_group": 2}]}, "bundle"),
        ({"codes": [{"code": "x"}], "product_type": "food"}, "food"),
        ({"product": {"type": "donating"}}, "donating"),
        ({"product_type": "group_products"}, "bundle"),
    ],
)
def test_a_line_without_its_type_is_known_by_what_it_carries(normalize, order, values, kind):
    assert normalized_line(normalize, order, **values).type == kind


def test_what_was_booked_stands_in_the_lines_note(normalize, order):
    booked = [{"id": 1289748598, "from": "01:10", "to": "01:40", "date": "2023-04-18"}, {"from": None}]
    line = normalized_line(normalize, order, notes="Near the window", product_reservations=booked)
    assert line.note == "Near the window\n2023-04-18 01:10 - 01:40"


@pytest.mark.parametrize(
    "shipment",
    [
        {"courier_name": "DHL"},
        {"courier": {"id": 814202285, "name": "DHL"}},
        {"courier_name": None, "courier": {"name": "DHL"}},
    ],
)
def test_the_courier_comes_in_two_shapes(normalize, order, shipment):
    place = {"country": "السعودية", "city": "الرياض", "phone": "050-948-0868"}
    order["shipping"] = {}
    order["shipments"] = [{"id": 1, "type": "shipment", **shipment, "ship_to": place}]
    shipping = normalize("order", order).shipping
    assert (shipping.company, shipping.address.phone) == ("DHL", "+966509480868")


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ((None, "السعودية | Saudi Arabia"), "SA"),
        (("", "المغرب"), "MA"),
        (("sa", "مصر"), "SA"),
        ((None, "Narnia | نارنيا"), None),
    ],
)
def test_countries(names, code):
    assert country(*names) == code


@pytest.mark.parametrize("given", ["1,234.5", "١٬٢٣٤٫٥", "1234.50", "۱۲۳۴٫۵"])
def test_thousands_and_arabic_marks(given):
    assert str(number(given)) == "1234.5"


@pytest.mark.parametrize(
    ("told", "url"),
    [
        ("/orders/order/zAB3ex", "https://s.salla.sa/orders/order/zAB3ex"),
        ("https://s.salla.sa/orders/order/zAB3ex", "https://s.salla.sa/orders/order/zAB3ex"),
        ("//elsewhere.test/orders", None),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_the_link_to_an_order_opens_the_shops_dashboard(normalize, order, told, url):
    order["urls"] = {"admin": told}
    assert normalize("order", order).url == url


def test_the_oldest_full_shape_of_an_order(normalize, order):
    """Two lines of 45.22 and 15.00, 40.00 of shipping and 15 % on all of it."""

    def riyal(amount):
        return {"amount": Decimal(amount), "currency": "SAR"}

    def line(key, price, tax):
        amounts = {
            "price_without_tax": riyal(price),
            "total_discount": riyal(0),
            "tax": {"percent": "15.00", "amount": riyal(tax)},
            "total": riyal(price),
        }
        return {
            "id": key,
            "sku": f"S-{key}",
            "name": "Coal",
            "quantity": 1,
            "currency": "SAR",
            "amounts": amounts,
        }

    order["items"] = [line(1, "45.22", "6.78"), line(2, 15, "2.25")]
    order["date"] = {"date": "2022-10-17 23:58:07.000000", "timezone_type": 3, "timezone": "Asia/Riyadh"}
    order["amounts"] = {
        "sub_total": riyal("60.22"),
        "shipping_cost": riyal(40),
        "cash_on_delivery": riyal(0),
        "tax": {"percent": "15.00", "amount": riyal("15.03")},
        "discounts": [],
        "total": riyal("115.25"),
    }
    found = normalize("order", order)
    assert [str(row.unit_price) for row in found.items] == ["45.22", "15.00"]
    assert str(found.subtotal + found.shipping.amount + found.tax.amount) == str(found.total) == "115.25"
    assert found.created_at.isoformat() == "2022-10-17T20:58:07+00:00"


@pytest.mark.parametrize("event", ["app.installed", "app.trial.started", "app.uninstalled"])
def test_what_is_told_of_the_app_is_not_called_unknown(event):
    body = {"event": event, "merchant": 1, "created_at": "2023-01-01 10:00:00", "data": {"id": 1}}
    assert understand(body).reason == f"The webhook {event}: It tells of this app in the shop."
