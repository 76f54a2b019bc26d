"""Finds the adapter of a shop platform by its name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from salla_manager.core.model import Store
from salla_manager.platforms.port import Platform, ShopClient

_ADAPTERS = {
    "salla": ("salla_manager.platforms.salla.platform", "SALLA"),
    "woocommerce": ("salla_manager.platforms.woocommerce.platform", "WOOCOMMERCE"),
}


class UnknownPlatform(ValueError):
    """A Store Account names a platform that has no adapter here."""


def names() -> tuple[str, ...]:
    return tuple(_ADAPTERS)


def get(name: str) -> Platform:
    """The adapter; the name is compared without case. Raises UnknownPlatform."""
    try:
        module, attribute = _ADAPTERS[name.strip().lower()]
    except KeyError:
        known = ", ".join(_ADAPTERS)
        raise UnknownPlatform(f"There is no platform '{name}'. Known are: {known}.") from None
    return getattr(import_module(module), attribute)


def client(store: Store, credentials: Any, transport: Any = None, **options: Any) -> ShopClient:
    """A client that reads from the store; credentials, transport and options as the platform asks for them."""
    return get(store.platform).client(store.base_url, credentials, transport, store=store.name, **options)
