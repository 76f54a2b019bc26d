"""Pages of a store's lists: whole ones, ones that compare, and what the shop's versions differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from salla_manager.platforms.pace import Budget
from salla_manager.platforms.port import Known, Page
from salla_manager.platforms.values import identifier, rows
from salla_manager.platforms.woocommerce.api import SIZES, V3, RawPage
from salla_manager.platforms.woocommerce.errors import NO_ROUTE, WooError
from salla_manager.platforms.woocommerce.lists import PATHS, Lists, has_variations, telling_fields
from salla_manager.platforms.woocommerce.normalize.statuses import NO_ORDER_YET, catalogue
from salla_manager.platforms.woocommerce.paging import after, position_of
from salla_manager.platforms.woocommerce.refunds import Refunds, Units, Walk, walk_of

# What a comparison with the hub needs; most of a row is never computed then.
_SEEN = "id,parent_id,type,name,number,status,sku,total,currency,date_created_gmt,date_modified_gmt"
_LEAST = "id,type,variations"


class Pages:
    """In one lane. All methods raise ShopError."""

    def __init__(self, lists: Lists, refunds: Refunds):
        self.lists, self.refunds = lists, refunds

    def page(
        self,
        entity_type: str,
        cursor: str,
        query: Mapping[str, str],
        budget: Budget,
        units: Units | None = None,
    ) -> Page:
        if entity_type == "order_status":
            found = self.statuses(budget)
            return Page([(row["slug"], row) for row in found], len(found), max(1, len(found)), None)
        position = position_of(cursor)
        try:
            raw = self.lists.page(entity_type, position, query, budget)
        except WooError as error:
            # Brands came with WooCommerce 9.6.
            if error.cause != NO_ROUTE or entity_type not in ("brand", "variant"):
                raise
            return Page([], 0, 1, None)
        taken = self.taken(entity_type, raw, "_fields" in query, budget, units)
        following = after(position, raw)
        total = raw.answer.total if raw.answer.total is not None else raw.place + len(raw.rows)
        cursor = following.cursor() if following else ""
        return Page(taken, total, raw.size, cursor or None, at=raw.answer.at)

    def taken(
        self,
        entity_type: str,
        raw: RawPage,
        is_light: bool,
        budget: Budget,
        units: Units | None = None,
    ) -> list[tuple[str, dict[str, Any]]]:
        """Rows that are what their kind says, with their ids."""
        found = [(key, row) for key, row in raw.rows if row.get("status") not in NO_ORDER_YET]
        if is_light or entity_type != "order":
            return found
        orders = self.refunds.complete([row for _, row in found], budget, units)
        return [(key, order) for (key, _), order in zip(found, orders, strict=True)]

    def all_orders(self, cursor: str, budget: Budget) -> Page:
        """All refunds first, in pages without rows, then the orders with what was given back of them."""
        walk = walk_of(cursor)
        if walk.is_in_refunds:
            return Page([], 0, SIZES[0], self.refunds.read_on(walk, budget).cursor())
        page = self.page("order", walk.position.cursor(), {}, budget, walk.units)
        if page.cursor is None:
            return page
        return replace(page, cursor=replace(walk, position=position_of(page.cursor)).cursor())

    def compared(
        self, entity_type: str, cursor: str, query: Mapping[str, str], known: Known, budget: Budget
    ) -> Page:
        """By the fields that tell a change; what is not known so comes whole."""
        if entity_type == "order":
            # Refunds that were read ahead are of no use: few orders will be read whole.
            walk = walk_of(cursor)
            cursor = "" if walk.is_in_refunds else walk.position.cursor()
        light = self.page(entity_type, cursor, {**query, "_fields": telling_fields(entity_type)}, budget)
        same = known(light)
        wanted = [key for key, _ in light.rows if key not in same]
        whole = dict(self.lists.by_ids(entity_type, wanted, budget)) if wanted else {}
        if entity_type == "order" and whole:
            whole = dict(zip(whole, self.refunds.complete(list(whole.values()), budget), strict=True))
        # What was deleted between the two calls is no row any more.
        found = [(key, whole.get(key, row)) for key, row in light.rows if key in same or key in whole]
        following = light.cursor
        if entity_type == "order" and following is not None:
            following = Walk(position_of(following), False).cursor()
        return replace(light, rows=found, same=same, cursor=following)

    def entries(self, entity_type: str, cursor: str, query: Mapping[str, str], budget: Budget) -> Page:
        """With no more of each row than a comparison with the hub needs, and the way to its entity."""
        if entity_type == "variant" and not self.lists.lists_variations(budget):
            return self._entries_by_product(cursor, budget)
        page = self.page(entity_type, cursor, {**query, "_fields": _SEEN}, budget)
        found = [(key, {**row, "_links": self._link(entity_type, key)}) for key, row in page.rows]
        return replace(page, rows=found)

    def _link(self, entity_type: str, key: str) -> dict[str, Any]:
        site = self.lists.api.site.url
        return {"self": [{"href": f"{site}/wp-json{V3}{PATHS[entity_type]}/{key}"}]}

    def _entries_by_product(self, cursor: str, budget: Budget) -> Page:
        """The variations of one page of products; size is of variations, which no count tells beforehand."""
        page = self.page("product", cursor, {"_fields": _LEAST}, budget)
        found = []
        for external_id, row in page.rows:
            if has_variations(row):
                query = {"_fields": _SEEN}
                listed = self.lists.variations(external_id, query, budget)
                found += [(identifier(one.get("id")) or "", one) for one in listed]
        return replace(page, rows=found)

    def statuses(self, budget: Budget) -> list[dict[str, Any]]:
        """The shop's own ones among them where its report tells them."""
        return catalogue(self.told_statuses(budget))

    def told_statuses(self, budget: Budget) -> list[dict[str, Any]]:
        """Empty where the key's user may not see them."""
        try:
            return rows(self.lists.api.get(f"{V3}/reports/orders/totals", {}, budget).body)
        except WooError as error:
            if error.kind not in ("refused", "forbidden", "unauthorized"):
                raise
            return []
