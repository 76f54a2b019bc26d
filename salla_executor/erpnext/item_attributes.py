"""Item Attribute: option names and values of the shop, made when first seen."""

from __future__ import annotations

from typing import Any

import frappe

from salla_executor.erpnext.documents import plain
from salla_executor.erpnext.errors import StaleViewError

DOCTYPE = "Item Attribute"
NUMERIC = ("numeric_values", "from_range", "to_range", "increment")


def ensure_attribute(name: str) -> dict[str, Any]:
    """The row of an Item for it, as ERPNext spells the attribute: `size` and `Size` are one."""
    title = plain(name)
    found = frappe.db.get_value(DOCTYPE, {"name": ("=", title)}, ["name", *NUMERIC], as_dict=True)
    if not found:
        doc = frappe.new_doc(DOCTYPE)
        doc.attribute_name = title
        doc.insert()
        return {"attribute": doc.name}
    # ERPNext checks numbers by the range that stands in the template, and only Desk copies it there.
    numeric = {field: found[field] for field in NUMERIC} if found.numeric_values else {}
    return {"attribute": found.name, **numeric}


def ensure_value(attribute: str, value: str) -> str:
    """The value as the attribute spells it: `xl` and `XL` are one."""
    title = plain(value)
    # ERPNext keeps what it read for the length of a request; a command may run twice in one.
    frappe.flags.attribute_values = None
    rows = frappe.get_all(
        "Item Attribute Value",
        filters={"parent": attribute, "parenttype": DOCTYPE, "attribute_value": ("=", title)},
        pluck="attribute_value",
    )
    for known in rows:
        # The collation also takes `é` and `e` for equal; ERPNext does not.
        if known.casefold() == title.casefold():
            return known
    return _add_value(attribute, title)


def _add_value(attribute: str, title: str) -> str:
    # Locked, since two variants may bring their values at once.
    doc = frappe.get_doc(DOCTYPE, attribute, for_update=True)
    if doc.numeric_values:
        return title
    for row in doc.item_attribute_values:
        if row.attribute_value.casefold() == title.casefold():
            # Just added by another command; ERPNext's check of the variant would not see it.
            raise StaleViewError(f"{attribute}: {title}")
    taken = {row.abbr.casefold() for row in doc.item_attribute_values}
    doc.append("item_attribute_values", {"attribute_value": title, "abbr": _free_abbreviation(title, taken)})
    doc.save()
    return title


def _free_abbreviation(title: str, taken: set[str]) -> str:
    """Short, and unique within the attribute whatever the case."""
    short = title[:10].strip()
    for candidate in (short, title, *(f"{short}-{number}" for number in range(2, 1000))):
        if candidate.casefold() not in taken:
            return candidate
    return frappe.generate_hash(length=10)
