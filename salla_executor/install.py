"""Runs when the app is installed on a site and before it is removed."""

import frappe

from salla_executor.erpnext.settings import DOCTYPE
from salla_executor.setup.custom_fields import make_custom_fields, remove_custom_fields
from salla_executor.setup.integration_user import INTEGRATION_USER, make_roles_and_user, remove_rights


def after_install() -> None:
    make_custom_fields()
    make_roles_and_user()
    choose_integration_user()
    fill_new_choices()


def before_uninstall() -> None:
    remove_custom_fields()
    remove_rights()


def fill_new_choices() -> None:
    """A Single that was saved before keeps a choice that came with an update empty, while its default holds."""
    stored = frappe.db.get_singles_dict(DOCTYPE)
    choices = [
        field for field in frappe.get_meta(DOCTYPE).fields if field.fieldtype == "Select" and field.default
    ]
    missing = {field.fieldname: field.default for field in choices if not stored.get(field.fieldname)}
    if missing:
        frappe.db.set_single_value(DOCTYPE, missing)


def choose_integration_user() -> None:
    if not frappe.db.get_single_value(DOCTYPE, "integration_user"):
        # Not saved as a document: on a site whose setup is not finished, other fields cannot hold yet.
        frappe.db.set_single_value(DOCTYPE, "integration_user", INTEGRATION_USER)
