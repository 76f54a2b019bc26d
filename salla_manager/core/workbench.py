"""What has to be mended about a store's SKUs, and looking again once it was. The list is pure."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from salla_manager.core import outbox
from salla_manager.core.asked import ask
from salla_manager.core.commands import OperatorError
from salla_manager.core.host import Host
from salla_manager.core.ingest import ingest
from salla_manager.core.model import Record, RecordKey, RecordStatus, Store
from salla_manager.core.outbox import Outcome
from salla_manager.core.sku import SKU_ENTITIES, normalize_sku
from salla_manager.platforms.pace import ORDERS
from salla_manager.platforms.port import NormalizeError, ShopClient, ShopError


class Kind:
    MISSING = "Missing"
    DUPLICATE = "Duplicate"
    # Held like a duplicate, though it is not written alike.
    SPELLING = "Spelling"
    # Sent as it is, but easily taken for another one by a person or a scanner.
    ALIKE = "Alike"

    ALL = (MISSING, DUPLICATE, SPELLING, ALIKE)


@dataclass(frozen=True)
class SkuRow:
    """A product or variant. product_id: of the product that a person opens in the shop."""

    record: str
    entity_type: str
    external_id: str
    product_id: str
    title: str
    sku: str
    status: str
    message: str = ""
    erp_document: str = ""

    @property
    def is_skipped(self) -> bool:
        return self.status == RecordStatus.SKIPPED


@dataclass(frozen=True)
class Problem:
    """beside: who holds the SKU, or is alike."""

    kind: str
    row: SkuRow
    reason: str
    beside: tuple[SkuRow, ...] = ()


def find_problems(rows: Iterable[SkuRow]) -> list[Problem]:
    """By kind as in Kind.ALL, then by SKU; rows: the products and variants that one store has."""
    by_key: dict[str, list[SkuRow]] = {}
    found: list[Problem] = []
    for row in rows:
        if key := normalize_sku(row.sku):
            by_key.setdefault(key, []).append(row)
        elif row.is_skipped:
            found.append(Problem(Kind.MISSING, row, row.message))
    for group in by_key.values():
        found += _taken(group)
    found += _alike(by_key)
    return sorted(
        found, key=lambda one: (Kind.ALL.index(one.kind), normalize_sku(one.row.sku), one.row.title)
    )


def _taken(group: list[SkuRow]) -> Iterator[Problem]:
    holders = tuple(row for row in group if not row.is_skipped)
    for row in group:
        if row.is_skipped:
            is_same = not holders or any(row.sku == holder.sku for holder in holders)
            yield Problem(Kind.DUPLICATE if is_same else Kind.SPELLING, row, row.message, holders)


def _alike(by_key: dict[str, list[SkuRow]]) -> Iterator[Problem]:
    looks: dict[str, list[SkuRow]] = {}
    for key, group in by_key.items():
        holder = next((row for row in group if not row.is_skipped), None)
        if holder is not None:
            looks.setdefault(_look(key), []).append(holder)
    for group in looks.values():
        for row in group if len(group) > 1 else ():
            others = tuple(other for other in group if other is not row)
            named = ", ".join(f"'{other.sku}' of {other.title or other.external_id}" for other in others)
            yield Problem(Kind.ALIKE, row, f"It is sent, but is easily taken for {named}.", others)


def _look(key: str) -> str:
    """Without spaces and accents, and with the digits of all scripts alike."""
    characters = unicodedata.normalize("NFKD", key)
    return "".join(
        str(unicodedata.decimal(one)) if unicodedata.decimal(one, None) is not None else one
        for one in characters
        if not one.isspace() and not unicodedata.combining(one)
    )


def recheck(host: Host, key: RecordKey) -> list[Outcome]:
    """Read the product anew, now; what became free by it goes on. Raises OperatorError."""
    record, store, client = _to_read(host, key)
    product = RecordKey(key.store, "product", product_of(record))
    observed_at = host.clock.now()
    try:
        body = client.fetch("product", product.external_id)
        outcomes = ingest(host, store, client, "product", body, observed_at) if body else []
    except (ShopError, NormalizeError) as error:
        raise OperatorError(f"The shop could not be read: {error}") from None
    for gone in dict.fromkeys((product, key)):
        if gone not in {outcome.key for outcome in outcomes}:
            outcomes += outbox.absorb_deletion(gone, store, host)
    outbox.wake(outcomes, host)
    return outcomes


def recheck_all(host: Host, store_name: str, rows: Iterable[SkuRow]) -> int:
    """Have their products read in the background; gives how many. Raises OperatorError."""
    store = host.store.store(store_name)
    if store is None:
        raise OperatorError(f"The store '{store_name}' is not known.")
    occasion = f"SKUs looked at again {host.clock.now().isoformat()}"
    return ask(host, store, "product", (row.product_id for row in rows), occasion)


def _to_read(host: Host, key: RecordKey) -> tuple[Record, Store, ShopClient]:
    record, store = host.store.find_record(key), host.store.store(key.store)
    if record is None or store is None or key.entity_type not in SKU_ENTITIES:
        raise OperatorError(f"There is no product or variant {key.external_id} of {key.store} here.")
    if reason := host.store.settings().standstill:
        raise OperatorError(reason)
    client = host.client_for(store)
    if client is None:
        raise OperatorError(
            f"{store.name} has no access to its shop. Connect the store first, or enter its keys."
        )
    # A person waits for it.
    return record, store, client.in_lane(ORDERS)


def product_of(record: Record) -> str:
    """Id of the product that a person mends in the shop for it."""
    if record.key.entity_type == "product":
        return record.key.external_id
    return json.loads(record.mapped).get("product_id") or "" if record.mapped else ""
