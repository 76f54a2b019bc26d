"""A logged-in session on a Frappe site: lists, documents and method calls over HTTP."""

from __future__ import annotations

import json
from typing import Any

import requests

TIMEOUT = (5, 120)


class SiteError(RuntimeError):
    """A call that the site refused; the message holds what it said."""


class FrappeSite:
    def __init__(self, url: str, user: str, password: str):
        self.url = url.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False
        self.call("login", usr=user, pwd=password)

    def call(self, method: str, **arguments: Any) -> Any:
        """POST to a whitelisted method; gives its `message`. Raises SiteError."""
        return self._read(
            self.session.post(f"{self.url}/api/method/{method}", json=arguments, timeout=TIMEOUT)
        )

    def rows(
        self, doctype: str, fields: list[str], filters: Any = None, limit: int = 0
    ) -> list[dict[str, Any]]:
        """Rows of a list, all of them unless a limit is given."""
        parameters = {
            "doctype": doctype,
            "fields": json.dumps(fields),
            "filters": json.dumps(filters or []),
            "limit_page_length": limit,
            "order_by": f"`tab{doctype}`.creation asc",
        }
        answer = self.session.get(
            f"{self.url}/api/method/frappe.client.get_list", params=parameters, timeout=TIMEOUT
        )
        return self._read(answer) or []

    def count(self, doctype: str, filters: Any = None) -> int:
        return int(self.call("frappe.client.get_count", doctype=doctype, filters=filters or []))

    def document(self, doctype: str, name: str) -> dict[str, Any]:
        return self.call("frappe.client.get", doctype=doctype, name=name)

    def insert(self, doctype: str, **values: Any) -> dict[str, Any]:
        return self.call("frappe.client.insert", doc={"doctype": doctype, **values})

    def update(self, doctype: str, name: str, **values: Any) -> None:
        self.call("frappe.client.set_value", doctype=doctype, name=name, fieldname=values)

    def _read(self, answer: requests.Response) -> Any:
        if answer.status_code >= 400:
            raise SiteError(f"{self.url} answered {answer.status_code}: {_reason(answer)}")
        body = answer.json()
        return body.get("message")


def _reason(answer: requests.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:300]
    messages = json.loads(body.get("_server_messages") or "[]")
    texts = [json.loads(message).get("message", "") for message in messages]
    return " ".join(texts) or str(body.get("exception") or body)[:500]
