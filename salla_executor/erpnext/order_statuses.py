"""Shop Order Status: the shop's catalogue of order statuses."""

from __future__ import annotations

import frappe

from salla_executor.core.model import Saved
from salla_executor.core.values import OrderStatusValues
from salla_executor.erpnext.documents import plain, set_values
from salla_executor.erpnext.errors import refusals

DOCTYPE = "Shop Order Status"
# Check of the catalogue -> action.
ACTIONS = {
    "do_submit": "submit",
    "make_delivery_note": "delivery_note",
    "make_sales_invoice": "sales_invoice",
    "make_payment_entry": "payment_entry",
    "do_close": "close",
    "make_return": "return",
    "do_cancel": "cancel",
}
READ = f"""
    SELECT external_id, slug, {", ".join(ACTIONS)} FROM `tabShop Order Status` WHERE source = %s LOCK IN SHARE MODE
"""
Catalogue = dict[str, tuple[str, ...]]


def catalogue(source: str) -> Catalogue:
    """By id and by slug. A locking read: it comes before the lock on submits, and a plain one would fix what is seen
    behind that."""
    rows = frappe.db.sql(READ, source, as_dict=True)
    return {row.external_id: _wanted(row) for row in rows} | {row.slug: _wanted(row) for row in rows}


def status_actions(wanted: Catalogue, ids: tuple[str, ...]) -> tuple[str, ...] | None:
    """ref: salla_executor.core.ports.Erp"""
    if not any(wanted.values()):
        return ()
    known = [wanted[one] for one in ids if one in wanted]
    # A custom status says what differs from the one it hangs under.
    return next((actions for actions in known if actions), ()) if known else None


def _wanted(row: dict[str, int]) -> tuple[str, ...]:
    return tuple(action for field, action in ACTIONS.items() if row[field])


def save_order_status(name: str | None, values: OrderStatusValues) -> Saved:
    with refusals(f"{DOCTYPE} {plain(values.title)}"):
        doc = frappe.get_doc(DOCTYPE, name, for_update=True) if name else frappe.new_doc(DOCTYPE)
        fields = {
            "source": values.source,
            "external_id": values.external_id,
            "slug": plain(values.slug),
            "title": plain(values.title),
            "type": values.type,
            "original_id": values.original_id,
            "is_active": values.is_active,
        }
        changes = set_values(doc, fields)
        if name is None:
            doc.insert()
            return Saved(DOCTYPE, doc.name, "created", changes)
        if changes:
            doc.save()
        return Saved(DOCTYPE, doc.name, "updated" if changes else "unchanged", changes)
