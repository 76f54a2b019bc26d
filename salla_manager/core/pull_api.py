"""A pull as an executor asks for it: signed like a command, and only for stores that point to that executor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salla_manager import contract
from salla_manager.core.callers import authenticate, refusal
from salla_manager.core.host import Host
from salla_manager.core.pull import PullError, request_pull


def receive_pull(raw: bytes, headers: Mapping[str, str], host: Host) -> tuple[int, dict[str, Any]]:
    """(HTTP status, answer). Never raises ProtocolError or PullError."""
    try:
        instance, _ = authenticate(raw, headers, host)
        return 200, _pull(instance.name, contract.load_json(raw), host)
    except contract.ProtocolError as error:
        return refusal(error)
    except PullError as error:
        return 400, {"ok": False, "error_code": "bad_pull", "message": str(error)}


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
