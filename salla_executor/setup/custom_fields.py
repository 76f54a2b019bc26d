"""The fields that this app adds to ERPNext's DocTypes: created, checked and removed from here."""

import frappe
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields
from frappe.custom.doctype.property_setter.property_setter import make_property_setter
from frappe.model import no_value_fields

from salla_executor.setup.shop_fields import CUSTOM_FIELDS, INDEXED_FIELDS


def make_custom_fields() -> None:
    create_custom_fields(CUSTOM_FIELDS, ignore_validate=True)
    for doctype, field in INDEXED_FIELDS:
        make_property_setter(doctype, field, "search_index", 1, "Check", validate_fields_for_doctype=False)
        frappe.clear_cache(doctype=doctype)
        frappe.db.updatedb(doctype)


def remove_custom_fields() -> None:
    for doctype, fields in CUSTOM_FIELDS.items():
        for field in fields:
            name = frappe.db.get_value("Custom Field", {"dt": doctype, "fieldname": field["fieldname"]})
            if name:
                frappe.delete_doc("Custom Field", name)
    for doctype, field in INDEXED_FIELDS:
        filters = {"doc_type": doctype, "field_name": field, "property": "search_index"}
        for name in frappe.get_all("Property Setter", filters=filters, pluck="name"):
            frappe.delete_doc("Property Setter", name)
        frappe.clear_cache(doctype=doctype)


def missing_custom_fields(*doctypes: str) -> list[str]:
    """Which of our fields a doctype lacks, as `Sales Order.shop_order`; all doctypes unless some are named."""
    return [
        f"{doctype}.{field['fieldname']}"
        for doctype in doctypes or CUSTOM_FIELDS
        # Each order asks, and getting the meta costs more than asking it.
        for meta in (frappe.get_meta(doctype),)
        for field in CUSTOM_FIELDS[doctype]
        if not meta.has_field(field["fieldname"])
    ]


def columns_to_make() -> list[str]:
    """Which of our fields have no column in the database, whatever the doctypes say."""
    return [
        f"{doctype}.{field['fieldname']}"
        for doctype, fields in CUSTOM_FIELDS.items()
        for field in fields
        if field["fieldtype"] not in no_value_fields and not _has_column(doctype, field["fieldname"])
    ]


def _has_column(doctype: str, column: str) -> bool:
    # Frappe's own `has_column` asks a cache.
    return bool(frappe.db.sql(f"show columns from `tab{doctype}` where Field = %s", column))
