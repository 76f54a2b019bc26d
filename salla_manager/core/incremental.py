"""What changed in a shop since it was last looked at: for what webhooks do not tell, or what was lost of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from salla_manager.core.host import Host
from salla_manager.core.model import RecordKey, RecordStatus
from salla_manager.core.pull import ENTITY_TYPES, PullReport, absorb_listed, source_of, wanted_types
from salla_manager.core.sync_run import SyncStore
from salla_manager.platforms.port import IsKnown

# How far the first look goes back. What is older is for a backfill.
FIRST_LOOK = timedelta(days=1)
# Clocks differ.
OVERLAP = timedelta(minutes=30)


def read_changes(
    host: Host, runs: SyncStore, store_id: str, entity_types: Iterable[str] | None = None
) -> dict[str, Any]:
    """As `request_pull` answers. entity_types: plurals of the contract, default all. Raises PullError.

    The watermark of a kind moves only when its list was read to its end; it is the time this look began, since what
    changes while it lasts may have moved to a page that was read already.
    """
    store, client = source_of(host, store_id)
    report = PullReport()
    for plural in wanted_types(entity_types):
        report.queued[plural] = 0
        entity_type, began = ENTITY_TYPES[plural], host.clock.now()
        since = runs.watermark(store.name, entity_type) or began - FIRST_LOOK
        bodies = client.changes(entity_type, since, _known(host, store.name, entity_type, since))
        if absorb_listed(host, store, client, plural, bodies, report):
            with host.store.transaction():
                runs.save_watermark(store.name, entity_type, began)
    return report.answer()


def _known(host: Host, store: str, entity_type: str, since: datetime) -> IsKnown:
    def is_known(external_id: str, changed_at: datetime) -> bool:
        record = host.store.find_record(RecordKey(store, entity_type, external_id))
        if record is None:
            # It was not wanted so far; a backfill brings it.
            return changed_at < since - OVERLAP
        if not record.mapped or record.status == RecordStatus.FAILED:
            return False
        return record.source_updated_at == changed_at

    return is_known
