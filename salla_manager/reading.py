"""Long readings of shops in the background: backfills, piece by piece, and looks for what changed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import frappe

from salla_manager.adapters import look_rows
from salla_manager.adapters.alarms import tell
from salla_manager.adapters.failures import log_failure
from salla_manager.adapters.host import build_host
from salla_manager.adapters.jobs import wake
from salla_manager.adapters.rows import is_transient, plain
from salla_manager.adapters.sync_store import RUN, FrappeSyncStore, note_sync
from salla_manager.core import backfill
from salla_manager.core.incremental import read_changes
from salla_manager.core.pull import ENTITY_TYPES, PullError, is_off
from salla_manager.core.refusals import words_of
from salla_manager.core.sync_run import RunStatus, SyncRun
from salla_manager.platforms.port import ShopError

# Of one turn of a backfill; between turns a worker is free for what waits.
TURN_SECONDS = 45.0
# The page that is begun when a turn ends may take long at a slow shop; RQ breaks a job off at any line.
TURN_TIMEOUT = 3600
LOOK_TIMEOUT = 1500
# These lists are short and are read as a whole.
SHORT_LISTS = ("categories", "brands", "order_statuses")
SHORT_LISTS_EVERY = timedelta(days=1)


def hand_over() -> None:
    """Of the minute's sweep: a worker for each backfill and each look that is due."""
    host = build_host()
    if host.store.settings().standstill:
        return
    now = host.clock.now()
    for name in FrappeSyncStore().due_runs(now):
        wake_backfill(name)
    for store in look_rows.due_looks(now):
        wake_look(store)


def wake_backfill(name: str) -> None:
    """A wake-up only, as in adapters/jobs.py: the lease keeps two workers apart, the sweep finds what was lost."""
    options = {"queue": "long", "timeout": TURN_TIMEOUT}
    wake("salla_manager.reading.take_turn", f"salla_backfill_{name}", **options, name=name)


def wake_look(store: str) -> None:
    options = {"queue": "long", "timeout": LOOK_TIMEOUT}
    wake("salla_manager.reading.look", f"salla_look_{store}", **options, store=store)


def look_now(store: str) -> None:
    """Whatever the store's own minutes say."""
    host = build_host()
    with host.store.transaction():
        look_rows.ask_look(store, host.clock.now())
    wake_look(store)


def read_all(store: str, entity_types: list[str] | None = None, since: str | None = None) -> str:
    """The job: plan a backfill and begin it. Gives its name; empty, with the reason on the Store Account, where it
    could not be planned."""
    host, runs = build_host(), FrappeSyncStore()
    try:
        run = backfill.plan(host, runs, store, entity_types, since)
        backfill.start(host, runs, run.name)
    except (PullError, ShopError) as error:
        with host.store.transaction():
            note_sync(store, None, plain(words_of(error)))
        return ""
    wake_backfill(run.name)
    return run.name


def take_turn(name: str) -> None:
    """The job: read on for a while, and come back behind whatever else waits for a worker."""
    run = read_on(name)
    if run and run.status == RunStatus.RUNNING and run.due_at is None:
        wake_backfill(name)


def read_on(name: str, seconds: float = TURN_SECONDS) -> SyncRun | None:
    """As core's `work`. What needs a person is told once; what nobody foresaw pauses the run instead of repeating
    itself for ever."""
    host, runs = build_host(), FrappeSyncStore()
    if host.store.settings().standstill:
        return None
    try:
        run = backfill.work(host, runs, name, seconds)
    except Exception as error:
        frappe.db.rollback()
        if is_transient(error):
            # Its lease ends by itself.
            return None
        log_failure("salla_manager backfill", error)
        run = _pause(name, f"An unforeseen {type(error).__name__} stopped it; see Error Log. Resume it then.")
    if run and run.status == RunStatus.PAUSED and run.message != backfill.PAUSED:
        tell(RUN, name, f"{name}: {run.message}")
        # The job's own end commits for RQ only, not for the command line.
        frappe.db.commit()
    return run


def _pause(name: str, message: str) -> SyncRun | None:
    host, runs = build_host(), FrappeSyncStore()
    with host.store.transaction():
        runs.change_run_status(name, (RunStatus.RUNNING,), RunStatus.PAUSED, host.clock.now(), message)
        run = runs.run(name)
        if run:
            note_sync(run.store, None, message)
    return run


def look(store: str) -> None:
    """The job: what changed in a shop since the last look. What the shop's limit broke off goes on behind whatever else
    waits for a worker."""
    host, token = build_host(), secrets.token_hex(16)
    now = host.clock.now()
    if host.store.settings().standstill:
        return
    with host.store.transaction():
        is_ours = look_rows.begin_look(store, token, now, now + timedelta(seconds=LOOK_TIMEOUT))
    if not is_ours:
        return
    answer: dict[str, Any] = {}
    message = ""
    try:
        answer = read_changes(host, FrappeSyncStore(), store, due_lists(store, now))
    except (PullError, ShopError) as error:
        message = words_of(error)
    except Exception as error:
        frappe.db.rollback()
        log_failure("salla_manager look for changes", error)
        message = (
            f"An unforeseen {type(error).__name__} stopped it; see Error Log. It is tried again by itself."
        )
    with host.store.transaction():
        look_rows.end_look(store, token, answer, host.clock.now(), message)
    if answer.get("goes_on_after") == 0:
        wake_look(store)


def due_lists(store: str, now: datetime) -> list[str]:
    """Plurals: what changes all day, and once a day the short lists; nothing of what is switched off."""
    until, known = look_rows.read_until(store), build_host().store.store(store)
    is_old = {
        plural: now - moment >= SHORT_LISTS_EVERY if (moment := until.get(ENTITY_TYPES[plural])) else True
        for plural in SHORT_LISTS
    }
    wanted = [plural for plural in ENTITY_TYPES if is_old.get(plural, True)]
    return [plural for plural in wanted if known and not is_off(known, plural)]
