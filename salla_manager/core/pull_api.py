"""A pull as an executor asks for it: signed like a command, and only for stores that point to that executor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from salla_manager import contract
from salla_manager.core.host import Host
from salla_manager.core.pull import PullError, request_pull


def receive_pull(raw: bytes, headers: Mapping[str, str], host: Host) -> tuple[int, dict[str, Any]]:
    """(HTTP status, answer). Never raises ProtocolError or PullError."""
    try:
        instance = _authenticate(raw, headers, host)
        return 200, _pull(instance, contract.load_json(raw), host)
    except contract.ProtocolError as error:
        return error.http_status, {
            "ok": False,
            "error_code": error.error_code,
            "message": error.reason,
            **error.extra,
        }
    except PullError as error:
        return 400, {"ok": False, "error_code": "bad_pull", "message": str(error)}


def _authenticate(raw: bytes, headers: Mapping[str, str], host: Host) -> str:
    settings, now = host.store.settings(), host.clock.now()
    instance = host.store.instance(headers.get(contract.HEADER_INSTANCE) or "")
    usable = instance if instance is not None and instance.is_enabled else None
    request = contract.verify(
        headers,
        raw,
        instance_id=usable.name if usable else "",
        secrets=(usable.secret, usable.previous_secret) if usable else (),
        now=int(now.timestamp()),
        window=settings.timestamp_window,
    )
    # Signed for now + window, it stays valid until now + 2 x window.
    lifetime = timedelta(seconds=2 * settings.timestamp_window + 60)
    expires_at = datetime.fromtimestamp(request.timestamp, timezone.utc) + lifetime
    if not host.store.remember_nonce(request.instance_id, request.nonce, expires_at):
        raise contract.ProtocolError(401, "nonce_used", "The nonce was used before. Sign each request anew.")
    return request.instance_id


def _pull(instance: str, body: Any, host: Host) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise PullError("The body has to be a JSON object.")
    store_id = body.get("store_id")
    store = host.store.store(store_id) if isinstance(store_id, str) else None
    # The same answer for a store of somebody else as for none.
    if store is None or store.erp_instance != instance:
        raise contract.ProtocolError(
            403,
            "unknown_store",
            f"No store '{store_id}' points to this ERP Instance. Check the Store Account.",
        )
    return request_pull(host, store.name, body.get("entity_types"), body.get("since"), body.get("limit"))
