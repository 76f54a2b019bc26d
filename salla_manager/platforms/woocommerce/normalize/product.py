"""Products and variations. ref: woocommerce.github.io/woocommerce-rest-api-docs (products, product variations)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from salla_manager.payloads import Payload, dump_payload
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.values import build, identifier, mapping, moment, money, number, rows, text
from salla_manager.platforms.woocommerce.normalize.texts import plain

# Types of WooCommerce and its usual plugins. A bundle's parts are lines of the order themselves, so that as a Product
# Bundle the goods would leave the warehouse twice; grouped and external ones are sold under another name.
TYPES = {
    "grouped": "service",
    "external": "service",
    "bundle": "service",
    "composite": "service",
    "booking": "booking",
    "accommodation-booking": "booking",
    "auction": "product",
}
VARIABLE = ("variable", "variable-subscription")
_STATUSES = {
    "draft": "hidden",
    "pending": "hidden",
    "private": "hidden",
    "future": "hidden",
    "trash": "deleted",
}
# A variation for which any value of an option will do.
ANY = "Any"


def normalize_product(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    """The product, then those of its variations that were read with it; ids alone are not read."""
    if is_variation(body):
        return normalize_variation(body, context)
    values = {
        "external_id": identifier(body.get("id")),
        "updated_at": updated_at(body, context),
        "raw": body,
        "name": plain(body.get("name")),
        "description": text(body.get("description")) or text(body.get("short_description")),
        "url": text(body.get("permalink")),
        "brand_id": next(iter(_ids(body.get("brands"))), None),
        "category_ids": _ids(body.get("categories")),
        "images": [url for url in (text(row.get("src")) for row in rows(body.get("images"))) if url],
        "options": option_names(body),
        **_sold(body, context),
    }
    product = build("product", values)
    found = [row for row in rows(body.get("variations")) if identifier(row.get("id"))]
    within = replace(context, parent=dump_payload(product) if found else None)
    return [product, *(payload for row in found for payload in normalize_variation(row, within))]


def variation_ids(body: dict[str, Any]) -> frozenset[str] | None:
    """Of all variations of a product; None where they were not read with it."""
    found = body.get("variations")
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        return None
    ids = [identifier(row.get("id")) for row in found]
    return None if None in ids else frozenset(key for key in ids if key)


def is_variation(body: dict[str, Any]) -> bool:
    """`products/{id}` gives a variation as well."""
    return body.get("type") == "variation"


def normalize_variation(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    """context.parent: its product, which has the name and says whether it is sold at all."""
    parent = context.parent or {}
    options = _options(body, parent)
    values = {
        "external_id": identifier(body.get("id")),
        "product_id": identifier(body.get("parent_id")) or parent.get("external_id"),
        "updated_at": updated_at(body, context),
        "raw": body,
        "options": options,
        **_sold(body, context),
        "name": _variation_name(body, parent, options),
    }
    if parent.get("status") in ("hidden", "deleted"):
        values["status"] = parent["status"]
    return [build("variant", values)]


def _variation_name(
    body: dict[str, Any], parent: Mapping[str, Any], options: list[dict[str, str]]
) -> str | None:
    chosen = " / ".join(option["value"] for option in options)
    if parent.get("name"):
        return f"{parent['name']} - {chosen}" if chosen else str(parent["name"])
    return plain(body.get("name")) or chosen or text(body.get("sku")) or identifier(body.get("id"))


def _options(body: dict[str, Any], parent: Mapping[str, Any]) -> list[dict[str, str]]:
    """In the order of the product's options, each with a value."""
    given = {}
    for row in rows(body.get("attributes")):
        name, value = plain(row.get("name")), plain(row.get("option"))
        if name:
            given[name.casefold()] = {"name": name, "value": (value or ANY)[:500]}
    wanted = list(parent.get("options") or ())
    found = [given.pop(name.casefold(), {"name": name, "value": ANY}) | {"name": name} for name in wanted]
    return [*found, *given.values()]


def option_names(body: dict[str, Any]) -> list[str]:
    """Attributes that tell variations apart; others describe the product."""
    if body.get("type") not in VARIABLE:
        return []
    listed = [row for row in rows(body.get("attributes")) if row.get("variation") is True]
    return list(dict.fromkeys(name for row in listed if (name := plain(row.get("name")))))


def _sold(body: dict[str, Any], context: StoreContext) -> dict[str, Any]:
    """What products and variations have in common."""
    price = money(body.get("regular_price"))
    if price is None and body.get("type") not in VARIABLE:
        # Plugins' types keep theirs only here; of a variable product it is the cheapest variation's.
        price = money(body.get("price"))
    sale = money(body.get("sale_price"))
    is_on_sale = sale is not None and price is not None and sale < price and body.get("on_sale") is not False
    return {
        "sku": plain(body.get("sku")),
        "type": _type(body, context),
        "status": _status(body),
        "price": price,
        "sale_price": sale if is_on_sale else None,
        "price_includes_tax": bool(context.prices_include_tax),
        "currency": context.currency,
        "tax_percent": Decimal(0) if body.get("tax_status") == "none" else None,
        "barcode": text(body.get("global_unique_id")),
        **_weight(body, context),
    }


def _type(body: dict[str, Any], context: StoreContext) -> str:
    """What stands on a shelf is a product; a plugin's own type is taken for one, so that it is not lost."""
    kind = text(body.get("type")) or ""
    if kind in TYPES:
        return TYPES[kind]
    if body.get("downloadable") is True:
        return "digital"
    return "service" if body.get("virtual") is True else "product"


def _status(body: dict[str, Any]) -> str:
    # The documentation has a variation whose status is `true`.
    status = text(body.get("status")) or "publish"
    if status in _STATUSES:
        return _STATUSES[status]
    return "out" if body.get("stock_status") == "outofstock" else "sale"


def _weight(body: dict[str, Any], context: StoreContext) -> dict[str, Any]:
    """In the shop's unit, which no product tells."""
    weight = number(body.get("weight"))
    if not weight or weight < 0 or not context.weight_unit:
        return {}
    return {"weight": weight, "weight_unit": context.weight_unit}


def updated_at(body: Mapping[str, Any], context: StoreContext) -> Any:
    """Of the GMT column; drafts may have only the local one, or none."""
    return moment(body.get("date_modified_gmt"), "+00:00") or moment(
        body.get("date_modified"), context.timezone
    )


def _ids(value: Any) -> list[str]:
    return list(dict.fromkeys(key for row in rows(value) if (key := identifier(mapping(row).get("id")))))
