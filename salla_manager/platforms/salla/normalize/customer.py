"""Customers and addresses. ref: docs.salla.dev/841780f0"""

from __future__ import annotations

from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.values import (
    build,
    country,
    identifier,
    mapping,
    moment,
    phone,
    text,
)


def normalize_customer(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    return [build("customer", {**customer_values(body, context), "raw": body})]


def customer_values(body: dict[str, Any], context: StoreContext) -> dict[str, Any]:
    """The values of a customer payload, out of a whole customer or the trimmed one within an order."""
    first, last = text(body.get("first_name")), text(body.get("last_name"))
    joined = " ".join(part for part in (first, last) if part)
    land = country(body.get("country_code"), body.get("country"))
    return {
        "external_id": identifier(body.get("id")),
        "updated_at": moment(body.get("updated_at"), context.timezone),
        "name": text(body.get("full_name")) or joined or text(body.get("name")),
        "first_name": first,
        "last_name": last,
        "email": text(body.get("email")),
        "phone": phone(body.get("mobile"), body.get("mobile_code"), land or context.country_code),
        "status": "blocked" if body.get("is_blocked") is True else None,
        "group_id": _group_id(body.get("groups")),
        "language": text(body.get("lang")),
        "addresses": _addresses(body, land),
    }


def _group_id(value: Any) -> str | None:
    first = value[0] if isinstance(value, list) and value else None
    return identifier(first.get("id") if isinstance(first, dict) else first)


def _addresses(body: dict[str, Any], land: str | None) -> list[dict[str, Any]]:
    line, city = text(body.get("location")), text(body.get("city"))
    if not line and not city:
        return []
    return [{"type": "billing", "line1": line, "city": city, "country_code": land}]


def address(place: dict[str, Any], receiver: dict[str, Any], context: StoreContext) -> dict[str, Any] | None:
    """A shipping address out of `ship_to` of a shipment or `shipping.address` of an order."""
    land = country(place.get("country_code"), place.get("country"))
    values = {
        "type": "shipping",
        "name": text(place.get("name")) or text(receiver.get("name")),
        "phone": _first_phone(land or context.country_code, place, receiver),
        "line1": text(place.get("address_line")) or text(place.get("shipping_address")) or _street(place),
        "district": text(place.get("district")) or text(place.get("block")),
        "city": text(mapping(place.get("city")).get("name")) or text(place.get("city")),
        "state": text(mapping(place.get("region")).get("name")),
        "postal_code": text(place.get("postal_code")),
        "country_code": land,
        "short_address": text(place.get("short_address")),
        "building_number": text(place.get("building_number")),
        "additional_number": text(place.get("additional_number")),
    }
    if not any(values[key] for key in ("line1", "district", "city", "postal_code", "short_address")):
        return None
    return {key: value for key, value in values.items() if value is not None}


def _street(place: dict[str, Any]) -> str | None:
    return text(place.get("street_name")) or text(place.get("street_number"))


def _first_phone(region: str, *holders: dict[str, Any]) -> str | None:
    return next((found for holder in holders if (found := phone(holder.get("phone"), None, region))), None)
