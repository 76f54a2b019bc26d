"""What has to be mended on this site before commands can be applied, as a checklist in words."""

from __future__ import annotations

from collections.abc import Callable

import frappe
from frappe import _

from salla_executor.core.checklist import FAILED, OK, Row
from salla_executor.erpnext.settings import DOCTYPE, secret_problem
from salla_executor.setup.custom_fields import columns_to_make, missing_custom_fields
from salla_executor.setup.integration_user import RIGHTS


def checks() -> list[Row]:
    """Texts are in the language of whoever asks."""
    return [
        _row(_("Executor"), _switch, _("It is switched on.")),
        _row(_("Settings"), _settings, _("All that is needed is filled in.")),
        _row(_("Company"), _posting, _("Warehouse, cost center and accounts belong together.")),
        _row(_("Shared Secret"), _secret, _("It can be read.")),
        _row(_("Integration User"), _user, _("It has each right that commands need.")),
        _row(_("Custom Fields"), _fields, _("They stand in the database.")),
    ]


def problems() -> list[str]:
    return [row.text for row in checks() if row.state == FAILED]


def _row(check: str, look: Callable[[], str], good: str) -> Row:
    try:
        problem = look()
    except Exception as error:
        # A list with a hole would look like a good one.
        problem = _("This could not be checked: {0}").format(type(error).__name__)
    return Row(check, FAILED if problem else OK, "{0}", (problem or good,))


def _switch() -> str:
    if frappe.get_cached_doc(DOCTYPE).is_enabled:
        return ""
    return _("The executor is switched off: tick Enabled in Salla Executor Settings.")


def _settings() -> str:
    missing = frappe.get_cached_doc(DOCTYPE).missing_fields()
    return _("Fill in Salla Executor Settings: {0}.").format(", ".join(missing)) if missing else ""


def _posting() -> str:
    return " ".join(frappe.get_cached_doc(DOCTYPE).posting_problems())


def _secret() -> str:
    return secret_problem()


def _user() -> str:
    user = frappe.get_cached_doc(DOCTYPE).integration_user
    if not user:
        return _("Choose an integration user in Salla Executor Settings.")
    if not frappe.db.get_value("User", user, "enabled"):
        return _("The integration user {0} is disabled: enable it or choose another.").format(user)
    lacking = [
        f"{_(doctype)} ({_(right)})"
        for doctype, rights in RIGHTS.items()
        for right in rights
        if not frappe.has_permission(doctype, right, user=user)
    ]
    if not lacking:
        return ""
    return _("The integration user {0} lacks rights: {1}.").format(user, ", ".join(lacking))


def _fields() -> str:
    missing = sorted({*missing_custom_fields(), *columns_to_make()})
    if not missing:
        return ""
    return _("Fields of this app are missing in ERPNext: {0}. Run `bench migrate` on this site.").format(
        ", ".join(missing)
    )
