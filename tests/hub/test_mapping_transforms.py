"""Each transform with the values that shops really send, and those that nobody should."""

from decimal import Decimal

import pytest

from salla_manager.core.mapping.currencies import CODES
from salla_manager.core.mapping.transforms import MAX_TEXT, TRANSFORMS, TransformError

LOOKUPS = {"groups": {"15": "Perfumes", "Oud ": "Oud"}}


def run(name, given, /, **parameters):
    return TRANSFORMS[name].apply(given, parameters, LOOKUPS)


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ("12", "12.00"),
        (12, "12.00"),
        (" 12.5 ", "12.50"),
        ("12.500000", "12.50"),
        ("10.799999", "10.799999"),
        ("10.7999999", "10.80"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
        ("-5", "-5.00"),
        ("+5", "5.00"),
        ("−5", "-5.00"),
        ("5-", "-5.00"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1,234,567", "1234567.00"),
        ("1.234.567", "1234567.00"),
        ("12,5", "12.50"),
        ("0,500", "0.50"),
        ("1234,567", "1234.567"),
        ("1.234", "1.234"),
        ("١٢٫٥", "12.50"),
        ("١٬٢٣٤٫٥٠", "1234.50"),
        ("۱۲٫۵", "12.50"),
        ("\u200f١٢٫٥٠\u200f ر.س", "12.50"),
        ("SAR 12.50", "12.50"),
        ("12.50 ر.س", "12.50"),
        ("€5,99", "5.99"),
        ("SAR -5", "-5.00"),
        ("$5", "5.00"),
    ],
)
def test_amounts(given, amount):
    assert run("price", given) == amount
    # What it gave is what it takes: rules may run again over what they made.
    assert run("price", amount) == amount


@pytest.mark.parametrize(
    "given",
    [
        12.5,
        0.1,
        True,
        None,
        [],
        {"amount": 5},
        "",
        " ",
        "abc",
        "NaN",
        "Infinity",
        "1e5",
        "0x10",
        "--5",
        "5 5",
        "12.50.1",
        "1,23,456",
        "1.2,3.4",
        "12,",
        "5 XYZ",
        "9" * 13,
        "9" * 5000,
        "5\n6",
    ],
)
def test_what_is_no_amount_is_refused(given):
    with pytest.raises(TransformError):
        run("price", given)


def test_an_amount_that_can_be_read_in_two_ways_needs_a_word():
    with pytest.raises(TransformError, match=r"two ways.*decimal_mark"):
        run("price", "1,234")
    assert run("price", "1,234", decimal_mark=",") == "1.234"
    assert run("price", "1,234", decimal_mark=".") == "1234.00"
    assert run("price", "1.234", decimal_mark=",") == "1234.00"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("SAR", "SAR"),
        (" sar ", "SAR"),
        ("682", "SAR"),
        (682, "SAR"),
        ("٦٨٢", "SAR"),
        ("8", "ALL"),
        ("ر.س", "SAR"),
        ("ر.س.\u200f", "SAR"),
        ("&#x631;.&#x633;", "SAR"),
        ("\u20c1", "SAR"),
        ("ريال سعودي", "SAR"),
        ("Saudi Riyal", "SAR"),
        ("د.إ", "AED"),
        ("د.ك", "KWD"),
        (".د.ب", "BHD"),
        ("ج.م", "EGP"),
        ("دينار كويتي", "KWD"),
        ("€", "EUR"),
        ("US Dollar", "USD"),
    ],
)
def test_currencies(given, code):
    assert run("currency", given) == code


@pytest.mark.parametrize("given", ["$", "£E£", "دينار", "درهم", "﷼", "XXX", "SARR", "999", "", 1.5, True, []])
def test_what_stands_for_no_currency_or_for_several_is_refused(given):
    with pytest.raises(TransformError):
        run("currency", given)


def test_own_names_of_currencies_come_first():
    assert run("currency", "$", names={"$": "USD"}) == "USD"
    assert run("currency", "ريال", names={"ريال": "QAR"}) == "QAR"


def test_the_codes_are_those_of_iso():
    assert len(CODES) >= 160
    assert {"SAR", "KWD", "EUR", "XOF", "VES"} <= CODES


def test_maps():
    table = {"wc-done": "completed", "Refunded": "cancelled"}
    assert run("map", " WC-Done ", map=table) == "completed"
    assert run("map", "refunded", map=table, otherwise="keep") == "cancelled"
    assert run("map", "odd", map=table, otherwise="keep") == "odd"
    assert run("map", "odd", map=table, otherwise="default", default="other") == "other"
    with pytest.raises(TransformError, match="'odd' has no row in the map"):
        run("map", "odd", map=table)
    with pytest.raises(TransformError, match="a list of 1 is no text"):
        run("map", ["odd"], map=table, otherwise="keep")


def test_lookups():
    assert run("lookup", 15, table="groups") == "Perfumes"
    assert run("lookup", "oud", table="groups") == "Oud"
    with pytest.raises(TransformError, match="'16' has no row in the table 'groups'"):
        run("lookup", "16", table="groups")


@pytest.mark.parametrize(
    ("given", "parameters", "text"),
    [
        (" A ", {}, "A"),
        (7, {}, "7"),
        ("straße", {"case": "upper"}, "STRASSE"),
        ("ABC", {"case": "lower"}, "abc"),
    ],
)
def test_texts(given, parameters, text):
    assert run("text", given, **parameters) == text


@pytest.mark.parametrize("given", [True, 1.5, [], {}, None, Decimal("1")])
def test_what_is_no_text_is_refused(given):
    with pytest.raises(TransformError):
        run("text", given)


def test_join_leaves_out_what_is_empty():
    assert run("join", ["Sara", None, " ", "Ali", 5], separator=", ") == "Sara, Ali, 5"
    assert run("join", [None, ""]) is None
    with pytest.raises(TransformError, match="longer"):
        run("join", ["x" * MAX_TEXT, "y"])
    with pytest.raises(TransformError, match="an object"):
        run("join", [{"a": 1}])


def test_constant_default_and_copy():
    assert run("constant", None, value="x") == "x"
    assert run("constant", None) is None
    assert run("default", " ", value="x") == "x"
    assert run("default", 0, value="x") == 0
    assert run("copy", {"a": [1]}) == {"a": [1]}
