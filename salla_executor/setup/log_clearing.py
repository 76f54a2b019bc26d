"""Delete old log rows in small transactions."""

import frappe
from frappe.utils import add_days, now_datetime

BATCH = 5000


def clear_in_batches(doctype: str, days: int) -> None:
    """Rows created more than `days` days ago."""
    delete_in_batches(doctype, "creation", add_days(now_datetime(), -days))


def delete_in_batches(doctype: str, field: str, before: object) -> int:
    """Delete the rows whose field is below `before`; doctype and field are names from our own code."""
    deleted = 0
    while names := frappe.get_all(
        doctype, filters={field: ("<", before)}, pluck="name", limit=BATCH, order_by=None
    ):
        frappe.db.delete(doctype, {"name": ("in", names)})
        # One transaction for all would lock the table that incoming commands insert into.
        frappe.db.commit()
        deleted += len(names)
    return deleted
