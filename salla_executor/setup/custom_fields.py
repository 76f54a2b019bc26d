"""The fields that this app adds to ERPNext's doctypes: one dictionary, created, checked and removed from here."""

import frappe
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields
from frappe.custom.doctype.property_setter.property_setter import make_property_setter
from frappe.model import no_value_fields

_SHOWN = {"read_only": 1, "no_copy": 1}
_LIVE = {**_SHOWN, "allow_on_submit": 1}

# Saudi National Address; people may correct it, as every field of an Address.
_NATIONAL_ADDRESS = [
    {
        "fieldname": "shop_short_address",
        "fieldtype": "Data",
        "label": "Short Address",
        "insert_after": "pincode",
        "description": "Saudi National Address, such as RRRD2929",
        "depends_on": "eval: doc.country === 'Saudi Arabia' || doc.shop_short_address",
    },
    {
        "fieldname": "shop_building_number",
        "fieldtype": "Data",
        "label": "Building Number",
        "insert_after": "shop_short_address",
        "depends_on": "eval: doc.country === 'Saudi Arabia' || doc.shop_building_number",
    },
    {
        "fieldname": "shop_additional_number",
        "fieldtype": "Data",
        "label": "Additional Number",
        "insert_after": "shop_building_number",
        "depends_on": "eval: doc.country === 'Saudi Arabia' || doc.shop_additional_number",
    },
    {
        "fieldname": "shop_district",
        "fieldtype": "Data",
        "label": "District",
        "insert_after": "shop_additional_number",
        "depends_on": "eval: doc.country === 'Saudi Arabia' || doc.shop_district",
    },
]


def _money(fieldname: str, label: str, insert_after: str, **more: object) -> dict[str, object]:
    """What the shop says, in the order's currency."""
    kind = {"fieldtype": "Currency", "options": "currency"}
    return {"fieldname": fieldname, "label": label, "insert_after": insert_after, **kind, **_SHOWN, **more}


CUSTOM_FIELDS = {
    "Address": [
        {
            "fieldname": "shop_address_key",
            "fieldtype": "Data",
            "label": "Shop Address Key",
            "insert_after": "is_shipping_address",
            "length": 64,
            "unique": 1,
            "hidden": 1,
            "print_hide": 1,
            **_SHOWN,
        },
        {
            "fieldname": "shop_address_id",
            "fieldtype": "Data",
            "label": "Shop Address ID",
            "insert_after": "shop_address_key",
            "hidden": 1,
            "print_hide": 1,
            **_SHOWN,
        },
        *_NATIONAL_ADDRESS,
    ],
    "Sales Order": [
        # Beside the customer: a list shows only the first few fields.
        {
            "fieldname": "shop_reference",
            "fieldtype": "Data",
            "label": "Shop Reference",
            "insert_after": "order_type",
            "depends_on": "shop_reference",
            "in_global_search": 1,
            "in_list_view": 1,
            "in_standard_filter": 1,
            "search_index": 1,
            **_SHOWN,
        },
        {
            "fieldname": "shop_tab",
            "fieldtype": "Tab Break",
            "label": "Shop",
            "insert_after": "party_account_currency",
            "depends_on": "shop_order",
        },
        {
            "fieldname": "shop_store",
            "fieldtype": "Data",
            "label": "Store Account",
            "insert_after": "shop_tab",
            "in_standard_filter": 1,
            **_SHOWN,
        },
        {
            "fieldname": "shop_order",
            "fieldtype": "Data",
            "label": "Shop Order ID",
            "insert_after": "shop_store",
            "search_index": 1,
            **_SHOWN,
        },
        {
            "fieldname": "shop_order_key",
            "fieldtype": "Data",
            "label": "Shop Order Key",
            "insert_after": "shop_order",
            "length": 64,
            "unique": 1,
            "hidden": 1,
            "print_hide": 1,
            **_SHOWN,
        },
        {
            "fieldname": "shop_content",
            "fieldtype": "Data",
            "label": "Shop Content Hash",
            "insert_after": "shop_order_key",
            "length": 64,
            "hidden": 1,
            "print_hide": 1,
            **_SHOWN,
        },
        {
            "fieldname": "shop_created_at",
            "fieldtype": "Datetime",
            "label": "Ordered At",
            "insert_after": "shop_content",
            **_SHOWN,
        },
        {
            "fieldname": "shop_branch",
            "fieldtype": "Data",
            "label": "Shop Branch",
            "insert_after": "shop_created_at",
            **_SHOWN,
        },
        {
            "fieldname": "shop_url",
            "fieldtype": "Data",
            "options": "URL",
            "label": "Order in the Shop",
            "insert_after": "shop_branch",
            **_LIVE,
        },
        {"fieldname": "shop_column", "fieldtype": "Column Break", "insert_after": "shop_url"},
        {
            "fieldname": "shop_status_name",
            "fieldtype": "Data",
            "label": "Shop Status",
            "insert_after": "shop_column",
            "in_standard_filter": 1,
            **_LIVE,
        },
        {
            "fieldname": "shop_status",
            "fieldtype": "Data",
            "label": "Shop Status Slug",
            "insert_after": "shop_status_name",
            **_LIVE,
        },
        {
            "fieldname": "shop_payment_method",
            "fieldtype": "Data",
            "label": "Shop Payment Method",
            "insert_after": "shop_status",
            **_LIVE,
        },
        {
            "fieldname": "shop_mode_of_payment",
            "fieldtype": "Link",
            "options": "Mode of Payment",
            "label": "Mode of Payment",
            "insert_after": "shop_payment_method",
            **_LIVE,
        },
        {
            "fieldname": "shop_channel",
            "fieldtype": "Data",
            "label": "Sales Channel",
            "insert_after": "shop_mode_of_payment",
            "in_standard_filter": 1,
            **_LIVE,
        },
        {
            "fieldname": "shop_tax_invoice_by",
            "fieldtype": "Select",
            "options": "\nERP\nShop",
            "label": "Tax Invoice By",
            "insert_after": "shop_channel",
            **_SHOWN,
        },
        _money("shop_total", "Total in the Shop", "shop_tax_invoice_by"),
        _money("shop_tax", "VAT in the Shop", "shop_total", depends_on="shop_tax"),
        _money("shop_shipping", "Shipping in the Shop", "shop_tax", depends_on="shop_shipping"),
        _money(
            "shop_cash_on_delivery",
            "Cash on Delivery in the Shop",
            "shop_shipping",
            depends_on="shop_cash_on_delivery",
        ),
        _money("shop_discount", "Discount in the Shop", "shop_cash_on_delivery", depends_on="shop_discount"),
        {
            "fieldname": "shop_difference",
            "fieldtype": "Currency",
            "options": "currency",
            "label": "Shop Total less Grand Total",
            "insert_after": "shop_discount",
            **_LIVE,
        },
        {
            "fieldname": "shop_difference_note",
            "fieldtype": "Small Text",
            "label": "Difference to the Shop",
            "insert_after": "shop_difference",
            **_LIVE,
        },
        {
            "fieldname": "shop_comparison",
            "fieldtype": "HTML",
            "label": "Shop and ERP",
            "insert_after": "shop_difference_note",
            "depends_on": "shop_difference_note",
            "print_hide": 1,
        },
        {
            "fieldname": "shop_accepted_by",
            "fieldtype": "Link",
            "options": "User",
            "label": "Difference Accepted By",
            "insert_after": "shop_comparison",
            "depends_on": "shop_accepted_by",
            **_LIVE,
        },
        {
            "fieldname": "shop_attention",
            "fieldtype": "Small Text",
            "label": "Needs a Person",
            "insert_after": "shop_accepted_by",
            "depends_on": "shop_attention",
            "in_standard_filter": 1,
            **_LIVE,
        },
        {
            "fieldname": "shop_status_done",
            "fieldtype": "Data",
            "label": "Status Whose Actions Are Done",
            "insert_after": "shop_attention",
            "hidden": 1,
            "print_hide": 1,
            **_LIVE,
        },
        {
            "fieldname": "shop_note",
            "fieldtype": "Small Text",
            "label": "Buyer's Note",
            "insert_after": "shop_status_done",
            **_SHOWN,
        },
    ],
    "Sales Order Item": [
        {
            "fieldname": "shop_line",
            "fieldtype": "Data",
            "label": "Shop Line ID",
            "insert_after": "item_name",
            "hidden": 1,
            "print_hide": 1,
            **_SHOWN,
        },
        {
            "fieldname": "shop_amount",
            "fieldtype": "Currency",
            "options": "currency",
            "label": "Amount in the Shop",
            "insert_after": "shop_line",
            "hidden": 1,
            "print_hide": 1,
            **_SHOWN,
        },
    ],
}

# Customers are found by phone or e-mail; without these indexes each look-up reads the whole table.
INDEXED_FIELDS = (("Contact Phone", "phone"), ("Contact Email", "email_id"))


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
        for field in CUSTOM_FIELDS[doctype]
        if not frappe.get_meta(doctype).has_field(field["fieldname"])
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
