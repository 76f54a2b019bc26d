"""What Salla Executor Settings say of Items: whose a field is, which price lists there are, what a barcode proves."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint

from salla_executor.core.model import PriceList

# As the settings name a field -> as ItemValues does.
FIELDS = {
    "Item Name": "item_name",
    "Item Group": "item_group",
    "Brand": "brand",
    "Description": "description",
    "Image": "image",
    "Weight": "weight",
    "Barcode": "barcode",
    "Price": "prices",
    "Disabled": "is_disabled",
    "Maintain Stock": "is_stock_item",
    "Components": "components",
}
# ERPNext lets nobody change it once there are transactions, and users choose it with care.
OF_ERP = {"Maintain Stock"}
LINK, IN_FORCE = "Link the Item", "Price in force"


def item_settings(settings: Document) -> dict[str, Any]:
    """The fields of core's Settings that concern Items."""
    rows = settings.get("item_field_owners") or []
    said = {row.item_field: row.belongs_to == "ERP" for row in rows}
    return {
        "erp_item_fields": frozenset(FIELDS[field] for field in FIELDS if said.get(field, field in OF_ERP)),
        "link_by_barcode": settings.barcode_match == LINK,
        "price_lists": tuple(_price_list(row) for row in settings.get("price_lists") or []),
        "price_list_currency": currency_of(settings.price_list),
    }


def currency_of(price_list: str | None) -> str:
    return frappe.get_cached_value("Price List", price_list, "currency") or "" if price_list else ""


def _price_list(row: Document) -> PriceList:
    return PriceList(
        row.price_list,
        currency_of(row.price_list),
        includes_tax=bool(cint(row.includes_tax)),
        is_in_force=row.price_kind == IN_FORCE,
        store=(row.store_account or "").strip(),
    )
