"""What the hub itself wants read: kept as an event like a shop's own, so that it takes the same way, once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from salla_manager import contract
from salla_manager.core.host import Host
from salla_manager.core.model import Event, Store
from salla_manager.platforms.port import Signal

EVENT = "hub.read"
_BATCH = 200


def ask(host: Host, store: Store, entity_type: str, external_ids: Iterable[str], occasion: str) -> int:
    """Have these read from the shop; gives how many were not asked for yet.

    occasion: the same entity is read once for it, however often it is asked for.
    """
    wanted, count = list(dict.fromkeys(external_ids)), 0
    for start in range(0, len(wanted), _BATCH):
        with host.store.transaction():
            for external_id in wanted[start : start + _BATCH]:
                _, is_new = host.store.add_event(_event(host, store, entity_type, external_id, occasion))
                count += is_new
    if count:
        host.jobs.process_events()
    return count


def signal_of(event: Event) -> Signal:
    """Raises ValueError or KeyError for a body that is none of ours."""
    wanted = json.loads(event.raw)
    return Signal(wanted["entity_type"], wanted["external_id"])


def _event(host: Host, store: Store, entity_type: str, external_id: str, occasion: str) -> Event:
    raw = contract.dump_json(
        {"entity_type": entity_type, "external_id": external_id, "occasion": occasion}
    ).decode()
    return Event(
        name="",
        platform=store.platform,
        event=EVENT,
        merchant_id=store.merchant_id,
        store=store.name,
        raw=raw,
        dedupe_hash=hashlib.sha256(f"{EVENT}\n{store.name}\n{raw}".encode()).hexdigest(),
        received_at=host.clock.now(),
    )
