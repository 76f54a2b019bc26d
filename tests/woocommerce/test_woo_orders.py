"""Orders as odd shops have them: the money reaches the shop's total, and the buyer is one and the same."""

from decimal import Decimal

import pytest

from salla_manager.platforms.port import NormalizeError, StoreContext
from salla_manager.platforms.woocommerce.platform import WOOCOMMERCE

CONTEXT = StoreContext(currency="SAR", prices_include_tax=True)


def line(number=1, quantity=1, subtotal="100", total=None, tax="15", **values):
    total = subtotal if total is None else total
    return {
        "id": number,
        "name": "Oud",
        "product_id": 7,
        "variation_id": 0,
        "quantity": quantity,
        "subtotal": subtotal,
        "total": total,
        "total_tax": tax,
        "taxes": [{"id": 1, "total": tax, "subtotal": tax}],
        "meta_data": [],
        "sku": "OUD-1",
        "price": 33.333333333333336,
        **values,
    }


def charge(total, tax="0", **values):
    return {"id": 90, "total": total, "total_tax": tax, "taxes": [], "meta_data": [], **values}


VAT = {"rate_id": 1, "rate_percent": 15, "compound": False, "label": "VAT"}


def order(*lines, total, total_tax, **values):
    return {
        "id": 500,
        "number": "WC-500",
        "status": "processing",
        "currency": "SAR",
        "date_created_gmt": "2026-11-20T09:00:00",
        "date_modified_gmt": "2026-11-20T09:05:00",
        "total": total,
        "total_tax": total_tax,
        "customer_id": 0,
        "billing": {
            "first_name": "Noura",
            "email": "Noura@Example.com",
            "phone": "0501234567",
            "country": "SA",
        },
        "shipping": {},
        "line_items": list(lines),
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "tax_lines": [VAT],
        "refunds": [],
        **values,
    }


def normalize(body, context=CONTEXT):
    (payload,) = WOOCOMMERCE.normalize("order", body, context)
    return payload


def adds_up(found):
    parts = found.subtotal - found.discount_total + found.shipping.amount + found.cash_on_delivery
    return parts + found.tax.amount == found.total


def test_a_coupon_is_inside_the_lines_and_taken_off_once():
    coupon = {"code": "ten", "discount": "10", "discount_tax": "1.5"}
    found = normalize(
        order(line(total="90", tax="13.5"), total="103.5", total_tax="13.5", coupon_lines=[coupon])
    )
    assert (found.items[0].unit_price, found.items[0].discount) == (Decimal("100.00"), Decimal("10.00"))
    assert (found.discount_total, found.discounts[0].code, found.discounts[0].amount) == (10, "ten", 10)
    assert adds_up(found)


def test_the_price_that_went_through_a_float_is_never_used():
    found = normalize(order(line(quantity=3, subtotal="100", tax="15"), total="115", total_tax="15"))
    assert found.items[0].unit_price == Decimal("33.333333")


def test_a_fraction_of_a_unit():
    body = order(line(quantity=Decimal("0.75"), subtotal="30", tax="4.5"), total="34.5", total_tax="4.5")
    assert (normalize(body).items[0].quantity, normalize(body).items[0].unit_price) == (Decimal("0.75"), 40)


@pytest.mark.parametrize("name", ["Cash on Delivery fee", "رسوم الدفع عند الاستلام", "COD"])
def test_a_fee_for_cash_on_delivery_is_one_where_it_is_certain(name):
    fee = charge("20", "3", name=name)
    values = {"total": "138", "total_tax": "18", "fee_lines": [fee]}
    found = normalize(order(line(), payment_method="cod", **values))
    assert (found.cash_on_delivery, found.shipping.amount) == (20, 0)
    assert adds_up(found)
    # Paid by card it is some other fee.
    found = normalize(order(line(), payment_method="mada", **values))
    assert (found.cash_on_delivery, found.shipping.amount) == (0, 20)
    assert adds_up(found)


def test_a_fee_of_any_other_name_is_charged_and_a_negative_one_taken_off():
    fees = [charge("5", "0.75", name="Gift wrap"), charge("-8", "-1.2", name="Loyalty")]
    shipping = [charge("25", "3.75", method_title="Aramex")]
    body = order(line(), total="140.3", total_tax="18.3", fee_lines=fees, shipping_lines=shipping)
    found = normalize(body)
    assert (found.shipping.amount, found.shipping.company, found.discount_total) == (30, "Aramex", 8)
    assert (found.discounts[0].title, found.discounts[0].amount) == ("Loyalty", 8)
    assert adds_up(found)


def test_a_total_that_its_parts_do_not_make_is_for_a_person():
    with pytest.raises(NormalizeError) as caught:
        normalize(order(line(), line(2), total="231", total_tax="30"))
    assert "make 230.00 (lines 230.00), but its total is 231.00, a difference of 1.00" in str(caught.value)
    assert caught.value.external_id == "500"


def test_a_cent_per_line_is_rounding():
    assert normalize(order(line(), line(2), total="230.02", total_tax="30")).total == Decimal("230.02")


def test_an_order_without_lines_waits_for_them():
    with pytest.raises(NormalizeError, match="no lines yet"):
        normalize(order(total="0", total_tax="0"))


def test_rates_that_stand_on_each_other():
    taxes = [{"id": 1, "total": "5"}, {"id": 2, "total": "2.1"}]
    rates = [{"rate_id": 1, "rate_percent": 5}, {"rate_id": 2, "rate_percent": 2, "compound": True}]
    body = order(line(tax="7.1", taxes=taxes), total="107.1", total_tax="7.1", tax_lines=rates)
    assert (normalize(body).items[0].tax_percent, normalize(body).tax.percent) == (Decimal("7.1"), None)


def test_a_rate_that_does_not_apply_to_the_line_has_an_empty_amount():
    taxes = [{"id": 1, "total": "", "subtotal": ""}]
    body = order(line(), line(2, tax="0", taxes=taxes), total="215", total_tax="15")
    assert [one.tax_percent for one in normalize(body).items] == [15, 0]


def test_what_is_free_bears_its_rate_still():
    body = order(line(), line(2, total="0", tax="0"), total="115", total_tax="15")
    assert [(one.tax_percent, one.discount) for one in normalize(body).items] == [(15, 0), (15, 100)]


def test_a_product_that_is_gone_leaves_its_line():
    found = normalize(order(line(product_id=0, sku=None), total="115", total_tax="15")).items[0]
    assert (found.product_id, found.variant_id, found.sku, found.name) == (None, None, None, "Oud")


def test_what_the_buyer_chose_is_an_option_and_what_plugins_keep_is_none():
    meta = [
        {
            "key": "pa_color",
            "value": "black",
            "display_key": "Colour",
            "display_value": "<p>Black &amp; red</p>",
        },
        {"key": "engraving-text", "value": "Noura"},
        {"key": "_reduced_stock", "value": "1"},
        {"key": "bundle", "value": {"any": ["thing"]}, "display_value": {"any": "thing"}},
    ]
    found = normalize(order(line(meta_data=meta), total="115", total_tax="15")).items[0]
    assert [(one.name, one.value) for one in found.options] == [
        ("Colour", "Black & red"),
        ("engraving text", "Noura"),
    ]


def test_units_given_back_twice_add_up_and_are_no_more_than_were_bought():
    def given(key, units):
        meta = [{"key": "_refunded_item_id", "value": "1"}]
        return {"id": key, "total": "-1", "line_items": [{"id": 9, "quantity": units, "meta_data": meta}]}

    body = order(line(quantity=3), total="115", total_tax="15", refunds=[given(1, -1), given(2, -1)])
    assert normalize(body).items[0].returned == 2
    body = order(line(quantity=1), total="115", total_tax="15", refunds=[given(1, -1), given(2, -1)])
    assert normalize(body).items[0].returned == 1
    # Money back for a line whose unit stays with the buyer.
    body = order(line(), total="115", total_tax="15", refunds=[given(1, 0), {"id": 2, "total": "-5"}])
    assert normalize(body).items[0].returned == 0


def test_number_status_and_times_are_the_shops():
    found = normalize(order(line(), total="115", total_tax="15", status="wc-being-packed"))
    assert (found.external_id, found.reference, found.status, found.status_id) == (
        "500",
        "WC-500",
        "being-packed",
        "being-packed",
    )
    assert found.created_at.isoformat() == "2026-11-20T09:00:00+00:00"
    local = order(
        line(), total="115", total_tax="15", date_created_gmt=None, date_created="2026-11-20T12:00:00"
    )
    assert normalize(local).created_at == found.created_at


def guest(**billing):
    return normalize(
        order(
            line(), total="115", total_tax="15", billing={"first_name": "Noura", "country": "SA", **billing}
        )
    ).customer


def test_a_guest_is_the_same_by_e_mail_then_by_phone_then_none_but_his_order():
    first, again = guest(email="Noura@Example.com"), guest(email="noura@example.com", phone="0551112222")
    assert first.external_id == again.external_id
    assert "noura" not in first.external_id
    assert again.phone == "+966551112222"
    assert guest(phone="0551112222").external_id == guest(phone="+966 55 111 2222").external_id
    assert guest().external_id == "guest-order-500"
    assert first.is_guest


def test_of_a_guest_without_name_and_address_nothing_is_known():
    found = normalize(order(line(), total="115", total_tax="15", billing={}))
    assert found.customer is None


def test_an_account_is_the_customer_whatever_his_billing_says():
    found = normalize(order(line(), total="115", total_tax="15", customer_id=26)).customer
    assert (found.external_id, found.is_guest, found.phone) == ("26", False, "+966501234567")
    empty = normalize(order(line(), total="115", total_tax="15", customer_id=26, billing={})).customer
    assert (empty.external_id, empty.name) == ("26", "Customer 26")


def test_a_company_with_its_vat_number_and_a_national_address():
    billing = {
        "company": "شركة العود &amp; أخرى",
        "address_1": "طريق الملك فهد rrrd 2929",
        "city": "الرياض",
        "postcode": "١٢٣٣٣",
        "country": "SA",
        "email": "a@example.com",
    }
    meta = [{"key": "_billing_vat_number", "value": "300000000000003"}]
    found = normalize(order(line(), total="115", total_tax="15", billing=billing, meta_data=meta))
    assert (found.customer.name, found.customer.tax_id) == ("شركة العود & أخرى", "300000000000003")
    place = found.customer.addresses[0]
    assert (place.postal_code, place.country_code, place.short_address) == ("12333", "SA", "RRRD2929")
    # Without an address of its own it goes where the bill goes.
    assert found.shipping.address.city == "الرياض"


def test_an_order_in_another_currency():
    found = normalize(order(line(), total="115", total_tax="15", currency="USD"))
    assert (found.currency, found.store_currency, found.exchange_rate) == ("USD", "SAR", None)
