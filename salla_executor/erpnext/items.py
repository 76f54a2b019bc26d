"""Item: simple, template with attributes, variant; its barcode and its Item Prices."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from erpnext.controllers.item_variant import copy_attributes_to_variant

from salla_executor.core.model import BusinessError, ItemValues, Saved
from salla_executor.erpnext.documents import plain, rich, set_values, web_address
from salla_executor.erpnext.errors import refusals
from salla_executor.erpnext.item_attributes import ensure_attribute, ensure_value
from salla_executor.erpnext.item_prices import save_price
from salla_executor.erpnext.product_bundles import save_bundle

DOCTYPE = "Item"


def save_item(name: str | None, values: ItemValues) -> Saved:
    code = name or values.item_code
    with refusals(f"{DOCTYPE} {code}"):
        doc, changes = _update(name, values) if name else _insert(values)
        for price in values.prices:
            changes |= save_price(doc, price)
        if values.components:
            changes |= save_bundle(doc, values.components)
    if name is None:
        return Saved(DOCTYPE, doc.name, "created", changes)
    return Saved(DOCTYPE, doc.name, "updated" if changes else "unchanged", changes)


def find_item(sku: str) -> str | None:
    return frappe.db.get_value(DOCTYPE, {"name": ("=", sku)})


def is_template(item_code: str) -> bool:
    return bool(frappe.db.get_value(DOCTYPE, {"name": ("=", item_code)}, "has_variants"))


def _insert(values: ItemValues) -> tuple[Document, dict[str, list[Any]]]:
    if values.item_code != plain(values.item_code):
        raise BusinessError(
            "bad_sku",
            _("The SKU '{0}' holds signs that an Item code cannot have. Change it in the shop.").format(
                plain(values.item_code)
            ),
        )
    doc = frappe.new_doc(DOCTYPE)
    if values.variant_of:
        # What the site's Item Variant Settings say a variant takes over.
        copy_attributes_to_variant(frappe.get_cached_doc(DOCTYPE, values.variant_of), doc)
        doc.set("attributes", [])
        doc.has_variants = 0
    changes = set_values(doc, {"item_code": values.item_code, **_fields(values)})
    doc.stock_uom = values.stock_uom if not values.variant_of else doc.stock_uom
    _set_attributes(doc, values)
    _add_barcode(doc, values.barcode)
    doc.insert()
    if doc.name != values.item_code:
        raise BusinessError(
            "item_naming",
            _(
                "ERPNext named the Item {0} instead of its SKU {1}. In Stock Settings set 'Item Naming By' to"
                " Item Code; it goes then by itself."
            ).format(doc.name, values.item_code),
            waits_on="item_naming",
        )
    return doc, changes


def _update(name: str, values: ItemValues) -> tuple[Document, dict[str, list[Any]]]:
    """The unit of an existing Item stays: quantities in stock and open orders are counted in it."""
    doc = frappe.get_doc(DOCTYPE, name, for_update=True)
    changes = set_values(doc, _fields(values))
    changes |= _set_attributes(doc, values)
    changes |= _add_barcode(doc, values.barcode)
    if changes:
        _explain_lasting(doc, changes)
        # ERPNext would give each variant the template's weight and flags, which the shop sets one by one.
        doc.flags.dont_update_variants = True
        doc.save()
        if doc.has_variants:
            _follow_template(doc, changes)
    return doc, changes


def _fields(values: ItemValues) -> dict[str, Any]:
    return {
        "item_name": plain(values.item_name),
        "item_group": values.item_group,
        "description": None if values.description is None else rich(values.description),
        "brand": values.brand,
        "is_stock_item": values.is_stock_item,
        "disabled": values.is_disabled,
        # Never taken back: ERPNext keeps variants and stock under it.
        "has_variants": True if values.has_variants else None,
        "weight_per_unit": values.weight,
        "weight_uom": values.weight_uom if values.weight_uom is None else _ensure_uom(values.weight_uom),
        "image": None if values.image is None else web_address(values.image, 1000),
    }


def _explain_lasting(doc: Document, changes: dict[str, list[Any]]) -> None:
    """ERPNext refuses these once there are transactions; its own words do not say what to do."""
    lasting = [field for field in ("is_stock_item", "has_variants", "attributes") if field in changes]
    if not lasting or not frappe.db.exists("Stock Ledger Entry", {"item_code": doc.name, "is_cancelled": 0}):
        return
    labels = ", ".join(_(doc.meta.get_label(field)) for field in lasting)
    raise BusinessError(
        "item_in_use",
        _(
            "Item {0} has stock movements, so ERPNext keeps {1} as it is. Give the changed product another SKU in"
            " the shop, which makes a new Item, or undo the change there."
        ).format(doc.name, labels),
    )


def _set_attributes(doc: Document, values: ItemValues) -> dict[str, list[Any]]:
    before = [[row.attribute, row.attribute_value or ""] for row in doc.attributes]
    for name in values.attribute_names:
        attribute = ensure_attribute(name)
        if attribute not in [row.attribute for row in doc.attributes]:
            doc.append("attributes", {"attribute": attribute})
    for name, value in values.attribute_values:
        attribute = ensure_attribute(name)
        value = ensure_value(attribute, value)
        row = next((row for row in doc.attributes if row.attribute == attribute), None)
        row = row or doc.append("attributes", {"attribute": attribute})
        row.attribute_value = value
    after = [[row.attribute, row.attribute_value or ""] for row in doc.attributes]
    return {"attributes": [before, after]} if after != before else {}


def _add_barcode(doc: Document, barcode: str | None) -> dict[str, list[Any]]:
    """Added, never taken away: labels with the old one are still out there."""
    barcode = plain(barcode)
    known = [row.barcode for row in doc.barcodes]
    if not barcode or barcode in known:
        return {}
    owner = frappe.db.get_value("Item Barcode", {"barcode": ("=", barcode)}, "parent")
    if owner and owner != doc.name:
        raise BusinessError(
            "barcode_taken",
            _(
                "Barcode {0} belongs to Item {1} already. Correct it in the shop or remove it from that Item;"
                " it goes then by itself."
            ).format(barcode, owner),
            waits_on=f"barcode:{barcode}",
        )
    doc.append("barcodes", {"barcode": barcode})
    return {"barcodes": [known, [*known, barcode]]}


def _follow_template(doc: Document, changes: dict[str, list[Any]]) -> None:
    """A variant's group and brand are its template's; the shop says them of the product only."""
    followed = {field: doc.get(field) for field in ("item_group", "brand") if field in changes}
    if followed:
        frappe.db.set_value(DOCTYPE, {"variant_of": doc.name}, followed)


def _ensure_uom(name: str) -> str:
    found = frappe.db.get_value("UOM", {"name": ("=", name)})
    if found:
        return found
    doc = frappe.new_doc("UOM")
    doc.uom_name = name
    doc.insert()
    return doc.name
