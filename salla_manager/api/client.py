"""What a client's ERP asks of the hub. Guests to Frappe, known by the signature of their ERP Instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import frappe

from salla_manager import contract
from salla_manager.adapters import nonces
from salla_manager.adapters.failures import log_failure
from salla_manager.adapters.host import build_host
from salla_manager.api.net import Answer, refuse
from salla_manager.contract import ProtocolError, SignedRequest
from salla_manager.core import pull
from salla_manager.core.host import Host
from salla_manager.core.pull import PullError


@frappe.whitelist(allow_guest=True, methods=["POST"], xss_safe=True)
def request_pull() -> Answer:
    """ref: docs/RPC_CONTRACT.md, pull. No parameters, so that no key of the body can become one."""
    try:
        return Answer(200, _pull(frappe.request.get_data(), frappe.request.headers))
    except ProtocolError as error:
        frappe.db.rollback()
        return refuse(error.http_status, error.error_code, error.reason, **error.extra)
    except PullError as error:
        frappe.db.rollback()
        return refuse(422, "pull_refused", str(error))
    except Exception as error:
        frappe.db.rollback()
        log_failure("request_pull", error)
        return refuse(503, "internal", "The pull could not be done. Ask again later.", retryable=True)


def _pull(raw: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    host = build_host()
    request = authenticate(host, raw, headers)
    asked = _body(raw)
    store = host.store.store(asked["store_id"])
    # A foreign store looks like none at all.
    if store is None or store.erp_instance != request.instance_id:
        raise ProtocolError(404, "unknown_store", "This ERP Instance has no such store.")
    return pull.request_pull(host, store.name, asked["entity_types"], asked["since"], asked["limit"])


def authenticate(host: Host, raw: bytes, headers: Mapping[str, str]) -> SignedRequest:
    """The signed headers of an enabled ERP Instance, used for the first time. Raises ProtocolError."""
    instance = host.store.instance(str(headers.get(contract.HEADER_INSTANCE) or ""))
    now = int(host.clock.now().timestamp())
    request = contract.verify(
        headers,
        raw,
        instance_id=instance.name if instance else "",
        secrets=(instance.secret, instance.previous_secret) if instance else (),
        now=now,
        window=host.store.settings().timestamp_window,
    )
    if not nonces.remember(request.instance_id, request.nonce, now):
        raise ProtocolError(401, "nonce_used", "This request was sent before. Sign it anew.")
    if instance is None or not instance.is_enabled:
        raise ProtocolError(403, "instance_disabled", "This ERP Instance is switched off at the hub.")
    return request


def _body(raw: bytes) -> dict[str, Any]:
    data = contract.load_json(raw)
    if not isinstance(data, dict) or contract.FORBIDDEN_BODY_KEYS & data.keys():
        raise ProtocolError(400, "bad_envelope", "The body has to be a JSON object of the contract.")
    if not isinstance(data.get("store_id"), str) or not data["store_id"]:
        raise ProtocolError(400, "bad_envelope", "The field store_id has to be a text.")
    return {name: data.get(name) for name in ("store_id", "entity_types", "since", "limit")}
