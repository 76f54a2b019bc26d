"""Runs when the app is installed on a site and before it is removed."""

import frappe

from salla_executor.setup.custom_fields import make_custom_fields, remove_custom_fields
from salla_executor.setup.integration_user import INTEGRATION_USER, make_roles_and_user, remove_rights


def after_install() -> None:
    make_custom_fields()
    make_roles_and_user()
    choose_integration_user()


def before_uninstall() -> None:
    remove_custom_fields()
    remove_rights()


def choose_integration_user() -> None:
    settings = frappe.get_doc("Salla Executor Settings")
    if not settings.integration_user:
        settings.integration_user = INTEGRATION_USER
        settings.save()
