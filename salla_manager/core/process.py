"""From stored events to commands. Several signals of one entity in a batch are worked on once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from salla_manager.core import asked, installation, outbox, variants
from salla_manager.core.host import Host
from salla_manager.core.ingest import ingest
from salla_manager.core.model import Event, EventStatus, RecordKey, Settings, Store, command_type_of
from salla_manager.core.outbox import Outcome
from salla_manager.core.retry import backoff
from salla_manager.platforms.pace import ORDERS, PRODUCTS
from salla_manager.platforms.port import NormalizeError, ShopError, Signal, WebhookError

_STATUS_OF = {
    outbox.STALE: EventStatus.STALE,
    outbox.IGNORED: EventStatus.IGNORED,
    outbox.FAILED: EventStatus.FAILED,
}
# An event about several entities is as good as its worst one.
_GRAVITY = (
    EventStatus.IGNORED,
    EventStatus.STALE,
    EventStatus.PROCESSED,
    EventStatus.SWITCHED_OFF,
    EventStatus.NO_ACCESS,
    EventStatus.FAILED,
)


# A third of a claim.
RENEW_SECONDS = 60.0


@dataclass(frozen=True)
class Result:
    """What one entity's work came to; retry_after in seconds where coming back is worth it.

    is_throttled: it only had no place within the shop's limit, which is no failure of the event.
    """

    status: str
    message: str = ""
    is_retryable: bool = False
    retry_after: float = 0.0
    is_throttled: bool = False


@dataclass
class ProcessReport:
    """How many events ended in each status, and how many signals were worked on; reason: why none was looked at."""

    events: dict[str, int] = field(default_factory=dict)
    signals: int = 0
    reason: str = ""

    def count(self, status: str) -> None:
        self.events[status] = self.events.get(status, 0) + 1


@dataclass
class _Work:
    """One entity: the signals about it, in the order they came, and the events that told of it."""

    store: Store
    signals: list[Signal]
    received_at: datetime
    events: list[Event]

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.store.name, self.signals[0].entity_type, self.signals[0].external_id)


def process_due_events(host: Host, limit: int = 50) -> ProcessReport:
    """Work off up to `limit` events. One that fails never stops the others."""
    report = ProcessReport(reason=host.store.settings().standstill)
    if report.reason:
        return report
    with host.store.transaction():
        events = host.store.due_events(host.clock.now(), limit)
    works, results = _collapse(host, events)
    open_works = {event.name: sum(event in work.events for work in works) for event in events}
    for event in events:
        if not open_works[event.name]:
            report.count(_finish(host, event, results[event.name]))
    renewed_at = host.clock.monotonic()
    for work in works:
        if host.clock.monotonic() - renewed_at > RENEW_SECONDS:
            # A slow shop must not let another worker take what waits for its turn here.
            with host.store.transaction():
                host.store.claim_longer(filter(open_works.get, open_works), host.clock.now())
            renewed_at = host.clock.monotonic()
        report.signals += 1
        result = _guarded(host, work)
        for event in work.events:
            results[event.name].append(result)
            open_works[event.name] -= 1
            if not open_works[event.name]:
                report.count(_finish(host, event, results[event.name]))
    return report


def _collapse(host: Host, events: list[Event]) -> tuple[list[_Work], dict[str, list[Result]]]:
    works: dict[RecordKey, _Work] = {}
    results: dict[str, list[Result]] = {event.name: [] for event in events}
    for event in events:
        try:
            store, signals = signals_of(host, event)
            if not signals:
                results[event.name].append(_about_the_app(host, store, event))
        except Exception as error:
            results[event.name].append(_unreadable(error))
            continue
        for signal in signals:
            key = RecordKey(store.name, signal.entity_type, signal.external_id)
            work = works.setdefault(key, _Work(store, [], event.received_at, []))
            work.signals.append(signal)
            work.received_at = event.received_at
            if event not in work.events:
                work.events.append(event)
    return list(works.values()), results


def signals_of(host: Host, event: Event) -> tuple[Store, list[Signal]]:
    """Raises LookupError for a store that is not known, WebhookError for a body that cannot be read."""
    store = host.store.store(event.store) if event.store else None
    store = store or host.store.store_of_merchant(event.platform, event.merchant_id)
    if store is None:
        raise LookupError(f"No Store Account has the merchant {event.merchant_id}.")
    if event.event == asked.EVENT:
        return store, [asked.signal_of(event)]
    platform = host.platforms(event.platform)
    return store, platform.signals(platform.read_webhook(event.raw.encode("utf-8")))


def _about_the_app(host: Host, store: Store, event: Event) -> Result:
    """Of an event that is about no entity."""
    platform = host.platforms(event.platform)
    webhook = platform.read_webhook(event.raw.encode("utf-8"))
    told = platform.app_change(webhook)
    if told is None:
        return Result(EventStatus.IGNORED, platform.ignored_because(event.event))
    at = webhook.occurred_at or event.received_at
    return Result(*installation.change(host, store.name, told, at))


def _unreadable(error: Exception) -> Result:
    if isinstance(error, LookupError):
        return Result(EventStatus.UNKNOWN_STORE, f"{error} Install the app there or make the store.")
    if isinstance(error, WebhookError):
        return Result(EventStatus.FAILED, f"{error}. Pull from the shop what it was about.")
    return _bug(error)


def _bug(error: Exception) -> Result:
    # The type only: a message of an unforeseen error may hold a customer's data.
    reason = f"An unforeseen {type(error).__name__} stopped it; it is tried again. Report it if it stays."
    return Result(EventStatus.FAILED, reason, is_retryable=True)


def _guarded(host: Host, work: _Work) -> Result:
    try:
        return _work(host, work)
    except ShopError as error:
        return Result(
            EventStatus.NO_ACCESS if error.kind == "unauthorized" else EventStatus.FAILED,
            _shop_reason(error, work.store),
            error.is_retryable,
            error.retry_after or 0.0,
            is_throttled=error.kind == "throttled",
        )
    except NormalizeError as error:
        return Result(EventStatus.FAILED, f"{error}. Correct it in the shop and process the event again.")
    except Exception as error:
        return _bug(error)


def _work(host: Host, work: _Work) -> Result:
    store, key = work.store, work.key
    if any(signal.action == "delete" for signal in work.signals):
        # A deletion is final, also where the shop still showed the entity a moment after it.
        return _told(host, variants.delete(host, store, key))
    if command_type_of(key.entity_type) in store.disabled_command_types:
        reason = f"{key.entity_type} is switched off on {store.name}. Switched on there, the event goes on by itself."
        return Result(EventStatus.SWITCHED_OFF, reason)
    given = work.received_at if any(signal.given_back for signal in work.signals) else None
    client = host.client_for(store)
    if client is not None:
        client = client.in_lane(ORDERS if key.entity_type == "order" else PRODUCTS)
    if client is not None and _is_to_be_read(work):
        observed_at = host.clock.now()
        body = client.fetch(key.entity_type, key.external_id)
        if body is None and key.entity_type == "product" and _is_ours(work):
            # Nobody else will say that it is gone.
            return _told(host, variants.delete(host, store, key))
        if body is None:
            return Result(
                EventStatus.IGNORED, f"The shop has no {key.entity_type} {key.external_id} any more."
            )
        return _told(
            host, ingest(host, store, client, key.entity_type, body, observed_at, given_back_at=given)
        )
    bodies = [signal.body for signal in work.signals if signal.body is not None]
    if not bodies:
        return Result(EventStatus.NO_ACCESS, _no_client_reason(store, work.signals[-1]))
    told = [
        _told(host, ingest(host, store, client, key.entity_type, body, work.received_at, given_back_at=given))
        for body in bodies
    ]
    return max(told, key=lambda result: _gravity(result.status))


def _is_ours(work: _Work) -> bool:
    return all(event.event == asked.EVENT for event in work.events)


def _is_to_be_read(work: _Work) -> bool:
    """Where the shop says best what is so. Events come in any order, and a body that came twice may be older than
    what came in between."""
    is_repeat = len(work.signals) > 1 or any(event.duplicates for event in work.events)
    return work.signals[-1].body is None or work.key.entity_type == "order" or is_repeat


def _told(host: Host, outcomes: list[Outcome]) -> Result:
    """The event ends as its own entity did, which is the first outcome."""
    outbox.wake(outcomes, host)
    first = outcomes[0]
    status = _STATUS_OF.get(first.status, EventStatus.PROCESSED)
    if first.kind == outbox.MAPPING:
        # Its record says so, and goes on by itself with better rules: nobody has to process the event again.
        status = EventStatus.PROCESSED
    text = f"{first.key.entity_type} {first.key.external_id}: {first.status}"
    return Result(status, f"{text}. {first.reason}".strip() if first.reason else text)


def _finish(host: Host, event: Event, results: list[Result]) -> str:
    worst = max(results, key=lambda result: _gravity(result.status))
    retries = [result for result in results if result.is_retryable]
    message = "\n".join(dict.fromkeys(result.message for result in results if result.message))
    is_throttled = bool(retries) and all(result.is_throttled for result in retries)
    attempts = event.attempts + (worst.status == EventStatus.FAILED and not is_throttled)
    due_at = _next_try(host, host.store.settings(), attempts, retries) if retries else None
    if retries and due_at is None:
        message += " It was tried often enough: process the event again when the cause is mended."
    with host.store.transaction():
        host.store.finish_event(event.name, worst.status, message, attempts=attempts, due_at=due_at)
    return worst.status


def _gravity(status: str) -> int:
    return _GRAVITY.index(status) if status in _GRAVITY else len(_GRAVITY)


def _next_try(host: Host, settings: Settings, attempts: int, retries: list[Result]) -> datetime | None:
    at_least = max(result.retry_after for result in retries)
    if all(result.is_throttled for result in retries):
        return host.clock.now() + timedelta(seconds=at_least)
    if attempts >= settings.retry_max_attempts:
        return None
    wait = backoff(attempts - 1, settings.retry_backoff_seconds, settings.retry_cap_seconds, host.random())
    return host.clock.now() + timedelta(seconds=max(wait, at_least))


def _shop_reason(error: ShopError, store: Store) -> str:
    step = error.step or {
        "unauthorized": f"Connect the store {store.name} again; the event goes on by itself then.",
        "forbidden": f"Give the app the missing scope in the shop of {store.name}, then process the event again.",
        "refused": "Look at the request in the shop's API log, then process the event again.",
    }.get(error.kind, "It is tried again by itself.")
    return f"The shop could not be read: {error}. {step}"


def _no_client_reason(store: Store, signal: Signal) -> str:
    why = (
        store.access_problem
        or f"{store.name} has no access to its shop. Connect the store, or enter its keys."
    )
    return (
        f"The event does not carry the whole {signal.entity_type} {signal.external_id}, and the shop cannot be read:"
        f" {why} The event goes on by itself then."
    )
