"""Reconciliation in the background: of yesterday each night, of any day on demand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import frappe

from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.host import build_host
from salla_manager.adapters.reconcile_store import FrappeReconcileStore
from salla_manager.adapters.rows import to_epoch
from salla_manager.core import reconcile as core
from salla_manager.core.host import Host
from salla_manager.core.model import command_type_of
from salla_manager.core.pull import PullError
from salla_manager.core.reconcile import ReconcileError
from salla_manager.core.reconciliation import KINDS, Reconciliation, RunKey, RunStatus
from salla_manager.core.refusals import words_of
from salla_manager.core.unsettled import read_unsettled
from salla_manager.platforms.port import ShopError

# A day whose run did not come to its end, or found something missing, is looked at again for so long.
DAYS_BACK = 7
# What is walked whole each night, since a change of it may be told by no webhook and found by no look. Variants that are
# asked for again need their products.
WALKED = {"woocommerce": ("products", "variants", "orders"), "salla": ("products", "customers")}
# Seconds; a large shop at the pace of the backfill's lane.
TIMEOUT = 4 * 3600


def key_of(store: str, entity_type: str = "order", day: str | date | None = None) -> RunKey:
    """Raises ReconcileError for a day that is none."""
    if entity_type != "order":
        return RunKey(store, entity_type)
    try:
        return RunKey(store, entity_type, date.fromisoformat(str(day)) if day else None)
    except ValueError:
        raise ReconcileError(f"'{day}' is no day; write it as 2026-11-20.") from None


def enqueue(key: RunKey) -> None:
    frappe.enqueue(
        "salla_manager.reconciling.run",
        queue="long",
        timeout=TIMEOUT,
        job_id=f"salla_reconcile_{key.name}",
        deduplicate=True,
        enqueue_after_commit=True,
        store=key.store,
        entity_type=key.entity_type,
        day=str(key.day) if key.day else None,
    )


def run(store: str, entity_type: str, day: str | None = None) -> str:
    """The job; gives the run's status, or why it was not begun."""
    try:
        return core.reconcile(build_host(), FrappeReconcileStore(), key_of(store, entity_type, day)).status
    except ReconcileError as error:
        return str(error)


def walk(store: str, goes_on: bool = False) -> dict[str, Any]:
    """The job: the kinds of a shop whose changes do not all show, compared with what is known. What is missing or differs
    is read again, and so is each order that is not settled. goes_on: with what an earlier
    walk was broken off at. Gives the status by kind."""
    host, rows, told = build_host(), FrappeReconcileStore(), {}
    known = host.store.store(store)
    for plural in WALKED.get(known.platform, ()) if known else ():
        entity_type = KINDS[plural]
        if command_type_of(entity_type) in known.disabled_command_types:
            continue
        key = RunKey(store, entity_type)
        if goes_on and (done := rows.find_reconciliation(key)) and done.status == RunStatus.DONE:
            continue
        try:
            told[plural] = shown(core.reconcile(host, rows, key, goes_on=goes_on))
            told[plural]["read_again"] = core.enqueue_missing(host, rows, key)
        except ReconcileError as error:
            told[plural] = {"status": RunStatus.FAILED, "message": str(error)}
    if "orders" in told:
        told["unsettled"] = _unsettled(host, store)
    return told


def _unsettled(host: Host, store: str) -> dict[str, Any]:
    try:
        return read_unsettled(host, store)
    except (PullError, ShopError) as error:
        return {"ok": False, "message": words_of(error)}


def enqueue_walk(store: str, goes_on: bool = False) -> None:
    frappe.enqueue(
        "salla_manager.reconciling.walk",
        queue="long",
        timeout=TIMEOUT,
        job_id=f"salla_walk_{store}",
        deduplicate=True,
        enqueue_after_commit=True,
        store=store,
        goes_on=goes_on,
    )


def nightly() -> None:
    """Yesterday of each store, and the days before it that are not in order yet; all of those whose changes do not all
    show."""
    host = build_host()
    if host.store.settings().standstill:
        return
    for name in frappe.get_all("Store Account", {"enabled": 1}, pluck="name"):
        store = host.store.store(name)
        if store is None or host.client_for(store) is None:
            continue
        if store.platform in WALKED:
            enqueue_walk(name)
        if "orders" in WALKED.get(store.platform, ()):
            continue
        last = core.yesterday(store, host.clock.now())
        for day in sorted({last, *_open_days(name, last)}):
            enqueue(RunKey(name, "order", day))


def _open_days(store: str, last: date) -> list[date]:
    rows = frappe.get_all(
        "Reconciliation",
        {
            "store": store,
            "entity_type": "order",
            "day": ("between", [last - timedelta(days=DAYS_BACK), last]),
        },
        ["day", "status", "missing", "different"],
    )
    return [row.day for row in rows if row.status != RunStatus.DONE or row.missing or row.different]


def mark_interrupted() -> None:
    host = build_host()
    with host.store.transaction():
        is_any = FrappeReconcileStore().interrupt_reconciliations(FrappeClock().now(), core.LIFE_SIGN)
    for store in _broken_off_walks() if is_any else ():
        enqueue_walk(store, goes_on=True)


def _broken_off_walks() -> list[str]:
    since = to_epoch(FrappeClock().now() - core.GOES_ON_FOR)
    where = {"status": RunStatus.INTERRUPTED, "day": ("is", "not set"), "started": (">=", since)}
    return frappe.get_all("Reconciliation", {**where, "next_page": ("!=", "")}, pluck="store", distinct=True)


def shown(run: Reconciliation) -> dict[str, Any]:
    """Counts for a terminal."""
    tally = run.tally
    return {
        "status": run.status,
        **({"message": run.message} if run.message else {}),
        "at_shop": tally.at_shop,
        "received": tally.received,
        "in_the_erp": tally.applied,
        **{frappe.scrub(state): count for state, count in tally.states.items() if count},
    }
