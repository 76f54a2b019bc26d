"""Orders that an ERP asks for again, since what it is to make of them has changed there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salla_manager import contract
from salla_manager.core import outbox
from salla_manager.core.callers import answered, authenticate, read_body
from salla_manager.core.host import Host
from salla_manager.core.model import RecordKey, Store

# So that the body stays a small one, whatever the ids.
MOST = 20


def receive_send_again(raw: bytes, headers: Mapping[str, str], host: Host) -> tuple[int, dict[str, Any]]:
    """(HTTP status, answer): ok, sent (how many), not_sent: {external id: reason}."""

    def work() -> dict[str, Any]:
        instance, request = authenticate(raw, headers, host)
        body = read_body(raw, request, "send_again")
        store_id, orders = body.get("store_id"), body.get("orders")
        store = host.store.store(store_id) if isinstance(store_id, str) else None
        # The same answer for a store of somebody else as for none.
        if store is None or store.erp_instance != instance.name:
            raise contract.ProtocolError(403, "unknown_store", "No such store points to this ERP Instance.")
        if not isinstance(orders, list) or not all(isinstance(one, str) for one in orders):
            raise contract.ProtocolError(400, "bad_request", "orders has to be a list of ids as texts.")
        if not 1 <= len(orders) <= MOST:
            raise contract.ProtocolError(400, "bad_request", f"orders holds 1 to {MOST} ids at once.")
        return _send(host, store, list(dict.fromkeys(orders)))

    return answered(work)


def _send(host: Host, store: Store, orders: list[str]) -> dict[str, Any]:
    not_sent = {}
    for external_id in orders:
        record = host.store.find_record(RecordKey(store.name, "order", external_id))
        if record is None:
            not_sent[external_id] = "The hub does not know this order. Request a pull of orders."
            continue
        try:
            host.retrying(lambda record=record: outbox.resend(record, store, host, leading_only=True))
        except ValueError as error:
            not_sent[external_id] = str(error)
    return {"sent": len(orders) - len(not_sent), "not_sent": not_sent}
