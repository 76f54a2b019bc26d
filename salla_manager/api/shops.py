"""What the buttons about a shop's access and webhooks call."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import escape_html

from salla_manager.adapters import connecting, subscriptions
from salla_manager.api.told import told
from salla_manager.core.connect import ConnectError

STORE = "Store Account"


@frappe.whitelist(methods=["POST"])
def connect_to_salla(store: str = "") -> str:
    """The URL of Salla's consent page; store: the Store Account that it is for, if any."""
    frappe.has_permission(STORE, "create", throw=True)
    return connecting.begin(store)


@frappe.whitelist(allow_guest=True, methods=["GET"])
def salla_callback() -> None:
    """Where Salla sends the browser back to. A guest has begun nothing, so there is nothing to end for one."""
    given = frappe.request.args
    try:
        name = connecting.finish(given.get("state", ""), given.get("code", ""), given.get("error", "")[:140])
    except ConnectError as error:
        frappe.respond_as_web_page(
            _("The shop is not connected"),
            escape_html(str(error)),
            http_status_code=400,
            indicator_color="red",
        )
        return
    frappe.local.response.update({"type": "redirect", "location": f"/app/store-account/{name}"})


@frappe.whitelist(methods=["GET"])
def addresses() -> dict[str, str]:
    """callback and webhook, for Salla's partner portal."""
    frappe.has_permission(STORE, "read", throw=True)
    return connecting.addresses()


@frappe.whitelist(methods=["POST"])
def check_webhooks(store: str) -> dict[str, Any]:
    """ok, url and lines: what is not as it should be with the shop's subscriptions."""
    frappe.has_permission("External Record", "write", throw=True)
    frappe.has_permission(STORE, "read", store, throw=True)
    return told(subscriptions.check, store)


@frappe.whitelist(methods=["POST"])
def repair_webhooks(store: str) -> dict[str, Any]:
    """As check_webhooks, with what was done about each line."""
    frappe.has_permission(STORE, "write", store, throw=True)
    return told(subscriptions.check, store, True)
