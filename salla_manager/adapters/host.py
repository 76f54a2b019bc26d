"""Builds the core's Host for the site of this request or job."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import lru_cache

import frappe

from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.config_store import SETTINGS
from salla_manager.adapters.jobs import FrappeJobs
from salla_manager.adapters.secrets import read_secret
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.tokens import FrappeTokenStore, read_tokens
from salla_manager.core.host import Host
from salla_manager.core.model import Store
from salla_manager.core.transport import HttpTransport
from salla_manager.platforms import registry
from salla_manager.platforms.port import ShopClient
from salla_manager.platforms.salla.client import HTTP
from salla_manager.platforms.salla.tokens import Tokens


def build_host() -> Host:
    return Host(
        store=FrappeHubStore(),
        clock=FrappeClock(),
        jobs=FrappeJobs(),
        platforms=registry.get,
        client_for=client_for,
        transport=_transport(),
        random=random.random,
    )


@lru_cache(maxsize=1)
def _transport() -> HttpTransport:
    """One per process: reading the system's certificates takes longer than a webhook."""
    return HttpTransport()


def client_for(store: Store) -> ShopClient | None:
    """None where the shop has not given access."""
    if store.platform != "salla" or not read_tokens(store.name):
        return None
    settings = frappe.get_cached_doc(SETTINGS)
    tokens = Tokens(
        FrappeTokenStore(store.name),
        settings.salla_client_id or "",
        read_secret(SETTINGS, SETTINGS, "salla_client_secret"),
        token_url=f"{settings.salla_accounts_url.rstrip('/')}/oauth2/token",
    )
    return registry.client(
        replace(store, base_url=store.base_url or settings.salla_api_url),
        tokens,
        _transport(),
        http=replace(HTTP, allow_private_addresses=bool(settings.allow_private_addresses)),
    )
