"""A store's whole content or history, read by a plan that can be stopped and taken up again at any point.

A page is the unit: where it stands is kept after each one. Whatever of it was read before a stop is known by its
record, so that it is not asked for again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from salla_manager.core import outbox
from salla_manager.core.host import Host
from salla_manager.core.incremental import leave_out
from salla_manager.core.ingest import ingest
from salla_manager.core.model import RecordStatus, Seen
from salla_manager.core.outbox import Outcome
from salla_manager.core.pull import ENTITY_TYPES, PullError, moment_of, reason_of, source_of, wanted_types
from salla_manager.core.seen import Comparison
from salla_manager.core.sync_run import RunStatus, SyncRun, SyncStep, SyncStore
from salla_manager.platforms.pace import BACKFILL
from salla_manager.platforms.port import Page, ShopError

# Longer than a page takes with all its waiting; each checkpoint counts anew.
LEASE = timedelta(minutes=5)
RETRY = timedelta(seconds=60)
# With more than this before them, live orders would wait for the ERP behind the backfill.
MOST_QUEUED = 200
PAUSED = "Paused by an operator."
_SAMPLE = 5


def check_plan(
    host: Host,
    runs: SyncStore,
    store_id: str,
    entity_types: Iterable[str] | None = None,
    since: str | datetime | None = None,
) -> None:
    """What keeps a plan from being made, as far as the shop need not be asked. Raises PullError."""
    store, _ = source_of(host, store_id)
    wanted_types(entity_types, store)
    moment_of(since)
    with host.store.transaction():
        _check_none_open(runs, store.name)


def _check_none_open(runs: SyncStore, store: str) -> None:
    other = next(iter(runs.open_runs(store)), None)
    if other is not None:
        raise PullError(f"{other.name} of {store} is {other.status}. Finish or cancel it first.")


def plan(
    host: Host,
    runs: SyncStore,
    store_id: str,
    entity_types: Iterable[str] | None = None,
    since: str | datetime | None = None,
) -> SyncRun:
    """Count what there is, one call per kind, and keep it as a Planned run. Raises PullError, ShopError.

    entity_types: plurals of the contract, default all; since: orders made from then on, ISO 8601.
    """
    store, client = source_of(host, store_id)
    client = client.in_lane(BACKFILL)
    begin, steps = moment_of(since), []
    for plural in wanted_types(entity_types, store):
        for kind in client.kinds(ENTITY_TYPES[plural]):
            page = client.counted(kind, begin)
            steps.append(SyncStep(kind, page.total, page.size, client.calls_each(kind)))
    run = SyncRun(
        name="",
        store=store.name,
        status=RunStatus.PLANNED,
        steps=tuple(steps),
        created_at=host.clock.now(),
        since=begin,
        calls_per_minute=client.calls_per_minute(),
    )
    with host.store.transaction():
        _check_none_open(runs, store.name)
        return replace(run, name=runs.add_run(run))


def start(host: Host, runs: SyncStore, name: str) -> None:
    """Planned or Paused becomes Running. Raises PullError."""
    _change(host, runs, name, (RunStatus.PLANNED, RunStatus.PAUSED), RunStatus.RUNNING)


def pause(host: Host, runs: SyncStore, name: str) -> None:
    """It stops behind the entity that is being read. Raises PullError."""
    _change(host, runs, name, (RunStatus.RUNNING,), RunStatus.PAUSED, PAUSED)


def cancel(host: Host, runs: SyncStore, name: str) -> None:
    """What has been read stays. Raises PullError."""
    _change(host, runs, name, RunStatus.OPEN, RunStatus.CANCELLED, "Cancelled by an operator.")


def _change(
    host: Host, runs: SyncStore, name: str, expected: tuple[str, ...], status: str, message: str = ""
) -> None:
    with host.store.transaction():
        if runs.change_run_status(name, expected, status, host.clock.now(), message):
            return
        run = runs.run(name)
    raise PullError(f"{name} is {run.status}." if run else f"There is no run {name}.")


def work(host: Host, runs: SyncStore, name: str, budget_seconds: float = 45.0) -> SyncRun | None:
    """Read on, page by page, for about so long; None where there is nothing to do or another has it."""
    token, now = secrets.token_hex(16), host.clock.now()
    with host.store.transaction():
        run = runs.lease_run(name, token, now, now + LEASE)
    return _Worker(host, runs, run, token, budget_seconds).work() if run else None


class _Stopped(Exception):
    """The run was paused or cancelled, or another worker has it."""


class _Worker:
    def __init__(self, host: Host, runs: SyncStore, run: SyncRun, token: str, budget_seconds: float):
        self.host = host
        self.runs = runs
        self.run = run
        self.token = token
        self.ends_at = host.clock.monotonic() + budget_seconds

    def work(self) -> SyncRun:
        try:
            self.run = replace(self.run, message="")
            self._end(self._pages())
        except _Stopped:
            self._end(RunStatus.RUNNING)
        except ShopError as error:
            self._end(self._after(error))
        except PullError as error:
            self.run = replace(self.run, message=str(error))
            self._end(RunStatus.PAUSED)
        return self.run

    def _pages(self) -> str:
        store, client = source_of(self.host, self.run.store)
        self.store, self.client = store, client.in_lane(BACKFILL)
        while step := self.run.step_in_hand():
            if self._has_to_wait() or self.host.clock.monotonic() >= self.ends_at:
                return RunStatus.RUNNING
            self._page(step)
        return RunStatus.DONE

    def _has_to_wait(self) -> bool:
        with self.host.store.transaction():
            queued = self.runs.queued_commands(self.store.name)
        if queued > MOST_QUEUED:
            message = f"It waits until the ERP has taken more of the {queued} commands before it."
            self.run = replace(self.run, message=message, due_at=self.host.clock.now() + RETRY / 4)
        return queued > MOST_QUEUED

    def _page(self, step: SyncStep) -> None:
        observed_at = self.host.clock.now()
        try:
            page, compared = self._compared(step)
        except ShopError as error:
            self._note_list(step, error)
            raise
        step = replace(step, block=step.block.list_read())
        step, rows = self._without_known(step, page, compared)
        for external_id, row in rows:
            if step.calls_each:
                observed_at = self.host.clock.now()
            step = self._read(step, external_id, row, observed_at)
            # An entity that has to be read by itself takes a while: it is worth a checkpoint of its own.
            if step.calls_each:
                self._save(step)
        step = replace(step, pages=step.pages + 1, cursor=page.cursor or "", is_done=page.cursor is None)
        if step.is_done:
            self._note_read(step.entity_type, page.at)
        # A page without rows may lie before the list itself, which is not counted yet.
        self._save(replace(step, total=page.total or step.total))

    def _note_list(self, step: SyncStep, error: ShopError) -> None:
        """A list that fails again and again lets the other kinds go before it."""
        if error.is_retryable and error.kind != "throttled" and "" not in step.block.left_out:
            self._save(replace(step, block=step.block.again("")))

    def _compared(self, step: SyncStep) -> tuple[Page, Comparison]:
        """A page, and what of it is as it was. Where that was most of the page before, it is asked first."""
        asked: list[Comparison] = []

        def known(page: Page) -> frozenset[str]:
            asked.append(Comparison(self.host, self.store, step.entity_type, page))
            return frozenset(key for key, _ in page.rows if self._needs_nothing(asked[0], key))

        compare = known if step.is_again and not step.calls_each else None
        page = self.client.page(step.entity_type, step.cursor, self.run.since, compare)
        return page, asked[0] if asked else Comparison(self.host, self.store, step.entity_type, page)

    def _needs_nothing(self, compared: Comparison, external_id: str) -> bool:
        return self._is_known(compared.records.get(external_id)) or compared.is_same(external_id)

    def _without_known(
        self, step: SyncStep, page: Page, compared: Comparison
    ) -> tuple[SyncStep, list[tuple[str, dict[str, Any]]]]:
        """The step with what need not be read counted, and the rows that have to be."""
        rows, known, unchanged, skipped = [], 0, 0, 0
        for external_id, row in page.rows:
            record = compared.records.get(external_id)
            if external_id in step.block.left_out:
                continue
            if self._is_known(record):
                known += 1
            elif record is None or step.calls_each or not compared.is_same(external_id):
                rows.append((external_id, row))
            elif record.status == RecordStatus.SKIPPED:
                skipped += 1
            else:
                unchanged += 1
        if page.rows:
            step = replace(step, is_again=2 * (unchanged + skipped) > len(page.rows))
        counted = replace(
            step,
            known=step.known + known,
            unchanged=step.unchanged + unchanged,
            skipped=step.skipped + skipped,
        )
        return counted, rows

    def _note_read(self, entity_type: str, shop_time: datetime | None) -> None:
        """All of it was read since the run began, so a look for changes need go back no further. Of orders from a day
        on that is not true: older ones may have changed as well."""
        began = self.run.started_at
        if began is None or (entity_type == "order" and self.run.since):
            return
        behind = self.host.clock.now() - shop_time if shop_time else timedelta(0)
        # Changes are asked for by the shop's clock, which tells whole seconds.
        if behind > timedelta(seconds=2):
            began -= behind
        with self.host.store.transaction():
            known = self.runs.watermark(self.store.name, entity_type)
            if known is None or known < began:
                self.runs.save_watermark(self.store.name, entity_type, began)

    def _is_known(self, record: Seen | None) -> bool:
        began = self.run.started_at
        return bool(record and record.observed_at and began and record.observed_at >= began)

    def _read(self, step: SyncStep, external_id: str, row: dict[str, Any], observed_at: datetime) -> SyncStep:
        try:
            body = self.client.whole(step.entity_type, row) if step.calls_each else row
            if body is None:
                return replace(step, vanished=step.vanished + 1)
            outcomes = self.host.retrying(
                lambda: ingest(self.host, self.store, self.client, step.entity_type, body, observed_at)
            )
        except ShopError as error:
            return self._without(step, external_id, error)
        except Exception as error:
            return _failed(step, f"{external_id}: {reason_of(error)}")
        outbox.wake(outcomes, self.host)
        return _counted(step, outcomes)

    def _without(self, step: SyncStep, external_id: str, error: ShopError) -> SyncStep:
        """The step without an entity that can never be read. Raises the error where that is not certain yet."""
        if error.kind == "refused":
            return _failed(step, f"{external_id}: {error}")
        if not external_id or not error.is_retryable or error.kind == "throttled":
            raise error
        block = step.block.again(external_id)
        if external_id not in block.left_out:
            # What of this page was counted already is counted anew.
            self._save(replace(self.run.step_in_hand() or step, block=block))
            raise error
        began = self.run.started_at or self.run.created_at
        reason = leave_out(self.host, self.store, step.entity_type, external_id, error, began)
        step = replace(_failed(step, reason), block=block)
        self._save(step)
        return step

    def _save(self, step: SyncStep) -> None:
        self.run = replace(
            self.run.with_step(step),
            calls_per_minute=self.client.calls_per_minute(),
            lease_until=self.host.clock.now() + LEASE,
        )
        with self.host.store.transaction():
            status = self.runs.save_progress(self.run, self.token)
        if status != RunStatus.RUNNING:
            raise _Stopped

    def _after(self, error: ShopError) -> str:
        if not error.is_retryable:
            self.run = replace(self.run, message=f"{error} {error.step} Resume it then.".replace("  ", " "))
            return RunStatus.PAUSED
        if error.kind == "throttled":
            message = "It waits for a place within the shop's limit; live orders go first."
            wait = timedelta(seconds=error.retry_after or 0.0)
        else:
            message = f"The shop could not be read: {error} It is tried again by itself."
            wait = max(RETRY, timedelta(seconds=error.retry_after or 0.0))
        self.run = replace(self.run, message=message, due_at=self.host.clock.now() + wait)
        return RunStatus.RUNNING

    def _end(self, status: str) -> None:
        if status == RunStatus.DONE:
            self.run = replace(self.run, finished_at=self.host.clock.now())
        with self.host.store.transaction():
            self.runs.end_lease(self.run, self.token, status)
            self.run = self.runs.run(self.run.name) or self.run


def _failed(step: SyncStep, reason: str) -> SyncStep:
    return replace(step, failed=step.failed + 1, reasons=(*step.reasons, reason)[:_SAMPLE])


def _counted(step: SyncStep, outcomes: list[Outcome]) -> SyncStep:
    """By the entity itself, which is the first outcome; what came along with it counts nowhere."""
    own = outcomes[0]
    if own.made_command:
        return replace(step, queued=step.queued + 1)
    if own.status == outbox.SKIPPED:
        return replace(step, skipped=step.skipped + 1)
    if own.status == outbox.FAILED:
        return _failed(step, f"{own.key.external_id}: {own.reason}")
    return replace(step, unchanged=step.unchanged + 1)
