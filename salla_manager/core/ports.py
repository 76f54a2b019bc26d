"""What the hub's core needs from its host, named after the need. Implemented on Frappe in `adapters/`
and on SQLite in `sandbox/`. A method runs inside the transaction that is open; only `transaction` ends one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from salla_manager.core.model import (
    AckRow,
    Attempt,
    CommandUpdate,
    Connection,
    Event,
    Instance,
    OutboundCommand,
    Record,
    RecordKey,
    Seen,
    Settings,
    Skip,
    Store,
    WebhookRules,
)


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Jobs(Protocol):
    """Wake-ups only: the database is the queue, a lost wake-up costs no more than a minute."""

    def process_events(self) -> None:
        """Something new lies in Salla Incoming Log."""

    def dispatch(self, destination: str) -> None:
        """Commands are due for this ERP Instance or ERP Connection."""


class ConfigStore(Protocol):
    def settings(self) -> Settings: ...

    def webhook_rules(self, platform: str, store: str = "") -> WebhookRules:
        """What a webhook is held against; store: where each one has a secret of its own. Raises SecretsUnreadable."""

    def store(self, name: str) -> Store | None: ...

    def store_of_merchant(self, platform: str, merchant_id: str) -> Store | None: ...

    def instance(self, name: str) -> Instance | None: ...

    def instance_or_other(self, name: str) -> Instance | None:
        """For who has not proved itself yet: another one where none has this name, found and read in the same time;
        None without any."""

    def connection(self, name: str) -> Connection | None:
        """With its configuration, decrypted."""

    def connections_of(self, customer_account: str) -> list[Connection]:
        """The active ones of an organisation by name, their configuration not read."""

    def lock_instance(self, name: str) -> Instance | None:
        """Read anew, and locked until the transaction ends."""

    def save_secrets(self, instance: Instance) -> None:
        """Its current, previous and pending secret and its pairing code, as they stand in the value."""

    def changing_secret(self, instance: str) -> AbstractContextManager[bool]:
        """Whether nobody else is changing this instance's secret meanwhile. Never waits; not in a transaction."""

    def save_breaker(
        self, destination: str, failures: int, open_until: datetime | None, reason: str
    ) -> None: ...

    def move_release(self, destination: str, change: Callable[[datetime | None], datetime | None]) -> bool:
        """Replace the moment that is kept for this destination's releases (None at first) by what `change` makes of it,
        locked meanwhile; False, and as it was, where that is None."""

    def lock_store(self, name: str) -> Store | None:
        """Read anew, and locked until the transaction ends."""

    def save_app(self, store: Store) -> None:
        """What the value says of the app and its plan in the shop."""

    def save_facts(self, store: Store) -> None:
        """Its currency, where the host has such a one, and whether its prices include tax."""

    def drop_tokens(self, store: str, reason: str) -> None:
        """reason: shown as the store's access problem."""

    def adopt_store(
        self, platform: str, merchant_id: str, tokens: dict[str, Any], shop_name: str = ""
    ) -> Store:
        """Make or update the Store Account of a merchant and keep its tokens encrypted.

        tokens: access_token, refresh_token, expires (Unix seconds), scope.
        """


class EventStore(Protocol):
    def add_event(self, event: Event) -> tuple[str, bool]:
        """Insert unless its dedupe_hash is there already; gives (name, is_new). Counts a duplicate."""

    def due_events(self, now: datetime, limit: int) -> list[Event]:
        """Received ones and those with a due_at that has passed, oldest first; claimed by moving due_at three
        minutes ahead, so that no other worker takes them and a crash costs no more than that."""

    def claim_longer(self, names: Iterable[str], now: datetime) -> None:
        """Three minutes from now on, for events that were claimed and are not finished."""

    def finish_event(
        self, name: str, status: str, message: str, *, attempts: int = 0, due_at: datetime | None = None
    ) -> None:
        """Sets all four. Failed with due_at None is final, Received is taken at once."""

    def adopt_events(self, platform: str, merchant_id: str, store: str, *, has_access: bool = True) -> int:
        """Unknown Store and, where the shop can be read, No Access events of this merchant become Received and point
        to the store. How many."""

    def resume_events(self, store: str) -> int:
        """Switched Off events of this store become Received. How many."""


class RecordStore(Protocol):
    def lock_record(self, key: RecordKey) -> Record:
        """The record, made if it is new, locked until the transaction ends."""

    def save_record(self, record: Record) -> None: ...

    def find_record(self, key: RecordKey) -> Record | None: ...

    def seen(self, store: str, entity_type: str, external_ids: Iterable[str]) -> list[Seen]:
        """Of those that there are records of."""

    def newest_records(self, store: str, entity_type: str, limit: int) -> list[Record]:
        """By the time that the shop says of them, the newest first."""

    def records_with_sku(self, store: str, sku: str) -> list[Record]:
        """Products and variants whose `sku` equals this one by `normalize_sku`; read with lock, so that two
        transactions cannot both take one SKU."""

    def skipped_with_free_sku(self, limit: int) -> list[Record]:
        """Skipped products and variants whose SKU no other one of their store holds, oldest first."""

    def add_skip(self, skip: Skip) -> None:
        """One row per (store, entity type, external id); an open one is updated, a resolved one reopened."""

    def resolve_skip(self, key: RecordKey) -> bool: ...

    def add_command(self, command: OutboundCommand) -> str:
        """Gives its name. The idempotency key is unique: adding the same one again gives the one that is there."""

    def supersede_commands(
        self, key: RecordKey, revision: int, reason: str, generation: int = 0, *, with_copies: bool = True
    ) -> int:
        """Queued, Waiting, Held and Dead commands of the entity below (revision, generation), whatever their
        destination, become Superseded."""


class DispatchStore(Protocol):
    def destinations_with_due_commands(self, now: datetime) -> list[str]: ...

    def lease_due_commands(
        self, destination: str, now: datetime, limit: int, token: str, until: datetime
    ) -> list[OutboundCommand]:
        """Queued ones whose due_at is empty or past become Sending: none whose lane has one in flight, at most
        one per lane, the lowest (revision, generation) of a lane first, otherwise the oldest first."""

    def free_expired_leases(self, now: datetime) -> int:
        """Sending ones past their lease become Queued again, marked so in their reason."""

    def record_outcome(
        self,
        command: OutboundCommand,
        token: str,
        attempt: Attempt,
        ack: AckRow | None,
        update: CommandUpdate,
    ) -> bool:
        """Attempt, ack and the command's new state; False (attempt kept, state not) where the lease was lost."""

    def return_lease(self, command: OutboundCommand, token: str, update: CommandUpdate) -> bool:
        """Give a leased command back without an attempt, for example held by a toggle."""

    def command(self, name: str) -> OutboundCommand | None: ...

    def parked_commands(self, status: str, limit: int, after: str = "") -> list[OutboundCommand]:
        """Waiting or Held ones, oldest first, only those behind the command `after`: for reading page by page."""

    def waiting_for_record(self, record: str) -> list[OutboundCommand]:
        """Waiting ones that name this record."""

    def update_command(self, name: str, expected_status: str, update: CommandUpdate) -> bool:
        """Compare and set, for parked commands; False if another worker was first."""

    def address_command(
        self, name: str, destination: str, customer_account: str, idempotency_key: str
    ) -> bool:
        """For a Held command that has no destination yet; False if it is not so any more."""

    def add_attempt(self, attempt: Attempt) -> None:
        """Of what was sent without a lease."""

    def response_of(self, idempotency_key: str) -> str:
        """What a destination answered when it took what has this key; empty where none has yet."""

    def records(self, names: Iterable[str]) -> list[Record]: ...


class NonceStore(Protocol):
    def remember_nonce(self, instance: str, nonce: str, expires_at: datetime) -> bool:
        """Committed at once, outside of any transaction; False if it was used before. For requests of an ERP."""


class HubStore(ConfigStore, EventStore, RecordStore, DispatchStore, NonceStore, Protocol):
    def transaction(self) -> AbstractContextManager[None]:
        """Starts with a fresh view, commits at the end, rolls back on an exception. Not nested.

        Reads outside of one are allowed.
        """
