"""What installing makes besides the DocTypes. Every step can be done again: patches call them too."""

import frappe

from salla_manager.adapters import identity
from salla_manager.setup.roles import make_roles, remove_roles

SETTINGS = "Salla Manager Settings"


def after_install() -> None:
    make_roles()
    save_default_settings()
    identity.establish()


def before_uninstall() -> None:
    remove_roles()


def save_default_settings() -> None:
    """A Single that was never saved has no values in reports and no row for `get_single_value`."""
    if not frappe.db.get_singles_dict(SETTINGS).get("retry_max_attempts"):
        frappe.get_doc(SETTINGS).save()
