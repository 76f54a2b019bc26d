"""Builds the core's Host for the site of this request or job."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import lru_cache
from typing import Any

import frappe

from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.config_store import SETTINGS
from salla_manager.adapters.erp_connectors import connector
from salla_manager.adapters.identity import standstill_of
from salla_manager.adapters.jobs import FrappeJobs
from salla_manager.adapters.mapping_store import rules_of
from salla_manager.adapters.pace_store import FrappePaceStore
from salla_manager.adapters.rows import retrying
from salla_manager.adapters.secrets import read_secret
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.tokens import FrappeTokenStore, read_tokens
from salla_manager.core.host import Host
from salla_manager.core.model import Store
from salla_manager.core.transport import HttpTransport
from salla_manager.platforms import registry
from salla_manager.platforms.port import ShopClient, ShopError
from salla_manager.platforms.salla.accounts import ACCOUNTS_URL, Accounts, SallaApp
from salla_manager.platforms.salla.accounts import HTTP as ACCOUNTS_HTTP
from salla_manager.platforms.salla.client import HTTP
from salla_manager.platforms.salla.tokens import Tokens, WatchedTransport
from salla_manager.platforms.woocommerce.client import HTTP as WOO_HTTP

STORE = "Store Account"


def build_host() -> Host:
    return Host(
        store=FrappeHubStore(),
        clock=FrappeClock(),
        jobs=FrappeJobs(),
        platforms=registry.get,
        client_for=client_for,
        transport=_transport(),
        random=random.random,
        versions={"frappe": frappe.__version__},
        retrying=retrying,
        rules=rules_of,
        connectors=connector,
    )


@lru_cache(maxsize=1)
def _transport() -> HttpTransport:
    """One per process: reading the system's certificates takes longer than a webhook."""
    return HttpTransport()


def client_for(store: Store) -> ShopClient | None:
    """None where the shop has not given access. Raises ShopError where this is a copy, whoever asks."""
    settings = frappe.get_cached_doc(SETTINGS)
    standstill = standstill_of(settings)
    if standstill:
        raise ShopError("offline", standstill)
    allow_private, clock = bool(settings.allow_private_addresses), FrappeClock()
    # Workers of several hosts must agree on the time.
    shared = {"paces": FrappePaceStore(), "now": lambda: clock.now().timestamp()}
    if store.platform == "woocommerce":
        http = replace(WOO_HTTP, allow_private_addresses=allow_private)
        return _woo_client(store, {**shared, "http": http})
    if store.platform != "salla" or not read_tokens(store.name):
        return None
    tokens = tokens_of(store.name)
    return registry.client(
        replace(store, base_url=store.base_url or settings.salla_api_url),
        tokens,
        WatchedTransport(_transport(), tokens),
        http=replace(HTTP, allow_private_addresses=allow_private),
        **shared,
    )


def _woo_client(store: Store, options: dict[str, Any]) -> ShopClient | None:
    keys = {field: read_secret(STORE, store.name, field) for field in ("consumer_key", "consumer_secret")}
    if not all(keys.values()):
        return None
    row = frappe.db.get_value(STORE, store.name, ["calls_per_minute", "query_auth"], as_dict=True)
    if row.calls_per_minute:
        options["calls_per_minute"] = row.calls_per_minute
    return registry.client(store, keys, _transport(), query_auth=bool(row.query_auth), **options)


def tokens_of(store: str) -> Tokens:
    return Tokens(
        FrappeTokenStore(store),
        accounts(),
        standstill=lambda: FrappeHubStore().settings().standstill,
    )


def accounts() -> Accounts:
    """Salla's accounts service, for this hub's app."""
    settings = frappe.get_cached_doc(SETTINGS)
    app = SallaApp(
        settings.salla_client_id or "",
        read_secret(SETTINGS, SETTINGS, "salla_client_secret"),
        settings.salla_accounts_url or ACCOUNTS_URL,
    )
    http = replace(ACCOUNTS_HTTP, allow_private_addresses=bool(settings.allow_private_addresses))
    return Accounts(app, _transport(), http)
