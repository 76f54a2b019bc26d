"""What was given back. An order names its refunds; how many units of which line stands in those.

Most shops have few, so a reading of all orders begins with all of them and carries along what they say: one call for a
hundred, instead of one for each page of orders that has any.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from salla_manager.platforms.pace import Budget
from salla_manager.platforms.values import identifier, number, rows, text
from salla_manager.platforms.woocommerce.api import RawPage
from salla_manager.platforms.woocommerce.errors import NO_ROUTE, WooError
from salla_manager.platforms.woocommerce.lists import BY_ID, EXACT, Lists
from salla_manager.platforms.woocommerce.paging import Position, after, position_of

REFUNDED_LINE = "_refunded_item_id"
# More are read page by page of their orders: they would be carried along with each one.
_MOST_PAGES = 20
_FIELDS = {"_fields": "id,line_items,date_created_gmt"}

# Units by line, by refund; of one without any, when it was made, under this name.
AT = "at"
Units = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Walk:
    """Where a reading of all orders stands: in the refunds or, behind them, in the orders."""

    position: Position = field(default_factory=Position)
    is_in_refunds: bool = True
    units: Units = field(default_factory=dict)

    def cursor(self) -> str:
        mark = "r" if self.is_in_refunds else ""
        said = json.dumps(self.units, separators=(",", ":")) if self.units else ""
        return f"{mark}{self.position.cursor()}|{said}"


def walk_of(cursor: str) -> Walk:
    if not cursor:
        return Walk()
    place, _, said = cursor.partition("|")
    units = json.loads(said) if said else {}
    return Walk(position_of(place.removeprefix("r")), place.startswith("r"), units)


class Refunds:
    """Of one store. All methods raise ShopError."""

    def __init__(self, lists: Lists):
        self._lists = lists
        self._site = lists.api.site

    def read_on(self, walk: Walk, budget: Budget) -> Walk:
        """A page of all refunds further; into the orders where there are no more, or too many."""
        try:
            raw = self._lists.api.page("/refunds", {**BY_ID, **EXACT, **_FIELDS}, walk.position.at, budget)
        except WooError as error:
            if error.cause != NO_ROUTE:
                raise
            self._site.has_refunds = False
            return Walk(is_in_refunds=False)
        if (raw.answer.total or 0) > _MOST_PAGES * 100:
            return Walk(is_in_refunds=False)
        units = {**walk.units, **_units(raw)}
        following = after(walk.position, raw)
        return Walk(following or Position(), following is not None, units)

    def complete(
        self,
        orders: list[dict[str, Any]],
        budget: Budget,
        units: Mapping[str, Mapping[str, str]] | None = None,
    ) -> list[dict[str, Any]]:
        """Orders with what was given back of them in their `refunds`; units: what is known of it already."""
        known = {key: _refund(lines) for key, lines in (units or {}).items()}
        wanted = [key for order in orders for key in refund_ids(order) if key not in known]
        if wanted:
            found = self._by_ids(wanted, budget) if len(orders) > 1 else None
            if found is None:
                refunded = [order for order in orders if set(refund_ids(order)) & set(wanted)]
                found = [row for order in refunded for row in self._of(order, budget)]
            known |= {identifier(row.get("id")) or "": row for row in found}
        return [_completed(order, known) if order.get("refunds") else order for order in orders]

    def _by_ids(self, keys: list[str], budget: Budget) -> list[dict[str, Any]] | None:
        """None where the shop has no list of refunds, which came with WooCommerce 9.0."""
        if self._site.has_refunds is False:
            return None
        found: list[dict[str, Any]] = []
        try:
            for begin in range(0, len(keys), 100):
                query = {**EXACT, "include": ",".join(keys[begin : begin + 100])}
                found += self._lists.rows("/refunds", query, budget)
        except WooError as error:
            if error.cause != NO_ROUTE:
                raise
            self._site.has_refunds = False
            return None
        return found

    def _of(self, order: Mapping[str, Any], budget: Budget) -> Iterable[dict[str, Any]]:
        return self._lists.rows(f"/orders/{quote(str(order.get('id')), safe='')}/refunds", EXACT, budget)


def refund_ids(order: Mapping[str, Any]) -> list[str]:
    return [key for row in rows(order.get("refunds")) if (key := identifier(row.get("id")))]


def units_of(refund: Mapping[str, Any]) -> dict[str, str]:
    """Units given back by line. A refund of money alone has no lines, or lines without units."""
    found: dict[str, str] = {}
    for line in rows(refund.get("line_items")):
        meta = {row.get("key"): row.get("value") for row in rows(line.get("meta_data"))}
        key, units = identifier(meta.get(REFUNDED_LINE)), number(line.get("quantity"))
        if key and units:
            found[key] = str(abs(units))
    return found


def _units(raw: RawPage) -> Units:
    return {key: units_of(row) or {AT: text(row.get("date_created_gmt")) or ""} for key, row in raw.rows}


def _refund(units: Mapping[str, str]) -> dict[str, Any]:
    """As the shop would give it, as far as anybody reads it."""
    lines = [
        {"quantity": f"-{count}", "meta_data": [{"key": REFUNDED_LINE, "value": key}]}
        for key, count in units.items()
        if key != AT
    ]
    return {"line_items": lines, "date_created_gmt": units.get(AT)}


def _completed(order: dict[str, Any], known: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    refunds = [
        {**row, **known.get(identifier(row.get("id")) or "", {})} for row in rows(order.get("refunds"))
    ]
    return {**order, "refunds": refunds}
