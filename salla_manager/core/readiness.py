"""May a command go now? Held, Waiting or Queued, with the reason in words. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from salla_manager.contract import ENTITY_TYPES
from salla_manager.core import routing
from salla_manager.core.model import (
    CommandStatus,
    Connection,
    Instance,
    OutboundCommand,
    Record,
    RecordKey,
    RecordStatus,
    Settings,
    Store,
    command_type_of,
)
from salla_manager.core.ports import HubStore


@dataclass(frozen=True)
class Placement:
    """waits_for: names of External Records."""

    status: str
    reason: str = ""
    waits_for: tuple[str, ...] = ()


READY = Placement(CommandStatus.QUEUED)


def place(hub: HubStore, store: Store, command: OutboundCommand) -> Placement:
    reason = closed_gate(hub, store, command)
    if reason:
        return Placement(CommandStatus.HELD, reason)
    return dependencies(hub, store, command)


def closed_gate(hub: HubStore, store: Store | None, command: OutboundCommand) -> str:
    """Why nothing of this kind may be sent at present; empty where it may."""
    if store is None:
        return f"The Store Account {command.store} does not exist any more. Cancel the command."
    if command.erp_connection:
        return connection_gate(hub.settings(), store, hub.connection(command.erp_connection), command)
    instance = hub.instance(store.erp_instance) if store.erp_instance else None
    return gate(hub.settings(), store, instance, command)


def gate(settings: Settings, store: Store, instance: Instance | None, command: OutboundCommand) -> str:
    """instance: the one that the store points to."""
    if not store.is_enabled:
        return f"The Store Account {store.name} is disabled. Enable it to send."
    if not store.erp_instance:
        return (
            f"The Store Account {store.name} points to no ERP Instance, and no ERP Connection takes"
            f" {command.command_type}. Choose an ERP Instance there, or make a connection."
        )
    if instance is None:
        return f"The ERP Instance {store.erp_instance} does not exist. Choose another one on {store.name}."
    if command.erp_instance not in ("", instance.name):
        return (
            f"It was made for {command.erp_instance}, but {store.name} points to {instance.name} now. Send the"
            " record again for the new one, or point the store back."
        )
    if not instance.is_enabled:
        return f"The ERP Instance {instance.name} is disabled. Enable it to send."
    if instance.secret_problem:
        return instance.secret_problem
    if not instance.secret:
        return f"The ERP Instance {instance.name} has no shared secret. Pair it to send."
    if reason := _toggled_off(settings, store, command):
        return reason
    if command.command_type in instance.disabled_command_types:
        return f"{command.command_type} is switched off on {instance.name}. Switch it on to send."
    return ""


def connection_gate(
    settings: Settings, store: Store, connection: Connection | None, command: OutboundCommand
) -> str:
    """connection: the one that the command was made for."""
    if not store.is_enabled:
        return f"The Store Account {store.name} is disabled. Enable it to send."
    if connection is None:
        return f"The ERP Connection {command.erp_connection} does not exist any more. Cancel the command."
    if connection.customer_account != store.customer_account:
        return f"The ERP Connection {connection.name} is of another organisation than {store.name}. Cancel the command."
    if not connection.is_enabled:
        return f"The ERP Connection {connection.name} is disabled. Enable it to send."
    if not connection.takes(store.name, command.command_type):
        return (
            f"The routes of {connection.name} do not take {command.command_type} of {store.name} any more. Add a route,"
            " or cancel the command."
        )
    return connection.config_problem or _toggled_off(settings, store, command)


def _toggled_off(settings: Settings, store: Store, command: OutboundCommand) -> str:
    if command.command_type in store.disabled_command_types:
        return f"{command.command_type} is switched off on {store.name}. Switch it on to send."
    if command.command_type in settings.disabled_command_types:
        return f"{command.command_type} is switched off in Salla Manager Settings. Switch it on to send."
    return ""


def dependencies(hub: HubStore, store: Store, command: OutboundCommand) -> Placement:
    """What it stands on, for a command whose gate is open."""
    if command.is_copy:
        return READY
    entity_type, payload = command.entity_type, json.loads(command.payload)
    if entity_type == "order":
        return _place_order(hub, store, payload)
    if entity_type == "variant":
        needed = _present(hub, store.name, [("product", payload.get("product_id"))])
        return _wait_for(
            [record for record in _coming(hub, store, needed) if record.status != RecordStatus.SKIPPED]
        )
    if entity_type == "product":
        wanted = [("brand", payload.get("brand_id"))]
        wanted += [("category", category) for category in payload.get("category_ids") or ()]
        needed = [*_present(hub, store.name, wanted), *_components(hub, store.name, command, payload)]
        return _wait_for(list(_coming(hub, store, needed)))
    if entity_type == "category":
        parents = _present(hub, store.name, [("category", payload.get("parent_id"))])
        return _wait_for(
            [one for one in _coming(hub, store, parents) if one.key.external_id != command.external_id]
        )
    return READY


def _coming(hub: HubStore, store: Store, needed: Iterable[Record]) -> Iterator[Record]:
    """Without what no destination of a store without an ERP Instance takes."""
    untaken = frozenset() if store.erp_instance else routing.untaken(hub, store)
    return (record for record in needed if command_type_of(record.key.entity_type) not in untaken)


def _components(
    hub: HubStore, store: str, command: OutboundCommand, bundle: dict[str, Any]
) -> Iterator[Record]:
    """What a bundle holds and the ERP will get; one that is skipped will not come."""
    for component in bundle.get("components") or ():
        key = component.get("external_id")
        for record in _present(hub, store, [("variant", key), ("product", key)]):
            if record.name != command.record and record.status != RecordStatus.SKIPPED:
                yield record


def _place_order(hub: HubStore, store: Store, order: dict[str, Any]) -> Placement:
    if order.get("status") == "deleted":
        # Nothing is made of it any more.
        return READY
    customer = (order.get("customer") or {}).get("external_id")
    needed = list(_present(hub, store.name, [("customer", customer)]))
    for number, line in enumerate(order.get("items") or (), start=1):
        record = record_of_line(hub, store.name, line)
        problem = _line_problem(hub, store.name, record, line)
        if problem:
            return Placement(CommandStatus.HELD, f"Line {number} ({line_title(line)}): {problem}")
        if record is not None:
            needed.append(record)
    if all(record.applied_revision for record in needed):
        return READY
    switched_off = _switched_off(hub, store)
    return _wait_for([record for record in needed if record.key.entity_type not in switched_off])


def _switched_off(hub: HubStore, store: Store) -> set[str]:
    """Entity types that will not come to the ERP; an order finds them there by SKU, phone or e-mail."""
    off = hub.settings().disabled_command_types | store.disabled_command_types
    if store.erp_instance:
        instance = hub.instance(store.erp_instance)
        off |= instance.disabled_command_types if instance else frozenset()
    else:
        off |= routing.untaken(hub, store)
    return {entity_type for entity_type in ENTITY_TYPES if command_type_of(entity_type) in off}


def record_of_line(hub: HubStore, store: str, line: dict[str, Any]) -> Record | None:
    """By variant id, then by product id, then by SKU; a skipped variant is the answer too."""
    variant, product = line.get("variant_id"), line.get("product_id")
    if variant:
        record = hub.find_record(RecordKey(store, "variant", variant))
        if record is not None:
            return record
    record = hub.find_record(RecordKey(store, "product", product)) if product else None
    # A variant that is not known is not its product: another article would be sold.
    if record is not None and not (variant and _has_options(record)):
        return record
    return _by_sku(hub, store, line.get("sku"))


def _has_options(product: Record) -> bool:
    return bool(product.mapped and json.loads(product.mapped).get("options"))


def _by_sku(hub: HubStore, store: str, sku: str | None) -> Record | None:
    if not (sku or "").strip():
        return None
    holders = [record for record in hub.records_with_sku(store, sku) if record.status != RecordStatus.SKIPPED]
    return holders[0] if holders else None


def _line_problem(hub: HubStore, store: str, record: Record | None, line: dict[str, Any]) -> str:
    if (
        record is None
        and line.get("sku")
        and not any(_present(hub, store, [("product", line.get("product_id"))]))
    ):
        # The shop has forgotten it; the ERP may still know the SKU, and says so if it does not.
        return ""
    if record is None:
        named = f"the SKU {line['sku']}" if line.get("sku") else "a SKU"
        return (
            "the hub does not know its product, and the shop did not give it. Create the product in the shop with"
            f" {named}, or pull products; the order goes then by itself."
        )
    if record.status == RecordStatus.SKIPPED and not record.applied_revision:
        return f"its {record.key.entity_type} {record.key.external_id} is skipped. {record.message}"
    return ""


def line_title(line: dict[str, Any]) -> str:
    parts = [line.get("name") or "", f"SKU {line['sku']}" if line.get("sku") else ""]
    return ", ".join(part for part in parts if part)


def _present(hub: HubStore, store: str, wanted: list[tuple[str, str | None]]) -> Iterator[Record]:
    for entity_type, external_id in wanted:
        record = hub.find_record(RecordKey(store, entity_type, external_id)) if external_id else None
        if record is not None:
            yield record


def _wait_for(needed: list[Record]) -> Placement:
    missing = {record.name: record for record in needed if not record.applied_revision}
    if not missing:
        return READY
    named = "; ".join(_waiting_reason(record) for record in list(missing.values())[:3])
    more = f"; and {len(missing) - 3} more" if len(missing) > 3 else ""
    return Placement(CommandStatus.WAITING, f"Waits for {named}{more}.", tuple(missing))


def _waiting_reason(record: Record) -> str:
    title = f" ({record.title})" if record.title else ""
    text = f"{record.key.entity_type} {record.key.external_id}{title}"
    if record.status == RecordStatus.FAILED:
        return f"{text}, which failed: {record.message.rstrip('.')}"
    return text
