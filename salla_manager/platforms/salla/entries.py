"""What Salla's lists show of an entity, and where it stands in the merchant's dashboard."""

from __future__ import annotations

from typing import Any

from salla_manager.platforms.port import ShopEntry, StoreContext
from salla_manager.platforms.values import currency, mapping, moment, money, text

# ref: the samples of docs.salla.dev name s.salla.sa/products/{id} and s.salla.sa/customers/{id}; an order's page has
# a key of its own in place of the id, so only the body can tell it.
DASHBOARD = "https://s.salla.sa"
_PATHS = {"product": "products", "customer": "customers"}


def entry(entity_type: str, external_id: str, row: dict[str, Any], context: StoreContext) -> ShopEntry:
    amounts = mapping(row.get("amounts"))
    total = money(amounts.get("total"))
    status = mapping(row.get("status"))
    return ShopEntry(
        external_id=external_id,
        title=text(row.get("reference_id")) or text(row.get("name")) or _full_name(row),
        status=text(status.get("name")) or text(row.get("status")) or "",
        total=total if total is not None else money(row.get("total")),
        currency=currency(row.get("currency"), amounts.get("total"), row.get("total")) or "",
        created_at=moment(row.get("date") or row.get("created_at"), context.timezone),
        url=admin_url(entity_type, external_id, row),
        changed_at=moment(row.get("updated_at") or row.get("update_at"), context.timezone),
        sku=text(row.get("sku")) or "",
    )


def admin_url(entity_type: str, external_id: str, body: dict[str, Any]) -> str:
    """A variant is mended on its product's page: give it the product's id and body."""
    told = text(mapping(body.get("urls")).get("admin")) or ""
    if told.startswith("https://"):
        return told
    if told.startswith("/") and not told.startswith("//"):
        return f"{DASHBOARD}{told}"
    path = _PATHS.get(entity_type)
    return f"{DASHBOARD}/{path}/{external_id}" if path and external_id.isdigit() else ""


def _full_name(row: dict[str, Any]) -> str:
    names = (text(row.get("first_name")), text(row.get("last_name")))
    return text(row.get("full_name")) or " ".join(name for name in names if name)
