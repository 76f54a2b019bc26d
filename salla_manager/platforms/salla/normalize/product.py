"""Products and variants. ref: docs.salla.dev/5394168e0 (products), docs.salla.dev/841799f0 (variants)"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.values import (
    build,
    currency,
    identifier,
    mapping,
    moment,
    money,
    number,
    rows,
    text,
)

TYPES = {
    "product": "product",
    "service": "service",
    "digital": "digital",
    "codes": "codes",
    "food": "food",
    "booking": "booking",
    "donating": "donating",
    "group_products": "bundle",
}


def normalize_product(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    """The product, then one payload per variant (`skus`)."""
    regular, sale = _prices(body, context)
    asked = rows(body.get("options"))
    skus = _variants(body)
    options = _of_variants(asked, skus)
    includes_tax = _price_includes_tax(body, context)
    brand = body.get("brand")
    shared = {
        "status": text(body.get("status")),
        "currency": currency(body.get("price"), body.get("currency"), context.currency),
        "price_includes_tax": includes_tax,
        "type": product_type(body.get("type")),
        "tax_percent": _tax_percent(body),
    }
    product = build(
        "product",
        {
            **shared,
            "external_id": identifier(body.get("id")),
            "updated_at": moment(body.get("updated_at"), context.timezone),
            "raw": body,
            "name": text(body.get("name")),
            "sku": text(body.get("sku")),
            "price": regular,
            "sale_price": sale,
            "tax_reason_code": text(body.get("tax_reason_code")),
            "description": text(body.get("description")),
            "url": text(mapping(body.get("urls")).get("customer")) or text(body.get("url")),
            "brand_id": identifier(brand.get("id") if isinstance(brand, dict) else body.get("brand_id")),
            "category_ids": _ids(body.get("categories")),
            "images": _images(body),
            "options": [name for name in (text(option.get("name")) for option in options) if name],
            "barcode": text(body.get("gtin")) or text(body.get("barcode")),
            **_weight(body),
            "components": _components(body),
        },
    )
    values = _option_values(options)
    return [product, *(_variant(sku, product, shared, values) for sku in skus)]


def normalize_variant(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    """A variant that was read alone. It names its product only where `product_id` was added to it."""
    product = mapping(body.get("product"))
    shared = {
        "status": text(body.get("status")) or text(product.get("status")),
        "currency": currency(body.get("price"), context.currency),
        "price_includes_tax": bool(context.prices_include_tax),
        "type": product_type(product.get("type")),
    }
    parent_id = identifier(body.get("product_id")) or identifier(product.get("id"))
    name = text(body.get("name")) or text(product.get("name"))
    return [build("variant", {**shared, **_variant_values(body), "product_id": parent_id, "name": name})]


def variant_ids(body: dict[str, Any]) -> frozenset[str] | None:
    """Of all variants of a product; None where its body does not tell them all."""
    if not all(isinstance(body.get(key), list) for key in ("skus", "options")):
        return None
    # Options with values make variants: without any, the body was cut short.
    if not body["skus"] and any(rows(option.get("values")) for option in rows(body["options"])):
        return None
    ids = [identifier(sku.get("id")) for sku in _variants(body)]
    return None if None in ids else frozenset(key for key in ids if key)


def _variants(body: dict[str, Any]) -> list[dict[str, Any]]:
    """A product without options has one row of its own, which is no variant."""
    asked = rows(body.get("options"))
    return [sku for sku in rows(body.get("skus")) if asked or sku.get("related_option_values")]


def product_type(value: Any) -> str | None:
    """Our word for Salla's type; an unknown one is passed on, so that validation names it."""
    name = text(value)
    return TYPES.get(name, name) if name else None


def _variant(sku: dict[str, Any], product: Any, shared: dict[str, Any], names: dict[str, dict]) -> Payload:
    chosen = _value_ids(sku)
    # In the order of the product's options: Salla gives the ids in any order.
    values = [value for key, value in names.items() if key in chosen]
    suffix = " / ".join(value["value"] for value in values)
    return build(
        "variant",
        {
            **shared,
            **_variant_values(sku),
            "currency": currency(sku.get("price")) or shared["currency"],
            "product_id": product.external_id,
            "updated_at": product.updated_at,
            "name": f"{product.name} - {suffix}" if suffix else product.name,
            "options": values,
        },
    )


def _variant_values(sku: dict[str, Any]) -> dict[str, Any]:
    # A variant at 0 takes the product's price; it is not free.
    price, regular, sale = (money(sku.get(key)) or None for key in ("price", "regular_price", "sale_price"))
    price = max((value for value in (price, regular) if value), default=None)
    return {
        "external_id": identifier(sku.get("id")),
        "raw": sku,
        "sku": text(sku.get("sku")),
        "price": price,
        "sale_price": sale
        if sale and price and sale < price and sku.get("has_special_price") is not False
        else None,
        "barcode": text(sku.get("barcode")) or text(sku.get("gtin")),
        **_weight(sku),
    }


def _of_variants(options: list[dict[str, Any]], skus: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The options that tell variants apart; others, such as a text to engrave, are answered in the order."""
    related = {key for sku in skus for key in (*_value_ids(sku), *_ids(sku.get("related_options")))}
    found = [
        option for option in options if related.intersection(_ids([option, *rows(option.get("values"))]))
    ]
    # Where none of the ids fits, they are Salla's muddle, and the variants need their template all the same.
    return found or (options if skus else [])


def _option_values(options: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Value id: {name of the option, value}, in the order of the options."""
    result = {}
    for option in options:
        name = text(option.get("name"))
        for value in rows(option.get("values")):
            key, label = identifier(value.get("id")), text(value.get("name"))
            if name and key and label:
                result[key] = {"name": name, "value": label}
    return result


def _value_ids(sku: dict[str, Any]) -> list[str]:
    return _ids(sku.get("related_option_values"))


def _ids(value: Any) -> list[str]:
    """Of a list of ids, or of objects with an id; each once."""
    listed = value if isinstance(value, list) else []
    ids = (identifier(entry.get("id") if isinstance(entry, dict) else entry) for entry in listed)
    return list(dict.fromkeys(key for key in ids if key))


def _prices(body: dict[str, Any], context: StoreContext) -> tuple[Decimal | None, Decimal | None]:
    """(regular, sale in force). `price` is the one in force, `regular_price` the one before any sale."""
    current, regular = money(body.get("price")), money(body.get("regular_price"))
    regular = regular or current
    if current and regular and current < regular:
        return regular, current
    sale = money(body.get("sale_price"))
    if sale and regular and sale < regular and _is_on_sale_today(body, context):
        return regular, sale
    return regular, None


def _is_on_sale_today(body: dict[str, Any], context: StoreContext) -> bool:
    now = datetime.now(timezone.utc)
    start = moment(body.get("sale_start"), context.timezone)
    nested = mapping(body.get("sale_price")).get("expired_at")
    end = moment(body.get("sale_end") or nested, context.timezone)
    # The end is a date, and the sale still holds on that day.
    return (start is None or start <= now) and (end is None or now < end + timedelta(days=1))


def _price_includes_tax(body: dict[str, Any], context: StoreContext) -> bool:
    """The product says so itself where it names the price before and with tax; else the store's setting."""
    price, before, taxed = (money(body.get(key)) for key in ("price", "pre_tax_price", "taxed_price"))
    if price and before and taxed and before != taxed and price in (before, taxed):
        return price == taxed
    return bool(context.prices_include_tax)


def _tax_percent(body: dict[str, Any]) -> Decimal | None:
    if body.get("with_tax") is False:
        return Decimal(0)
    tax, before = money(body.get("tax")), money(body.get("pre_tax_price"))
    if not tax or not before:
        return None
    percent = tax / before * 100
    whole = percent.quantize(Decimal(1))
    # Both amounts are rounded to the halala, so 14.99 means 15; far from a whole number nothing is certain.
    return whole if abs(percent - whole) * before <= 1 else None


def _images(body: dict[str, Any]) -> list[str]:
    main = body.get("main_image")
    images = [row for row in rows(body.get("images")) if text(row.get("type")) in (None, "image")]
    images.sort(key=lambda row: row.get("main") is not True)
    urls = [text(main.get("url") if isinstance(main, dict) else main)]
    urls += [text(row.get("url")) for row in images]
    found = [url for url in dict.fromkeys(urls) if url]
    thumbnail = text(body.get("thumbnail"))
    return found or ([thumbnail] if thumbnail else [])


def _components(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a bundle. Sources name the units in it `quantity_in_group` or, where a bundle is made, `quantity`."""
    found = []
    for row in rows(body.get("consisted_products")):
        values = {
            "external_id": identifier(row.get("id")),
            "sku": text(row.get("sku")),
            "quantity": number(row.get("quantity_in_group") or row.get("quantity")),
        }
        found.append({key: value for key, value in values.items() if value is not None})
    return found


def _weight(body: dict[str, Any]) -> dict[str, Any]:
    """Weight and unit; 0 is how Salla says that none was given."""
    weight, unit = number(body.get("weight")), (text(body.get("weight_type")) or "").lower()
    if not weight or weight < 0:
        return {}
    return {"weight": weight, "weight_unit": unit if unit in ("kg", "g", "lb", "oz") else None}
