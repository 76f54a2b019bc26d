"""The roles and the user that commands are applied with: exactly the rights that applying needs."""

import frappe
from frappe.permissions import add_permission, update_permission_property
from frappe.permissions import rights as ALL_RIGHTS

INTEGRATION_ROLE = "Salla Executor Integration"
READER_ROLE = "Salla Executor Reader"
# No mail can reach this domain, so the user has no way to set a password.
INTEGRATION_USER = "salla-executor@integration.invalid"

_READ = ("read",)
_WRITE = ("read", "write", "create")
RIGHTS = {
    "Address": _WRITE,
    "Brand": _WRITE,
    "Contact": _WRITE,
    "Customer": _WRITE,
    "Item": _WRITE,
    "Item Attribute": _WRITE,
    "Item Group": _WRITE,
    "Item Price": _WRITE,
    "Product Bundle": _WRITE,
    "Sales Order": (*_WRITE, "submit"),
    "UOM": ("read", "create"),
}

_FOLLOW_UP = (*_WRITE, "submit")
# Granted once a setting or a status asks for it.
RIGHTS_ON_DEMAND = {
    # Update Items asks for the right to delete a row of it.
    "Sales Order": ("cancel", "delete"),
    "Delivery Note": _FOLLOW_UP,
    "Sales Invoice": _FOLLOW_UP,
    "Payment Entry": _FOLLOW_UP,
    # A payment looks up balances.
    "Account": _READ,
    "ToDo": _WRITE,
}


def make_roles_and_user() -> None:
    _make_role(INTEGRATION_ROLE, desk_access=0)
    _make_role(READER_ROLE, desk_access=1)
    for doctype, rights in RIGHTS.items():
        _grant(doctype, rights)
    _make_user()


def grant_on_demand(*doctypes: str) -> None:
    """Of these, what RIGHTS_ON_DEMAND names; what is granted already is left alone."""
    for doctype in doctypes:
        _grant(doctype, RIGHTS_ON_DEMAND[doctype])


def remove_rights() -> None:
    frappe.db.delete("Custom DocPerm", {"role": INTEGRATION_ROLE})
    for doctype in RIGHTS | RIGHTS_ON_DEMAND:
        _drop_copied_permissions(doctype)
        frappe.clear_cache(doctype=doctype)
    if frappe.db.exists("User", INTEGRATION_USER):
        # Documents name this user as their owner, so it stays, without a way in.
        frappe.db.set_value("User", INTEGRATION_USER, "enabled", 0)
    for role in (INTEGRATION_ROLE, READER_ROLE):
        frappe.db.delete("Has Role", {"role": role})
        frappe.delete_doc("Role", role, force=True, ignore_missing=True)


def _drop_copied_permissions(doctype: str) -> None:
    """Granting made Frappe copy the standard permissions; unless someone changed them, the standard holds again."""
    fields = ["role", "permlevel", "if_owner", *ALL_RIGHTS]
    custom, standard = (
        frappe.get_all(table, {"parent": doctype}, fields, as_list=True)
        for table in ("Custom DocPerm", "DocPerm")
    )
    if sorted(custom) == sorted(standard):
        frappe.db.delete("Custom DocPerm", {"parent": doctype})


def _make_role(name: str, desk_access: int) -> None:
    if not frappe.db.exists("Role", name):
        role = frappe.new_doc("Role")
        role.role_name = name
        role.desk_access = desk_access
        role.insert()
    elif frappe.db.get_value("Role", name, "desk_access") != desk_access:
        # The sync of our doctypes has made the role already, with Frappe's default.
        frappe.db.set_value("Role", name, "desk_access", desk_access)


def _grant(doctype: str, rights: tuple[str, ...]) -> None:
    row = {"parent": doctype, "role": INTEGRATION_ROLE, "permlevel": 0, "if_owner": 0}
    if not frappe.db.exists("Custom DocPerm", row):
        add_permission(doctype, INTEGRATION_ROLE)
    granted = frappe.db.get_value("Custom DocPerm", row, list(rights), as_dict=True)
    for right in rights:
        if not granted[right]:
            update_permission_property(doctype, INTEGRATION_ROLE, 0, right, 1, validate=False)
    frappe.clear_cache(doctype=doctype)


def _make_user() -> None:
    user = frappe.new_doc("User")
    if frappe.db.exists("User", INTEGRATION_USER):
        user = frappe.get_doc("User", INTEGRATION_USER)
    if any(row.role == INTEGRATION_ROLE for row in user.roles):
        return
    # New, or left behind without its role by an uninstall.
    user.email = INTEGRATION_USER
    user.first_name = "Salla Executor"
    user.enabled = 1
    user.send_welcome_email = 0
    user.append("roles", {"role": INTEGRATION_ROLE})
    user.flags.no_welcome_mail = True
    user.save()
