"""What the core is given by its host, in one bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from salla_manager.core.mapping.rules import RuleSet
from salla_manager.core.model import Store
from salla_manager.core.ports import Clock, HubStore, Jobs
from salla_manager.core.transport import Transport
from salla_manager.erp.port import ERPConnectorPort
from salla_manager.platforms.port import Platform, ShopClient, StoreContext

T = TypeVar("T")


def _no_connectors(connector_type: str) -> ERPConnectorPort:
    raise ValueError(f"Unknown connector type: '{connector_type}'")


def _no_rules(store: Store) -> Mapping[str, RuleSet]:
    return {}


def _once(work: Callable[[], T]) -> T:
    return work()


@dataclass(frozen=True)
class Host:
    """platforms: name -> Platform, raises KeyError or ValueError; client_for: None where the store has no tokens;
    random: 0 <= value < 1; connectors: of a type, raises ValueError; versions: of what the hub runs on, for the other side's checklist; retrying: does work that
    ends its own transactions again where others had the locks; rules: the Mapping Rules of a store by entity type."""

    store: HubStore
    clock: Clock
    jobs: Jobs
    platforms: Callable[[str], Platform]
    client_for: Callable[[Store], ShopClient | None]
    transport: Transport
    random: Callable[[], float]
    versions: Mapping[str, str] = field(default_factory=dict)
    retrying: Callable[[Callable[[], T]], T] = _once
    rules: Callable[[Store], Mapping[str, RuleSet]] = _no_rules
    connectors: Callable[[str], ERPConnectorPort] = _no_connectors


def context_of(store: Store) -> StoreContext:
    return StoreContext(
        currency=store.currency, prices_include_tax=store.prices_include_tax, timezone=store.timezone
    )
