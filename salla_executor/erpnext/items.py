"""Item: simple, template with attributes, variant; its barcode and its Item Prices."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from erpnext.controllers.item_variant import copy_attributes_to_variant
from erpnext.stock.doctype.item.item import Item

from salla_executor.core.model import BusinessError, Saved
from salla_executor.core.values import ItemValues
from salla_executor.erpnext.documents import differing, keep_at_hand, plain, rich, set_values, web_address
from salla_executor.erpnext.errors import refusals, words_of
from salla_executor.erpnext.item_attributes import ensure_attribute, ensure_value
from salla_executor.erpnext.item_images import save_images
from salla_executor.erpnext.item_prices import save_price
from salla_executor.erpnext.product_bundles import save_bundle

DOCTYPE = "Item"
Changes = dict[str, list[Any]]
# Our name of a field -> the Item's fields, where they are not called the same.
FIELDS_OF = {"is_disabled": ("disabled",), "weight": ("weight_per_unit", "weight_uom")}
# ERPNext refuses to change these once there are transactions.
LASTING = ("is_stock_item", "has_variants", "attributes")


def save_item(name: str | None, values: ItemValues) -> Saved:
    code = name or values.item_code
    kept: Changes = {}
    with refusals(f"{DOCTYPE} {code}"):
        doc, changes = _update(name, values, kept) if name else _insert(values, kept)
        for price in values.prices:
            found = save_price(doc, price, is_kept="prices" in values.kept)
            (kept if "prices" in values.kept else changes).update(found)
        if values.images is not None:
            changes |= save_images(doc, values.images, values.source, kept, is_new=name is None)
        if values.components:
            found = save_bundle(doc, values.components, is_kept="components" in values.kept)
            (kept if "components" in values.kept else changes).update(found)
    action = "created" if name is None else "updated" if changes else "unchanged"
    return Saved(DOCTYPE, doc.name, action, changes, not_applied=kept)


def find_item(sku: str) -> str | None:
    return frappe.db.get_value(DOCTYPE, {"name": ("=", sku)})


def is_template(item_code: str) -> bool:
    return bool(frappe.db.get_value(DOCTYPE, {"name": ("=", item_code)}, "has_variants"))


def _insert(values: ItemValues, kept: Changes) -> tuple[Document, Changes]:
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
    _set_barcode(doc, values, kept)
    _insert_without_prices(doc)
    if doc.name != values.item_code:
        raise BusinessError(
            "item_naming",
            _(
                "ERPNext named the Item {0} instead of its SKU {1}. In Stock Settings set 'Item Naming By' to"
                " Item Code; it goes then by itself."
            ).format(doc.name, values.item_code),
            waits_on="item_naming",
        )
    # Its Item Price asks for it.
    keep_at_hand(doc)
    return doc, changes


def _insert_without_prices(doc: Document) -> None:
    """ERPNext looks for prices to bring up to date, and a new Item has none. Looking locks the gap in the index where the
    prices of other new Items go as well: two of them deadlocked."""
    is_erpnexts = type(doc).update_item_price is Item.update_item_price
    if is_erpnexts:
        doc.update_item_price = _no_prices
    doc.insert()
    if is_erpnexts:
        del doc.update_item_price


# A function of the module, since apps may put the document into a queue meanwhile.
def _no_prices() -> None:
    pass


def _update(name: str, values: ItemValues, kept: Changes) -> tuple[Document, Changes]:
    """The unit of an existing Item stays: quantities in stock and open orders are counted in it.

    kept is filled with what belongs to the ERP and the shop says otherwise.
    """
    doc = frappe.get_doc(DOCTYPE, name, for_update=True)
    fields = _fields(values)
    of_erp = {field for ours in values.kept for field in FIELDS_OF.get(ours, (ours,))}
    kept |= differing(doc, {field: fields[field] for field in of_erp & fields.keys()})
    changes = set_values(doc, {field: value for field, value in fields.items() if field not in of_erp})
    changes |= _set_attributes(doc, values)
    changes |= _set_barcode(doc, values, kept)
    if changes:
        _save(doc, changes)
    return doc, changes


def _save(doc: Document, changes: Changes) -> None:
    # ERPNext would give each variant the template's weight and flags, which the shop sets one by one.
    doc.flags.dont_update_variants = True
    lasting = [field for field in LASTING if field in changes]
    try:
        doc.save()
    except frappe.ValidationError as error:
        if not lasting or isinstance(error, frappe.MandatoryError | frappe.LinkValidationError):
            raise
        labels = ", ".join(_(doc.meta.get_label(field)) for field in lasting)
        raise BusinessError("item_in_use", _in_use(doc.name, labels, words_of(error))) from None
    if doc.has_variants:
        _follow_template(doc, changes)


def _in_use(name: str, labels: str, refusal: str) -> str:
    """ERPNext's own words do not say what to do."""
    return _(
        "Item {0} is in use, so ERPNext keeps {1} as it is. Give the changed product another SKU in the shop, which"
        " makes a new Item, or undo the change there. ERPNext says: {2}"
    ).format(name, labels, refusal)


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


def _set_attributes(doc: Document, values: ItemValues) -> Changes:
    if values.attribute_values and not doc.variant_of:
        # Adopted as an Item of its own, which has no attributes.
        return {}
    before = _attributes(doc)
    for name in values.attribute_names:
        row = ensure_attribute(name)
        if row["attribute"] not in [one.attribute for one in doc.attributes]:
            doc.append("attributes", row)
    wanted = [(ensure_attribute(name), value) for name, value in values.attribute_values]
    said = [row["attribute"] for row, _value in wanted]
    for row, value in wanted:
        _set_value(doc, row, ensure_value(row["attribute"], value), said)
    after = _attributes(doc)
    return {"attributes": [before, after]} if after != before else {}


def _attributes(doc: Document) -> list[list[str]]:
    return [[row.attribute, row.attribute_value or ""] for row in doc.attributes]


def _set_value(doc: Document, wanted: dict[str, Any], value: str, said: list[str]) -> None:
    row = next((one for one in doc.attributes if one.attribute == wanted["attribute"]), None)
    if row is None:
        row = doc.append("attributes", wanted)
        for other in doc.attributes[:]:
            if other.attribute not in said and other.attribute_value == value:
                # The shop gave the option another name. Other attributes that users added stay.
                doc.remove(other)
    row.attribute_value = value


def _new_barcode(doc: Document, barcode: str | None) -> Changes:
    barcode = plain(barcode)
    known = [row.barcode for row in doc.barcodes]
    return {"barcodes": [known, [*known, barcode]]} if barcode and barcode not in known else {}


def _set_barcode(doc: Document, values: ItemValues, kept: Changes) -> Changes:
    """Added, never taken away: labels with the old one are still out there. One that another Item has is left out
    and told, since ERPNext takes a barcode once and an article can be sold without."""
    change = _new_barcode(doc, values.barcode)
    barcode = plain(values.barcode)
    if change and ("barcode" in values.kept or _is_taken(doc, barcode)):
        kept |= change
        return {}
    if change:
        doc.append("barcodes", {"barcode": barcode})
    return change


def _is_taken(doc: Document, barcode: str) -> bool:
    owner = frappe.db.get_value("Item Barcode", {"barcode": ("=", barcode)}, "parent")
    return bool(owner and owner != doc.name)


def _follow_template(doc: Document, changes: Changes) -> None:
    """A variant's group and brand are its template's, and it goes and comes back with it: the shop says these of
    the product only."""
    followed = {field: doc.get(field) for field in ("item_group", "brand", "disabled") if field in changes}
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
