"""The lists of one store: how each is asked for, and what of a row tells that its entity has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from salla_manager.contract import dump_json
from salla_manager.platforms.pace import Budget
from salla_manager.platforms.values import identifier, rows
from salla_manager.platforms.woocommerce.api import SIZES, V3, RawPage, WooApi
from salla_manager.platforms.woocommerce.errors import NO_ROUTE, WooError
from salla_manager.platforms.woocommerce.paging import Position, after

PATHS = {
    "product": "/products",
    "variant": "/variations",
    "customer": "/customers",
    "order": "/orders",
    "category": "/products/categories",
    "brand": "/products/brands",
}
BY_ID = {"orderby": "id", "order": "asc"}
ANY = {"status": "any"}
EXACT = {"dp": "6"}
_QUERIES = {"product": ANY, "variant": ANY, "order": ANY | EXACT}
# The time of change, and what changes without one.
_TELLING = {
    "product": ("id", "date_modified_gmt", "status", "name", "sku", "price", "stock_status"),
    "variant": (
        "id",
        "parent_id",
        "date_modified_gmt",
        "status",
        "sku",
        "price",
        "regular_price",
        "stock_status",
    ),
    "customer": ("id", "date_modified_gmt", "email"),
    "order": ("id", "date_modified_gmt", "status", "number", "total", "customer_id", "refunds"),
}


def telling_fields(entity_type: str) -> str:
    """For `_fields`; empty for a kind whose rows are short."""
    return ",".join(_TELLING.get(entity_type, ()))


def stamp_of(entity_type: str, row: Mapping[str, Any]) -> str:
    """The same of a whole row and of one that holds the telling fields only; empty for a kind that has none."""
    names = _TELLING.get(entity_type)
    if not names:
        return ""
    told = [_refunds_told(row) if name == "refunds" else row.get(name) for name in names]
    return hashlib.blake2b(dump_json(told), digest_size=16).hexdigest()


def _refunds_told(order: Mapping[str, Any]) -> list[Any]:
    """Not what was read of them besides."""
    return [(row.get("id"), row.get("total")) for row in rows(order.get("refunds"))]


class Lists:
    """In one lane. All methods raise ShopError."""

    def __init__(self, api: WooApi):
        self.api = api

    def page(self, entity_type: str, position: Position, query: Mapping[str, str], budget: Budget) -> RawPage:
        asked = {**BY_ID, **_QUERIES.get(entity_type, {}), **query}
        return self.api.page(PATHS[entity_type], asked, position.at, budget)

    def rows(self, path: str, query: Mapping[str, str], budget: Budget) -> Iterator[dict[str, Any]]:
        """Of all pages."""
        position: Position | None = Position()
        while position is not None:
            raw = self.api.page(path, {**BY_ID, **query}, position.at, budget)
            yield from (row for _, row in raw.rows)
            position = after(position, raw)

    def by_ids(
        self, entity_type: str, keys: Iterable[str], budget: Budget
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Whole rows, those of a page in one call."""
        wanted = list(keys)
        for begin in range(0, len(wanted), SIZES[0]):
            query = _QUERIES.get(entity_type, {}) | {"include": ",".join(wanted[begin : begin + SIZES[0]])}
            for row in self.rows(PATHS[entity_type], query, budget):
                yield identifier(row.get("id")) or "", row

    def lists_variations(self, budget: Budget) -> bool:
        """The list of all variations came with WooCommerce 10.3."""
        site = self.api.site
        if site.has_variations is None:
            site.has_variations = self.count("variant", {}, budget) is not None
        return site.has_variations

    def count(self, entity_type: str, query: Mapping[str, str], budget: Budget) -> int | None:
        """None where the shop has no such list."""
        asked = {**_QUERIES.get(entity_type, {}), **query, "per_page": 1, "_fields": "id"}
        try:
            answer = self.api.get(V3 + PATHS[entity_type], asked, budget)
        except WooError as error:
            if error.cause != NO_ROUTE:
                raise
            return None
        return answer.total or 0

    def variations(self, product_id: str, query: Mapping[str, str], budget: Budget) -> list[dict[str, Any]]:
        """Of one product. They do not name it."""
        path = f"/products/{quote(product_id, safe='')}/variations"
        return [{**row, "parent_id": int(product_id)} for row in self.rows(path, query, budget)]

    def with_variations(self, product: dict[str, Any], budget: Budget) -> dict[str, Any]:
        if not has_variations(product):
            return product
        key = identifier(product.get("id")) or ""
        return {**product, "variations": self.variations(key, ANY, budget)}


def has_variations(product: Mapping[str, Any]) -> bool:
    return bool(product.get("variations")) and product.get("type") != "grouped"
