"""Bare JSON on our paths, whoever answers: our code or the framework before it."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

import frappe

from salla_executor.contract import Ack

# In /api, /api/v1 and /api/v2 alike.
COMMANDS = "/method/salla_executor.api.commands."


class AckResponse(Response):
    """An answer that needs no reshaping."""


def ack_response(ack: Ack) -> AckResponse:
    headers = {"Cache-Control": "no-store", **ack.headers}
    return AckResponse(ack.body(), status=ack.http_status, mimetype="application/json", headers=headers)


def reshape(response: Response | None = None, request: Request | None = None) -> None:
    """after_request: runs for every request of the site, so it is cheap where it is none of ours."""
    if response is None or request is None or COMMANDS not in request.path:
        return
    if isinstance(response, AckResponse) or request.method == "OPTIONS":
        return
    was = response.status_code
    # 417 and 500 without a chosen method: the body was no JSON object. A success here is not ours either.
    is_unparsed = was in (417, 500) and not frappe.form_dict.get("cmd")
    status = 400 if is_unparsed or was < 400 else was
    payload = {
        "erp_doc": None,
        "message": f"The web framework answered {was} before the command was read; nothing was changed.",
        "error_code": f"framework_{was}",
        "retryable": status >= 500,
    }
    ack = Ack(status, "failed" if status >= 500 else "rejected", payload=payload)
    response.data = ack.body()
    response.status_code, response.mimetype = status, "application/json"
