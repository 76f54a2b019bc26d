"""Pairing and the checklist for Desk and the command line: what core says, in the words of the screen."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from salla_manager.adapters.config_store import SETTINGS
from salla_manager.core import shared_secret
from salla_manager.core.check import check_instance, is_good
from salla_manager.core.host import Host
from salla_manager.key_agreement import CODE_MINUTES


def hub_url() -> str:
    """Where ERPs reach this hub, "" if nobody has said. Never what a request names as its host: anybody can write that."""
    return (frappe.db.get_single_value(SETTINGS, "hub_url") or frappe.conf.host_name or "").rstrip("/")


def pairing_code(host: Host, instance: str, url: str = "") -> dict[str, Any]:
    """text to be copied, hub_url, minutes; without a text where it is not known yet what the hub's address is.

    url: is kept in the settings from now on. Raises OperatorError."""
    if url:
        settings = frappe.get_doc(SETTINGS)
        settings.hub_url = url
        settings.save()
        # The code is made in a transaction of its own, which begins with a rollback.
        frappe.db.commit()
    known = hub_url()
    code = shared_secret.new_pairing_code(host, instance, known) if known else None
    return {"text": code.text() if code else "", "hub_url": known, "minutes": CODE_MINUTES}


def checklist(host: Host, instance: str) -> dict[str, Any]:
    """ok, and rows of check, state, message. Raises OperatorError."""
    rows = check_instance(host, instance)
    said = [
        {"check": _(row.check), "state": row.state, "message": _(row.message).format(*row.values)}
        for row in rows
    ]
    return {"ok": is_good(rows), "rows": said}
