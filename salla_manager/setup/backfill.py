"""Backfills in the terminal."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from salla_manager import reading
from salla_manager.adapters.host import build_host
from salla_manager.adapters.sync_store import FrappeSyncStore
from salla_manager.core import backfill
from salla_manager.core.host import Host
from salla_manager.core.pull import PullError
from salla_manager.core.sync_run import RunStatus, SyncRun
from salla_manager.shell import tell

# Seconds between two lines of progress; a page is never broken off.
_TURN = 2.0


def act(
    store: str, action: str | None, plurals: list[str] | None, since: str | None, is_quiet: bool
) -> dict[str, Any]:
    """Figures of the store's run after `action`; without one it is planned, begun and read here to its end. Raises
    PullError and ShopError."""
    host, runs = build_host(), FrappeSyncStore()
    if action == "plan":
        return _told(backfill.plan(host, runs, store, plurals, since), is_quiet)
    if action is None:
        run = _begun(host, runs, store, plurals, since, is_quiet)
        return _told(_read_here(runs, run.name, is_quiet), is_quiet)
    run = _latest(host, runs, store)
    if action == "pause":
        backfill.pause(host, runs, run.name)
    if action == "cancel":
        backfill.cancel(host, runs, run.name)
    if action == "resume":
        backfill.start(host, runs, run.name)
        reading.wake_backfill(run.name)
    return _told(_fresh(runs, run.name), is_quiet)


def _open(host: Host, runs: FrappeSyncStore, store: str) -> SyncRun | None:
    with host.store.transaction():
        return next(iter(runs.open_runs(store)), None)


def _latest(host: Host, runs: FrappeSyncStore, store: str) -> SyncRun:
    run = _open(host, runs, store) or runs.last_run(store)
    if run is None:
        raise PullError(f"{store} has no backfill yet.")
    return run


def _begun(
    host: Host,
    runs: FrappeSyncStore,
    store: str,
    plurals: list[str] | None,
    since: str | None,
    is_quiet: bool,
) -> SyncRun:
    """The planned or running one where there is one, else a new one."""
    is_plain = plurals is None and since is None
    run = _open(host, runs, store) if is_plain else None
    if run is None:
        run = backfill.plan(host, runs, store, plurals, since)
    if run.status == RunStatus.PAUSED:
        raise PullError(f"{run.name} is Paused. {run.message} Go on with --resume, or end it with --cancel.")
    if not is_quiet:
        tell(_told(run, is_quiet), False)
    if run.status == RunStatus.PLANNED:
        backfill.start(host, runs, run.name)
    return run


def _read_here(runs: FrappeSyncStore, name: str, is_quiet: bool) -> SyncRun:
    """Read on; where a worker has it, wait and show how far that is."""
    shown = ""
    while True:
        reading.read_on(name, _TURN)
        run = _fresh(runs, name)
        line = _line(run)
        if not is_quiet and line != shown:
            click.echo(
                f"\r\x1b[K{line}" if sys.stderr.isatty() else line, err=True, nl=not sys.stderr.isatty()
            )
            shown = line
        if run.status != RunStatus.RUNNING:
            if not is_quiet and sys.stderr.isatty():
                click.echo(err=True)
            return run
        if run.due_at or run.lease_token:
            time.sleep(_TURN)


def _fresh(runs: FrappeSyncStore, name: str) -> SyncRun:
    host = build_host()
    # The view of a transaction that is open would show the worker's progress never.
    with host.store.transaction():
        run = runs.run(name)
    if run is None:
        raise PullError(f"{name} was deleted meanwhile.")
    return run


def _line(run: SyncRun) -> str:
    step = run.step_in_hand()
    at = f"{step.entity_type} {step.done} of {step.total}, " if step else ""
    minutes = run.figures()["minutes_left"]
    time_left = f", about {minutes} minutes" if minutes else ""
    calls = sum(each.calls_left for each in run.steps)
    return f"{run.status}: {at}{calls} calls left{time_left} {run.message}".rstrip()


def _told(run: SyncRun, is_quiet: bool) -> dict[str, Any]:
    """The run's figures; for a person a line per kind, with the counts that are not 0."""
    figures = run.figures()
    figures["failed"] = sum(row["failed"] for row in figures["entities"].values())
    if is_quiet:
        return figures
    counted = ("total", "done", "queued", "unchanged", "skipped", "failed", "vanished", "known")
    lines = []
    for name, row in figures["entities"].items():
        counts = ", ".join(f"{key} {row[key]}" for key in counted if row[key] or key == "total")
        lines += [f"{name}: {counts}", *(f"  {reason}" for reason in row["reasons"])]
    return {**figures, "entities": lines}
