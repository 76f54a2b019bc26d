"""Rows that only the hub writes. `write` permission on them means: may press the buttons."""

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime

BATCH = 1000


class HubRow(Document):
    def validate(self):
        frappe.throw(
            _("{0} is written by the hub only. Use the buttons of the form.").format(_(self.doctype))
        )


def delete_in_batches(doctype: str, find: str, days: int) -> None:
    """Delete what `find` names (a query of names with the placeholders cutoff and batch), batch by batch."""
    cutoff = add_days(now_datetime(), -days)
    while names := frappe.db.sql(find, {"cutoff": cutoff, "batch": BATCH}, pluck=True):
        frappe.db.delete(doctype, {"name": ("in", names)})
        # One huge delete would lock the table for the workers.
        frappe.db.commit()
