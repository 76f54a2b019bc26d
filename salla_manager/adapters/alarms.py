"""What somebody has to be told once: when it begins, and not again while it lasts."""

from __future__ import annotations

import frappe
from frappe.desk.doctype.notification_log.notification_log import enqueue_create_notification

from salla_manager.adapters.rows import plain

ROLES = ("Salla Manager Admin", "Salla Manager Operator")


def tell(doctype: str, name: str, subject: str) -> None:
    """To everybody who looks after this hub."""
    holders = frappe.get_all("Has Role", {"role": ("in", ROLES), "parenttype": "User"}, pluck="parent")
    users = frappe.get_all("User", {"name": ("in", holders or [""]), "enabled": 1}, pluck="email")
    about = {"type": "Alert", "document_type": doctype, "document_name": name, "subject": plain(subject, 500)}
    if users:
        enqueue_create_notification(users, {**about, "from_user": "Administrator"})


def changed(doctype: str, name: str, fieldname: str, text: str, subject: str) -> bool:
    """Keep the text in its field; tell of it where the field was empty. Whether anything is new."""
    text = plain(text)
    before = frappe.db.get_value(doctype, name, fieldname) or ""
    if before == text:
        return False
    frappe.db.set_value(doctype, name, fieldname, text, update_modified=False)
    if text and not before:
        tell(doctype, name, subject)
    return True
