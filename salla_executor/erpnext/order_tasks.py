"""What a person has to look at on a Sales Order: kept on it, and a ToDo for whom the settings name."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document

from salla_executor.erpnext.documents import plain
from salla_executor.erpnext.settings import DOCTYPE as SETTINGS

DOCTYPE = "Sales Order"


def ask_person(doc: Document, text: str) -> None:
    """An empty text ends it."""
    text = plain(text, 1000)
    if text == (doc.get("shop_attention") or ""):
        return
    doc.db_set("shop_attention", text)
    _close_tasks([name for name in (doc.name, doc.amended_from) if name])
    if text:
        _make_task(doc.name, text)


def _make_task(order: str, text: str) -> None:
    user = frappe.get_cached_doc(SETTINGS).task_user
    if not user:
        return
    task = frappe.new_doc("ToDo")
    task.allocated_to = user
    task.reference_type, task.reference_name = DOCTYPE, order
    task.description = _("Sales Order {0}: {1}").format(order, text)
    task.insert()


def _close_tasks(orders: list[str]) -> None:
    own = {"reference_type": DOCTYPE, "reference_name": ("in", orders), "status": "Open"}
    own["owner"] = frappe.session.user
    for name in frappe.get_all("ToDo", filters=own, pluck="name"):
        task = frappe.get_doc("ToDo", name)
        task.status = "Closed"
        task.save()
