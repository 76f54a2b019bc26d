"""What the shop's lists show of an entity, and where it stands in the administration of WordPress."""

from __future__ import annotations

from typing import Any

from salla_manager.platforms.port import ShopEntry, StoreContext
from salla_manager.platforms.values import currency, identifier, mapping, moment, money, rows, text
from salla_manager.platforms.woocommerce.normalize.texts import plain

# WordPress sends these on to the screen of the order tables where a shop has those.
_PATHS = {
    "product": "post.php?post={id}&action=edit",
    "order": "post.php?post={id}&action=edit",
    "customer": "user-edit.php?user_id={id}",
    "category": "term.php?taxonomy=product_cat&tag_ID={id}&post_type=product",
    "brand": "term.php?taxonomy=product_brand&tag_ID={id}&post_type=product",
}


def entry(entity_type: str, external_id: str, row: dict[str, Any], context: StoreContext) -> ShopEntry:
    return ShopEntry(
        external_id=external_id,
        title=text(row.get("number")) or plain(row.get("name")) or "",
        status=text(row.get("status")) or "",
        total=money(row.get("total")) if entity_type == "order" else None,
        currency=currency(row.get("currency")) or "",
        created_at=moment(row.get("date_created_gmt"), "+00:00"),
        url=admin_url(entity_type, external_id, row),
        changed_at=moment(row.get("date_modified_gmt"), "+00:00"),
    )


def admin_url(entity_type: str, external_id: str, body: dict[str, Any]) -> str:
    """A variation is mended on its product's page: give it the product's id and body."""
    links = rows(mapping(body.get("_links")).get("self"))
    site, found, _ = ((text(links[0].get("href")) if links else None) or "").partition("/wp-json/")
    path, key = _PATHS.get(entity_type), identifier(external_id)
    if not found or not path or not key or not key.isdigit() or not site.startswith(("https://", "http://")):
        return ""
    return f"{site}/wp-admin/{path.format(id=key)}"
