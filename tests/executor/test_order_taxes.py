"""Maps of taxes, branches and payment methods, and what differs by store."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from executor_kit import INSTANCE, SECRET, line, order
from hypothesis import given, settings
from hypothesis import strategies as st

from salla_executor.core.mapping.order_maps import mode_of_payment_of, warehouse_of
from salla_executor.core.mapping.order_money import plan_money
from salla_executor.core.model import BusinessError, TaxRule
from salla_executor.payloads import OrderPayload
from sandbox.executor_store import default_settings

SITE = default_settings(INSTANCE, SECRET)
VAT = SITE.tax_account
TAXES = (
    TaxRule(Decimal(15), template="Standard"),
    TaxRule(Decimal(0), "VATEX-SA-32", template="Zero Rated"),
    TaxRule(Decimal(0), "VATEX-SA-29", template="Exempt"),
    TaxRule(Decimal(0), template="No VAT"),
)
MAPPED = replace(SITE, taxes=TAXES)
E_INVOICE = replace(MAPPED, shipping_item="SHIP", cod_item="COD", rounding_account="Rounding - SC")
COIN = Decimal("0.01")


def plan(site, **changes):
    payload = OrderPayload.model_validate(order(**changes))
    return plan_money(payload, ["ITEM"] * len(payload.items), site)


def mixed(**changes):
    """100.00 at 15 %, 50.00 zero-rated, shipping 10.00 at 15 %."""
    items = [
        line(quantity="1", unit_price="100.00"),
        line(external_id="2", quantity="1", tax_percent="0", tax_reason_code="VATEX-SA-32"),
    ]
    return {"items": items, "total": "176.50", "tax": {"percent": "15", "amount": "16.50"}} | changes


def test_lines_at_several_rates_have_templates_and_one_percent_row():
    result = plan(E_INVOICE, **mixed())
    assert [one.item_tax_template for one in result.lines] == ["Standard", "Zero Rated", "Standard"]
    assert [(one.charge_type, one.rate) for one in result.charges] == [("On Net Total", 15)]
    assert result.predicted.grand_total == Decimal("176.50")


def test_shipping_that_bears_no_vat_is_a_line_without():
    result = plan(E_INVOICE, **mixed(total="175.00", tax={"percent": "15", "amount": "15.00"}))
    assert (result.lines[2].item_code, result.lines[2].item_tax_template) == ("SHIP", "No VAT")
    assert result.predicted.grand_total == Decimal("175.00")


def test_discount_that_does_not_divide_stays_in_its_line():
    items = [
        line(quantity="3", unit_price="99.99", discount="10.00"),
        line(external_id="2", quantity="1", tax_percent="0"),
    ]
    result = plan(
        E_INVOICE,
        items=items,
        shipping={"amount": "0"},
        total="383.47",
        tax={"percent": "15", "amount": "43.50"},
    )
    assert [(one.quantity, one.rate) for one in result.lines[:2]] == [
        (1, Decimal("96.65")),
        (2, Decimal("96.66")),
    ]
    assert result.discount == 0
    assert result.predicted.grand_total == Decimal("383.47")


def test_the_orders_own_discount_is_borne_by_the_goods_each_at_its_rate():
    """Goods of 99.99 at 15 % and 39.98 zero-rated, a coupon of 13.37, shipping of 10.00 at 15 %."""
    items = [
        line(quantity="1", unit_price="99.99"),
        line(external_id="2", quantity="2", unit_price="19.99", tax_percent="0"),
    ]
    result = plan(
        E_INVOICE,
        items=items,
        discount_total="13.37",
        total="151.67",
        tax={"percent": "15", "amount": "15.07"},
    )
    assert [(one.quantity, one.rate) for one in result.lines] == [
        (1, Decimal("90.44")),
        (2, Decimal("18.08")),
        (1, Decimal("10.00")),
    ]
    assert (result.discount, [one.rate for one in result.charges]) == (0, [15])
    assert result.predicted.grand_total == Decimal("151.67")


def test_no_discount_is_spread_over_shipping_that_bears_no_vat():
    items = [line(quantity="1", unit_price="100.00")]
    result = plan(
        E_INVOICE,
        items=items,
        discount_total="10.00",
        total="113.50",
        tax={"percent": "15", "amount": "13.50"},
    )
    assert [one.rate for one in result.lines] == [Decimal("90.00"), Decimal("10.00")]
    assert [(one.charge_type, one.rate) for one in result.charges] == [("On Net Total", 15)]


def test_rule_of_another_company_is_none():
    site = replace(SITE, taxes=(TaxRule(Decimal(15), company="Another Company"),))
    with pytest.raises(BusinessError, match="VAT of 15 % is not mapped for Sandbox Company") as failure:
        plan(site)
    assert failure.value.waits_on == "tax:Sandbox Company:15:"


def test_reason_without_a_rule_of_its_own_takes_the_one_for_any():
    items = [line(tax_percent="0", tax_reason_code="VATEX-SA-35")]
    result = plan(MAPPED, items=items, shipping={"amount": "0"}, total="100.00", tax={"amount": "0"})
    assert result.lines[0].item_tax_template == "No VAT"


def test_who_charges_no_vat_needs_no_map():
    items = [line(tax_percent=None)]
    result = plan(MAPPED, items=items, shipping={"amount": "0"}, total="100.00", tax={"amount": "0"})
    assert (result.lines[0].item_tax_template, result.charges) == (None, ())


def test_coins_beyond_the_percentage_go_to_the_rounding_account():
    result = plan(E_INVOICE, **mixed(total="176.51", tax={"percent": "15", "amount": "16.51"}))
    assert [(one.account, one.rate, one.amount) for one in result.charges] == [
        (VAT, 15, 0),
        ("Rounding - SC", 0, Decimal("0.01")),
    ]
    assert result.predicted.grand_total == Decimal("176.51")


amounts = st.integers(1, 500_00).map(lambda value: Decimal(value) / 100)
lines_of = st.lists(
    st.tuples(amounts, st.integers(1, 9), st.integers(0, 100), st.sampled_from(["15", "0"])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(lines_of, st.integers(0, 50_00))
def test_any_mix_of_rates_and_discounts_comes_to_the_shops_total_by_percent(goods, shipping):
    items, nets = [], []
    for number, (price, quantity, discount_percent, percent) in enumerate(goods):
        discount = (price * quantity * discount_percent / 100).quantize(COIN)
        values = {"quantity": str(quantity), "unit_price": str(price), "discount": str(discount)}
        items.append(line(external_id=str(number), tax_percent=percent, **values))
        nets.append((price * quantity - discount, Decimal(percent)))
    fee = Decimal(shipping) / 100
    highest = max(percent for _, percent in nets)
    tax = sum(net * percent / 100 for net, percent in nets) + fee * highest / 100
    tax = tax.quantize(COIN, ROUND_HALF_UP)
    total = sum(net for net, _ in nets) + fee + tax
    result = plan(
        E_INVOICE,
        items=items,
        shipping={"amount": str(fee)},
        total=str(total),
        tax={"percent": "15", "amount": str(tax)},
        discount_total=str(sum(Decimal(one["discount"]) for one in items)),
    )
    if total:
        assert result.predicted.grand_total == total
        # But for the coin of rounding, no VAT is an amount.
        assert all(one.amount <= COIN * len(items) for one in result.charges if one.charge_type == "Actual")


def test_store_takes_its_own_and_nothing_of_another_company():
    site = replace(
        SITE,
        shops={
            "ONE": {"company": "Another Company", "tax_account": "VAT - AC"},
            "TWO": {"warehouse": "Two - SC", "submit_orders": True},
        },
    )
    one, two = site.of("ONE"), site.of("TWO")
    assert (one.company, one.tax_account, one.shipping_account, one.warehouse) == (
        "Another Company",
        "VAT - AC",
        "",
        "",
    )
    assert (two.company, two.warehouse, two.submit_orders) == (SITE.company, "Two - SC", True)
    assert two.shipping_account == SITE.shipping_account
    assert site.of("THREE") is site


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ({}, SITE.warehouse),
        ({("OTHER", "7"): "Other - SC"}, SITE.warehouse),
        ({("", "7"): "All - SC", ("S", "7"): "Own - SC"}, "Own - SC"),
        ({("", "Riyadh"): "Riyadh - SC"}, "Riyadh - SC"),
    ],
)
def test_warehouse_by_branch(rows, found):
    payload = OrderPayload.model_validate(order(branch_id="7", branch_name="Riyadh"))
    assert warehouse_of(payload, replace(SITE, branches=rows), "S") == found


def test_branch_and_method_that_are_not_mapped_are_named():
    payload = OrderPayload.model_validate(order(branch_id="7", branch_name="Riyadh", payment_method="tabby"))
    site = replace(SITE, branches={("", "8"): "All - SC"}, payment_methods={("", "mada"): "Mada"})
    with pytest.raises(BusinessError, match="Branch Riyadh 7") as branch:
        warehouse_of(payload, site, "S")
    with pytest.raises(BusinessError, match="'tabby' has no Mode of Payment") as method:
        mode_of_payment_of(payload, site, "S")
    assert (branch.value.waits_on, method.value.waits_on) == ("branch:S:7", "payment:S:tabby")
