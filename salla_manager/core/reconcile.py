"""Is anything missing? A cheap walk over what the shop has, compared with what the hub knows and the ERP took."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from salla_manager.core.asked import ask
from salla_manager.core.days import day_of
from salla_manager.core.host import Host, context_of
from salla_manager.core.model import Event, Store
from salla_manager.core.process import signals_of
from salla_manager.core.reconciliation import KINDS, ReconcileStore, Reconciliation, RunKey, RunStatus, Tally
from salla_manager.core.standing import Finding, Standing, State, gone, judge
from salla_manager.platforms.pace import BACKFILL
from salla_manager.platforms.port import Page, ShopClient, ShopEntry, ShopError

# A run that showed no sign of life for so long was broken off.
LIFE_SIGN = timedelta(minutes=10)
PAGE = 500
# A walk that was broken off goes on within so long; later the shop has become another one.
GOES_ON_FOR = timedelta(hours=12)
_PART = "It was broken off and went on from there, so what the shop lists no more was not looked for."
# Of one page; seconds between them, where the shop names none.
TRIES, SHORTEST_WAIT, LONGEST_WAIT = 4, 5.0, 60.0


class ReconcileError(ValueError):
    """A run that cannot be begun, or that another one took over; the message says why."""


def yesterday(store: Store, now: datetime) -> date:
    """Of the store's own calendar."""
    return day_of(now, store.timezone) - timedelta(days=1)


def reconcile(
    host: Host,
    rows: ReconcileStore,
    key: RunKey,
    on_page: Callable[[Tally], None] = lambda tally: None,
    *,
    goes_on: bool = False,
) -> Reconciliation:
    """Compare and keep what was found. on_page: told after each page. goes_on: from where a run of the last hours was
    broken off. Raises ReconcileError.

    Safe to run again, also after a kill: the run of the key is replaced whole. A shop that cannot be read to its end
    gives a Failed run with what was found until then.
    """
    store, client = _source(host, key)
    run = Reconciliation(key, secrets.token_hex(16), started_at=host.clock.now())
    broken_off = _broken_off(host, rows, key) if goes_on else None
    if broken_off is not None:
        run = replace(run, tally=broken_off.tally, started_at=broken_off.started_at, cursor=broken_off.cursor)
    with host.store.transaction():
        if not rows.begin_reconciliation(run, host.clock.now(), LIFE_SIGN):
            raise ReconcileError(f"{key.name} is being reconciled already.")
    walk = _Walk(host, rows, store, run)
    try:
        walk.compare(client, on_page)
        return walk.end(RunStatus.DONE, _PART if broken_off else "")
    except ShopError as error:
        return walk.end(
            RunStatus.FAILED, f"The shop could not be read to its end: {error} {error.step}".strip()
        )


def _broken_off(host: Host, rows: ReconcileStore, key: RunKey) -> Reconciliation | None:
    run = rows.find_reconciliation(key)
    if run is None or run.status != RunStatus.INTERRUPTED or not run.cursor or run.started_at is None:
        return None
    return run if host.clock.now() - run.started_at < GOES_ON_FOR else None


def enqueue_missing(host: Host, rows: ReconcileStore, key: RunKey) -> int:
    """Have what is missing or different read from the shop, once per run; gives how many were not asked for yet.
    Raises ReconcileError."""
    run, store = rows.find_reconciliation(key), host.store.store(key.store)
    if run is None or store is None:
        raise ReconcileError(f"{key.name} was not reconciled yet.")
    wanted = [finding.external_id for finding in rows.findings(key, State.READABLE)]
    return ask(host, store, key.entity_type, wanted, f"reconciliation {run.token}")


class _Walk:
    """One run over the shop's pages."""

    def __init__(self, host: Host, rows: ReconcileStore, store: Store, run: Reconciliation):
        self.host, self.rows, self.store, self.run, self.key = host, rows, store, run, run.key
        self.tally = run.tally
        # Of what was listed before a stop only what was found is known still.
        self.is_whole = not run.cursor
        kept = [] if self.is_whole else rows.findings(run.key)
        self.seen = {finding.external_id for finding in kept}
        self.told = _told(host, rows, run.key)

    def compare(self, client: ShopClient, on_page: Callable[[Tally], None]) -> None:
        for page in self._pages(client.in_lane(BACKFILL)):
            fresh = {entry.external_id: entry for entry in self._entries(page)}
            known = self._known(list(fresh))
            findings = [judge(entry, known.get(key), self.told.get(key, "")) for key, entry in fresh.items()]
            self.seen.update(fresh)
            self.tally = _counted(self.tally, findings, known.values(), page)
            if not self.is_whole:
                self.tally = _within(self.tally, page.total)
            self.run = replace(self.run, cursor=page.cursor or "")
            self._keep(findings)
            on_page(self.tally)
        if self.key.day is None and self.is_whole:
            self._compare_back()
            with self.host.store.transaction():
                self.rows.note_gone(self.key, self.host.clock.now())

    def _pages(self, client: ShopClient) -> Iterator[Page]:
        cursor: str | None = self.run.cursor
        while cursor is not None:
            page = self._page(client, cursor)
            yield page
            cursor = page.cursor

    def _page(self, client: ShopClient, cursor: str) -> Page:
        if self.key.day is not None:
            day = self.key.day
            return patiently(self.host, lambda: client.orders_of(day, cursor))
        return patiently(self.host, lambda: client.entries(self.key.entity_type, cursor))

    def _entries(self, page: Page) -> Iterator[ShopEntry]:
        """Those that were not met before and, of orders, were made on the day."""
        platform, context = self.host.platforms(self.store.platform), context_of(self.store)
        for external_id, row in page.rows:
            if not external_id or external_id in self.seen:
                continue
            entry = platform.entry(self.key.entity_type, external_id, row, context)
            made = day_of(entry.created_at, self.store.timezone) if entry.created_at else self.key.day
            if self.key.day in (None, made):
                yield entry

    def _compare_back(self) -> None:
        """What is known here and not in the shop's list."""
        after = ""
        while page := self.rows.standings_after(self.key.store, self.key.entity_type, after, PAGE):
            after = page[-1].record
            lost = [
                gone(known)
                for known in page
                if known.revision and not known.is_deleted and known.external_id not in self.seen
            ]
            states = {**self.tally.states, State.GONE: self.tally.of(State.GONE) + len(lost)}
            self.tally = replace(self.tally, states=states)
            self._keep(lost)

    def _known(self, ids: list[str]) -> dict[str, Standing]:
        found = self.rows.standings(self.key.store, self.key.entity_type, ids)
        return {known.external_id: known for known in found}

    def _keep(self, findings: Iterable[Finding]) -> None:
        self._save(replace(self.run, tally=self.tally), findings)

    def end(self, status: str, message: str = "") -> Reconciliation:
        now = self.host.clock.now()
        return self._save(
            replace(self.run, status=status, message=message, tally=self.tally, finished_at=now), ()
        )

    def _save(self, run: Reconciliation, findings: Iterable[Finding]) -> Reconciliation:
        shown = [finding for finding in findings if finding.state != State.APPLIED]
        with self.host.store.transaction():
            if not self.rows.save_reconciliation(run, shown, self.host.clock.now()):
                raise ReconcileError(f"Another run of {self.key.name} has taken over.")
        return run


def patiently(host: Host, read: Callable[[], Page]) -> Page:
    """What `read` gives, after some waiting where the shop is away. Raises ShopError."""
    for left in reversed(range(TRIES)):
        try:
            return read()
        except ShopError as error:
            if not (left and error.is_retryable):
                raise
            host.clock.sleep(min(error.retry_after or SHORTEST_WAIT, LONGEST_WAIT))
    raise AssertionError("unreachable")


def _counted(tally: Tally, findings: list[Finding], known: Iterable[Standing], page: Page) -> Tally:
    states = dict(tally.states)
    for finding in findings:
        states[finding.state] = states.get(finding.state, 0) + 1
    missing = sum(finding.state == State.MISSING for finding in findings)
    return replace(
        tally,
        at_shop=tally.at_shop + len(findings),
        received=tally.received + len(findings) - missing,
        applied=tally.applied + sum(bool(one.applied_revision) for one in known),
        states=states,
        page=tally.page + 1,
        pages=max(tally.page + 1, -(-page.total // page.size)),
    )


def _within(tally: Tally, total: int) -> Tally:
    """A list is looked at again from its top in the end, where all in it was counted before a stop."""
    most = {name: min(getattr(tally, name), total) for name in ("at_shop", "received", "applied")}
    others = sum(count for state, count in tally.states.items() if state != State.APPLIED)
    well = min(tally.of(State.APPLIED), max(0, total - others))
    return replace(tally, **most, states={**tally.states, State.APPLIED: well})


def _told(host: Host, rows: ReconcileStore, key: RunKey) -> dict[str, str]:
    """External id: a sentence on the event that told of it and is not worked off."""
    told = {}
    for event in rows.open_events(key.store):
        text = f"The shop told of it, but its event {event.name} is {event.status}. {event.message}"
        told |= dict.fromkeys(_ids_of(host, event, key.entity_type), text.strip())
    return told


def _ids_of(host: Host, event: Event, entity_type: str) -> Iterator[str]:
    try:
        _, signals = signals_of(host, event)
    except (ValueError, LookupError):
        return
    yield from (signal.external_id for signal in signals if signal.entity_type == entity_type)


def _source(host: Host, key: RunKey) -> tuple[Store, ShopClient]:
    store = host.store.store(key.store)
    if store is None:
        raise ReconcileError(f"The store '{key.store}' is not known.")
    if key.entity_type not in KINDS.values():
        raise ReconcileError(f"Only {', '.join(KINDS)} can be reconciled.")
    if key.day is not None and key.entity_type != "order":
        raise ReconcileError("Only orders are reconciled by the day.")
    if host.store.settings().standstill:
        raise ReconcileError(host.store.settings().standstill)
    client = host.client_for(store)
    if client is None:
        raise ReconcileError(
            f"{store.name} has no access to its shop. Connect the store first, or enter its keys."
        )
    return store, client
