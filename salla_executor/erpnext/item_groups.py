"""Item Group: the shop's categories as a tree under one root."""

from __future__ import annotations

from typing import Any

import frappe

from salla_executor.core.model import Saved
from salla_executor.core.values import ItemGroupValues
from salla_executor.erpnext.documents import plain, set_values, web_address
from salla_executor.erpnext.errors import refusals

DOCTYPE = "Item Group"


def save_item_group(name: str | None, values: ItemGroupValues) -> Saved:
    title = plain(values.name)
    fields = {
        "parent_item_group": values.parent,
        "image": None if values.image is None else web_address(values.image, 1000),
    }
    with refusals(f"{DOCTYPE} {title}"):
        if values.parent:
            _make_group(values.parent)
        if name is None:
            return _insert(title, fields)
        name, renamed = rename(DOCTYPE, name, title)
        doc = frappe.get_doc(DOCTYPE, name, for_update=True)
        changes = renamed | set_values(doc, fields)
        if changes.keys() - renamed.keys():
            doc.save()
        return Saved(DOCTYPE, name, "updated" if changes else "unchanged", changes)


def _insert(title: str, fields: dict[str, Any]) -> Saved:
    doc = frappe.new_doc(DOCTYPE)
    changes = set_values(doc, {"item_group_name": title, **fields})
    doc.insert()
    return Saved(DOCTYPE, doc.name, "created", changes)


def _make_group(name: str) -> None:
    """A category may get its first sub-category long after it was made."""
    if frappe.db.get_value(DOCTYPE, {"name": ("=", name)}, "is_group"):
        return
    doc = frappe.get_doc(DOCTYPE, name, for_update=True)
    doc.is_group = 1
    doc.save()


def rename(doctype: str, name: str, title: str) -> tuple[str, dict[str, list[str]]]:
    """Follow the shop's new name; the old one stays where another document has the new one.

    `Shoes (12)` is how a second `Shoes` of the same shop was told apart: no reason to rename.
    """
    if name == title or name.startswith(f"{title} ("):
        return name, {}
    # The collation takes `shoes` and `Shoes` for equal; the document itself is no obstacle.
    if frappe.db.get_value(doctype, {"name": ("=", title)}) not in (None, name):
        return name, {}
    frappe.rename_doc(doctype, name, title, show_alert=False)
    return title, {"name": [name, title]}
