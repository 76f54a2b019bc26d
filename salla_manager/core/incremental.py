"""What changed in a shop since it was last looked at: for what webhooks do not tell, or what was lost of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from salla_manager.core import asked
from salla_manager.core.host import Host
from salla_manager.core.model import RecordStatus, Seen, Store
from salla_manager.core.pull import ENTITY_TYPES, PullReport, absorb_listed, source_of, wanted_types
from salla_manager.core.sync_run import MOST_TRIES, Place, SyncStore
from salla_manager.platforms.port import Look, Met, ShopError

# How far the first look goes back. What is older is for a backfill.
FIRST_LOOK = timedelta(days=1)
# After a shop that was away. Where its limit broke the look off, it goes on as soon as others had their turn.
RETRY_SECONDS = 300.0
# Clocks differ.
OVERLAP = timedelta(minutes=30)


def read_changes(
    host: Host, runs: SyncStore, store_id: str, entity_types: Iterable[str] | None = None
) -> dict[str, Any]:
    """As `request_pull` answers, and goes_on_after: seconds after which to go on with what broke off by the shop's
    limit or absence, None where there is no such; is_limited: nothing but its limit. entity_types: plurals of the
    contract, default all. Raises PullError.

    The watermark of a kind moves only when its list was read to its end; it is the time the look began, or what the
    platform says its window ended at, since what changes while it lasts may have moved to a page that was read already.
    A look that broke off keeps its place.
    """
    store, client = source_of(host, store_id)
    report, waits, kinds = PullReport(), [], set()
    for plural in wanted_types(entity_types, store):
        report.queued[plural] = 0
        reading = _Reading(host, runs, store, plural, report)
        bodies = client.changes(ENTITY_TYPES[plural], reading.look())
        error = absorb_listed(host, store, client, plural, bodies, report, reading.stuck)
        if error is None:
            reading.end()
            continue
        by_itself = "It goes on from there by itself."
        report.stop(plural, error, by_itself if error.is_retryable else "The next look begins there again.")
        kinds.add(error.kind)
        if error.is_retryable:
            waits.append(error.retry_after or (0.0 if error.kind == "throttled" else RETRY_SECONDS))
    return report.answer() | {
        "goes_on_after": max(waits, default=None),
        "is_limited": kinds == {"throttled"},
    }


class _Reading:
    """One kind of a look: where it stands, and what it goes on without."""

    def __init__(self, host: Host, runs: SyncStore, store: Store, plural: str, report: PullReport):
        self.host, self.runs, self.store, self.plural, self.report = host, runs, store, plural, report
        self.entity_type = ENTITY_TYPES[plural]
        known = runs.place(store.name, self.entity_type)
        self.place = known or Place(host.clock.now())
        if known is None:
            self._keep(self.place)
        self.watermark = self.place.began
        self.since = runs.watermark(store.name, self.entity_type) or self.place.began - FIRST_LOOK

    def look(self) -> Look:
        return Look(
            self.since,
            self.meet,
            self.place.cursor,
            lambda cursor: self._keep(replace(self.place, cursor=cursor)),
            self.stuck,
            self.ended_at,
        )

    def meet(self, external_id: str, changed_at: datetime | None) -> str:
        if external_id in self.place.block.left_out:
            return Met.READ
        record = self._record(external_id)
        if record is None:
            # What is older was not wanted so far; a backfill brings it.
            return Met.OLD if changed_at and changed_at < self.since - OVERLAP else Met.NEW
        if record.observed_at and record.observed_at >= self.place.began:
            return Met.READ
        if record.status in (RecordStatus.NEW, RecordStatus.FAILED):
            return Met.NEW
        if changed_at is None or record.source_updated_at != changed_at:
            return Met.NEW
        return Met.READ if record.observed_at and record.observed_at >= self.since else Met.OLD

    def _record(self, external_id: str) -> Seen | None:
        """A look at products also shows variants where the shop lists those apart."""
        kinds = ("product", "variant") if self.entity_type == "product" else (self.entity_type,)
        found = (self.host.store.seen(self.store.name, kind, [external_id]) for kind in kinds)
        return next((records[0] for records in found if records), None)

    def stuck(self, external_id: str, error: ShopError) -> None:
        """Returns where the look goes on without this entity, raises the error where it has to come back."""
        block = self.place.block
        if external_id in block.left_out:
            return
        if error.kind == "refused":
            self.report.fail(self.plural, f"{self.entity_type} {external_id}: {error}")
            return
        if not external_id or not error.is_retryable or error.kind == "throttled":
            raise error
        block = block.again(external_id)
        self._keep(replace(self.place, block=block))
        if external_id not in block.left_out:
            raise error
        began = self.place.began
        reason = leave_out(self.host, self.store, self.entity_type, external_id, error, began)
        self.report.fail(self.plural, reason)

    def ended_at(self, moment: datetime) -> None:
        self.watermark = moment

    def end(self) -> None:
        with self.host.store.transaction():
            self.runs.save_watermark(self.store.name, self.entity_type, self.watermark)

    def _keep(self, place: Place) -> None:
        self.place = place
        with self.host.store.transaction():
            self.runs.save_place(self.store.name, self.entity_type, place)


def leave_out(
    host: Host, store: Store, entity_type: str, external_id: str, error: ShopError, began: datetime
) -> str:
    """Have an entity that breaks a reading off read by itself, as an event is; why, for a person. began: of the
    reading."""
    asked.ask(host, store, entity_type, [external_id], f"left out {began.isoformat()}")
    return (
        f"{entity_type} {external_id} could not be read {MOST_TRIES} times, so the rest goes on without it: {error}"
        " It is tried again by itself, as an event in Salla Incoming Log."
    )
