"""Categories and brands, which are terms of WordPress. ref: woocommerce.github.io/woocommerce-rest-api-docs"""

from __future__ import annotations

from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.values import build, identifier, mapping, number, text
from salla_manager.platforms.woocommerce.normalize.texts import plain


def normalize_category(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    order = number(body.get("menu_order"))
    values = {
        "external_id": identifier(body.get("id")),
        "raw": body,
        "name": plain(body.get("name")),
        "parent_id": identifier(body.get("parent")),
        "sort_order": int(order) if order is not None else None,
        "image": _image(body),
    }
    return [build("category", values)]


def normalize_brand(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    values = {
        "external_id": identifier(body.get("id")),
        "raw": body,
        "name": plain(body.get("name")),
        "description": plain(body.get("description")),
        "logo": _image(body),
    }
    return [build("brand", values)]


def _image(body: dict[str, Any]) -> str | None:
    return text(mapping(body.get("image")).get("src"))
