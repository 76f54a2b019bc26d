"""Product Bundle: what one unit of an Item that is not on stock holds; ERPNext unpacks it in orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from salla_executor.core.model import BusinessError
from salla_executor.erpnext.documents import shown, stored

DOCTYPE = "Product Bundle"


def save_bundle(
    item: Document, components: tuple[tuple[str, Decimal], ...], *, is_kept: bool = False
) -> dict[str, list[Any]]:
    """Returns what changed, under `components`; is_kept: what would. Orders keep the packing list that they were
    made with."""
    if item.is_stock_item and not is_kept:
        raise BusinessError(
            "bundle_on_stock",
            _(
                "Item {0} is kept on stock, which ERPNext allows of no bundle. Take away 'Maintain Stock' on it, and it"
                " goes by itself; or give the bundle another SKU in the shop, which makes a new Item."
            ).format(item.name),
            waits_on=f"bundle:{item.name}",
        )
    name = frappe.db.get_value(DOCTYPE, {"new_item_code": ("=", item.name)})
    doc = frappe.get_doc(DOCTYPE, name, for_update=not is_kept) if name else frappe.new_doc(DOCTYPE)
    before = [_shown(row.item_code, row.qty) for row in doc.items]
    after = [_shown(code, quantity) for code, quantity in components]
    if sorted(before) == sorted(after):
        return {}
    if not is_kept:
        doc.new_item_code = item.name
        doc.set("items", [])
        for code, quantity in components:
            doc.append("items", {"item_code": code, "qty": stored(quantity)})
        doc.save()
    return {"components": [before, after]}


def _shown(code: str, quantity: Any) -> str:
    return f"{code} × {shown(float(quantity))}"
