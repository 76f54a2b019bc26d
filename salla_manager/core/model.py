"""The hub's rows as core sees them: plain values, aware UTC times, ids as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from salla_manager.contract import COMMAND_TYPES

# Connector type of every ERP Instance.
CLIENT_EXECUTOR = "CLIENT_EXECUTOR"


class SecretsUnreadable(Exception):
    """Secrets are kept but cannot be read now; says why."""


@dataclass(frozen=True)
class WebhookRules:
    """body_limit in bytes. secrets: those that a platform may sign with now, one per app and two while it is being
    changed, the current one first."""

    body_limit: int = 1024 * 1024
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """Salla Manager Settings; times in seconds."""

    retry_max_attempts: int = 8
    retry_backoff_seconds: float = 30.0
    retry_cap_seconds: float = 6 * 3600.0
    timestamp_window: int = 300
    lease_seconds: int = 90
    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    total_timeout: float = 30.0
    breaker_failures: int = 5
    breaker_probe_seconds: float = 60.0
    disabled_command_types: frozenset[str] = frozenset()
    allow_private_addresses: bool = False
    # Held commands of one ERP Instance that are let go in a minute; 0 sets no limit.
    release_per_minute: int = 300
    # Why nothing may leave this hub, in a sentence: it is a copy, as far as one can tell.
    standstill: str = ""


@dataclass(frozen=True)
class Store:
    """Store Account: one shop on one platform."""

    name: str
    platform: str
    merchant_id: str
    customer_account: str = ""
    erp_instance: str = ""
    currency: str | None = None
    prices_include_tax: bool | None = None
    base_url: str = ""
    is_enabled: bool = True
    # Neither read from this shop nor sent.
    disabled_command_types: frozenset[str] = frozenset()
    # Whose days are the store's days.
    timezone: str = "Asia/Riyadh"
    # Why the shop cannot be read, in a sentence.
    access_problem: str = ""
    # Of this app in the shop, as its events say; the times are those of the events.
    app_status: str = ""
    app_changed_at: datetime | None = None
    plan: str = ""
    plan_status: str = ""
    plan_until: str = ""
    plan_changed_at: datetime | None = None


class AppStatus:
    INSTALLED = "Installed"
    UNINSTALLED = "Uninstalled"


@dataclass(frozen=True)
class Instance:
    """ERP Instance: one client ERP that commands go to."""

    name: str
    url: str
    secret: str = field(repr=False)
    # Still taken from the ERP's side while the secret is being changed; never used to sign.
    previous_secret: str = field(default="", repr=False)
    # Agreed on, but the ERP has not shown yet that it kept it: taken from its side, not used to sign.
    pending_secret: str = field(default="", repr=False)
    # Good for one pairing, until then.
    pairing_code: str = field(default="", repr=False)
    pairing_code_until: datetime | None = None
    # Why they cannot be read, in a sentence.
    secret_problem: str = ""
    is_enabled: bool = True
    disabled_command_types: frozenset[str] = frozenset()
    # Circuit breaker: open until a probe succeeds.
    breaker_open_until: datetime | None = None
    breaker_reason: str = ""
    consecutive_failures: int = 0


@dataclass(frozen=True)
class Route:
    """What a connection takes; empty: of every store of its organisation, or every command type."""

    store: str = ""
    command_type: str = ""


# Names of ERP Connections begin so, and no ERP Instance's does: a name alone tells what it is of.
CONNECTION_PREFIX = "ERP-CONNECTION-"


@dataclass(frozen=True)
class Connection:
    """ERP Connection: a destination of an organisation's commands that a connector serves.

    customer_account: the organisation. routes: none means all. config: decrypted.
    """

    name: str
    customer_account: str
    connector_type: str
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    # Why it cannot be read, in a sentence.
    config_problem: str = ""
    is_enabled: bool = True
    routes: tuple[Route, ...] = ()
    breaker_open_until: datetime | None = None
    breaker_reason: str = ""
    consecutive_failures: int = 0

    def takes(self, store: str, command_type: str) -> bool:
        return not self.routes or any(
            route.store in ("", store) and route.command_type in ("", command_type) for route in self.routes
        )


def is_connection(destination: str) -> bool:
    return destination.startswith(CONNECTION_PREFIX)


@dataclass(frozen=True)
class Event:
    """One row of Salla Incoming Log: what a shop told us, as it said it."""

    name: str
    platform: str
    event: str
    merchant_id: str
    store: str
    raw: str
    dedupe_hash: str
    received_at: datetime
    status: str = "Received"
    message: str = ""
    attempts: int = 0
    due_at: datetime | None = None
    # How often the same content came again.
    duplicates: int = 0


class EventStatus:
    RECEIVED = "Received"
    PROCESSED = "Processed"
    IGNORED = "Ignored"
    STALE = "Stale"
    UNKNOWN_STORE = "Unknown Store"
    # The shop has to be read for it and gives no access; it goes on by itself when there is some again.
    NO_ACCESS = "No Access"
    # The store has its kind off; it goes on when that is switched on again.
    SWITCHED_OFF = "Switched Off"
    FAILED = "Failed"


@dataclass(frozen=True)
class RecordKey:
    store: str
    entity_type: str
    external_id: str


@dataclass(frozen=True)
class Record:
    """External Record: what the hub knows of one shop entity."""

    name: str
    key: RecordKey
    status: str = "New"
    message: str = ""
    revision: int = 0
    generation: int = 0
    content_hash: str = ""
    # The Mapping Rule Set that refused what `raw` and `normalized` say; `mapped` is then what was sent before.
    failed_by: str = ""
    # Digest of all that it was made of; empty where that is not known. See core/seen.py.
    made_of: str = ""
    sku: str = ""
    title: str = ""
    source_updated_at: datetime | None = None
    # When the shop was read for this content: decides where source_updated_at ties or is missing.
    observed_at: datetime | None = None
    # Highest revision the ERP has acknowledged, and the document it made.
    applied_revision: int = 0
    erp_document: str = ""
    last_command: str = ""
    # At the end, since SQLite reads past them to what comes behind.
    raw: str = ""
    mapped: str = ""
    # As normalized, before the store's Mapping Rules; empty where they changed nothing.
    normalized: str = ""


@dataclass(frozen=True)
class Seen:
    """What of an External Record tells whether the shop's entity has to be looked at again, without its bodies."""

    external_id: str
    status: str
    made_of: str = ""
    observed_at: datetime | None = None
    source_updated_at: datetime | None = None


class RecordStatus:
    NEW = "New"
    QUEUED = "Queued"
    APPLIED = "Applied"
    SKIPPED = "Skipped"
    FAILED = "Failed"


@dataclass(frozen=True)
class OutboundCommand:
    """Outbound Client Command: one upsert of one entity for one destination, an ERP Instance or an ERP Connection."""

    name: str
    command_type: str
    entity_type: str
    store: str
    customer_account: str
    erp_instance: str
    external_id: str
    record: str
    idempotency_key: str
    payload: str = field(repr=False)
    revision: int
    generation: int = 0
    status: str = "Queued"
    # Why it is held, waits or died, in words for the operator.
    reason: str = ""
    attempts: int = 0
    due_at: datetime | None = None
    # Names of External Records that must reach the ERP first.
    waits_for: tuple[str, ...] = ()
    lease_token: str = ""
    lease_until: datetime | None = None
    created_at: datetime | None = None
    title: str = ""
    erp_connection: str = ""
    # Of what goes to another destination first: it waits for nothing, and its record does not follow it.
    is_copy: bool = False

    @property
    def destination(self) -> str:
        """Name of its ERP Connection or ERP Instance; empty where it has none yet."""
        return self.erp_connection or self.erp_instance


class CommandStatus:
    QUEUED = "Queued"
    WAITING = "Waiting"
    HELD = "Held"
    SENDING = "Sending"
    DONE = "Done"
    DEAD = "Dead"
    SUPERSEDED = "Superseded"
    CANCELLED = "Cancelled"

    # Open ones may still be sent; only Sending may not be superseded by a newer revision.
    OPEN = (QUEUED, WAITING, HELD, SENDING)


@dataclass(frozen=True)
class Attempt:
    """Command Delivery Attempt: one request and its answer. Never holds a secret or signature.

    request: method, target, bytes, sha256. is_uncertain: it may have had its effect all the same.
    """

    command: str
    erp_instance: str
    number: int
    idempotency_key: str
    started_at: datetime
    latency_ms: int
    status: str
    http_status: int = 0
    response: str = ""
    error: str = ""
    burned: bool = True
    # Unique: lease token and number of the request within the lease.
    attempt_key: str = ""
    connector_type: str = CLIENT_EXECUTOR
    erp_connection: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    is_uncertain: bool = False


class AttemptStatus:
    SUCCESS = "SUCCESS"
    # For good: the command does not come again.
    FAILED = "FAILED"
    RETRYING = "RETRYING"
    # The destination has it and has not decided.
    PENDING = "PENDING"


@dataclass(frozen=True)
class AckRow:
    """Command ACK Log: the executor's verdict."""

    command: str
    erp_instance: str
    ack_status: str
    received_at: datetime
    payload: dict[str, Any]
    erp_connection: str = ""


@dataclass(frozen=True)
class Skip:
    """SKU Skip Log: a product or variant that is treated as if it did not exist."""

    store: str
    entity_type: str
    external_id: str
    title: str
    reason: str


@dataclass(frozen=True)
class CommandUpdate:
    """What becomes of a command; waits_for None leaves it as it is."""

    status: str
    reason: str = ""
    attempts: int = 0
    due_at: datetime | None = None
    waits_for: tuple[str, ...] | None = None


def command_type_of(entity_type: str) -> str:
    """Raises KeyError for an entity type that has no command."""
    return {entity: command for command, entity in COMMAND_TYPES.items()}[entity_type]
