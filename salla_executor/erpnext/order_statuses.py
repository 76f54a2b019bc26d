"""Shop Order Status: the shop's catalogue of order statuses."""

from __future__ import annotations

import frappe

from salla_executor.core.model import OrderStatusValues, Saved
from salla_executor.erpnext.documents import plain, set_values
from salla_executor.erpnext.errors import refusals

DOCTYPE = "Shop Order Status"


def save_order_status(name: str | None, values: OrderStatusValues) -> Saved:
    with refusals(f"{DOCTYPE} {plain(values.title)}"):
        doc = frappe.get_doc(DOCTYPE, name, for_update=True) if name else frappe.new_doc(DOCTYPE)
        fields = {
            "source": values.source,
            "external_id": values.external_id,
            "slug": plain(values.slug),
            "title": plain(values.title),
            "type": values.type,
            "original_id": values.original_id,
            "is_active": values.is_active,
        }
        changes = set_values(doc, fields)
        if name is None:
            doc.insert()
            return Saved(DOCTYPE, doc.name, "created", changes)
        if changes:
            doc.save()
        return Saved(DOCTYPE, doc.name, "updated" if changes else "unchanged", changes)
