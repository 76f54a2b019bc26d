import copy
import json
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from salla_manager.payloads import dump_payload
from salla_manager.platforms.port import NormalizeError


def amounts(order, **values):
    order["amounts"] |= values
    return order


def problems(normalize, body):
    with pytest.raises(NormalizeError) as caught:
        normalize("order", body)
    return caught.value.problems


def test_a_whole_order(order, normalize):
    payload = normalize("order", order)
    values = dump_payload(payload)
    assert values["external_id"] == "771203344"
    assert values["reference"] == "5500123"
    assert payload.created_at == datetime(2026, 3, 1, 19, 15, 9, tzinfo=timezone.utc)
    assert (values["status"], values["status_name"], values["custom_status_id"]) == (
        "under_review",
        "نراجع طلبك",
        "610000001",
    )
    assert (values["currency"], values["payment_method"]) == ("SAR", "cod")
    assert values["subtotal"] == "350.00"
    assert values["discount_total"] == "35.00"
    assert values["discounts"] == [{"title": "كوبون", "code": "TEN", "amount": "35.00"}]
    assert values["shipping"]["amount"] == "20.00"
    assert values["cash_on_delivery"] == "12.50"
    assert values["tax"] == {"percent": "15", "amount": "52.13"}
    assert values["total"] == "399.63"
    assert payload.raw == order


def test_lines_are_computed_from_their_parts(order, normalize):
    first, second = dump_payload(normalize("order", order))["items"]
    assert first == {
        "external_id": "90010",
        "product_id": "4411",
        "variant_id": "5512",
        "sku": "SCARF-RED",
        "name": "Scarf",
        "type": "product",
        "quantity": "2",
        "unit_price": "100.00",
        "discount": "20.00",
        "tax_percent": "15",
        "tax": "27.00",
        "total": "207.00",
        "options": [
            {"name": "Colour", "value": "Red"},
            {"name": "Text", "value": "for Nora"},
            {"name": "Extras", "value": "Box, Card"},
        ],
        "note": "هدية",
        "tax_reason_code": None,
        "returned": "0",
    }
    # The body's own total of 150 is before discount and tax.
    assert (second["total"], second["tax"], second["variant_id"]) == ("155.25", "20.25", None)
    assert (second["type"], second["sku"]) == ("digital", None)


def test_the_customer_of_an_order(order, normalize):
    customer = dump_payload(normalize("order", order))["customer"]
    assert customer["name"] == "سلمى الغامدي"
    assert customer["phone"] == "+966551112233"
    assert customer["email"] is None
    assert [(place["line1"], place["city"], place["country_code"]) for place in customer["addresses"]] == [
        (None, "أبها", "SA")
    ]


@pytest.mark.parametrize(
    ("customer", "name"),
    [
        ({"id": 1, "name": "Del Don"}, "Del Don"),
        ({"id": 1, "first_name": "", "last_name": None}, "سلمى الغامدي"),
    ],
)
def test_a_customer_without_name_is_called_as_the_receiver(order, normalize, customer, name):
    assert normalize("order", {**order, "customer": customer}).customer.name == name


@pytest.mark.parametrize("customer", [None, [], {}, {"name": "x"}])
def test_a_guest_is_no_customer(order, normalize, customer):
    assert normalize("order", {**order, "customer": customer}).customer is None


def test_a_shipment_gives_address_branch_and_company(order, fixture, normalize):
    order["shipments"] = [fixture("shipment_live")["data"]]
    payload = normalize("order", order)
    place = payload.shipping.address
    assert (payload.branch_id, payload.branch_name, payload.shipping.company) == ("7001", "المستودع", "Naqel")
    assert (place.name, place.phone, place.city, place.state) == ("سلمى", "+966551112233", "أبها", "عسير")
    assert (place.short_address, place.building_number, place.postal_code) == ("ABHA1234", "1234", "62521")
    assert (place.country_code, place.district, place.line1) == ("SA", "الموظفين", "شارع الخزان")


def test_two_branches_are_no_branch(order, fixture, normalize):
    shipment = fixture("shipment_live")["data"]
    other = copy.deepcopy(shipment)
    other["ship_from"]["branch_id"] = 7002
    assert normalize("order", {**order, "shipments": [shipment, other]}).branch_id is None


@pytest.mark.parametrize(
    ("store", "exchange", "rate"),
    [
        ("SAR", {"base_currency": "SAR", "exchange_currency": "USD", "rate": Decimal("0.266592")}, None),
        ("KWD", {"base_currency": "KWD", "exchange_currency": "SAR", "rate": "12.5"}, Decimal("0.08")),
        ("USD", {"base_currency": "SAR", "exchange_currency": "USD", "rate": "0.27"}, Decimal("0.27")),
        ("EUR", {"base_currency": "SAR", "exchange_currency": "USD", "rate": "0.27"}, None),
        ("EUR", [], None),
    ],
)
def test_exchange_rate_is_store_currency_per_order_currency(order, normalize, store, exchange, rate):
    payload = normalize("order", {**order, "exchange_rate": exchange}, currency=store)
    assert (payload.exchange_rate, payload.store_currency) == (rate, store)


def test_a_small_currency_keeps_its_digits(order, normalize):
    exchange = {"base_currency": "SAR", "exchange_currency": "IQD", "rate": Decimal("349.3")}
    body = {**order, "currency": "IQD", "exchange_rate": exchange}
    assert str(normalize("order", body).exchange_rate) == "0.002862868594"


@pytest.mark.parametrize("quantity", [2, 3, 7])
def test_a_line_price_is_told_from_a_unit_price_by_the_subtotal(order, normalize, quantity):
    (line,) = order["items"] = order["items"][:1]
    line["quantity"] = quantity
    line["amounts"] |= {"price_without_tax": {"amount": 100}, "total_discount": {"amount": 0}}
    by_unit = normalize("order", amounts(order, sub_total={"amount": 100 * quantity})).items[0]
    by_line = normalize("order", amounts(order, sub_total={"amount": 100})).items[0]
    neither = normalize("order", amounts(order, sub_total={"amount": 777})).items[0]
    assert by_unit.unit_price == neither.unit_price == 100
    assert abs(by_line.unit_price * quantity - 100) < Decimal("0.0001")
    assert (by_unit.total, by_line.total) == (115 * quantity, 115)


def test_rounding_of_unit_prices_does_not_hide_the_unit_reading(order, normalize):
    (line,) = order["items"] = order["items"][:1]
    line["quantity"] = 10
    line["amounts"]["price_without_tax"] = {"amount": Decimal("45.22")}
    assert normalize("order", amounts(order, sub_total={"amount": Decimal("452.17")})).items[
        0
    ].unit_price == Decimal("45.22")


@pytest.mark.parametrize(
    ("listed", "of_shipping", "in_lines", "total", "expected"),
    [
        ("35", "0", ("20", "15"), "399.63", "35.00"),
        ("35", "0", ("0", "0"), "399.63", "35.00"),
        (None, "0", ("20", "15"), "399.63", "35.00"),
        ("20", "0", ("10", "5"), "399.63", "35.00"),
        ("30", "5", ("0", "0"), "399.63", "35.00"),
        # The total ignores a discount that the body names: the named one stays, and the totals disagree.
        ("15", "0", ("0", "0"), "434.63", "15.00"),
        (None, "0", ("0", "0"), "434.63", "0"),
    ],
)
def test_the_reading_of_the_discounts_is_the_one_that_makes_the_total(
    order, normalize, listed, of_shipping, in_lines, total, expected
):
    for item, discount in zip(order["items"], in_lines, strict=True):
        item["amounts"]["total_discount"] = {"amount": discount}
    discounts = [{"discount": listed, "discounted_shipping": of_shipping}] if listed else []
    payload = normalize("order", amounts(order, discounts=discounts, total={"amount": total}))
    assert str(payload.discount_total) == expected


def test_tax_of_a_line_follows_its_percent_where_its_amount_does_not_fit(order, normalize):
    order["items"][0]["amounts"]["tax"]["amount"]["amount"] = Decimal("13.50")
    assert normalize("order", order).items[0].tax == 27
    order["items"][0]["amounts"]["tax"]["amount"]["amount"] = Decimal("26.99")
    assert normalize("order", order).items[0].tax == Decimal("26.99")


def test_other_percentages_are_kept(order, normalize):
    line = order["items"][0]
    line["quantity"] = 1
    line["amounts"] = {
        "price_without_tax": {"amount": 199},
        "total_discount": {"amount": Decimal("11.94")},
        "tax": {"percent": "8.00", "amount": {"amount": Decimal("14.96")}},
        "total": {"amount": Decimal("202.02")},
    }
    made = normalize("order", order).items[0]
    assert (made.tax_percent, made.tax, made.total) == (8, Decimal("14.96"), Decimal("202.02"))


def test_a_total_of_zero_that_cannot_be_true_is_named(order, normalize):
    zero = {"amount": 0, "currency": "SAR"}
    assert "total: it is 0, but the order's own parts make 399.63" in problems(
        normalize, amounts(copy.deepcopy(order), total=zero)
    )
    collapsed = amounts(
        copy.deepcopy(order),
        total=zero,
        sub_total=zero,
        shipping_cost=zero,
        cash_on_delivery=zero,
        tax=[],
        discounts=[],
    )
    for item in collapsed["items"]:
        item["amounts"]["total_discount"] = zero
    assert problems(normalize, collapsed) == ["total: it is 0, but the lines have prices"]


def test_a_free_order_is_true(order, normalize):
    zero = {"amount": 0, "currency": "SAR"}
    body = amounts(
        order, total=zero, shipping_cost=zero, cash_on_delivery=zero, tax={"percent": "15", "amount": zero}
    )
    body["amounts"]["discounts"] = [{"discount": "350.00", "code": "GIFT"}]
    assert normalize("order", body).discount_total == 350


def test_what_is_missing_is_named(order, normalize):
    assert problems(normalize, {"id": 5}) == [
        "items: the body has no lines; the order has to be read whole",
        "status: the shop gives none",
        "created_at: the shop gives none",
        "currency: the shop gives none",
        "total: the shop gives none",
    ]
    order["items"][1].pop("quantity")
    order["items"][0]["amounts"] = []
    assert problems(normalize, order) == [
        "items.0.unit_price: the shop gives none",
        "items.1.quantity: the shop gives none",
    ]


@pytest.mark.parametrize(
    "body", [{}, {"id": []}, {"items": {}, "amounts": [], "customer": "x", "status": "done"}]
)
def test_a_broken_order_is_refused_not_crashed_on(normalize, body):
    assert problems(normalize, body)


def test_a_status_without_slug_is_known_by_its_id(order, normalize):
    order["status"] = {"id": 525144736, "name": "ملغي"}
    assert normalize("order", order).status == "canceled"


@pytest.mark.parametrize(
    ("given", "slug"),
    [
        ("مدى", "mada"),
        ("COD", "cod"),
        ({"slug": "tabby_installment"}, "tabby_installment"),
        (None, None),
        ([], None),
    ],
)
def test_payment_methods(order, normalize, given, slug):
    assert normalize("order", {**order, "payment_method": given}).payment_method == slug


@pytest.mark.parametrize(
    "change",
    [{"is_price_quote": True}, {"is_price_quote": None, "features": {"order_type_price_quote": True}}],
)
def test_a_price_quote_is_marked(order, normalize, change):
    assert normalize("order", order).is_price_quote is False
    assert normalize("order", {**order, **change}).is_price_quote is True


def test_the_same_order_written_otherwise_has_the_same_content(order, normalize):
    other = copy.deepcopy(order)
    other["amounts"]["total"] = {"amount": "399.630", "currency": "SAR"}
    other["amounts"]["sub_total"] = {"amount": Decimal("350.0"), "currency": "SAR"}
    other["updated_at"] = {
        "date": "2026-03-03 09:00:00.000000",
        "timezone_type": 3,
        "timezone": "Asia/Riyadh",
    }
    other["tags"] = [{"id": 1}]
    assert normalize("order", other).content() == normalize("order", order).content()


def test_licence_codes_and_links_to_the_goods_stay_out_of_raw(normalize, order):
    sold = {
        "codes": [{"code": "sD21S", "status": "sold"}, "9-XY"],
        "files": [{"id": 7, "name": "book.pdf", "url": "https://cdn.test/secret"}],
        "urls": {"digital_content": "https://shop.test/dl/secret"},
    }
    order["items"][0] |= sold
    made = normalize("order", order)
    (item, *_) = made.raw["items"]
    assert item["codes"] == [{"code": "***", "status": "sold"}, "***"]
    assert item["files"] == [{"id": 7, "name": "book.pdf", "url": "***"}]
    text = json.dumps(made.raw, default=str)
    assert not [word for word in ("sD21S", "9-XY", "secret") if word in text]
    # All else is the shop's own body, and the body that was given is as it was.
    assert {**item, **sold} == order["items"][0]
    assert made.raw["amounts"] == order["amounts"]


def test_licence_codes_stay_out_of_what_is_kept_of_an_order_that_is_not_understood(normalize, order):
    order["items"][0]["codes"] = ["9-XY"]
    order["amounts"]["total"] = {"amount": "much", "currency": "SAR"}
    with pytest.raises(NormalizeError) as caught:
        normalize("order", order)
    assert caught.value.raw["items"][0]["codes"] == ["***"]
