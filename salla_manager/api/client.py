"""What a client's ERP asks of the hub. Guests to Frappe, known by the signature of their ERP Instance."""

from __future__ import annotations

import frappe

from salla_manager.adapters.failures import log_failure
from salla_manager.adapters.host import build_host
from salla_manager.api.net import Answer, refuse
from salla_manager.core.pull_api import receive_pull


@frappe.whitelist(allow_guest=True, methods=["POST"], xss_safe=True)
def request_pull() -> Answer:
    """ref: docs/RPC_CONTRACT.md, pull. No parameters, so that no key of the body can become one."""
    try:
        status, body = receive_pull(frappe.request.get_data(), frappe.request.headers, build_host())
    except Exception as error:
        frappe.db.rollback()
        log_failure("request_pull", error)
        return refuse(503, "internal", "The pull could not be done. Ask again later.", retryable=True)
    return Answer(status, body)
