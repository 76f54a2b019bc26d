"""Customers with an account, guests, and addresses. ref: woocommerce.github.io/woocommerce-rest-api-docs (customers)"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.values import ascii_digits, build, country, identifier, mapping, phone, text
from salla_manager.platforms.woocommerce.normalize.product import updated_at
from salla_manager.platforms.woocommerce.normalize.texts import meta_of, plain

# Where plugins for taxes keep the buyer's VAT number.
_VAT = (
    "_billing_vat_number",
    "billing_vat_number",
    "_vat_number",
    "vat_number",
    "_billing_vat",
    "billing_vat",
)
_SHORT_ADDRESS = re.compile(r"(?<![A-Z0-9])([A-Z]{4}) ?(\d{4})(?![A-Z0-9])")
_MAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")


def normalize_customer(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    billing = mapping(body.get("billing"))
    first, last = (plain(body.get(key)) or plain(billing.get(key)) for key in ("first_name", "last_name"))
    mail = _mail(body.get("email")) or _mail(billing.get("email"))
    values = {
        "external_id": identifier(body.get("id")),
        "updated_at": updated_at(body, context),
        "raw": body,
        "name": _name(first, last, plain(billing.get("company")), mail, plain(body.get("username"))),
        "first_name": first,
        "last_name": last,
        "email": mail,
        "phone": _phone(billing, context),
        "tax_id": meta_of(body, *_VAT),
        "addresses": addresses(body, context),
    }
    return [build("customer", values)]


def customer_of_order(order: dict[str, Any], context: StoreContext) -> dict[str, Any] | None:
    """The buyer as the order has him; None of whom nothing is known. A guest is known by his e-mail, else his phone,
    else by the order."""
    billing = mapping(order.get("billing"))
    first, last = plain(billing.get("first_name")), plain(billing.get("last_name"))
    mail, number = _mail(billing.get("email")), _phone(billing, context)
    name = _name(first, last, plain(billing.get("company")), mail, number)
    account = identifier(order.get("customer_id"))
    if name is None and account is None:
        return None
    values = {
        "external_id": account or _guest_id(mail, number, identifier(order.get("id"))),
        "name": name or f"Customer {account}",
        "first_name": first,
        "last_name": last,
        "email": mail,
        "phone": number,
        "is_guest": account is None,
        "tax_id": meta_of(order, *_VAT),
        "addresses": addresses(order, context),
    }
    return {key: value for key, value in values.items() if value is not None}


def _guest_id(mail: str | None, number: str | None, order_id: str | None) -> str:
    """The same for every order of one guest. Ids are shown and logged, so it does not tell the e-mail."""
    known_by = (mail or "").lower() or number
    if known_by is None:
        return f"guest-order-{order_id}"
    return f"guest-{hashlib.sha256(known_by.encode()).hexdigest()[:24]}"


def _name(first: str | None, last: str | None, *others: str | None) -> str | None:
    joined = " ".join(part for part in (first, last) if part)
    return joined or next((name for name in others if name), None)


def _mail(value: Any) -> str | None:
    found = text(value)
    return found if found and len(found) <= 140 and _MAIL.fullmatch(found) else None


def _phone(billing: dict[str, Any], context: StoreContext) -> str | None:
    return phone(billing.get("phone"), None, country(billing.get("country")) or context.country_code)


def addresses(body: dict[str, Any], context: StoreContext) -> list[dict[str, Any]]:
    """Where the bill goes, and where the goods go if that is another place."""
    found = [address(mapping(body.get(kind)), kind, context) for kind in ("billing", "shipping")]
    billing, shipping = found
    if billing and shipping and _place(billing) == _place(shipping):
        return [billing]
    return [one for one in found if one]


def _place(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key not in ("type", "phone")}


def address(place: dict[str, Any], kind: str, context: StoreContext) -> dict[str, Any] | None:
    land = country(place.get("country"))
    first, last = plain(place.get("first_name")), plain(place.get("last_name"))
    values = {
        "type": kind,
        "name": _name(first, last, plain(place.get("company"))),
        "phone": _phone(place, context),
        "line1": plain(place.get("address_1")),
        "line2": plain(place.get("address_2")),
        "city": plain(place.get("city")),
        "state": plain(place.get("state")),
        "postal_code": ascii_digits(plain(place.get("postcode"))),
        "country_code": land,
        "short_address": _short_address(place) if land == "SA" else None,
    }
    if not any(values[key] for key in ("line1", "line2", "city", "postal_code")):
        return None
    return {key: value for key, value in values.items() if value is not None}


def _short_address(place: dict[str, Any]) -> str | None:
    """Of the Saudi National Address, such as RRRD2929, which buyers type into one of the lines."""
    for key in ("address_1", "address_2", "company", "postcode"):
        found = _SHORT_ADDRESS.search((ascii_digits(plain(place.get(key))) or "").upper())
        if found:
            return found[1] + found[2]
    return None
