"""What the admin methods of connectors answer. No secret is part of any of it. Times are ISO 8601 in UTC."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

Mode = Literal["delta", "full"]


class StepView(TypedDict):
    """One step of a connection test; message: what was found, and what to do about it."""

    check: str
    state: Literal["ok", "warning", "failed"]
    message: str


class TestView(TypedDict):
    """tested_at: empty where it was never tested."""

    ok: bool
    tested_at: str
    steps: list[StepView]


class ConnectorView(TypedDict):
    """A Store Account. organisation: its Customer Account; look_minutes: between two looks for changes, 0 for never;
    has_access: keys or tokens are kept; last_sync_at, last_error: empty where there is none."""

    name: str
    title: str
    platform: Literal["Salla", "WooCommerce", "Shopware"]
    url: str
    enabled: bool
    organisation: str
    erp_instance: str
    currency: str
    read_products: bool
    read_orders: bool
    look_minutes: int
    calls_per_minute: int
    query_auth: bool
    has_access: bool
    webhook_url: str
    last_test: TestView
    last_sync_at: str
    last_error: str


class CountView(TypedDict):
    """Entities of one type. total: by the plan of a full sync, else 0; known: had been read already; vanished: gone
    from the shop when they were read; reasons: of the first few that failed."""

    entity_type: str
    total: int
    queued: int
    unchanged: int
    skipped: int
    failed: int
    vanished: int
    known: int
    reasons: list[str]


class RunView(TypedDict):
    """A Sync Run. percent: of the calls it takes; message: what it waits for, or why it stopped."""

    name: str
    connector: str
    mode: Mode
    status: Literal["Planned", "Running", "Paused", "Done", "Cancelled", "Failed"]
    message: str
    percent: float
    started_at: str
    finished_at: str
    counts: list[CountView]


class SyncView(TypedDict):
    """A sync that a worker will begin. run: its name where that is known already; message: for a person."""

    connector: str
    mode: Mode
    run: str
    message: str
