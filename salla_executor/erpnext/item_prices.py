"""Item Price: one general selling price per price list; prices of a customer, a batch or a period are left alone."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from salla_executor.core.model import BusinessError
from salla_executor.core.values import ItemPrice
from salla_executor.erpnext.documents import set_values

DOCTYPE = "Item Price"
# Written out, since each product with a price asks: Frappe's builds the same statement for longer than it runs.
FIND = """
    SELECT name FROM `tabItem Price`
    WHERE item_code = %(item_code)s AND price_list = %(price_list)s AND IFNULL(uom, '') IN ('', %(uom)s)
        AND IFNULL(customer, '') = '' AND IFNULL(batch_no, '') = '' AND valid_upto IS NULL AND packing_unit = 0
    ORDER BY valid_from DESC LIMIT 1
"""


def save_price(item: Document, price: ItemPrice, *, is_kept: bool = False) -> dict[str, list[Any]]:
    """Returns what changed, under `price <price list>`; is_kept: what would."""
    _check_currency(price)
    found = _find(item, price.price_list)
    if found:
        doc = frappe.get_doc(DOCTYPE, found)
    else:
        doc = frappe.new_doc(DOCTYPE)
        # ERPNext would fill in today; a price without dates is found whatever the order's day.
        set_values(
            doc,
            {"item_code": item.name, "price_list": price.price_list, "uom": item.stock_uom, "valid_from": ""},
        )
    changes = set_values(doc, {"price_list_rate": price.rate})
    if found and not changes:
        return {}
    if not is_kept:
        doc.save()
    before, after = changes.get("price_list_rate", [None, "0"])
    return {f"price {price.price_list}": [before if found else None, after]}


def _find(item: Document, price_list: str) -> str | None:
    values = {"item_code": item.name, "price_list": price_list, "uom": item.stock_uom}
    rows = frappe.db.sql(FIND, values)
    return rows[0][0] if rows else None


def _check_currency(price: ItemPrice) -> None:
    currency = frappe.get_cached_value("Price List", price.price_list, "currency")
    if currency != price.currency:
        raise BusinessError(
            "price_currency",
            _(
                "The shop's price is in {0}, the price list {1} is in {2}. Choose a price list in {0} in Salla"
                " Executor Settings; it goes then by itself."
            ).format(price.currency, price.price_list, currency),
            waits_on="setting:price_list",
        )
