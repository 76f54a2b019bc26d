"""What has to be mended on this site before commands can be applied, in words."""

from __future__ import annotations

import frappe
from frappe import _

from salla_executor.erpnext.settings import DOCTYPE, secret_problem
from salla_executor.setup.custom_fields import missing_custom_fields
from salla_executor.setup.integration_user import RIGHTS


def problems() -> list[str]:
    return [*_settings_problems(), *_field_problems(), *_user_problems()]


def _settings_problems() -> list[str]:
    settings = frappe.get_cached_doc(DOCTYPE)
    found = []
    if not settings.is_enabled:
        found.append(_("The executor is switched off: tick Enabled in Salla Executor Settings."))
    missing = settings.missing_fields()
    if missing:
        found.append(_("Fill in Salla Executor Settings: {0}.").format(", ".join(missing)))
    if problem := secret_problem():
        found.append(problem)
    return found


def _field_problems() -> list[str]:
    missing = missing_custom_fields()
    if not missing:
        return []
    return [
        _("Fields of this app are missing in ERPNext: {0}. Run `bench migrate` on this site.").format(
            ", ".join(missing)
        )
    ]


def _user_problems() -> list[str]:
    user = frappe.get_cached_doc(DOCTYPE).integration_user
    if not user:
        return []
    if not frappe.db.get_value("User", user, "enabled"):
        return [_("The integration user {0} is disabled: enable it or choose another.").format(user)]
    lacking = [
        f"{_(doctype)} ({_(right)})"
        for doctype, rights in RIGHTS.items()
        for right in rights
        if not frappe.has_permission(doctype, right, user=user)
    ]
    if not lacking:
        return []
    return [_("The integration user {0} lacks rights: {1}.").format(user, ", ".join(lacking))]
