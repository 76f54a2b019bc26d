"""Builds the core's Host for the site of this request or job."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import lru_cache

import frappe

from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.config_store import SETTINGS
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
    if store.platform != "salla" or not read_tokens(store.name):
        return None
    tokens, clock = tokens_of(store.name), FrappeClock()
    return registry.client(
        replace(store, base_url=store.base_url or settings.salla_api_url),
        tokens,
        WatchedTransport(_transport(), tokens),
        paces=FrappePaceStore(),
        # Workers of several hosts must agree on the time.
        now=lambda: clock.now().timestamp(),
        http=replace(HTTP, allow_private_addresses=bool(settings.allow_private_addresses)),
    )


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
