"""The hub's one door: POST /api/method/salla_executor.api.commands.receive. ref: docs/RPC_CONTRACT.md"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

from werkzeug.wrappers import Response

import frappe

from salla_executor.api.net import ack_response
from salla_executor.contract import Ack, ProtocolError, refusal
from salla_executor.core.receive import receive as receive_command
from salla_executor.erpnext.errors import RACES
from salla_executor.erpnext.receiver import FrappeReceiver

TRIES = 3


# No parameters: keys of a body that nobody has verified cannot bind to anything.
@frappe.whitelist(allow_guest=True, methods=["POST"], xss_safe=True)
def receive() -> Response:
    """Answer one signed command with bare JSON; raw bytes in, nothing else of the request is used."""
    if "cmd" in frappe.request.args and not frappe.request.is_json:
        # Called that way Frappe drops our answer, so nothing may be done that it would tell of.
        return ack_response(refusal(ProtocolError(400, "bad_header", "Commands are not taken by ?cmd=.")))
    return ack_response(_receive(frappe.request.get_data(), frappe.request.headers))


def _receive(raw: bytes, headers: Mapping[str, str]) -> Ack:
    receiver = FrappeReceiver()
    for attempt in range(1, TRIES + 1):
        ack = receive_command(raw, headers, receiver)
        if attempt == TRIES or not _has_lost_a_race(ack, receiver):
            break
        # All of it again, on a fresh view and at another moment than its rival.
        receiver.is_conflict = False
        time.sleep(random.uniform(0.02, 0.1) * attempt)
    return ack


def _has_lost_a_race(ack: Ack, receiver: FrappeReceiver) -> bool:
    return receiver.is_conflict or (ack.http_status == 503 and ack.payload.get("error_code") in RACES)
