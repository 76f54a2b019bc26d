"""Shop Order Status: the shop's catalogue of order statuses."""

from __future__ import annotations

from pypika.terms import Criterion

import frappe

from salla_executor.core.model import Saved
from salla_executor.core.values import OrderStatusValues
from salla_executor.erpnext.documents import plain, set_values
from salla_executor.erpnext.errors import refusals

DOCTYPE = "Shop Order Status"
HAS_ACTIONS = "salla_executor_has_status_actions"
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


def has_actions() -> bool:
    """Whether any status of any store asks for anything; kept in the cache, since each command asks."""
    return bool(frappe.cache.get_value(HAS_ACTIONS, _find_actions))


def forget_actions() -> None:
    """Now, and once others can read the change."""
    frappe.cache.delete_value(HAS_ACTIONS)
    frappe.db.after_commit.add(lambda: frappe.cache.delete_value(HAS_ACTIONS))


def _find_actions() -> int:
    table = frappe.qb.DocType(DOCTYPE)
    ticked = [table[field] == 1 for field in ACTIONS]
    return len(frappe.qb.from_(table).select(table.name).where(Criterion.any(ticked)).limit(1).run())


def status_actions(source: str, ids: tuple[str, ...]) -> tuple[str, ...] | None:
    """ref: salla_executor.core.ports.Erp"""
    if not has_actions():
        return ()
    rows = frappe.get_all(DOCTYPE, {"source": source}, ["external_id", "slug", *ACTIONS])
    wanted = {row.external_id: _wanted(row) for row in rows} | {row.slug: _wanted(row) for row in rows}
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
