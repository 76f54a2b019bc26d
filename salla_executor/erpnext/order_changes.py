"""A submitted Sales Order that the shop changed: its lines as ERPNext lets them be updated, or cancelled and amended."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from erpnext.controllers.accounts_controller import update_child_qty_rate

from salla_executor.core.model import BusinessError
from salla_executor.core.values import SalesOrderValues
from salla_executor.erpnext.documents import money
from salla_executor.erpnext.errors import refusals
from salla_executor.erpnext.order_rows import line_rows

DOCTYPE = "Sales Order"
SAVEPOINT = "shop_change"


def update_lines(name: str, values: SalesOrderValues) -> Document | None:
    """The order with the shop's lines and total; None, and nothing is changed, where ERPNext does not come to it."""
    frappe.db.savepoint(SAVEPOINT)
    try:
        with refusals(f"{DOCTYPE} {name}"):
            doc = frappe.get_doc(DOCTYPE, name)
            rows = line_rows(values)
            matched = _matched(doc, rows)
            update_child_qty_rate(DOCTYPE, json.dumps(matched, default=str), name)
            doc = _with_own_fields(frappe.get_doc(DOCTYPE, name), rows, matched)
            if money(doc.grand_total, doc.precision("grand_total")) == values.expected.total:
                return doc
    except BusinessError:
        pass
    frappe.db.rollback(save_point=SAVEPOINT)
    return None


def _matched(doc: Document, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As ERPNext's Update Items takes them: a row of the order where line and Item are the same, else a new one."""
    free = defaultdict(list)
    for child in doc.items:
        free[child.shop_line, child.item_code].append(child)
    matched = []
    for number, row in enumerate(rows, 1):
        found = free[row["shop_line"], row["item_code"]]
        child = found.pop(0) if found else None
        matched.append(
            {
                "docname": child.name if child else None,
                "idx": number,
                "item_code": row["item_code"],
                "qty": float(row["qty"]),
                "rate": float(row["rate"]),
                "uom": row["uom"],
                "conversion_factor": 1,
                "delivery_date": child.delivery_date if child else row["delivery_date"],
            }
        )
    return matched


def _with_own_fields(doc: Document, rows: list[dict[str, Any]], matched: list[dict[str, Any]]) -> Document:
    """What Update Items does not know of; new rows stand behind the others, in the order they were given in."""
    known = {match["docname"]: row for match, row in zip(matched, rows, strict=True) if match["docname"]}
    new = [row for match, row in zip(matched, rows, strict=True) if not match["docname"]]
    for child in doc.items:
        row = known.get(child.name) or new.pop(0)
        child.db_set({"shop_line": row["shop_line"], "shop_amount": float(row["shop_amount"] or 0)})
    return doc


def cancelled_for_amendment(doc: Document) -> Document:
    """A draft in the place of the cancelled order, still to be filled and inserted. Raises BusinessError."""
    if doc.per_delivered or doc.per_billed or doc.advance_paid:
        raise BusinessError(
            "order_in_use",
            _("Sales Order {0} was delivered, invoiced or paid already, so it cannot be amended.").format(
                doc.name
            ),
        )
    with refusals(f"{DOCTYPE} {doc.name}"):
        doc.cancel()
    amended = frappe.copy_doc(doc)
    amended.docstatus, amended.amended_from = 0, doc.name
    # Of the order before the change.
    amended.shop_content = None
    return amended
