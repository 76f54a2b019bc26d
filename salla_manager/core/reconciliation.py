"""A Reconciliation: one comparison of what a shop has with what the hub knows, and what it asks of its host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from salla_manager.core.model import Event
from salla_manager.core.standing import Finding, Standing, State

# Plural of the contract: entity type.
KINDS = {"orders": "order", "products": "product", "customers": "customer", "variants": "variant"}
# A row may slip through one walk while the shop changes under it.
GONE_WALKS = 2


class RunStatus:
    RUNNING = "Running"
    DONE = "Done"
    FAILED = "Failed"
    # It gave no sign of life for a while: its worker was killed.
    INTERRUPTED = "Interrupted"


@dataclass(frozen=True)
class RunKey:
    """day: in the store's zone, for orders; None stands for all of a kind, which tells what the shop has no more."""

    store: str
    entity_type: str
    day: date | None = None

    @property
    def name(self) -> str:
        return f"{self.store} {self.entity_type} {self.day or 'all'}"


@dataclass(frozen=True)
class Tally:
    """at_shop: listed there; received: of those, known here in any state; applied: of those, in the ERP in any
    revision; states: how many of each State. page, pages: how far the walk is."""

    at_shop: int = 0
    received: int = 0
    applied: int = 0
    states: dict[str, int] = field(default_factory=dict)
    page: int = 0
    pages: int = 0

    def of(self, state: str) -> int:
        return self.states.get(state, 0)

    @property
    def is_complete(self) -> bool:
        """Nothing that has to be read again."""
        return not any(self.of(state) for state in State.READABLE)


@dataclass(frozen=True)
class Reconciliation:
    """One per key: a new run replaces the one before. token: of this run alone. cursor: of the page to read next, empty
    at the beginning and behind the last."""

    key: RunKey
    token: str
    status: str = RunStatus.RUNNING
    # Why it failed, in words.
    message: str = ""
    tally: Tally = Tally()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cursor: str = ""


class ReconcileStore(Protocol):
    """Rows of Reconciliation. A method runs inside the transaction that is open; the last four only read."""

    def begin_reconciliation(self, run: Reconciliation, now: datetime, life_sign: timedelta) -> bool:
        """Replace the run of this key with its findings, which stay where it has a cursor already; False while one runs that was saved within `life_sign`."""

    def save_reconciliation(self, run: Reconciliation, findings: Iterable[Finding], now: datetime) -> bool:
        """Keep status, message, tally and cursor, and add the findings; False where another run has taken over."""

    def interrupt_reconciliations(self, now: datetime, life_sign: timedelta) -> int:
        """Running ones that were not saved within `life_sign` become Interrupted."""

    def note_gone(self, key: RunKey, now: datetime) -> None:
        """Of a run over all of a kind: its Gone records were missing once more, all others of the kind are there. Those
        missing twice in a row are marked as missing at the source since now; nothing else is done about them."""

    def find_reconciliation(self, key: RunKey) -> Reconciliation | None: ...

    def findings(self, key: RunKey, states: tuple[str, ...] = State.ALL) -> list[Finding]: ...

    def standings(self, store: str, entity_type: str, external_ids: list[str]) -> list[Standing]: ...

    def standings_after(self, store: str, entity_type: str, record: str, limit: int) -> list[Standing]:
        """Of all records of a kind those behind this one, ordered by the record's name."""

    def open_events(self, store: str) -> list[Event]:
        """Received and Failed ones."""
