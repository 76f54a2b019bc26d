"""Read a store's entities on demand. What comes takes the same way as after a webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from salla_manager.core import outbox
from salla_manager.core.host import Host
from salla_manager.core.ingest import ingest
from salla_manager.core.model import Store, command_type_of
from salla_manager.core.outbox import Outcome
from salla_manager.core.sku import DUPLICATE, MISSING
from salla_manager.platforms.port import ShopClient, ShopError, stop_there

# As a Look's: external id of an entity, and what went wrong with it.
Stuck = Callable[[str, ShopError], None]
# In the order of work: what others stand on comes first.
ENTITY_TYPES = {
    "categories": "category",
    "brands": "brand",
    "order_statuses": "order_status",
    "products": "product",
    "customers": "customer",
    "orders": "order",
}
_SAMPLE = 5
MOST = 1_000_000


class PullError(ValueError):
    """A pull or a run that cannot be begun or changed; the message says why."""


@dataclass
class PullReport:
    """Counts of entities by plural type; failed: {plural: {count, reasons}}."""

    is_complete: bool = True
    queued: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    failed: dict[str, dict[str, Any]] = field(default_factory=dict)

    def fail(self, plural: str, reason: str) -> None:
        row = self.failed.setdefault(plural, {"count": 0, "reasons": []})
        row["count"] += 1
        if len(row["reasons"]) < _SAMPLE:
            row["reasons"].append(reason)

    def stop(self, plural: str, error: ShopError, then: str) -> None:
        """The list broke off; then: what comes next, for a person."""
        self.is_complete = False
        said = " ".join(filter(None, (str(error), error.step, then)))
        self.fail(plural, f"The list could not be read to its end: {said}")

    def answer(self) -> dict[str, Any]:
        return {
            "ok": self.is_complete,
            "queued": self.queued,
            "skipped_missing_sku": self.skipped.get(MISSING, 0),
            "skipped_duplicate_sku": self.skipped.get(DUPLICATE, 0),
            "unchanged": self.unchanged,
            "failed": self.failed,
        }


def request_pull(
    host: Host,
    store_id: str,
    entity_types: Iterable[str] | None = None,
    since: str | datetime | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """The contract's answer: ok, queued, skipped_missing_sku; and unchanged, skipped_duplicate_sku, failed.

    entity_types: plurals of the contract, default all; since: ISO 8601; limit: per entity type.
    ok is false where a list could not be read to its end. Raises PullError.
    """
    store, client = source_of(host, store_id)
    wanted = wanted_types(entity_types, store)
    moment, most = moment_of(since), _limit(limit)
    report = PullReport()
    for plural in wanted:
        report.queued[plural] = 0
        _pull_type(host, store, client, plural, moment, most, report)
    return report.answer()


def _pull_type(
    host: Host,
    store: Store,
    client: ShopClient,
    plural: str,
    since: datetime | None,
    limit: int | None,
    report: PullReport,
) -> None:
    bodies = islice(client.list(ENTITY_TYPES[plural], since), limit)
    error = absorb_listed(host, store, client, plural, bodies, report)
    if error:
        report.stop(plural, error, "Pull again later.")


def absorb_listed(
    host: Host,
    store: Store,
    client: ShopClient,
    plural: str,
    bodies: Iterable[dict[str, Any]],
    report: PullReport,
    stuck: Stuck = stop_there,
) -> ShopError | None:
    """Take in what a list gives, entity by entity; what kept it from being read to its end. stuck: as a Look's."""
    # A page may be older than its use; what a webhook brought since then is newer.
    observed_at = host.clock.now()
    try:
        for body in bodies:
            _pull_one(host, store, client, plural, body, observed_at, report, stuck)
    except ShopError as error:
        return error
    return None


def _pull_one(
    host: Host,
    store: Store,
    client: ShopClient,
    plural: str,
    body: dict[str, Any],
    observed_at: datetime,
    report: PullReport,
    stuck: Stuck,
) -> None:
    try:
        outcomes = host.retrying(lambda: ingest(host, store, client, ENTITY_TYPES[plural], body, observed_at))
    except Exception as error:
        if isinstance(error, ShopError) and error.is_retryable:
            # Beyond it nothing could be read either, as far as one can tell, and it has not been taken in.
            stuck(str(body.get("id") or ""), error)
            return
        report.fail(plural, reason_of(error))
        return
    outbox.wake(outcomes, host)
    _count(plural, outcomes, report)


def _count(plural: str, outcomes: list[Outcome], report: PullReport) -> None:
    """A product counts once, its variants with it; what an order brought along counts in no type."""
    own = [outcome for outcome in outcomes if outcome.key.entity_type in _COUNTED_IN[plural]]
    queued = sum(outcome.made_command for outcome in own)
    unchanged = sum(outcome.status in _AT_REST for outcome in own)
    if plural == "products":
        queued, unchanged = min(queued, 1), int(not queued and own[:1] != [] and own[0].status in _AT_REST)
    report.queued[plural] += queued
    if unchanged:
        report.unchanged[plural] = report.unchanged.get(plural, 0) + unchanged
    for outcome in outcomes:
        if outcome.status == outbox.SKIPPED:
            report.skipped[outcome.kind] = report.skipped.get(outcome.kind, 0) + 1
        if outcome.status == outbox.FAILED:
            report.fail(plural, f"{outcome.key.entity_type} {outcome.key.external_id}: {outcome.reason}")


_AT_REST = (outbox.UNCHANGED, outbox.STALE)
_COUNTED_IN = {plural: (entity,) for plural, entity in ENTITY_TYPES.items()} | {
    "products": ("product", "variant")
}


def source_of(host: Host, store_id: str) -> tuple[Store, ShopClient]:
    """The store and what reads it. Raises PullError."""
    store = host.store.store(store_id)
    if store is None:
        raise PullError(f"The store '{store_id}' is not known.")
    standstill = host.store.settings().standstill
    if standstill:
        raise PullError(standstill)
    client = host.client_for(store)
    if client is None:
        raise PullError(
            store.access_problem
            or f"{store.name} has no access to its shop. Connect the store first, or enter its keys."
        )
    return store, client


def wanted_types(entity_types: Iterable[str] | None, store: Store) -> list[str]:
    """Plurals in the order of work, for None all that the store has switched on. Raises PullError."""
    switched_off = [plural for plural in ENTITY_TYPES if is_off(store, plural)]
    if entity_types is None:
        return [plural for plural in ENTITY_TYPES if plural not in switched_off]
    if not isinstance(entity_types, list | tuple) or not all(isinstance(name, str) for name in entity_types):
        raise PullError("entity_types has to be a list of texts.")
    asked = list(entity_types)
    unknown = [name for name in asked if name not in ENTITY_TYPES]
    if unknown:
        raise PullError(f"Unknown entity type '{unknown[0]}'. Known are: {', '.join(ENTITY_TYPES)}.")
    refused = [name for name in asked if name in switched_off]
    if refused:
        raise PullError(f"{refused[0]} is switched off on {store.name}. Switch it on there, or leave it out.")
    return [plural for plural in ENTITY_TYPES if plural in asked]


def is_off(store: Store, plural: str) -> bool:
    return command_type_of(ENTITY_TYPES[plural]) in store.disabled_command_types


def moment_of(since: str | datetime | None) -> datetime | None:
    """An aware time out of ISO 8601; without zone it is UTC. Raises PullError."""
    if since in (None, ""):
        return None
    try:
        # fromisoformat takes a final Z only from Python 3.11 on.
        moment = (
            since if isinstance(since, datetime) else datetime.fromisoformat(since.replace("Z", "+00:00"))
        )
    except (ValueError, AttributeError):
        raise PullError(f"since has to be a time in ISO 8601, not '{since}'.") from None
    if not 1970 <= moment.year < 2200:
        # Beyond, a change of the time zone leaves the calendar.
        raise PullError(f"since has to be a time of our days, not '{since}'.")
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _limit(limit: int | None) -> int | None:
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST:
        raise PullError(f"limit has to be a whole number from 1 to {MOST}.")
    return limit


def reason_of(error: Exception) -> str:
    """In words that hold nobody's data."""
    if isinstance(error, ShopError | ValueError):
        return str(error)
    # The type only: a message of an unforeseen error may hold a customer's data.
    return f"An unforeseen {type(error).__name__} stopped it."
