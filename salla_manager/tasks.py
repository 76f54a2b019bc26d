"""What runs in the background. The database is the queue: a job only looks whether there is work, so it may be
lost, doubled or late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.utils import add_days, now_datetime

from salla_manager import reading, reconciling, remapping
from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.config_store import SETTINGS
from salla_manager.adapters.failures import log_failure
from salla_manager.adapters.host import build_host
from salla_manager.adapters.instance_store import touch_success
from salla_manager.adapters.jobs import FrappeJobs, fall_asleep, wake
from salla_manager.adapters.nonce_store import purge_nonces
from salla_manager.adapters.rows import plain, retrying
from salla_manager.adapters.sync_store import FrappeSyncStore
from salla_manager.core import backfill, dispatch, outbox, process, pull, release
from salla_manager.core.dispatch import DispatchReport
from salla_manager.core.pull import PullError
from salla_manager.core.refusals import words_of
from salla_manager.platforms.port import ShopError

# Far below RQ's limit, where a job is broken off at any line.
BUDGET_SECONDS = 45.0
BATCH = 50
BLANK_BATCH = 500


def every_minute() -> None:
    """The sweep: each step stands alone, so that a failing one does not stop the others."""
    _guarded("free leases", free_leases)
    _guarded("release parked", release_parked)
    _guarded("dispatch", dispatch_due)
    _guarded("process events", process_events)
    _guarded("hand over readings", reading.hand_over)
    _guarded("hand over mapping again", remapping.hand_over)
    _guarded("mark broken-off reconciliations", reconciling.mark_interrupted)


def process_events() -> dict[str, int]:
    """Work off events until there are none or the time is up; gives counts by status."""
    host = build_host()
    counts: dict[str, int] = {}
    ends_at, is_awake = host.clock.monotonic() + BUDGET_SECONDS, True
    while host.clock.monotonic() < ends_at:
        report = retrying(lambda: process.process_due_events(host, BATCH))
        for status, count in report.events.items():
            counts[status] = counts.get(status, 0) + count
        if report.events:
            continue
        if not is_awake:
            break
        fall_asleep()
        is_awake = False
    return counts


def dispatch_due() -> None:
    """Wake a worker per destination, so that a slow one does not hold up another."""
    host = build_host()
    if host.store.settings().standstill:
        return
    jobs = FrappeJobs()
    for destination in host.store.destinations_with_due_commands(host.clock.now()):
        jobs.dispatch(destination)


def take_turn(destination: str) -> DispatchReport:
    """What a worker is woken for."""
    host = build_host()
    return _noted(destination, retrying(lambda: dispatch.take_turn(host, destination)))


def dispatch_to(destination: str) -> DispatchReport:
    host = build_host()
    report = retrying(lambda: dispatch.dispatch_to(host, destination, 1000, BUDGET_SECONDS))
    return _noted(destination, report)


def _noted(destination: str, report: DispatchReport) -> DispatchReport:
    if report.done:
        touch_success(destination)
        # For the lists only.
        frappe.db.commit()
    return report


def release_parked() -> int:
    host = build_host()
    return retrying(lambda: release.release_parked(host)).released


def free_leases() -> int:
    host = build_host()

    def free() -> int:
        with host.store.transaction():
            return host.store.free_expired_leases(host.clock.now())

    return retrying(free)


def pull_store(store: str, entity_types: list[str] | None = None, since: str | None = None) -> dict[str, Any]:
    """An operator's pull; what it came to, or why it did not begin, goes to whoever asked for it."""
    try:
        answer = pull.request_pull(build_host(), store, entity_types, since)
    except PullError as error:
        _say(plain(str(error)))
        return {"ok": False}
    queued = ", ".join(f"{count} {plural}" for plural, count in answer["queued"].items() if count)
    text = _("{0} was read. Queued: {1}").format(store, queued or _("nothing"))
    reasons = [reason for failed in answer["failed"].values() for reason in failed["reasons"]]
    _say("<br>".join([text, *map(plain, reasons)]))
    return answer


def plan_backfill(
    store: str, entity_types: list[str] | None = None, since: str | None = None
) -> dict[str, Any]:
    """An operator's plan; its figures, or why there are none, go to whoever asked for it."""
    try:
        run = backfill.plan(build_host(), FrappeSyncStore(), store, entity_types, since)
    except (PullError, ShopError) as error:
        _say(plain(words_of(error)))
        return {}
    figures = run.figures() | {"store": store}
    frappe.publish_realtime("salla_backfill_planned", figures, user=frappe.session.user)
    return figures


def _say(text: str) -> None:
    frappe.publish_realtime("msgprint", text, user=frappe.session.user)


def wake_release() -> None:
    """A switch was turned: look at what is parked, once that is committed."""
    frappe.db.after_commit.add(lambda: wake("salla_manager.tasks.release_parked", "salla_release"))


def wake_events() -> None:
    """Events became due in the transaction that is open."""
    frappe.db.after_commit.add(FrappeJobs().process_events)


def release_skipped() -> int:
    """Products whose SKU became free while a worker died."""
    host = build_host()
    return retrying(lambda: outbox.release_skipped(host))


def hourly() -> None:
    _guarded("release skipped", release_skipped)
    purge_nonces(FrappeClock().now())


def daily() -> None:
    """Blank the payloads of finished work: they hold customers' data."""
    days = int(frappe.db.get_single_value(SETTINGS, "payload_retention_days") or 0)
    if days:
        cutoff = add_days(now_datetime(), -days)
        _blank("Outbound Client Command", "payload", ("Done", "Superseded", "Cancelled"), cutoff)
        _blank("Salla Incoming Log", "raw", ("Processed", "Ignored", "Stale"), cutoff)


def _blank(doctype: str, column: str, finished: tuple[str, ...], cutoff: Any) -> None:
    filters = {"status": ("in", finished), "modified": ("<", cutoff), column: ("!=", "")}
    while names := frappe.get_all(doctype, filters, pluck="name", limit=BLANK_BATCH):
        frappe.db.set_value(doctype, {"name": ("in", names)}, column, "", update_modified=False)
        # One huge update would lock the table for the workers.
        frappe.db.commit()


def _guarded(step: str, work: Callable[[], Any]) -> None:
    try:
        work()
    except Exception as error:
        frappe.db.rollback()
        log_failure(f"salla_manager sweep, {step}", error)
