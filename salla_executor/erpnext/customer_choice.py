"""What a person decides of a shop's customer that fits several Customers, or one that contradicts it."""

from __future__ import annotations

import frappe
from frappe import _

from salla_executor.erpnext.waiting import DOCTYPE, NOTHING


def choose(reference: str, customer: str) -> None:
    """Raises frappe.ValidationError where nothing is to be decided."""
    doc = frappe.get_doc(DOCTYPE, reference, for_update=True)
    doc.check_permission("read")
    if doc.entity_type != "customer" or doc.document_name or not (doc.waits_on or "").startswith("customer:"):
        frappe.throw(_("{0} waits for no decision any more.").format(doc.external_id))
    frappe.get_doc("Customer", customer).check_permission("write")
    # The hash is of what was applied, and nothing was.
    doc.db_set({"document_type": "Customer", "document_name": customer, "content_hash": "", **NOTHING})
    doc.add_comment("Info", _("chose Customer {0} for it").format(customer))
