"""What a Mapping Rule may do with a value. Each transform is a pure function of the value, the rule's parameters and the
lookup tables of its rule set; what it cannot do with a value it says in a TransformError.

Values are as JSON has them, with decimals as text. A transform is never given an empty one, but `constant`, `default`
and `join`, which say themselves what they make of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from salla_manager.core.mapping.currencies import currency_code
from salla_manager.core.mapping.paths import is_empty, shown

Tables = Mapping[str, Mapping[str, str]]
MAX_TEXT, MAX_DIGITS = 10_000, 12
KEEP, DEFAULT, FAIL = "keep", "default", "fail"
_ARABIC = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹−٫٬", "01234567890123456789-.'")
_INVISIBLE = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_AMOUNT = re.compile(
    r"(?P<sign>[+-]?)(?P<before>[^\d+-]*)(?P<digits>\d[\d.,' \u00a0\u202f]*)(?P<after>[^\d]*)"
)


class TransformError(ValueError):
    """Why a value cannot be had, in words that name it."""


@dataclass(frozen=True)
class Parameter:
    """kind: text, value (text, number, true or false), choice or table (an object of texts)."""

    name: str
    kind: str
    about: str
    is_required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transform:
    """apply: (value, parameters, tables) -> value. takes_all: it is given the list of all sources' values.

    needs_source: a rule with it has to say where the value comes from.
    """

    name: str
    about: str
    apply: Callable[[Any, Mapping[str, Any], Tables], Any]
    parameters: tuple[Parameter, ...] = ()
    takes_all: bool = False
    takes_empty: bool = False
    needs_source: bool = True


def _copy(value: Any, parameters: Mapping[str, Any], tables: Tables) -> Any:
    return value


def _text(value: Any, parameters: Mapping[str, Any], tables: Tables) -> str:
    text = as_text(value)
    case = parameters.get("case")
    return text.upper() if case == "upper" else text.lower() if case == "lower" else text


def _map(value: Any, parameters: Mapping[str, Any], tables: Tables) -> Any:
    return _found(value, parameters["map"], parameters, "the map of the rule")


def _lookup(value: Any, parameters: Mapping[str, Any], tables: Tables) -> Any:
    name = parameters["table"]
    return _found(value, tables.get(name, {}), parameters, f"the table '{name}'")


def _found(value: Any, table: Mapping[str, Any], parameters: Mapping[str, Any], where: str) -> Any:
    text = as_text(value)
    if text in table:
        return table[text]
    folded = text.casefold()
    for given, wanted in table.items():
        if given.strip().casefold() == folded:
            return wanted
    otherwise = parameters.get("otherwise", FAIL)
    if otherwise == KEEP:
        return value
    if otherwise == DEFAULT:
        return parameters.get("default")
    raise TransformError(f"{shown(value)} has no row in {where}")


def _currency(value: Any, parameters: Mapping[str, Any], tables: Tables) -> str:
    text = as_text(value)
    own = parameters.get("names", {})
    code = own.get(text) or currency_code(text)
    if code is None:
        raise TransformError(
            f"{shown(value)} is no currency, or stands for several; say in the parameter 'names' which one is meant"
        )
    return code


def _price(value: Any, parameters: Mapping[str, Any], tables: Tables) -> str:
    if isinstance(value, float):
        raise TransformError(f"{value!r} is a binary number, which has lost its digits; it has to be text")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TransformError(f"{shown(value)} is no amount")
    amount = _amount(str(value), parameters.get("decimal_mark", "auto"))
    if amount is None:
        raise TransformError(f"{shown(value)} is no amount")
    return money_text(amount)


def _amount(text: str, mark: str) -> Decimal | None:
    text = _INVISIBLE.sub("", text.translate(_ARABIC)).strip()
    # A minus may stand behind the amount, as some shops print it.
    if re.fullmatch(r"[^-]*\d\s*-", text):
        text = f"-{text[:-1].strip()}"
    found = _AMOUNT.fullmatch(text)
    if found is None:
        found = _AMOUNT.fullmatch(_sign_in_front(text))
    if found is None or any(
        around.strip() and currency_code(around) is None and around.strip() != "$"
        for around in (found["before"], found["after"])
    ):
        return None
    digits = _with_point(found["digits"].strip(), mark)
    is_sane = digits and len(digits.partition(".")[0]) <= MAX_DIGITS and len(digits) <= 2 * MAX_DIGITS
    return Decimal(found["sign"] + digits) if is_sane else None


def _sign_in_front(text: str) -> str:
    """`SAR -5` as `-SAR 5`."""
    begin, sign, rest = text.partition("-")
    return f"-{begin}{rest}" if sign and not re.search(r"\d", begin) else text


def _with_point(digits: str, mark: str) -> str:
    """The digits with a point before the decimals and nothing between the thousands; empty where they are no number."""
    if mark == "auto":
        mark = _decimal_mark(digits)
    other = "," if mark == "." else "."
    whole, point, decimals = digits.partition(mark)
    groups = re.split(f"[{re.escape(other)}' \u00a0\u202f]", whole)
    is_grouped = all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0]) <= 3
    if (len(groups) > 1 and not is_grouped) or (point and not decimals.isdecimal()):
        return ""
    return "".join(groups) + (f".{decimals}" if decimals else "")


def _decimal_mark(digits: str) -> str:
    """The last of both marks; a comma alone is one where it cannot stand between thousands."""
    if "," in digits and "." in digits:
        return max(",.", key=digits.rfind)
    if "," not in digits:
        # A mark that is there twice stands between thousands.
        return "," if digits.count(".") > 1 else "."
    first, _, last = digits.partition(",")
    if digits.count(",") > 1:
        return "."
    if len(last) == 3 and first.lstrip("0") and len(first) <= 3:
        raise TransformError(
            f"'{digits}' can be read in two ways; say in the parameter 'decimal_mark' what the comma is"
        )
    return ","


def money_text(amount: Decimal) -> str:
    """As normalizers write it: at least two decimals, at most six, and no zeros beyond two."""
    # Adding zero takes the sign from a negative zero.
    amount = amount.quantize(Decimal("0.000001"), ROUND_HALF_UP) + 0
    text = format(amount, "f").rstrip("0")
    decimals = len(text.partition(".")[2])
    return text + "0" * (2 - decimals) if decimals < 2 else text


def _constant(value: Any, parameters: Mapping[str, Any], tables: Tables) -> Any:
    return parameters.get("value")


def _default(value: Any, parameters: Mapping[str, Any], tables: Tables) -> Any:
    return parameters.get("value") if is_empty(value) else value


def _join(values: Any, parameters: Mapping[str, Any], tables: Tables) -> str | None:
    parts = [as_text(value) for value in values if not is_empty(value)]
    text = parameters.get("separator", " ").join(parts)
    if len(text) > MAX_TEXT:
        raise TransformError(f"together they are longer than {MAX_TEXT} characters")
    return text or None


def as_text(value: Any) -> str:
    """A text without outer space, or a whole number, as text. Raises TransformError."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TransformError(f"{shown(value)} is no text")
    return str(value).strip()


_OTHERWISE = Parameter(
    "otherwise",
    "choice",
    "of a value without a row: `keep` it, take the `default`, or `fail`, which is what happens if it is left out",
    choices=(KEEP, DEFAULT, FAIL),
)
_ELSE = Parameter(
    "default",
    "value",
    "taken with `otherwise: default`; null leaves the turn to the next source, or the field as it was",
)
TRANSFORMS: dict[str, Transform] = {
    one.name: one
    for one in (
        Transform("copy", "The value as it is, also a list or an object.", _copy),
        Transform(
            "text",
            "A text or whole number as text without outer space.",
            _text,
            (Parameter("case", "choice", "`upper` or `lower`", choices=("upper", "lower")),),
        ),
        Transform(
            "map",
            "Replaces a word by another, such as a status. Case and outer space do not count.",
            _map,
            (
                Parameter("map", "table", "from the shop's word to the payload's", is_required=True),
                _OTHERWISE,
                _ELSE,
            ),
        ),
        Transform(
            "lookup",
            "As `map`, out of a table of the rule set, which several rules may share.",
            _lookup,
            (Parameter("table", "text", "its name", is_required=True), _OTHERWISE, _ELSE),
        ),
        Transform(
            "currency",
            "The ISO 4217 code of a code, numeric code, symbol or name, English or Arabic: `ر.س`, `682`, `Saudi Riyal`.",
            _currency,
            (Parameter("names", "table", 'more names, which come first: `{"$": "USD"}`'),),
        ),
        Transform(
            "price",
            "An amount out of text or a whole number: `1,234.50`, `١٬٢٣٤٫٥٠`, `SAR 12`. Binary floats are refused.",
            _price,
            (
                Parameter(
                    "decimal_mark",
                    "choice",
                    "`auto` reads both and refuses what can be read in two ways, such as `1,234`",
                    choices=("auto", ".", ","),
                ),
            ),
        ),
        Transform(
            "constant",
            "Always the same; without a value it empties the field.",
            _constant,
            (Parameter("value", "value", "what is written"),),
            takes_empty=True,
            needs_source=False,
        ),
        Transform(
            "default",
            "The source's value, and another one where that is empty.",
            _default,
            (Parameter("value", "value", "taken where the source is empty", is_required=True),),
            takes_empty=True,
        ),
        Transform(
            "join",
            "All sources' texts one behind the other, without the empty ones.",
            _join,
            (Parameter("separator", "text", "between two of them; a space if it is left out"),),
            takes_all=True,
            takes_empty=True,
        ),
    )
}
