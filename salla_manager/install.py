"""What installing makes besides the DocTypes. Every step can be done again: patches call them too."""

import frappe
from frappe.utils import cint

from salla_manager.adapters import identity
from salla_manager.core.model import Settings
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


def pace_releases() -> None:
    """A field that is newer than the settings reads as 0 with their next save, which here means no limit."""
    if not cint(frappe.db.get_single_value(SETTINGS, "release_per_minute")):
        frappe.db.set_single_value(SETTINGS, "release_per_minute", Settings.release_per_minute)
