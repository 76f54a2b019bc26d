"""Categories, brands and the status catalogue. ref: docs.salla.dev/841786f0 (order status)"""

from __future__ import annotations

from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.values import (
    build,
    identifier,
    mapping,
    moment,
    number,
    rows,
    text,
)

# ids that are the same in every store. ref: docs.salla.dev/841786f0
ORIGINAL_STATUSES = {
    "1473353380": "payment_pending",
    "566146469": "under_review",
    "1939592358": "in_progress",
    "1298199463": "completed",
    "349994915": "delivering",
    "1723506348": "delivered",
    "814202285": "shipped",
    "525144736": "canceled",
    "989286562": "restored",
    "1548352431": "restoring",
}


def normalize_category(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    """The category, then those embedded in it, at any depth."""
    category = build(
        "category",
        {
            "external_id": identifier(body.get("id")),
            # The page really spells it update_at.
            "updated_at": moment(body.get("update_at") or body.get("updated_at"), context.timezone),
            "raw": body,
            "name": text(body.get("name")),
            "parent_id": identifier(body.get("parent_id")),
            "status": _category_status(body.get("status")),
            "sort_order": _whole(body.get("sort_order")),
            "image": text(mapping(body.get("image")).get("url")) or text(body.get("image")),
        },
    )
    result: list[Payload] = [category]
    for child in rows(body.get("sub_categories")):
        parent_id = identifier(child.get("parent_id")) or category.external_id
        result += normalize_category({**child, "parent_id": parent_id}, context)
    return result


def _category_status(value: Any) -> str | None:
    if isinstance(value, bool):
        return "active" if value else "hidden"
    return text(value)


def normalize_brand(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    values = {
        "external_id": identifier(body.get("id")),
        "updated_at": moment(body.get("updated_at"), context.timezone),
        "raw": body,
        "name": text(body.get("name")),
        "description": text(body.get("description")),
        "logo": text(body.get("logo")),
    }
    return [build("brand", values)]


def normalize_order_status(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    """A row of the catalogue, then its sub-statuses; one the store renamed hangs under its original."""
    original_id = identifier(mapping(body.get("original")).get("id"))
    external_id = identifier(body.get("id"))
    kind = text(body.get("type"))
    is_active = body.get("is_active")
    status = build(
        "order_status",
        {
            "external_id": external_id,
            "raw": body,
            "name": text(body.get("name")),
            "slug": text(body.get("slug")) or ORIGINAL_STATUSES.get(original_id or external_id or ""),
            "type": kind or ("custom" if original_id else None),
            "original_id": original_id,
            "parent_id": identifier(mapping(body.get("parent")).get("id")),
            "sort_order": _whole(body.get("sort")),
            "is_active": is_active if isinstance(is_active, bool) else None,
        },
    )
    result: list[Payload] = [status]
    for child in rows(body.get("children")):
        parent = mapping(child.get("parent")) or {"id": external_id}
        result += normalize_order_status({**child, "parent": parent}, context)
    return result


def _whole(value: Any) -> int | None:
    found = number(value)
    return int(found) if found is not None else None
