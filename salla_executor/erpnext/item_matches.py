"""Items that a product of the shop may be, by code and by barcode."""

from __future__ import annotations

import frappe

from salla_executor.core.model import ItemMatch
from salla_executor.erpnext.documents import plain


def match_items(sku: str, barcode: str | None) -> list[ItemMatch]:
    found = _by_code(sku)
    code, barcode = plain(sku), plain(barcode)
    known = [one.name for one in found]
    if barcode:
        found += [one for one in _by_barcode(barcode) if one.name not in known]
    if not found and code != barcode:
        found = _by_barcode(code)
    return found


def _by_code(sku: str) -> list[ItemMatch]:
    fields = ["name", "has_variants", "variant_of"]
    row = frappe.db.get_value("Item", {"name": ("=", sku)}, fields, as_dict=True)
    return [_match(row, is_by_sku=True)] if row else []


def _by_barcode(barcode: str) -> list[ItemMatch]:
    codes, items = frappe.qb.DocType("Item Barcode"), frappe.qb.DocType("Item")
    query = (
        frappe.qb.from_(codes)
        .join(items)
        .on(items.name == codes.parent)
        .select(items.name, codes.barcode, items.has_variants, items.variant_of)
        .where(codes.barcode == barcode)
    )
    return [_match(row, barcode=barcode) for row in query.run(as_dict=True)]


def _match(row: frappe._dict, *, is_by_sku: bool = False, barcode: str = "") -> ItemMatch:
    return ItemMatch(row.name, is_by_sku, barcode, bool(row.has_variants), row.variant_of or "")
