"""A Sync Run: what a long reading of a shop is to bring, how far it is, and what it asks of its host."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol


class RunStatus:
    PLANNED = "Planned"
    RUNNING = "Running"
    PAUSED = "Paused"
    CANCELLED = "Cancelled"
    DONE = "Done"

    OPEN = (PLANNED, RUNNING, PAUSED)


# So often the same entity may break a reading off before it goes on without it.
MOST_TRIES = 3


@dataclass(frozen=True)
class Block:
    """What of a list could not be read: `external_id` has broken the reading off `tries` times in a row, and the
    `left_out` ones did so too often. The list itself is the empty one."""

    external_id: str = ""
    tries: int = 0
    left_out: tuple[str, ...] = ()

    def again(self, external_id: str) -> Block:
        """After one try more; left out where that was one too many."""
        tries = self.tries + 1 if external_id == self.external_id else 1
        if tries < MOST_TRIES:
            return Block(external_id, tries, self.left_out)
        return Block(left_out=(*self.left_out, external_id))

    def list_read(self) -> Block:
        """The list itself is no hindrance any more."""
        if not self.tries and "" not in self.left_out:
            return self
        tries = self.tries if self.external_id else 0
        return Block(self.external_id, tries, tuple(key for key in self.left_out if key))


def block_of(row: Any) -> Block:
    """As it was kept, of which JSON makes lists."""
    return Block(row["external_id"], row["tries"], tuple(row["left_out"])) if row else Block()


@dataclass(frozen=True)
class SyncStep:
    """One kind of entity. total, size (rows of a page) and calls_each are the plan's; the rest counts what was done.

    known: read already since the run began, by it or because the shop told. vanished: listed, but gone when read.
    """

    entity_type: str
    total: int = 0
    size: int = 1
    calls_each: int = 0
    cursor: str = ""
    is_done: bool = False
    pages: int = 0
    queued: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    vanished: int = 0
    known: int = 0
    reasons: tuple[str, ...] = ()
    block: Block = Block()
    # What was read last was mostly known as it is, so that the rest is worth a comparison first.
    is_again: bool = False

    @property
    def done(self) -> int:
        return self.queued + self.unchanged + self.skipped + self.failed + self.vanished + self.known

    @property
    def planned_calls(self) -> int:
        return max(1, -(-self.total // self.size)) + self.total * self.calls_each

    @property
    def calls_left(self) -> int:
        if self.is_done:
            return 0
        left = max(0, self.total - self.done)
        return -(-left // self.size) + left * self.calls_each


@dataclass(frozen=True)
class SyncRun:
    """since: of orders, the earliest day they were made. calls_per_minute: of the store's limit, 0 if not told."""

    name: str
    store: str
    status: str
    steps: tuple[SyncStep, ...]
    created_at: datetime
    since: datetime | None = None
    calls_per_minute: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    # Not to be worked on before; empty where nothing stands against it.
    due_at: datetime | None = None
    # What it waits for, or why it stopped, for the operator.
    message: str = ""
    lease_token: str = ""
    lease_until: datetime | None = None

    def step_in_hand(self) -> SyncStep | None:
        """One whose list failed too often comes behind the others."""
        left = [step for step in self.steps if not step.is_done]
        return next((step for step in left if "" not in step.block.left_out), next(iter(left), None))

    def with_step(self, step: SyncStep) -> SyncRun:
        steps = (step if step.entity_type == known.entity_type else known for known in self.steps)
        return replace(self, steps=tuple(steps))

    def minutes(self, calls: int) -> float | None:
        """How long so many calls take within the store's limit; None where that is not known."""
        return round(calls / self.calls_per_minute, 1) if self.calls_per_minute else None

    def figures(self) -> dict[str, Any]:
        """For a person: status, message, per kind planned and done, calls and minutes in all and left."""
        calls = sum(step.planned_calls for step in self.steps)
        left = sum(step.calls_left for step in self.steps)
        return {
            "run": self.name,
            "status": self.status,
            "message": self.message,
            "entities": {step.entity_type: _figures(step) for step in self.steps},
            "calls": calls,
            "minutes": self.minutes(calls),
            "calls_left": left,
            "minutes_left": self.minutes(left),
        }


def _figures(step: SyncStep) -> dict[str, Any]:
    kept = ("total", "done", "queued", "unchanged", "skipped", "failed", "vanished", "known", "is_done")
    return {name: getattr(step, name) for name in kept} | {"reasons": list(step.reasons)}


def dump_steps(steps: Iterable[SyncStep]) -> str:
    # Kept after each page, so not by asdict, which copies all that is in it.
    rows = [vars(step) | {"block": vars(step.block)} for step in steps]
    return json.dumps(rows, ensure_ascii=False)


def load_steps(text: str) -> tuple[SyncStep, ...]:
    return tuple(
        SyncStep(**{**row, "reasons": tuple(row["reasons"]), "block": block_of(row.get("block"))})
        for row in json.loads(text or "[]")
    )


@dataclass(frozen=True)
class Place:
    """Where a look for changes stands that has not come to its end. began: what changed since is for the next one."""

    began: datetime
    cursor: str = ""
    block: Block = Block()


class SyncStore(Protocol):
    """Rows of Sync Run. A method runs inside the transaction that is open."""

    def add_run(self, run: SyncRun) -> str:
        """Gives its name."""

    def run(self, name: str) -> SyncRun | None: ...

    def open_runs(self, store: str = "") -> list[SyncRun]:
        """Planned, Running and Paused ones, oldest first; of all stores where none is named."""

    def due_runs(self, now: datetime) -> list[str]:
        """Running ones whose due_at is empty or past and that nobody has leased."""

    def lease_run(self, name: str, token: str, now: datetime, until: datetime) -> SyncRun | None:
        """Take a due run for one worker; None where it is not due, not Running, or in another's hands."""

    def save_progress(self, run: SyncRun, token: str) -> str:
        """Keep steps, calls_per_minute and lease_until; gives the status the run has now, which an operator may have
        changed. Empty where the lease was lost: then nothing is kept."""

    def end_lease(self, run: SyncRun, token: str, status: str) -> bool:
        """`save_progress`, and let go; where it is Running still, also `status`, message, due_at and finished_at.
        False where the lease was lost."""

    def change_run_status(
        self, name: str, expected: tuple[str, ...], status: str, now: datetime, message: str = ""
    ) -> bool:
        """Compare and set, also while a worker has it; clears due_at. Running sets started_at the first time,
        Cancelled and Done set finished_at."""

    def queued_commands(self, store: str) -> int:
        """Commands of the store that wait for their turn to be sent."""

    def watermark(self, store: str, entity_type: str) -> datetime | None:
        """All that the shop changed before this time has been read; None where nothing ever was."""

    def save_watermark(self, store: str, entity_type: str, moment: datetime) -> None:
        """The look that was under way has ended by that: its place is forgotten."""

    def place(self, store: str, entity_type: str) -> Place | None: ...

    def save_place(self, store: str, entity_type: str, place: Place) -> None: ...
