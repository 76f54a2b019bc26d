"""The hub's roles."""

import frappe

ROLES = ("Salla Manager Operator", "Salla Manager Admin")


def make_roles() -> None:
    for role in ROLES:
        if not frappe.db.exists("Role", role):
            frappe.get_doc({"doctype": "Role", "role_name": role, "desk_access": 1}).insert()


def remove_roles() -> None:
    for role in ROLES:
        frappe.db.delete("Has Role", {"role": role})
        frappe.delete_doc("Role", role, force=True, ignore_missing=True)
