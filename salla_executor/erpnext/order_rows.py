"""The rows of a Sales Order: lines and charges."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document

from salla_executor.core.values import SalesOrderValues
from salla_executor.erpnext.documents import plain, same, shown, stored

Row = dict[str, Any]
# Of a row what the shop says; the rest comes of this app's settings.
SAID = frozenset({"shop_line", "item_code", "qty", "rate", "shop_amount", "charge_type", "tax_amount"})


def line_rows(values: SalesOrderValues) -> list[Row]:
    return [
        {
            "shop_line": plain(line.external_id),
            "item_code": line.item_code,
            "item_name": plain(line.item_name),
            "description": plain(line.description, 1000) or plain(line.item_name),
            # The shop counts in the stock unit, whatever unit ERPNext would propose for a sale.
            "uom": frappe.get_cached_value("Item", line.item_code, "stock_uom"),
            "conversion_factor": 1,
            "qty": line.quantity,
            "price_list_rate": line.price_list_rate,
            "rate": line.rate,
            "warehouse": line.warehouse,
            "item_tax_template": line.item_tax_template,
            "shop_amount": line.shop_amount,
            "delivery_date": values.delivery_date,
        }
        for line in values.lines
    ]


def charge_rows(values: SalesOrderValues, cost_center: str) -> list[Row]:
    return [
        {
            "charge_type": charge.charge_type,
            "account_head": charge.account,
            "description": plain(charge.description),
            "rate": charge.rate,
            # ERPNext computes the amount of every other kind.
            "tax_amount": charge.amount if charge.charge_type == "Actual" else None,
            "row_id": None if charge.row_id is None else str(charge.row_id),
            "cost_center": cost_center or None,
        }
        for charge in values.charges
    ]


def replace_rows(doc: Document, table: str, rows: list[Row]) -> dict[str, list[Any]]:
    """All rows anew if any differs: line numbers, taxes and discounts hang together."""
    changes = _differing(doc, table, rows)
    if changes:
        doc.set(table, [])
        for row in rows:
            doc.append(table, {field: stored(value) for field, value in row.items() if value is not None})
    return changes


def said_otherwise(doc: Document, values: SalesOrderValues, cost_center: str) -> dict[str, list[Any]]:
    """Table -> [its rows, the shop's], where the shop says something else than stands there."""
    changes = _differing(doc, "items", line_rows(values), SAID)
    return changes | _differing(doc, "taxes", charge_rows(values, cost_center), SAID)


def _differing(
    doc: Document, table: str, rows: list[Row], fields: frozenset[str] | None = None
) -> dict[str, list[Any]]:
    """fields: those that count; None: all."""
    current = doc.get(table)
    pairs = zip(current, rows, strict=False)
    if len(current) == len(rows) and all(_is_same(child, row, fields) for child, row in pairs):
        return {}
    return {table: [[_summary(row.as_dict()) for row in current], [_summary(row) for row in rows]]}


def _is_same(child: Document, row: Row, fields: frozenset[str] | None) -> bool:
    return all(
        value is None or same(child, field, child.get(field), value)
        for field, value in row.items()
        if fields is None or field in fields
    )


def _summary(row: Row) -> str:
    if row.get("item_code"):
        return f"{row['item_code']} × {shown(row['qty'])} @ {shown(row['rate'])}"
    amount = row.get("tax_amount") if row["charge_type"] == "Actual" else f"{shown(row['rate'])} %"
    return f"{row['account_head']}: {shown(amount)}"
