"""Goods, people and taxes in the shapes of WooCommerce's REST API v3; orders are in `order_bodies`."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from sandbox.woocommerce.state import Product, TaxRate, WooState

SITE = "https://shop.example.com"


def dump(value: Any) -> bytes:
    """JSON as PHP writes it: quantities as numbers, everything else of a shop as it is."""
    return json.dumps(value, ensure_ascii=False, default=number, separators=(",", ":")).encode("utf-8")


def number(value: Any) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return int(value) if value == value.to_integral_value() else float(value)


def dates(state: WooState, name: str, moment: datetime | None) -> dict[str, str | None]:
    """`date_…` in the site's time and `date_…_gmt`, both without a suffix."""
    if moment is None:
        return {f"date_{name}": None, f"date_{name}_gmt": None}
    local, gmt = moment.astimezone(state.zone), moment.astimezone(timezone.utc)
    return {f"date_{name}": _plain(local), f"date_{name}_gmt": _plain(gmt)}


def _plain(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def product(state: WooState, row: Product) -> dict[str, Any]:
    """A row of `products`; a variation comes as a product of type variation."""
    parent = state.products.get(row.parent_id, row)
    body = {
        "id": row.id,
        "name": row.name,
        "slug": f"product-{row.id}",
        "permalink": f"{SITE}/product/product-{row.id}/",
        "type": row.type,
        "featured": False,
        "catalog_visibility": "visible",
        "short_description": "",
        "price_html": f"<span>{_text(row.price)}</span>",
        "total_sales": 0,
        "external_url": "",
        "button_text": "",
        "sold_individually": False,
        "shipping_required": not row.is_virtual,
        "shipping_taxable": not row.is_virtual,
        "reviews_allowed": True,
        "average_rating": "0.00",
        "rating_count": 0,
        "related_ids": [],
        "upsell_ids": [],
        "cross_sell_ids": [],
        "purchase_note": "",
        "parent_id": row.parent_id,
        "categories": _terms(state.categories, parent.category_ids),
        "tags": _terms(state.tags, row.tag_ids),
        "images": [_image(state, row)],
        "attributes": row.attributes,
        "default_attributes": [],
        "variations": list(row.variation_ids),
        "grouped_products": [],
        **_sold(state, row),
        "_links": links(f"products/{row.id}", "products"),
    }
    if state.is_at_least(9, 6):
        body["brands"] = _terms(state.brands, parent.brand_ids)
    return body | row.odd


def variation(state: WooState, row: Product, with_parent: bool = False) -> dict[str, Any]:
    """A row of `products/{id}/variations`; of the collection of all variations with_parent."""
    body = {
        "id": row.id,
        "permalink": f"{SITE}/product/product-{row.parent_id}/?attribute={row.id}",
        "image": _image(state, row),
        "attributes": row.attributes,
        **_sold(state, row),
        "_links": links(
            f"products/{row.parent_id}/variations/{row.id}", "products", f"products/{row.parent_id}"
        ),
    }
    if with_parent:
        body |= {"parent_id": row.parent_id, "name": ", ".join(one["option"] for one in row.attributes)}
    return body | row.odd


def _sold(state: WooState, row: Product) -> dict[str, Any]:
    """What products and variations have in common."""
    body = {
        **dates(state, "created", row.created),
        **dates(state, "modified", row.modified),
        "status": row.status,
        "description": row.description,
        "sku": row.sku,
        "price": _text(row.price),
        "regular_price": _text(row.regular_price),
        "sale_price": _text(row.sale_price),
        **dates(state, "on_sale_from", None),
        **dates(state, "on_sale_to", None),
        "on_sale": row.sale_price is not None,
        "purchasable": row.price is not None,
        "virtual": row.is_virtual,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "tax_status": row.tax_status,
        "tax_class": row.tax_class,
        "manage_stock": row.manage_stock,
        "stock_quantity": row.stock,
        "stock_status": "instock",
        "backorders": "no",
        "backorders_allowed": False,
        "backordered": False,
        "weight": row.weight,
        "dimensions": {"length": "", "width": "", "height": ""},
        "shipping_class": "",
        "shipping_class_id": 0,
        "menu_order": 0,
        "meta_data": [],
    }
    if state.is_at_least(9, 2):
        body["global_unique_id"] = row.barcode
    return body


def _terms(held: dict[int, dict[str, Any]], keys: list[int]) -> list[dict[str, Any]]:
    return [{name: held[key][name] for name in ("id", "name", "slug")} for key in keys if key in held]


def _image(state: WooState, row: Product) -> dict[str, Any]:
    address = f"{SITE}/wp-content/uploads/{row.id}.jpg"
    moments = {**dates(state, "created", row.created), **dates(state, "modified", row.created)}
    return {"id": row.id + 10**7, **moments, "src": address, "name": "", "alt": ""}


def customer(state: WooState, row: dict[str, Any]) -> dict[str, Any]:
    """Kept with its times as such; a guest is no customer."""
    shown = {name: value for name, value in row.items() if name not in ("created", "modified")}
    moments = {**dates(state, "created", row["created"]), **dates(state, "modified", row["modified"])}
    return {**shown, **moments, "_links": links(f"customers/{row['id']}", "customers")}


def tax_rate(state: WooState, row: TaxRate) -> dict[str, Any]:
    return {
        "id": row.id,
        "country": row.country,
        "state": "",
        "postcode": "",
        "city": "",
        "postcodes": [],
        "cities": [],
        "rate": f"{row.rate:.4f}",
        "name": row.name,
        "priority": row.priority,
        "compound": row.is_compound,
        "shipping": row.is_on_shipping,
        "order": row.id,
        "class": row.tax_class or "standard",
        "_links": links(f"taxes/{row.id}", "taxes"),
    }


def links(path: str, collection: str, up: str = "") -> dict[str, Any]:
    base = f"{SITE}/wp-json/wc/v3"
    named = {"self": path, "collection": collection, "up": up}
    return {name: [{"href": f"{base}/{value}"}] for name, value in named.items() if value}
