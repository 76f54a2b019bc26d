"""The heart: an order written so that ERPNext's arithmetic gives the shop's total to the smallest coin."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from executor_kit import INSTANCE, SECRET, line, order
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from salla_executor.core.mapping.erpnext_math import Arithmetic, predict
from salla_executor.core.mapping.order_compare import differences
from salla_executor.core.mapping.order_money import plan_money
from salla_executor.core.model import BusinessError, SavedOrder
from salla_executor.core.values import Charge, SalesOrderLine
from salla_executor.payloads import OrderPayload
from sandbox.executor_store import default_settings

METHODS = ("Banker's Rounding", "Banker's Rounding (legacy)", "Commercial Rounding")
SITE = default_settings(INSTANCE, SECRET)
COIN = Decimal("0.01")


def plan(site=SITE, **changes):
    payload = OrderPayload.model_validate(order(**changes))
    return plan_money(payload, ["ITEM"] * len(payload.items), site)


def rows(result):
    return [(one.charge_type, one.rate, one.amount, one.row_id) for one in result.charges]


def saved_as_predicted(result):
    predicted, charges = result.predicted, zip(result.charges, result.predicted.charges, strict=True)
    return SavedOrder(
        "Sales Order",
        "SO-1",
        "created",
        grand_total=predicted.grand_total,
        net_total=predicted.net_total,
        total_taxes=predicted.total_taxes,
        fees={charge.description: amount for charge, amount in charges if charge.is_fee},
        fee_lines=frozenset(one.external_id for one in result.lines) & {"Shipping", "Cash on Delivery"},
    )


def sales_line(rate, quantity="1"):
    return SalesOrderLine("1", "ITEM", "Item", Decimal(quantity), Decimal(rate), Decimal(rate))


def test_vat_on_goods_and_charges_is_a_percent_row_on_everything_above():
    result = plan(cash_on_delivery="5.00", total="132.25", tax={"percent": "15", "amount": "17.25"})
    assert rows(result) == [
        ("Actual", 0, Decimal("10.00"), None),
        ("Actual", 0, Decimal("5.00"), None),
        ("On Previous Row Total", Decimal(15), 0, 2),
    ]
    assert [one.account for one in result.charges] == [
        "Shipping - SC",
        "Cash on Delivery - SC",
        "VAT 15% - SC",
    ]
    assert result.predicted.grand_total == Decimal("132.25")
    assert result.discount == 0


def test_vat_without_charges_is_on_net_total():
    result = plan(shipping={"amount": "0"}, total="115.00", tax={"percent": "15", "amount": "15.00"})
    assert rows(result) == [("On Net Total", Decimal(15), 0, None)]


def test_vat_on_the_goods_alone_is_on_net_total_below_the_shipping():
    result = plan(total="125.00", tax={"percent": "15", "amount": "15.00"})
    assert rows(result)[1] == ("On Net Total", Decimal(15), 0, None)
    assert result.predicted.grand_total == Decimal("125.00")


def test_percentage_of_the_lines_stands_in_for_the_order_s():
    result = plan(tax={"amount": "16.50"})
    assert rows(result)[1] == ("On Previous Row Total", Decimal(15), 0, 1)


def test_vat_that_no_percentage_gives_is_actual():
    result = plan(total="126.49", tax={"percent": "15", "amount": "16.49"})
    assert rows(result)[1] == ("Actual", 0, Decimal("16.49"), None)
    assert result.predicted.grand_total == Decimal("126.49")


def test_mixed_percentages_are_actual_even_if_one_would_fit():
    items = [line(), line(external_id="2", tax_percent="0")]
    result = plan(items=items, total="241.50", tax={"percent": "15", "amount": "31.50"})
    assert rows(result)[1] == ("Actual", 0, Decimal("31.50"), None)
    assert result.predicted.grand_total == Decimal("241.50")


def test_order_without_vat_has_no_vat_row_and_needs_no_account():
    site = default_settings(INSTANCE, SECRET, tax_account="", shipping_account="", cod_account="")
    result = plan(site, shipping={"amount": "0"}, total="100.00", tax={"percent": "15", "amount": "0"})
    assert result.charges == ()
    assert result.predicted.grand_total == Decimal(100)


@pytest.mark.parametrize(
    ("setting", "label"),
    [
        ("tax_account", "VAT Account"),
        ("shipping_account", "Shipping Account"),
        ("cod_account", "Cash on Delivery Account"),
    ],
)
def test_missing_account_names_field_and_page(setting, label):
    site = default_settings(INSTANCE, SECRET, **{setting: ""})
    with pytest.raises(BusinessError, match=f"'{label}' in Salla Executor Settings") as failure:
        plan(site, cash_on_delivery="5.00", total="132.25", tax={"percent": "15", "amount": "17.25"})
    assert failure.value.error_code == "missing_account"
    assert failure.value.waits_on == f"setting:{setting}"


def test_line_discount_that_divides_evenly_is_in_the_rate():
    result = plan(items=[line(discount="10.00")], total="115.00", tax={"percent": "15", "amount": "15.00"})
    (written,) = result.lines
    assert (written.price_list_rate, written.rate) == (Decimal(50), Decimal(45))
    assert result.discount == 0
    assert result.predicted.grand_total == Decimal("115.00")


def test_line_discount_that_does_not_divide_is_in_the_document_discount():
    items = [line(quantity="3", discount="10.00")]
    result = plan(items=items, total="172.50", tax={"percent": "15", "amount": "22.50"})
    assert result.lines[0].rate == Decimal(50)
    assert result.discount == Decimal("10.00")
    assert result.predicted.grand_total == Decimal("172.50")


def test_free_line_has_no_price_list_rate_that_erpnext_would_fall_back_to():
    items = [line(), line(external_id="2", quantity="1", discount="50.00")]
    result = plan(items=items)
    assert (result.lines[1].price_list_rate, result.lines[1].rate) == (0, 0)
    assert result.discount == 0


def test_order_discount_holds_the_lines_discounts_already():
    items = [line(discount="10.00")]
    result = plan(
        items=items, discount_total="15.00", total="109.25", tax={"percent": "15", "amount": "14.25"}
    )
    assert (result.lines[0].rate, result.discount) == (Decimal(45), Decimal("5.00"))
    assert result.predicted.grand_total == Decimal("109.25")


def test_unit_price_finer_than_a_coin():
    """52.00 with VAT is 45.217391 without; three of them are 135.65, not 3 x 45.22."""
    items = [line(quantity="3", unit_price="45.217391")]
    result = plan(
        items=items, shipping={"amount": "0"}, total="156.00", tax={"percent": "15", "amount": "20.35"}
    )
    assert (result.lines[0].rate, result.discount) == (Decimal("45.22"), Decimal("0.01"))
    assert result.predicted.grand_total == Decimal("156.00")
    assert result.predicted.net_total == Decimal("135.65")


def test_rounded_down_unit_price_is_lifted_above_the_shop_s_sum():
    items = [line(quantity="10", unit_price="45.213043")]
    result = plan(
        items=items, shipping={"amount": "0"}, total="519.95", tax={"percent": "15", "amount": "67.82"}
    )
    assert (result.lines[0].rate, result.discount) == (Decimal("45.22"), Decimal("0.07"))
    assert result.predicted.grand_total == Decimal("519.95")


def test_subtotal_that_bears_the_total_out_explains_rounded_unit_prices():
    changes = {"shipping": {"amount": "0"}, "total": "156.00", "tax": {"percent": "15", "amount": "20.35"}}
    items = [line(quantity="3", unit_price="45.22")]
    assert plan(items=items, subtotal="135.65", **changes).predicted.grand_total == Decimal("156.00")
    assert plan(items=items, **changes).predicted.grand_total == Decimal("156.01")
    assert plan(items=items, subtotal="135.60", **changes).predicted.grand_total == Decimal("156.01")


def test_whole_order_for_free():
    changes = {"shipping": {"amount": "0"}, "total": "0", "tax": {"percent": "15", "amount": "0"}}
    result = plan(discount_total="100.00", **changes)
    assert (result.discount, result.predicted.grand_total) == (Decimal(100), Decimal(0))


def test_half_a_coin_falls_as_the_site_rounds():
    """15 % of 187.50 is 28.125: ERPNext's default makes it 28.12 where the shop says 28.13."""
    items = [line(quantity="1", unit_price="187.50")]
    changes = {"items": items, "shipping": {"amount": "0"}, "tax": {"percent": "15", "amount": "28.13"}}
    to_even = plan(total="215.63", **changes)
    assert rows(to_even) == [("Actual", 0, Decimal("28.13"), None)]
    site = default_settings(INSTANCE, SECRET, rounding_method="Commercial Rounding")
    away = plan(site, total="215.63", **changes)
    assert rows(away) == [("On Net Total", Decimal(15), 0, None)]
    assert {to_even.predicted.grand_total, away.predicted.grand_total} == {Decimal("215.63")}


def test_currency_of_three_decimals():
    site = default_settings(INSTANCE, SECRET, currency_precision=3)
    items = [line(quantity="1", unit_price="1.255")]
    changes = {"currency": "KWD", "shipping": {"amount": "0.500"}, "tax": {"percent": "5", "amount": "0.088"}}
    result = plan(site, items=items, total="1.843", **changes)
    assert result.predicted.grand_total == Decimal("1.843")


coins = st.integers(0, 200_000).map(lambda value: Decimal(value) / 100)
fine_price = st.integers(1, 10**9).map(lambda value: Decimal(value).scaleb(-6))
plain_price = st.integers(1, 200_000).map(lambda value: Decimal(value) / 100)


@st.composite
def consistent_orders(draw):
    """Orders whose figures add up as the contract says, whatever way the shop came to its VAT."""
    items, gross, line_discounts = [], Decimal(0), Decimal(0)
    for number in range(draw(st.integers(1, 6))):
        quantity = draw(st.integers(1, 30))
        price = draw(st.one_of(plain_price, fine_price))
        cap = (price * quantity).quantize(COIN, "ROUND_DOWN")
        discount = min(draw(coins), cap) if draw(st.booleans()) else Decimal(0)
        percent = draw(st.sampled_from(["15", "15", "15", "0", "5", None]))
        items.append(
            line(
                external_id=str(number),
                quantity=str(quantity),
                unit_price=str(price),
                discount=str(discount),
                tax_percent=percent,
            )
        )
        gross += price * quantity
        line_discounts += discount
    further = draw(coins) if draw(st.booleans()) else Decimal(0)
    discount_total = min(line_discounts + further, gross.quantize(COIN, "ROUND_DOWN"))
    shipping, fee = draw(coins), draw(st.sampled_from([Decimal(0), Decimal("12.00")]))
    net = (gross - discount_total).quantize(COIN, ROUND_HALF_UP)
    percent = draw(st.sampled_from(["15", "5", "8", "0"]))
    base = net + draw(st.sampled_from([shipping + fee, Decimal(0)]))
    rounding = draw(st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, "ROUND_DOWN"]))
    tax = (base * Decimal(percent) / 100).quantize(COIN, rounding)
    tax += draw(st.sampled_from([Decimal(0), Decimal(0), COIN]))
    return order(
        items=items,
        discount_total=str(discount_total),
        shipping={"amount": str(shipping)},
        cash_on_delivery=str(fee),
        tax={"percent": percent, "amount": str(tax)},
        total=str(net + shipping + fee + tax),
    )


sites = st.builds(
    lambda method, is_row_wise: default_settings(
        INSTANCE, SECRET, rounding_method=method, round_row_wise_tax=is_row_wise
    ),
    st.sampled_from(METHODS),
    st.booleans(),
)


@settings(max_examples=400, deadline=None)
@given(values=consistent_orders(), site=sites)
def test_every_consistent_order_comes_to_the_shop_s_total(values, site):
    payload = OrderPayload.model_validate(values)
    result = plan_money(payload, ["ITEM"] * len(payload.items), site)
    shop, predicted = result.shop, result.predicted
    assert predicted.grand_total == shop.total
    assert predicted.total_taxes == shop.tax + shop.shipping + shop.cash_on_delivery
    assert predicted.net_total == shop.total - predicted.total_taxes
    assert result.discount >= 0
    for written, said in zip(result.lines, payload.items, strict=True):
        assert written.rate == written.rate.quantize(COIN)
        # Half a coin by rounding, a whole one where that fell short.
        assert 0 <= written.rate <= said.unit_price + COIN * 3 / 2
        assert written.quantity == said.quantity
    saved = saved_as_predicted(result)
    assert differences(saved, result, payload, site) == ()


def test_fees_are_compared_where_the_order_has_them_whatever_the_settings_say_now():
    values = order(cash_on_delivery="5.00", total="132.25", tax={"percent": "15", "amount": "17.25"})
    payload = OrderPayload.model_validate(values)
    as_items = default_settings(INSTANCE, SECRET, shipping_item="SHIP", cod_item="COD")
    plans = [plan_money(payload, ["ITEM"] * len(payload.items), site) for site in (SITE, as_items)]
    for written in plans:
        for now, site in zip(plans, (SITE, as_items), strict=True):
            assert differences(saved_as_predicted(written), now, payload, site) == ()


def test_a_fee_that_is_missing_is_named():
    payload = OrderPayload.model_validate(order())
    result = plan()
    saved = replace(
        saved_as_predicted(result),
        grand_total=Decimal("103.50"),
        total_taxes=Decimal("13.50"),
        net_total=Decimal("90.00"),
        fees={},
    )
    assert "Shipping: 10.00 SAR in the shop, 0 in the ERP" in "\n".join(
        differences(saved, result, payload, SITE)
    )


@st.composite
def orders_in_coins(draw):
    """Consistent orders without any figure finer than a coin, so that rounding explains nothing."""
    items, gross = [], Decimal(0)
    for number in range(draw(st.integers(1, 5))):
        quantity, price = draw(st.integers(1, 30)), draw(plain_price)
        items.append(line(external_id=str(number), quantity=str(quantity), unit_price=str(price)))
        gross += price * quantity
    tax = (gross * Decimal("0.15")).quantize(COIN, ROUND_HALF_UP)
    changes = {"shipping": {"amount": "0"}, "tax": {"percent": "15", "amount": str(tax)}}
    return order(items=items, total=str(gross + tax), **changes)


@settings(max_examples=200, deadline=None)
@given(
    values=orders_in_coins(),
    error=st.integers(-5000, 5000).filter(bool),
    field=st.sampled_from(["total", "discount"]),
)
def test_every_inconsistent_order_is_found(values, error, field):
    wrong = Decimal(error) / 100
    if field == "total":
        assume(Decimal(values["total"]) + wrong > 0)
        values["total"] = str(Decimal(values["total"]) + wrong)
    else:
        values["discount_total"] = str(abs(wrong))
    payload = OrderPayload.model_validate(values)
    result = plan_money(payload, ["ITEM"] * len(payload.items), SITE)
    saved = saved_as_predicted(result)
    text = "\n".join(differences(saved, result, payload, SITE))
    assert "Total:" in text
    assert "do not add up" in text


@pytest.mark.parametrize(
    ("method", "expected"),
    [("Banker's Rounding", "0.12"), ("Banker's Rounding (legacy)", "0.13"), ("Commercial Rounding", "0.13")],
)
def test_rounding_of_half_a_coin(method, expected):
    totals = predict([sales_line("0.25", "0.5")], [], Decimal(0), Arithmetic(method))
    assert totals.grand_total == Decimal(expected)


def test_discount_is_spread_and_nothing_of_it_is_lost():
    lines = [sales_line("10.00"), sales_line("10.00"), sales_line("10.00")]
    totals = predict(lines, [], Decimal("10.00"), Arithmetic())
    assert totals.net_total == Decimal("20.00")


def test_percentages_are_rounded_once_or_per_line_as_the_site_says():
    lines = [sales_line("0.10"), sales_line("0.10"), sales_line("0.10")]
    row = [Charge("On Net Total", "VAT", "VAT", rate=Decimal(14))]
    assert predict(lines, row, Decimal(0), Arithmetic()).charges == (Decimal("0.04"),)
    assert predict(lines, row, Decimal(0), Arithmetic(is_row_wise=True)).charges == (Decimal("0.03"),)


def test_percentage_of_a_row_counts_all_rows_up_to_it():
    row = Charge("On Previous Row Total", "VAT", "VAT", rate=Decimal(10), row_id=1)
    charges = [
        Charge("Actual", "A", "A", amount=Decimal(10)),
        Charge("Actual", "B", "B", amount=Decimal(20)),
        row,
    ]
    totals = predict([sales_line("100.00")], charges, Decimal(0), Arithmetic())
    assert totals.charges == (Decimal("10.00"), Decimal("20.00"), Decimal("11.00"))


def test_charge_of_a_type_that_is_not_known():
    with pytest.raises(BusinessError, match="On Item Quantity"):
        predict([sales_line("1.00")], [Charge("On Item Quantity", "A", "A")], Decimal(0), Arithmetic())
