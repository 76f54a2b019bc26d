"""Skipped products are read again by and by: shops that tell of no mended SKU would leave them skipped for ever."""

from __future__ import annotations

import json
from typing import Protocol

from salla_manager.core import readiness
from salla_manager.core.asked import ask
from salla_manager.core.host import Host
from salla_manager.core.model import RecordStatus, Store, command_type_of
from salla_manager.core.workbench import product_of

# Of one store in an hour: one call of a minute, which leaves the shop's limit to its orders.
MOST = 60
ORDERS = 500


class SkipRows(Protocol):
    def skipped_products(self, store: str) -> list[str]:
        """Ids of the products that are skipped or whose variants are, in a lasting order."""

    def held_orders(self, store: str, limit: int) -> list[str]:
        """Payloads of the newest held commands of orders."""


def read_again(host: Host, rows: SkipRows, store: Store, most: int = MOST) -> int:
    """Have skipped products read, those that orders are held by first; gives how many were not asked for yet.

    Where there are more than `most`, another hour has the next ones.
    """
    skipped = rows.skipped_products(store.name)
    is_off = not store.is_enabled or command_type_of("product") in store.disabled_command_types
    if not skipped or is_off or host.client_for(store) is None:
        return 0
    hour = int(host.clock.now().timestamp() // 3600)
    holding = _holding(host, rows, store)
    urgent = _turn([key for key in skipped if key in holding], hour, most)
    others = _turn([key for key in skipped if key not in holding], hour, most - len(urgent))
    return ask(host, store, "product", [*urgent, *others], f"skipped, hour {hour}")


def _turn(ids: list[str], hour: int, most: int) -> list[str]:
    """Each comes once in as many hours as it takes to read all of them."""
    start = hour * most % len(ids) if most and ids else 0
    return [*ids[start:], *ids[:start]][:most]


def _holding(host: Host, rows: SkipRows, store: Store) -> set[str]:
    """Products that a line of a held order stands on, and that are skipped."""
    found = set()
    for payload in rows.held_orders(store.name, ORDERS):
        for line in json.loads(payload).get("items") or ():
            record = readiness.record_of_line(host.store, store.name, line)
            if record is not None and record.status == RecordStatus.SKIPPED:
                found.add(product_of(record))
    return found
