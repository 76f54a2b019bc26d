"""Where a store's commands go: to its ERP Instance and to the ERP Connections of its organisation. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from salla_manager.contract import COMMAND_TYPES
from salla_manager.core.model import Store, is_connection
from salla_manager.core.ports import HubStore


@dataclass(frozen=True)
class Target:
    """One destination of a change; without a name where a store has none yet.

    is_copy: the record follows another one, which comes first.
    """

    destination: str
    is_copy: bool = False

    @property
    def erp_instance(self) -> str:
        return "" if is_connection(self.destination) else self.destination

    @property
    def erp_connection(self) -> str:
        return self.destination if is_connection(self.destination) else ""


def targets(hub: HubStore, store: Store, command_type: str) -> list[Target]:
    """The leading one first: the ERP Instance, else the first connection by name."""
    names = [store.erp_instance] if store.erp_instance else []
    names += takers(hub, store, command_type)
    return [Target(name, number > 0) for number, name in enumerate(names or [""])]


def takers(hub: HubStore, store: Store, command_type: str) -> list[str]:
    """Active connections whose routes take it."""
    if not store.customer_account:
        return []
    connections = hub.connections_of(store.customer_account)
    return [connection.name for connection in connections if connection.takes(store.name, command_type)]


def untaken(hub: HubStore, store: Store) -> frozenset[str]:
    """Command types of a store without an ERP Instance that no connection takes."""
    connections = hub.connections_of(store.customer_account) if store.customer_account else []
    return frozenset(
        command_type
        for command_type in COMMAND_TYPES
        if not any(connection.takes(store.name, command_type) for connection in connections)
    )
