"""Reading the values of shops, whatever shape they arrive in: money, times, ids, texts, phones, countries.

A value that cannot be read is None; whether that is a fault is for the caller to say.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from salla_manager.payloads import Payload, PayloadError, parse_payload
from salla_manager.platforms.port import NormalizeError

_RIYADH = timezone(timedelta(hours=3))
_THREE_DIGITS = {"KWD", "BHD", "OMR", "JOD", "TND", "LYD", "IQD"}
_NO_TEXT = {"", "null", "none", "undefined"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
# The Arabic decimal mark, and what stands between thousands.
_MARKS = str.maketrans({"٫": ".", "٬": None, ",": None})
_RIYAL = {"ر.س", "ر.س.", "ريال", "SR"}
_COUNTRIES = {
    "السعودية": "SA",
    "المملكة العربية السعودية": "SA",
    "saudi arabia": "SA",
    "الامارات": "AE",
    "الإمارات": "AE",
    "الإمارات العربية المتحدة": "AE",
    "الامارات العربية المتحدة": "AE",
    "united arab emirates": "AE",
    "الكويت": "KW",
    "kuwait": "KW",
    "البحرين": "BH",
    "bahrain": "BH",
    "قطر": "QA",
    "qatar": "QA",
    "عمان": "OM",
    "عُمان": "OM",
    "سلطنة عمان": "OM",
    "oman": "OM",
    "مصر": "EG",
    "egypt": "EG",
    "الأردن": "JO",
    "الاردن": "JO",
    "jordan": "JO",
    "العراق": "IQ",
    "iraq": "IQ",
    "اليمن": "YE",
    "yemen": "YE",
    "لبنان": "LB",
    "lebanon": "LB",
    "سوريا": "SY",
    "syria": "SY",
    "فلسطين": "PS",
    "palestine": "PS",
    "السودان": "SD",
    "sudan": "SD",
    "ليبيا": "LY",
    "libya": "LY",
    "تونس": "TN",
    "tunisia": "TN",
    "الجزائر": "DZ",
    "algeria": "DZ",
    "المغرب": "MA",
    "morocco": "MA",
    "تركيا": "TR",
    "turkey": "TR",
    "بريطانيا": "GB",
    "المملكة المتحدة": "GB",
    "united kingdom": "GB",
    "الولايات المتحدة": "US",
    "الولايات المتحدة الأمريكية": "US",
    "أمريكا": "US",
    "united states": "US",
}


def mapping(value: Any) -> dict[str, Any]:
    """An object; an empty one may arrive as [], null or text."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; an empty list may arrive as {} or null."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Text without outer space and control characters; "null" is how some fields say nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    result = _CONTROL.sub("", str(value)).strip()
    return None if result.lower() in _NO_TEXT else result


def ascii_digits(value: str | None) -> str | None:
    """Digits of Arabic and Persian as those of ASCII."""
    return value.translate(_DIGITS) if value else value


def identifier(value: Any) -> str | None:
    """An id as text. Zero means none; a number with a fraction is no id."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else None
    result = text(value)
    return None if result in (None, "0") else result


def number(value: Any) -> Decimal | None:
    """A plain number in its shortest form; takes text, Arabic digits and {amount} or {value}."""
    if isinstance(value, dict):
        value = value.get("amount", value.get("value"))
        if isinstance(value, dict):
            value = value.get("amount")
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        result = Decimal(str(value).strip().translate(_DIGITS).translate(_MARKS))
    except InvalidOperation:
        return None
    if not result.is_finite() or abs(result.adjusted()) > 11:
        return Decimal(0) if result == 0 else None
    return shortest(result.quantize(Decimal("0.000001"), ROUND_HALF_UP))


def money(value: Any) -> Decimal | None:
    """An amount with at least two decimals, so that 55, "55.0" and {"amount": 55} are the same content."""
    result = number(value)
    if result is not None and result.as_tuple().exponent > -2:
        result = result.quantize(Decimal("0.01"))
    return result


def shortest(value: Decimal) -> Decimal:
    value = value.normalize()
    return value.quantize(Decimal(1)) if value.as_tuple().exponent > 0 else value


def round_money(value: Decimal, code: str | None) -> Decimal:
    """To the currency's smallest unit, half up; an absurd amount stays as it is, for validation to refuse."""
    if value.adjusted() > 20:
        return value
    return value.quantize(Decimal("0.001" if code in _THREE_DIGITS else "0.01"), ROUND_HALF_UP)


def currency(*values: Any) -> str | None:
    """The first currency code that can be read, out of texts and {amount, currency} objects."""
    for value in values:
        code = text(value.get("currency") if isinstance(value, dict) else value)
        if code in _RIYAL:
            return "SAR"
        if code and re.fullmatch(r"[A-Za-z]{3}", code):
            return code.upper()
    return None


_PLAIN_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?")
_BROWSER_TIME = re.compile(r"\w{3} (\w{3} \d{1,2} \d{4} \d{2}:\d{2}:\d{2}) GMT([+-]\d{4})(?: \(.*\))?")


def moment(value: Any, zone: str = "Asia/Riyadh") -> datetime | None:
    """Aware UTC out of {date, timezone}, `2024-03-06 13:50:32`, ISO 8601 or `Sun Jun 26 2022 12:21:48 GMT+0300`.

    A time without zone is the store's local time.
    """
    if isinstance(value, dict):
        return moment(value.get("date"), text(value.get("timezone")) or zone)
    if not isinstance(value, str):
        return None
    try:
        return _parse_time(value.strip().translate(_DIGITS), zone)
    except (ValueError, OverflowError):
        return None


def _parse_time(value: str, zone: str) -> datetime | None:
    browser = _BROWSER_TIME.fullmatch(value)
    if browser:
        parsed = datetime.strptime(f"{browser[1]} {browser[2]}", "%b %d %Y %H:%M:%S %z")
        return parsed.astimezone(timezone.utc)
    plain = _PLAIN_TIME.fullmatch(value)
    if not plain:
        return None
    local = datetime.fromisoformat(f"{plain[1]}T{plain[2] or '00:00:00'}")
    offset = plain[3]
    if offset:
        offset = "+00:00" if offset == "Z" else f"{offset[:3]}:{offset[-2:]}"
        return datetime.fromisoformat(local.isoformat() + offset).astimezone(timezone.utc)
    return local.replace(tzinfo=time_zone(zone)).astimezone(timezone.utc)


def time_zone(name: str) -> Any:
    """A zone by name; Riyadh has had +03:00 all along, so it needs no zone database."""
    if re.fullmatch(r"[+-]\d{2}:\d{2}", name):
        sign = -1 if name[0] == "-" else 1
        return timezone(sign * timedelta(hours=int(name[1:3]), minutes=int(name[4:])))
    if name == "Asia/Riyadh":
        return _RIYADH
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _RIYADH


def country(*values: Any) -> str | None:
    """ISO 3166 alpha-2 out of the first of: a code in any case, or a name in Arabic or English."""
    for value in values:
        name = text(value)
        if name and re.fullmatch(r"[A-Za-z]{2}", name):
            return name.upper()
        # Both names at once are seen too: `السعودية | Saudi Arabia`.
        for part in (name or "").lower().split("|"):
            if part.strip() in _COUNTRIES:
                return _COUNTRIES[part.strip()]
    return None


def phone(value: Any, calling_code: Any = None, region: str = "SA") -> str | None:
    """E.164, or None for what cannot be a phone number.

    Salla writes 501234567 with a code `+966` or `966`, 966501234567 and +966501234567.
    """
    given = re.sub(r"[^\d+]", "", (text(value) or "").translate(_DIGITS))
    code = re.sub(r"\D", "", (text(calling_code) or "").translate(_DIGITS))
    if not given:
        return None
    if given.startswith("+") or given.startswith("00"):
        return _e164("+" + given.lstrip("+0"), None)
    if code and not given.startswith(code):
        return _e164(f"+{code}{given.lstrip('0')}", None)
    # A long number without plus is more likely to begin with its country than to be local.
    international = _e164(f"+{given}", None) if len(given) > 10 and not given.startswith("0") else None
    return (
        international
        or (_e164(f"+{code}{given}", None) if code else None)
        or _e164(given, region, is_guess=True)
    )


def _e164(value: str, region: str | None, *, is_guess: bool = False) -> str | None:
    try:
        parsed = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    # Where the country is only assumed, a number that merely could exist would be an invention.
    fits = phonenumbers.is_valid_number if is_guess else phonenumbers.is_possible_number
    if not fits(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def build(entity_type: str, values: dict[str, Any], problems: list[str] | None = None) -> Payload:
    """The payload, fields that are None left to their default. Raises NormalizeError naming each field."""
    problems = list(problems or [])
    named = {problem.split(":")[0] for problem in problems}
    try:
        payload = parse_payload(
            entity_type, {key: value for key, value in values.items() if value is not None}
        )
    except PayloadError as error:
        problems += [_say(problem) for problem in error.problems if problem.split(":")[0] not in named]
        payload = None
    if problems or payload is None:
        external_id = str(values.get("external_id") or "")
        raise NormalizeError(entity_type, external_id, problems, values.get("raw"))
    return payload


def _say(problem: str) -> str:
    field, _, message = problem.partition(": ")
    return f"{field}: the shop gives none" if message == "Field required" else problem


class OrderFigures(Protocol):
    """What an order comes to, as its shop says."""

    @property
    def total(self) -> Decimal | None: ...
    @property
    def subtotal(self) -> Decimal | None: ...
    @property
    def tax(self) -> Decimal | None: ...
    @property
    def tax_percent(self) -> Decimal | None: ...
    @property
    def discounts(self) -> list[dict[str, Any]]: ...
    @property
    def discount_total(self) -> Decimal: ...
    @property
    def cash_on_delivery(self) -> Decimal | None: ...


def order_figures(money: OrderFigures) -> dict[str, Any]:
    """As fields of the order payload."""
    tax = {"percent": money.tax_percent, "amount": money.tax}
    return {
        "total": money.total,
        "subtotal": money.subtotal,
        "tax": {key: value for key, value in tax.items() if value is not None},
        "discounts": money.discounts,
        "discount_total": money.discount_total,
        "cash_on_delivery": money.cash_on_delivery,
    }
