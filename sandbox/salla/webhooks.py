"""Subscriptions of a store's events, as Salla keeps them. ref: docs.salla.dev/841782f0"""

from __future__ import annotations

import json
import re
from typing import Any

from werkzeug.wrappers import Request

from sandbox.salla.state import ShopState

_BAD_URL = "لابد أن يكون الرابط صالح وفعّال (لا يحتوي على localhost أو test.)"
_BAD_EVENT = "حقل event غير صالحٍ"


class WebhookRefused(Exception):
    def __init__(self, status: int, message: str = "", fields: dict[str, list[str]] | None = None):
        super().__init__(message)
        self.status, self.message, self.fields = status, message, fields


class Webhooks:
    """rows: the subscriptions in Salla's shape. portal_managed: events that only the partner portal can switch on;
    takes_security_on_subscribe: sources differ on it; tells_security: whether a list shows it."""

    def __init__(self, state: ShopState):
        self._state = state
        self.rows: list[dict[str, Any]] = []
        self.portal_managed: set[str] = set()
        self.takes_security_on_subscribe = True
        self.tells_security = True

    def answer(self, request: Request, path: str, page: Any) -> dict[str, Any]:
        """page: cuts a list into pages as the API does."""
        if request.method == "GET" and path == "/webhooks":
            return page(request, [self._shown(row) for row in self.rows])
        if request.method == "POST" and path == "/webhooks/subscribe":
            return {"data": self._subscribe(_body(request))}
        if request.method == "DELETE" and path == "/webhooks/unsubscribe":
            return self._unsubscribe(request)
        found = re.fullmatch(r"/webhooks/(\d+)", path)
        if request.method == "PUT" and found:
            return {"data": self._update(self._held(found[1]), _body(request))}
        raise WebhookRefused(404)

    def add(self, event: str, url: str, **values: Any) -> dict[str, Any]:
        """A subscription that is there already."""
        row = {"id": self._state.new_id(), "name": event, "event": event, "version": 2, "rule": None}
        row |= {"type": "manual", "url": url, "headers": {}, "security": {"strategy": "", "secret": None}}
        self.rows.append(row | values)
        return self.rows[-1]

    def _subscribe(self, body: dict[str, Any]) -> dict[str, Any]:
        self._check(body, needs_url=True)
        same = [row for row in self.rows if (row["event"], row["url"]) == (body["event"], body["url"])]
        row = same[0] if same else self.add(body["event"], body["url"])
        return self._shown(self._take(row, body, self.takes_security_on_subscribe))

    def _update(self, row: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        # Seen live: an update that does not name its event is refused.
        self._check(body, needs_url=False)
        return self._shown(self._take(row, body, True))

    def _check(self, body: dict[str, Any], needs_url: bool) -> None:
        fields: dict[str, list[str]] = {}
        event, url = body.get("event"), body.get("url")
        if not event or not re.fullmatch(r"[a-z]+(\.[A-Za-z]+)+", event) or event.startswith("app."):
            fields["event"] = [_BAD_EVENT]
        if (needs_url or url) and (not url or "localhost" in url or "test." in url):
            fields["url"] = [_BAD_URL]
        if fields:
            raise WebhookRefused(422, "alert.invalid_fields", fields)
        if event in self.portal_managed:
            raise WebhookRefused(422, "The event type is disabled")

    def _take(self, row: dict[str, Any], body: dict[str, Any], with_security: bool) -> dict[str, Any]:
        row |= {key: body[key] for key in ("name", "event", "url", "version", "rule") if key in body}
        if with_security and "security_strategy" in body:
            row["security"] = {"strategy": body["security_strategy"], "secret": body.get("secret")}
        return row

    def _unsubscribe(self, request: Request) -> dict[str, Any]:
        if url := request.args.get("url"):
            self.rows[:] = [row for row in self.rows if row["url"] != url]
        else:
            self.rows.remove(self._held(request.args.get("id", "")))
        return {"data": {"message": "The Object has been removed successfully", "code": 202}}

    def _held(self, key: str) -> dict[str, Any]:
        for row in self.rows:
            if str(row["id"]) == key:
                return row
        raise WebhookRefused(404)

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return row if self.tells_security else {key: row[key] for key in row if key != "security"}


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise WebhookRefused(422, "alert.invalid_fields")
    return body
