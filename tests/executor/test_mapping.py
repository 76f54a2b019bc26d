"""Tables of the pure mappings."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from executor_kit import INSTANCE, SECRET, customer, product, variant

from salla_executor.core.mapping.customers import (
    address_values,
    customer_values,
    phone_forms,
    usable_email,
    usable_phone,
)
from salla_executor.core.mapping.items import net_price, product_item, variant_item
from salla_executor.payloads import Address, CustomerPayload, ProductPayload, VariantPayload
from sandbox.executor_store import default_settings

SITE = default_settings(INSTANCE, SECRET)


def item(is_new=True, **changes):
    payload = ProductPayload.model_validate(product(**changes))
    return product_item(payload, SITE, item_code="CODE", group=None, brand=None, is_new=is_new)


@pytest.mark.parametrize(
    ("kind", "is_stock"),
    [
        ("product", True),
        ("food", True),
        ("service", False),
        ("digital", False),
        ("codes", False),
        ("booking", False),
        ("donating", False),
        ("bundle", False),
    ],
)
def test_goods_on_stock(kind, is_stock):
    assert item(type=kind)[0].is_stock_item is is_stock


@pytest.mark.parametrize(
    ("status", "of_new", "of_known"),
    [("sale", False, None), ("out", False, None), ("hidden", False, None), ("deleted", True, True)],
)
def test_disabled(status, of_new, of_known):
    assert item(status=status)[0].is_disabled is of_new
    assert item(is_new=False, status=status)[0].is_disabled is of_known


def test_new_item_is_whole_and_a_known_one_keeps_its_own():
    new, known = item()[0], item(is_new=False)[0]
    assert (new.item_group, new.stock_uom, new.is_stock_item) == ("All Item Groups", "Nos", True)
    assert (known.item_group, known.stock_uom, known.is_disabled) == (None, None, None)
    assert (new.kept, known.kept) == (frozenset(), frozenset({"is_stock_item"}))


@pytest.mark.parametrize(
    ("unit", "uom"), [("kg", "Kg"), ("g", "Gram"), ("lb", "Pound"), ("oz", "Ounce"), (None, None)]
)
def test_weight(unit, uom):
    values = item(weight="1.5", weight_unit=unit)[0]
    assert (values.weight, values.weight_uom) == (Decimal("1.5"), uom)


def test_long_names_are_cut():
    assert len(item(name="م" * 500)[0].item_name) == 140


def test_variant_takes_its_template_s_group():
    payload = VariantPayload.model_validate(variant())
    of_template, _ = variant_item(payload, SITE, item_code="V", template="T", is_new=True)
    alone, _ = variant_item(payload, SITE, item_code="V", template=None, is_new=True)
    assert (of_template.item_group, of_template.attribute_values) == (None, (("Colour", "Red"),))
    assert (alone.item_group, alone.attribute_values) == ("All Item Groups", ())


@pytest.mark.parametrize(
    ("gross", "percent", "net", "note"),
    [
        ("115.00", "15", "100.00", ""),
        ("52.00", "15", "45.22", ""),
        ("0.04", "15", "0.03", "gives 0.03 again"),
        ("10.00", "0", "10.00", ""),
        ("10.00", None, None, "unknown percentage"),
    ],
)
def test_net_price(gross, percent, net, note):
    price, said = net_price(Decimal(gross), percent and Decimal(percent))
    assert price == (net and Decimal(net))
    assert (note in said) if note else said == ""


def test_price_list_holds_the_regular_price_without_vat():
    values, notes = item(price="115.00", sale_price="50.00", price_includes_tax=True, tax_percent="15")
    assert [(one.price_list, one.rate, one.currency) for one in values.prices] == [
        ("Standard Selling", Decimal("100.00"), "SAR")
    ]
    assert notes == []
    values, notes = item(price="115.00", price_includes_tax=True)
    assert values.prices == ()
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("phone", "is_usable"),
    [("+966501234567", True), ("0501234567", False), ("+0501234567", False), ("+966 50", False), ("", False)],
)
def test_phone(phone, is_usable):
    assert usable_phone(phone) == (phone if is_usable else None)


@pytest.mark.parametrize(
    ("email", "is_usable"),
    [
        ("sara@example.com", True),
        ("sara@example", False),
        ("@example.com", False),
        ("a b@example.com", False),
        ("<img>@example.com", False),
        (None, False),
    ],
)
def test_email(email, is_usable):
    assert usable_email(email) == (email if is_usable else None)


def test_company_is_a_customer_with_a_vat_number():
    def kind(is_new, **changes):
        return customer_values(CustomerPayload.model_validate(customer(**changes)), SITE, is_new=is_new)[
            0
        ].type

    assert kind(True) == "Individual"
    assert kind(True, tax_id="300000000000003") == "Company"
    assert kind(False) is None
    assert kind(False, tax_id="300000000000003") == "Company"


def test_companies_may_have_a_group_of_their_own():
    site = replace(SITE, customer_group="Individual", company_group="Commercial")
    for tax_id, group in ((None, "Individual"), ("300000000000003", "Commercial")):
        payload = CustomerPayload.model_validate(customer(tax_id=tax_id))
        assert customer_values(payload, site, is_new=True)[0].group == group
        assert customer_values(payload, site, is_new=False)[0].group is None


@pytest.mark.parametrize(
    ("country", "written", "is_found"),
    [
        ("SA", "+966501234567", True),
        ("SA", "00966501234567", True),
        ("SA", "+966-501234567", True),
        ("SA", "+966 50 123 4567", True),
        ("SA", "0501234567", True),
        ("SA", "050 123 4567", True),
        # Elsewhere the same digits are another person's.
        ("AE", "0501234567", False),
        ("SA", "+971501234567", False),
    ],
)
def test_phone_as_people_write_it(country, written, is_found):
    assert (written in phone_forms("+966501234567", country)) == is_found


def test_what_was_left_out_of_a_customer_is_said():
    payload = CustomerPayload.model_validate(customer(phone="050", email="x", addresses=[{"name": "Sara"}]))
    values, notes = customer_values(payload, SITE, is_new=True)
    assert (values.phone, values.email, values.addresses) == (None, None, ())
    assert len(notes) == 3


@pytest.mark.parametrize(
    ("said", "line1", "line2", "city"),
    [
        ({"line1": "King Rd", "city": "Riyadh"}, "King Rd", None, "Riyadh"),
        ({"line1": "King Rd", "district": "Olaya", "city": "Riyadh"}, "King Rd", "Olaya", "Riyadh"),
        ({"district": "Olaya", "city": "Riyadh"}, "Olaya", None, "Riyadh"),
        ({"short_address": "RRRD2929", "city": "Riyadh"}, "RRRD2929", None, "Riyadh"),
        (
            {
                "building_number": "1234",
                "additional_number": "5678",
                "short_address": "RRRD2929",
                "city": "Riyadh",
            },
            "1234 5678",
            "RRRD2929",
            "Riyadh",
        ),
        ({"line1": "King Rd", "state": "Riyadh Region"}, "King Rd", None, "Riyadh Region"),
        ({"city": "Riyadh"}, "Riyadh", None, "Riyadh"),
    ],
)
def test_address_is_filled_from_what_is_known(said, line1, line2, city):
    values = address_values(Address.model_validate(said), "Sara")
    assert (values.line1, values.line2, values.city, values.title) == (line1, line2, city, "Sara")
    assert values.country_code is None


@pytest.mark.parametrize("said", [{}, {"line1": "King Rd"}, {"name": "Sara", "phone": "+966501234567"}])
def test_address_that_would_have_to_be_invented(said):
    assert address_values(Address.model_validate(said), "Sara") is None


def test_address_without_id_is_known_by_its_content():
    def fingerprint(**said):
        return address_values(
            Address.model_validate({"line1": "King Rd", "city": "Riyadh"} | said), "Sara"
        ).external_id

    assert fingerprint() == fingerprint(name="Ahmed", phone="+966501234567")
    assert fingerprint() != fingerprint(city="Jeddah")
    assert fingerprint(external_id="7") == "7"
