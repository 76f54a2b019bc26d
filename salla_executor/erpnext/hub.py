"""Requests to the hub, signed with the same secret as its commands."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

import frappe
from frappe import _
from frappe.utils import escape_html

from salla_executor.contract import PULL_PATH, dump_json
from salla_executor.core.hub_calls import Caller, HubError
from salla_executor.erpnext.settings import DOCTYPE, read_secrets

# The hub reads the shop before it answers.
PULL_TIMEOUT = (5, 110)
MAX_ANSWER = 64 * 1024
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


def is_safe_address(url: str) -> bool:
    """https, or http to this machine; no user, query or fragment."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_local = host in LOCAL_HOSTS or host.endswith(".localhost")
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    return bool(host) and is_plain and (parts.scheme == "https" or (parts.scheme == "http" and is_local))


class FrappeHub:
    """The port `Hub`. timeout: seconds to be connected, and between two pieces of the answer."""

    def __init__(self, timeout: tuple[float, float] = (5, 30)):
        self._timeout = timeout

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        try:
            with requests.Session() as session:
                # No proxies, no .netrc: nothing of this machine goes along.
                session.trust_env = False
                response = session.post(
                    url,
                    data=body,
                    headers={**headers, "Accept-Encoding": "identity"},
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                )
                # As it is sent: what is packed could be of any size. Reading past requests raises urllib3's errors.
                content = response.raw.read(MAX_ANSWER, decode_content=False)
        except (requests.RequestException, HTTPError) as error:
            raise HubError(
                _("The hub at {0} cannot be reached ({1}). Check Manager Base URL and the network.").format(
                    url.partition("/api/")[0], type(error).__name__
                )
            ) from None
        return response.status_code, _read(response.status_code, content)


def request_pull(store_id: str, entity_types: list[str], since: str, limit: int) -> dict[str, Any]:
    """The hub's answer: {"ok": true, "queued": {entity: number}, "skipped_missing_sku": number}."""
    body: dict[str, Any] = {"store_id": store_id, "entity_types": entity_types, "limit": limit}
    if since:
        body["since"] = since
    settings, secrets = frappe.get_cached_doc(DOCTYPE), read_secrets()
    if not (settings.manager_base_url and settings.instance_id and secrets):
        frappe.throw(
            _("Fill Manager Base URL, Instance ID and Shared Secret in Salla Executor Settings first.")
        )
    caller = Caller(FrappeHub(PULL_TIMEOUT), settings.manager_base_url, settings.instance_id)
    try:
        answer = caller.call_with(secrets, PULL_PATH, dump_json(body), int(time.time())).answer
    except HubError as error:
        frappe.throw(str(error))
    if answer.get("ok") is not True:
        reason = str(answer.get("message") or answer.get("error") or answer)[:300]
        # Desk shows it as HTML.
        frappe.throw(_("The hub did not take the request: {0}").format(escape_html(reason)))
    return answer


def _read(status: int, content: bytes) -> dict[str, Any]:
    try:
        answer = frappe.parse_json(content.decode())
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise HubError(
            _(
                "The hub answered with status {0} and no JSON. Check that Manager Base URL is the hub's."
            ).format(status)
        )
    return answer
