"""Brand."""

from __future__ import annotations

import frappe

from salla_executor.core.model import Saved
from salla_executor.core.values import BrandValues
from salla_executor.erpnext.documents import plain, set_values
from salla_executor.erpnext.errors import refusals
from salla_executor.erpnext.item_groups import rename

DOCTYPE = "Brand"


def save_brand(name: str | None, values: BrandValues) -> Saved:
    title = plain(values.name)
    description = None if values.description is None else plain(values.description, 2000)
    with refusals(f"{DOCTYPE} {title}"):
        if name is None:
            doc = frappe.new_doc(DOCTYPE)
            changes = set_values(doc, {"brand": title, "description": description})
            doc.insert()
            return Saved(DOCTYPE, doc.name, "created", changes)
        name, renamed = rename(DOCTYPE, name, title)
        doc = frappe.get_doc(DOCTYPE, name, for_update=True)
        changes = set_values(doc, {"description": description})
        if changes:
            doc.save()
        changes |= renamed
        return Saved(DOCTYPE, name, "updated" if changes else "unchanged", changes)
