"""What changed in a shop since it was last looked at: for what webhooks do not tell, or what was lost of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from salla_manager.core import asked
from salla_manager.core.host import Host
from salla_manager.core.model import RecordKey, RecordStatus, Store
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

    The watermark of a kind moves only when its list was read to its end; it is the time the look began, since what
    changes while it lasts may have moved to a page that was read already. A look that broke off keeps its place.
    """
    store, client = source_of(host, store_id)
    report, waits, kinds = PullReport(), [], set()
    for plural in wanted_types(entity_types, store):
        report.queued[plural] = 0
        entity_type = ENTITY_TYPES[plural]
        place = _begin(host, runs, store.name, entity_type)
        look = _look(host, runs, store, plural, place, report)
        error = absorb_listed(
            host, store, client, plural, client.changes(entity_type, look), report, look.stuck
        )
        if error is None:
            with host.store.transaction():
                runs.save_watermark(store.name, entity_type, place.began)
            continue
        report.stop(plural, error, "It goes on from there by itself.")
        kinds.add(error.kind)
        if error.is_retryable:
            waits.append(error.retry_after or (0.0 if error.kind == "throttled" else RETRY_SECONDS))
    return report.answer() | {
        "goes_on_after": max(waits, default=None),
        "is_limited": kinds == {"throttled"},
    }


def _begin(host: Host, runs: SyncStore, store: str, entity_type: str) -> Place:
    place = runs.place(store, entity_type)
    if place is None:
        place = Place(host.clock.now())
        with host.store.transaction():
            runs.save_place(store, entity_type, place)
    return place


def _look(host: Host, runs: SyncStore, store: Store, plural: str, place: Place, report: PullReport) -> Look:
    entity_type, kept = ENTITY_TYPES[plural], place

    def keep(changed: Place) -> None:
        nonlocal kept
        kept = changed
        with host.store.transaction():
            runs.save_place(store.name, entity_type, kept)

    def stuck(external_id: str, error: ShopError) -> None:
        if error.kind == "refused":
            report.fail(plural, f"{entity_type} {external_id}: {error}")
            return
        if not external_id or not error.is_retryable or error.kind == "throttled":
            raise error
        keep(replace(kept, block=kept.block.again(external_id)))
        if external_id not in kept.block.left_out:
            raise error
        report.fail(plural, leave_out(host, store, entity_type, external_id, error, place.began))

    since = runs.watermark(store.name, entity_type) or place.began - FIRST_LOOK
    meet = _meet(host, store.name, entity_type, since, place.began)
    return Look(
        since,
        lambda external_id, changed_at: (
            Met.READ if external_id in kept.block.left_out else meet(external_id, changed_at)
        ),
        place.cursor,
        lambda cursor: keep(replace(kept, cursor=cursor)),
        stuck,
    )


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


def _meet(
    host: Host, store: str, entity_type: str, since: datetime, began: datetime
) -> Callable[[str, datetime | None], str]:
    def meet(external_id: str, changed_at: datetime | None) -> str:
        record = host.store.find_record(RecordKey(store, entity_type, external_id))
        if record is None:
            # What is older was not wanted so far; a backfill brings it.
            return Met.OLD if changed_at and changed_at < since - OVERLAP else Met.NEW
        if record.observed_at and record.observed_at >= began:
            return Met.READ
        if not record.mapped or record.status == RecordStatus.FAILED:
            return Met.NEW
        if changed_at is None or record.source_updated_at != changed_at:
            return Met.NEW
        return Met.READ if record.observed_at and record.observed_at >= since else Met.OLD

    return meet
