"""Where shops report to. One function per platform; the raw bytes are proved and kept, nothing else happens here."""

from __future__ import annotations

import frappe

from salla_manager.adapters.failures import log_failure
from salla_manager.adapters.request_host import build_request_host
from salla_manager.adapters.rows import retrying
from salla_manager.api.net import Answer, refuse
from salla_manager.core.intake import receive_webhook


@frappe.whitelist(allow_guest=True, methods=["POST"], xss_safe=True)
def salla() -> Answer:
    """Salla's webhook. No parameters, so that no key of the body can become one."""
    return _receive("salla")


@frappe.whitelist(allow_guest=True, methods=["POST"], xss_safe=True)
def woocommerce() -> Answer:
    """WooCommerce's webhook; its address names the store, whose own secret proves it."""
    return _receive("woocommerce", frappe.request.args.get("store", ""))


def _receive(platform: str, store: str | None = None) -> Answer:
    raw, headers = frappe.request.get_data(), frappe.request.headers
    try:
        answer = retrying(lambda: receive_webhook(platform, raw, headers, build_request_host(), store))
    except Exception as error:
        frappe.db.rollback()
        log_failure(f"{platform} webhook", error)
        # 5xx: the shop sends it again.
        return refuse(503, "internal", "The webhook could not be kept. Send it again.")
    return Answer(answer.http_status, answer.body)
