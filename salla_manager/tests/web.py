"""Requests through Frappe's whole WSGI application, on a connection of their own."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import Client, TestResponse

import frappe
from frappe.app import application

from salla_manager.tests.factories import beside

API = "/api/method/salla_manager.api."


def request(
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
) -> TestResponse:
    host = frappe.local.site

    def send() -> TestResponse:
        client = Client(application)
        response = client.open(
            path,
            method=method,
            data=body,
            base_url=f"http://{host}",
            headers=headers,
            content_type=content_type,
        )
        response.get_data()
        return response

    thread, result = beside(send)
    thread.join(30)
    # What the request committed is not in the view of this test's transaction.
    frappe.db.rollback()
    if isinstance(result[0], Exception):
        raise result[0]
    return result[0]


def answer(response: TestResponse) -> Any:
    return json.loads(response.get_data())
