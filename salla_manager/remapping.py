"""Mapping records again in the background, turn by turn, after rules were changed."""

from __future__ import annotations

from datetime import timedelta

import frappe

from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.host import build_host
from salla_manager.adapters.jobs import wake
from salla_manager.adapters.mapping_store import (
    RULE_SET,
    FrappeMappingRows,
    begin_remap,
    keep_progress,
    open_task,
    scope_of,
    silent_tasks,
)
from salla_manager.core.mapping.remap import Remapped, remap

TURN_SECONDS = 45.0
TURN_TIMEOUT = 600
# A turn writes after each page; one that has not for so long is over.
SILENCE = timedelta(minutes=2)


def begin(rule_set: str, only_failed: bool = True) -> int:
    """Map again, behind the commit; gives how many records there are to look at."""
    doc = frappe.get_cached_doc(RULE_SET, rule_set)
    scope = scope_of(doc.platform, doc.store, doc.entity_type)
    total = FrappeMappingRows().count_records(scope, only_failed=only_failed)
    if total:
        begin_remap(rule_set, only_failed=only_failed, total=total, now=FrappeClock().now())
        frappe.db.after_commit.add(lambda: wake_turn(rule_set))
    return total


def wake_turn(rule_set: str) -> None:
    options = {"queue": "long", "timeout": TURN_TIMEOUT}
    wake("salla_manager.remapping.take_turn", f"salla_remap_{rule_set}", **options, rule_set=rule_set)


def take_turn(rule_set: str) -> bool:
    """The job; whether there was nothing more to do."""
    report = work(rule_set)
    if report is None or report.is_complete:
        return True
    if not report.problem:
        wake_turn(rule_set)
    return False


def work(rule_set: str, seconds: float = TURN_SECONDS) -> Remapped | None:
    """One turn; None where nothing is to be mapped again."""
    host, rows, task = build_host(), FrappeMappingRows(), open_task(rule_set)
    if task is None:
        return None

    def keep(report: Remapped) -> None:
        with host.store.transaction():
            keep_progress(task, report, host.clock.now())
        told = {"rule_set": rule_set}
        frappe.publish_realtime("salla_mapped_again", told, doctype=RULE_SET, docname=rule_set)

    report = remap(
        host,
        rows,
        task.scope,
        only_failed=task.only_failed,
        after=task.cursor,
        seconds=seconds,
        on_page=keep,
    )
    keep(report)
    return report


def release_failed(platform: str, store: str, entity_type: str) -> None:
    """The job after a rule set was deleted: what it refused goes by the rules that hold now."""
    scope = scope_of(platform, store or None, entity_type)
    remap(build_host(), FrappeMappingRows(), scope, only_failed=True, seconds=TURN_TIMEOUT / 2)


def hand_over() -> None:
    """Of the minute's sweep: a worker for what is being mapped again by nobody."""
    for rule_set in silent_tasks(FrappeClock().now() - SILENCE):
        wake_turn(rule_set)
