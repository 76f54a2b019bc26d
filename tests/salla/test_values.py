from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salla_manager.platforms.values import (
    country,
    currency,
    identifier,
    moment,
    money,
    phone,
    text,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (55, "55.00"),
        ("55.0", "55.00"),
        (Decimal("13.04"), "13.04"),
        ({"amount": "1,234.5", "currency": "SAR"}, "1234.50"),
        ({"amount": {"amount": 7}}, "7.00"),
        ("٠٫٥١", "0.51"),
        (Decimal("39.459999999999994"), "39.46"),
        (Decimal("0.266592"), "0.266592"),
        ("1000000", "1000000.00"),
        ({}, None),
        ([], None),
        (None, None),
        (True, None),
        ("null", None),
        ("NaN", None),
        ("1e30", None),
        (0, "0.00"),
    ],
)
def test_money_in_all_its_shapes(value, expected):
    found = money(value)
    assert (None if found is None else str(found)) == expected


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_money_is_the_same_however_it_is_written(amount):
    shapes = [
        amount,
        str(amount),
        {"amount": amount},
        {"amount": f"{amount}000"},
        {"amount": {"amount": str(amount)}},
    ]
    assert {str(money(shape)) for shape in shapes} == {str(amount.quantize(Decimal("0.01")))}


@pytest.mark.parametrize(
    ("given", "code", "region", "expected"),
    [
        (501234567, "+966", "SA", "+966501234567"),
        (501234567, "966", "SA", "+966501234567"),
        (777777777, "967", "SA", "+967777777777"),
        ("0501234567", None, "SA", "+966501234567"),
        ("966501234567", None, "SA", "+966501234567"),
        ("966501234567", None, "AE", "+966501234567"),
        ("+966501234567", None, "SA", "+966501234567"),
        ("00966501234567", "+966", "SA", "+966501234567"),
        ("+966 50-123 4567", None, "SA", "+966501234567"),
        ("٠٥٠١٢٣٤٥٦٧", None, "SA", "+966501234567"),
        ("971555555555", None, "SA", "+971555555555"),
        ("96652318526", None, "SA", None),
        ("96652318526", None, "AE", None),
        (560716138, "999", "SA", None),
        (0, "+966", "SA", None),
        (None, None, "SA", None),
        ("n/a", "", "SA", None),
    ],
)
def test_phones_become_e164_or_nothing(given, code, region, expected):
    assert phone(given, code, region) == expected


@given(
    st.one_of(
        st.text(max_size=20),
        st.integers(),
        st.none(),
        st.lists(st.integers()),
        st.dictionaries(st.text(), st.text()),
    )
)
def test_no_value_makes_a_reader_crash(value):
    for reader in (money, moment, phone, country, currency, identifier, text):
        reader(value)


@pytest.mark.parametrize(
    "value", ["2024-02-16T:23:59:59", "0000-00-00 00:00:00", "", {}, [], None, {"date": None}]
)
def test_bad_dates_are_nothing(value):
    assert moment(value) is None


def test_a_date_names_its_zone():
    value = {"date": "2026-01-01 00:30:00.000000", "timezone_type": 3, "timezone": "Asia/Riyadh"}
    assert moment(value) == datetime(2025, 12, 31, 21, 30, tzinfo=timezone.utc)
    assert moment({**value, "timezone": "UTC"}) == datetime(2026, 1, 1, 0, 30, tzinfo=timezone.utc)
    assert moment("2026-01-01") == datetime(2025, 12, 31, 21, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("sa", "x"), "SA"),
        ((None, "السعودية"), "SA"),
        (("", "الامارات"), "AE"),
        (("Narnia",), None),
        (({},), None),
    ],
)
def test_countries_by_code_or_name(values, expected):
    assert country(*values) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("ر.س", "SAR"), ("sar", "SAR"), ({"currency": "KWD"}, "KWD"), ("رمز", None)]
)
def test_currencies(value, expected):
    assert currency(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, "12"),
        ("12", "12"),
        (0, None),
        ("0", None),
        (True, None),
        (Decimal("1.5"), None),
        (Decimal("3.0"), "3"),
        ({}, None),
    ],
)
def test_identifiers(value, expected):
    assert identifier(value) == expected
