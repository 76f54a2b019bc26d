"""What a client's ERP asks of the hub. Guests to Frappe, known by the signature of their ERP Instance.

No parameters, so that no key of a body can become one. ref: docs/RPC_CONTRACT.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import frappe

from salla_manager.adapters.failures import log_failure
from salla_manager.adapters.host import build_host
from salla_manager.api.net import Answer, refuse
from salla_manager.core.client_api import receive_check, receive_pair
from salla_manager.core.host import Host
from salla_manager.core.pull_api import receive_pull
from salla_manager.core.send_again import receive_send_again

Receive = Callable[[bytes, Mapping[str, str], Host], tuple[int, dict[str, Any]]]


@frappe.whitelist(allow_guest=True, methods=["POST"], xss_safe=True)
def request_pull() -> Answer:
    """Read a shop again."""
    return _answer("request_pull", receive_pull)


@frappe.whitelist(allow_guest=True, methods=["POST"], xss_safe=True)
def pair() -> Answer:
    """Agree on a new secret, by a pairing code or by the secret that both have."""
    return _answer("pair", receive_pair)


@frappe.whitelist(allow_guest=True, methods=["POST"], xss_safe=True)
def check() -> Answer:
    """The hub's half of the ERP's checklist."""
    return _answer("check", receive_check)


@frappe.whitelist(allow_guest=True, methods=["POST"], xss_safe=True)
def send_again() -> Answer:
    """Orders once more, as they are known here."""
    return _answer("send_again", receive_send_again)


def _answer(name: str, receive: Receive) -> Answer:
    try:
        status, body = receive(frappe.request.get_data(), frappe.request.headers, build_host())
    except Exception as error:
        frappe.db.rollback()
        log_failure(name, error)
        return refuse(
            503, "internal", "The hub could not finish and changed nothing. Ask again later.", retryable=True
        )
    return Answer(status, body)
