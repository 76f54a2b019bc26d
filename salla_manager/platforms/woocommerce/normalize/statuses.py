"""The statuses of orders. WooCommerce's own are listed here; a shop adds what it likes, and all are kept by their slug.

ref: woocommerce.github.io/woocommerce-rest-api-docs (order properties)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.values import build, text
from salla_manager.platforms.woocommerce.normalize.texts import plain

NAMES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "ready-for-pickup": "Ready for pickup",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "trash": "Trash",
}
# The shop itself changes nothing about these any more.
FINAL = ("completed", "cancelled", "refunded", "failed", "trash")
# Carts on their way to an order, and what WordPress keeps while somebody types.
NO_ORDER_YET = ("checkout-draft", "auto-draft")


def slug_of(value: Any) -> str | None:
    """Without the prefix that the database has."""
    slug = text(value)
    return slug.removeprefix("wc-") if slug else None


def status_body(slug: str, name: Any = None) -> dict[str, Any]:
    """As WooCommerce's report on orders has it, with what kind of status it is."""
    said = plain(name) or NAMES.get(slug) or slug.replace("-", " ").replace("_", " ").capitalize()
    return {"slug": slug, "name": said, "type": "original" if slug in NAMES else "custom"}


def catalogue(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """WooCommerce's own statuses and those of the shop. told: rows with slug and name."""
    names: dict[str, Any] = dict(NAMES)
    names |= {slug: row.get("name") for row in told if (slug := slug_of(row.get("slug")))}
    return [status_body(slug, name) for slug, name in names.items() if slug not in NO_ORDER_YET]


def normalize_order_status(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    slug = slug_of(body.get("slug"))
    shown = status_body(slug or "", body.get("name"))
    values = {"external_id": slug, "slug": slug, "name": shown["name"], "type": shown["type"], "raw": body}
    return [build("order_status", values)]
