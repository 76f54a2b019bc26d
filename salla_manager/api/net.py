"""Bare JSON answers with the right status on the paths that machines call."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

import frappe

from salla_manager.contract import dump_json

OURS = ("/method/salla_manager.api.webhooks.", "/method/salla_manager.api.client.")


class Answer(Response):
    """A finished answer: Frappe passes it on as it is, and `reshape` leaves it alone."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None):
        super().__init__(
            dump_json(body),
            status=status,
            mimetype="application/json",
            headers={"Cache-Control": "no-store", **(headers or {})},
        )


def refuse(status: int, error_code: str, message: str, **extra: Any) -> Answer:
    return Answer(status, {"ok": False, "error_code": error_code, "message": message, **extra})


def reshape(response: Response | None = None, request: Request | None = None) -> None:
    """after_request: whatever Frappe itself answered on our paths (wrong verb, broken JSON, a body with `cmd`)
    leaves in our form."""
    if response is None or request is None or isinstance(response, Answer):
        return
    if request.method == "OPTIONS" or not any(path in request.path for path in OURS):
        return
    was = response.status_code
    # Frappe parses the body before our code runs and calls a broken one 417 or 500.
    is_unparsed = was in (417, 500) and not frappe.form_dict.get("cmd")
    now = 400 if is_unparsed or was < 400 else was
    answer = refuse(now, f"framework_{was}", "The request was refused before it was read.")
    response.data = answer.data
    response.status_code, response.mimetype = now, "application/json"
