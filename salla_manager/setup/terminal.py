"""Reconciliation, rehearsal and SKUs in the terminal."""

from __future__ import annotations

import sys
from typing import Any

import click

from salla_manager import reconciling
from salla_manager.adapters.host import build_host
from salla_manager.adapters.reconcile_store import FrappeReconcileStore
from salla_manager.adapters.sku_rows import shown_problems, sku_problems
from salla_manager.core import reconcile as core
from salla_manager.core import rehearsal
from salla_manager.core.reconciliation import KINDS, RunKey, RunStatus, Tally
from salla_manager.core.standing import State
from salla_manager.core.workbench import Kind, recheck_all

SHOWN = 50
# An order takes the ERP a fraction of a second.
REHEARSAL_SECONDS = 3600.0


def reconcile_here(store: str, plural: str, day: str | None, enqueue: bool) -> tuple[dict[str, Any], int]:
    """(what to print, exit status)."""
    host, rows = build_host(), FrappeReconcileStore()
    known = host.store.store(store)
    if known and plural == "orders" and not day:
        day = str(core.yesterday(known, host.clock.now()))
    key = reconciling.key_of(store, KINDS.get(plural, plural), day)
    run = core.reconcile(host, rows, key, _progress)
    values = {"reconciliation": key.name, **reconciling.shown(run)}
    if enqueue:
        values["enqueued"] = core.enqueue_missing(host, rows, key)
    values["findings"] = _findings(rows, key)
    return values, _status(run.status, run.tally)


def rehearse_here(store: str, last: int) -> tuple[dict[str, Any], int]:
    """(what to print, exit status). Raises OperatorError."""
    done = rehearsal.rehearse(build_host(), store, last, REHEARSAL_SECONDS)
    values = done.values()
    lines: list[str] = []
    for group in values["groups"]:
        lines.append(f"{group['part']} ({group['count']}): {', '.join(group['orders'])}")
        lines += [f"  {line}" for reason in group["reasons"] for line in reason.splitlines()]
    values["groups"] = lines
    is_whole = not done.stopped and not done.count(rehearsal.Part.UNKNOWN)
    is_well = not (done.count(rehearsal.Part.FAILS) or done.count(rehearsal.Part.DIFFERS))
    return values, 0 if is_whole and is_well else 1 if is_whole else 2


def list_skus(store: str, recheck: bool) -> dict[str, Any]:
    """Counts by kind, and a line per problem."""
    host = build_host()
    known = host.store.store(store)
    if known is None:
        raise click.ClickException(f"The store '{store}' is not known.")
    rows = shown_problems(known)
    counts = {kind.lower(): sum(row["kind"] == kind for row in rows) for kind in Kind.ALL}
    values: dict[str, Any] = {"store": store, **counts}
    if recheck:
        values["read_again"] = recheck_all(host, store, [one.row for one in sku_problems(store)])
    values["problems"] = [
        f"{row['kind']}: {row['entity_type']} {row['external_id']} ({row['title']}). {row['reason']} {row['url']}".rstrip()
        for row in rows
    ]
    return values


def _findings(rows: FrappeReconcileStore, key: RunKey) -> list[str]:
    found = sorted(rows.findings(key), key=lambda one: State.ALL.index(one.state))
    lines = [
        f"{one.state}: {one.title or one.external_id} ({one.external_id}). {one.reason}" for one in found
    ]
    more = len(lines) - SHOWN
    return lines[:SHOWN] + ([f"and {more} more"] if more > 0 else [])


def _status(status: str, tally: Tally) -> int:
    if status != RunStatus.DONE:
        return 2
    return int(any(tally.of(state) for state in State.READABLE))


def _progress(tally: Tally) -> None:
    if sys.stderr.isatty():
        click.echo(f"\rpage {tally.page} of {tally.pages}", nl=tally.page == tally.pages, err=True)
