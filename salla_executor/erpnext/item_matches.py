"""Items that a product of the shop may be, by code and by barcode."""

from __future__ import annotations

import frappe

from salla_executor.core.values import ItemMatch
from salla_executor.erpnext.documents import plain

# Written out, since each new product asks: Frappe's builds the same statement for longer than it runs.
BY_CODE = "SELECT name, has_variants, variant_of FROM `tabItem` WHERE name = %s"
BY_BARCODE = """
    SELECT item.name, item.has_variants, item.variant_of
    FROM `tabItem Barcode` code JOIN `tabItem` item ON item.name = code.parent
    WHERE code.barcode = %s
"""


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
    return [_match(row, is_by_sku=True) for row in frappe.db.sql(BY_CODE, sku, as_dict=True)]


def _by_barcode(barcode: str) -> list[ItemMatch]:
    return [_match(row, barcode=barcode) for row in frappe.db.sql(BY_BARCODE, barcode, as_dict=True)]


def _match(row: frappe._dict, *, is_by_sku: bool = False, barcode: str = "") -> ItemMatch:
    return ItemMatch(row.name, is_by_sku, barcode, bool(row.has_variants), row.variant_of or "")
