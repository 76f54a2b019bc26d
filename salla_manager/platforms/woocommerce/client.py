"""Reading one store: which calls make a whole entity, and how each kind is listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any
from urllib.parse import quote

from salla_manager.core.transport import HttpTransport
from salla_manager.core.transport import Limits as HttpLimits
from salla_manager.platforms.pace import PRODUCTS, Budget, MemoryPaceStore, PaceStore
from salla_manager.platforms.port import Known, Look, Met, Page, ShopError, ShopFacts, WebhookTarget
from salla_manager.platforms.values import identifier, mapping, moment, rows, text
from salla_manager.platforms.woocommerce.api import SIZES, V3, Http, RawPage, WooApi, new_site
from salla_manager.platforms.woocommerce.errors import NO_ROUTE, WooError
from salla_manager.platforms.woocommerce.limits import PER_MINUTE, Limits
from salla_manager.platforms.woocommerce.lists import (
    ANY,
    EXACT,
    PATHS,
    Lists,
    has_variations,
    stamp_of,
    telling_fields,
)
from salla_manager.platforms.woocommerce.normalize.statuses import FINAL, NO_ORDER_YET, catalogue, slug_of
from salla_manager.platforms.woocommerce.paging import Position, after, gmt, position_of, window_of
from salla_manager.platforms.woocommerce.refunds import Refunds, Units, Walk, walk_of
from salla_manager.platforms.woocommerce.subscriptions import Subscriptions

# WordPress needs its time: a page of a hundred products may take half a minute.
HTTP = HttpLimits(connect=5.0, read=60.0, total=90.0)
# Rows are saved after their time was taken, and some times are set by hand.
OVERLAP = timedelta(minutes=10)
# Of orders that may have changed without the shop's saying so.
RECENT = timedelta(days=7)
# Those that every version has.
_OPEN = ["pending", "processing", "on-hold"]
# No zone is further from UTC.
_ZONES = timedelta(hours=14)

_SHORT = ("category", "brand", "order_status")
# What a comparison needs; most of a row is never computed then.
_SEEN = "id,parent_id,type,name,number,status,sku,total,currency,date_created_gmt,date_modified_gmt"
_LEAST = "id,type,variations"


class WooClient:
    """A ShopClient. All methods raise ShopError.

    credentials: consumer_key and consumer_secret. query_auth: they go in the URL instead of the header. paces, store:
    where the calls of all workers are counted, and for whom. calls_per_minute: how often the shop is asked at most.
    max_wait, fetch_wait: seconds that one list, or one other reading, may wait within that before it gives up as
    `throttled`. http: deadlines of one call. now: Unix seconds.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Mapping[str, Any],
        transport: Http | None = None,
        *,
        query_auth: bool = False,
        paces: PaceStore | None = None,
        store: str = "",
        lane: str = PRODUCTS,
        calls_per_minute: int = PER_MINUTE,
        http: HttpLimits = HTTP,
        max_wait: float = 120.0,
        fetch_wait: float = 20.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ):
        self.site = new_site(base_url, credentials, query_auth)
        self.http = http
        self.now = now
        self._limits = Limits(paces or MemoryPaceStore(), store, now, calls_per_minute)
        self._in_lane = partial(
            WooApi, self.site, transport or HttpTransport(), self._limits, http=http, sleep=sleep
        )
        self._use(lane)
        self._max_wait = max_wait
        self._fetch_wait = fetch_wait

    def in_lane(self, lane: str) -> WooClient:
        """The same client, whose calls go in another lane."""
        other = copy(self)
        other._use(lane)
        return other

    def _use(self, lane: str) -> None:
        self.api = self._in_lane(lane=lane)
        self._lists = Lists(self.api)
        self._refunds = Refunds(self._lists)

    def budget(self) -> Budget:
        """Of one call that a person or an event waits for."""
        return Budget(self._fetch_wait)

    def calls_per_minute(self) -> int:
        return self._limits.per_minute()

    # one entity

    def fetch(self, entity_type: str, external_id: str) -> dict[str, Any] | None:
        """The whole entity, or None if the shop has it no more. ref: FACTS of the endpoints in the official docs"""
        budget, key = self.budget(), quote(external_id, safe="")
        if entity_type == "order_status":
            return next((row for row in self._statuses(budget) if row["slug"] == external_id), None)
        if entity_type == "variant":
            return self._variation(key, budget)
        query = EXACT if entity_type == "order" else {}
        body = self.api.single(f"{PATHS[entity_type]}/{key}", query, budget)
        if body is None or body.get("status") in NO_ORDER_YET:
            return None
        if entity_type == "order":
            return self._refunds.complete([body], budget)[0]
        if entity_type == "product" and body.get("type") == "variation":
            return self.fetch("product", identifier(body.get("parent_id")) or "")
        return self._lists.with_variations(body, budget) if entity_type == "product" else body

    def _variation(self, key: str, budget: Budget) -> dict[str, Any] | None:
        """WooCommerce gives a variation as a product too, but its options only below its product."""
        product = self.api.single(f"/products/{key}", {"_fields": "id,parent_id"}, budget)
        parent_id = identifier(product.get("parent_id")) if product else None
        if parent_id is None:
            return None
        body = self.api.single(f"/products/{parent_id}/variations/{key}", {}, budget)
        return {**body, "parent_id": int(parent_id)} if body else None

    def find_by_sku(self, sku: str) -> dict[str, Any] | None:
        """The list by SKU also gives variations; then it is their product."""
        wanted = sku.strip().casefold()
        page = self.api.page("/products", {"sku": sku.strip(), **ANY}, 0, self.budget())
        found = [row for _, row in page.rows if (text(row.get("sku")) or "").casefold() == wanted]
        if not found:
            return None
        own = identifier(found[0].get("parent_id")) if found[0].get("type") == "variation" else None
        return self.fetch("product", own or identifier(found[0].get("id")) or "")

    # all of a kind

    def kinds(self, entity_type: str) -> tuple[str, ...]:
        """Variants are listed beside their products where the shop is new enough."""
        return (
            ("product", "variant")
            if entity_type == "product" and self._lists.lists_variations(self.budget())
            else (entity_type,)
        )

    def list(self, entity_type: str, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        if since and entity_type in ("product", "order"):
            return self._changed(entity_type, Look(since), Budget(self._max_wait))
        return self._all(entity_type, Budget(self._max_wait))

    def _all(self, entity_type: str, budget: Budget) -> Iterator[dict[str, Any]]:
        cursor: str | None = ""
        seen: set[str] = set()
        while cursor is not None:
            page = self._page(entity_type, cursor, {}, budget)
            for external_id, row in page.rows:
                if external_id in seen:
                    continue
                seen.add(external_id)
                yield self._lists.with_variations(row, budget) if entity_type == "product" else row
            cursor = page.cursor

    def counted(self, entity_type: str, since: datetime | None = None) -> Page:
        if entity_type in _SHORT:
            return Page([], 0, SIZES[0], None)
        total = self._lists.count(entity_type, _made_since(entity_type, since), self.budget())
        return Page([], total or 0, SIZES[0], None)

    def page(
        self,
        entity_type: str,
        cursor: str = "",
        since: datetime | None = None,
        known: Known | None = None,
    ) -> Page:
        """One page by ascending ids. Orders come with what was given back of them, for which all refunds are read first,
        in pages without rows. What is known is asked for by the fields that tell a change; the others then by id."""
        budget, query = Budget(self._max_wait), _made_since(entity_type, since)
        if known and telling_fields(entity_type):
            return self._known_page(entity_type, cursor, query, known, budget)
        if entity_type == "order" and not since:
            return self._order_page(cursor, budget)
        return self._page(entity_type, cursor, query, budget)

    def _order_page(self, cursor: str, budget: Budget) -> Page:
        walk = walk_of(cursor)
        if walk.is_in_refunds:
            return Page([], 0, SIZES[0], self._refunds.read_on(walk, budget).cursor())
        page = self._page("order", walk.position.cursor(), {}, budget, walk.units)
        if page.cursor is None:
            return page
        return replace(page, cursor=replace(walk, position=position_of(page.cursor)).cursor())

    def _known_page(
        self, entity_type: str, cursor: str, query: Mapping[str, str], known: Known, budget: Budget
    ) -> Page:
        place = walk_of(cursor).position.cursor() if entity_type == "order" and cursor else cursor
        light = self._page(entity_type, place, {**query, "_fields": telling_fields(entity_type)}, budget)
        same = known(light)
        wanted = [key for key, _ in light.rows if key not in same]
        whole = dict(self._lists.by_ids(entity_type, wanted, budget)) if wanted else {}
        stamps = {**light.stamps, **_stamps(entity_type, whole.items())}
        if entity_type == "order" and whole:
            whole = dict(zip(whole, self._refunds.complete(list(whole.values()), budget), strict=True))
        # What was deleted between the two calls is no row any more.
        found = [(key, whole.get(key, row)) for key, row in light.rows if key in same or key in whole]
        following = light.cursor
        if entity_type == "order" and following is not None:
            following = Walk(position_of(following), False).cursor()
        return replace(light, rows=found, stamps=stamps, same=same, cursor=following)

    def whole(self, entity_type: str, row: dict[str, Any]) -> dict[str, Any] | None:
        """Rows are whole but for products whose variations have to be asked for one product at a time."""
        if entity_type != "product" or self._lists.lists_variations(self.budget()):
            return row
        return self._lists.with_variations(row, Budget(self._max_wait))

    def calls_each(self, entity_type: str) -> int:
        if entity_type != "product":
            return 0
        return int(not self._lists.lists_variations(self.budget()))

    def entries(self, entity_type: str, cursor: str = "") -> Page:
        """As `page`, with no more of each row than a comparison needs."""
        budget = Budget(self._max_wait)
        if entity_type == "variant" and not self._lists.lists_variations(self.budget()):
            return self._entries_by_product(cursor, budget)
        return self._linked(entity_type, self._page(entity_type, cursor, {"_fields": _SEEN}, budget))

    def _linked(self, entity_type: str, page: Page) -> Page:
        """With the way to each entity, which a short row does not tell."""
        found = [(key, {**row, "_links": self._link(entity_type, key)}) for key, row in page.rows]
        return replace(page, rows=found)

    def orders_of(self, day: date, cursor: str = "") -> Page:
        """As `entries`; the client does not know the store's zone, so any is allowed for."""
        begin = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) - _ZONES - timedelta(seconds=1)
        end = begin + timedelta(days=1, seconds=2) + 2 * _ZONES
        query = {"after": gmt(begin), "before": gmt(end), "dates_are_gmt": "true", "_fields": _SEEN}
        return self._linked("order", self._page("order", cursor, query, Budget(self._max_wait)))

    def unsettled(self, cursor: str = "") -> Page:
        """Orders that are not final, then those of the last days: their lines may change without a new date."""
        budget = Budget(self._max_wait)
        part, _, place = cursor.partition("|")
        if part != "recent":
            # A shop refuses a status that its version does not know.
            told = [slug for row in self._told_statuses(budget) if (slug := slug_of(row.get("slug")))]
            slugs = told or _OPEN
            wanted = ",".join(slug for slug in slugs if slug not in (*FINAL, *NO_ORDER_YET))
            page = self._page("order", place, {"status": wanted}, budget)
            return replace(page, cursor=f"open|{page.cursor}" if page.cursor else "recent|")
        begin = datetime.fromtimestamp(self.now(), timezone.utc) - RECENT
        query = {"after": gmt(begin), "dates_are_gmt": "true"}
        page = self._page("order", place, query, budget)
        return replace(page, cursor=f"recent|{page.cursor}" if page.cursor else None)

    def _page(
        self,
        entity_type: str,
        cursor: str,
        query: Mapping[str, str],
        budget: Budget,
        units: Units | None = None,
    ) -> Page:
        if entity_type == "order_status":
            found = self._statuses(budget)
            return Page([(row["slug"], row) for row in found], len(found), max(1, len(found)), None)
        position = position_of(cursor)
        try:
            raw = self._lists.page(entity_type, position, query, budget)
        except WooError as error:
            # Brands came with WooCommerce 9.6.
            if error.cause != NO_ROUTE or entity_type not in ("brand", "variant"):
                raise
            return Page([], 0, 1, None)
        taken = self._taken(entity_type, raw, "_fields" in query, budget, units)
        following = after(position, raw)
        total = raw.answer.total if raw.answer.total is not None else raw.place + len(raw.rows)
        stamps = _stamps(entity_type, raw.rows)
        return Page(taken, total, raw.size, following.cursor() if following else None, stamps)

    def _taken(
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
        orders = self._refunds.complete([row for _, row in found], budget, units)
        return [(key, order) for (key, _), order in zip(found, orders, strict=True)]

    def _link(self, entity_type: str, key: str) -> dict[str, Any]:
        return {"self": [{"href": f"{self.site.url}/wp-json{V3}{PATHS[entity_type]}/{key}"}]}

    def _entries_by_product(self, cursor: str, budget: Budget) -> Page:
        """The variations of one page of products; size is of variations, which no count tells beforehand."""
        page = self._page("product", cursor, {"_fields": _LEAST}, budget)
        found = []
        for external_id, row in page.rows:
            if has_variations(row):
                query = {"_fields": _SEEN}
                listed = self._lists.variations(external_id, query, budget)
                found += [(identifier(one.get("id")) or "", one) for one in listed]
        return replace(page, rows=found)

    # what changed

    def changes(self, entity_type: str, look: Look) -> Iterator[dict[str, Any]]:
        """Products and orders in a window of GMT, frozen at its first answer; of customers, who have no such list, the
        newest down to a page's worth of known ones; the short lists in full."""
        budget = Budget(self._max_wait)
        if entity_type in ("product", "order"):
            return self._changed(entity_type, look, budget)
        if entity_type == "customer":
            return self._newest(entity_type, look, budget)
        return self._all(entity_type, budget)

    def _changed(self, entity_type: str, look: Look, budget: Budget) -> Iterator[dict[str, Any]]:
        window = window_of(look.cursor, look.since - OVERLAP)
        parts = self._parts(entity_type)
        while window.part < len(parts):
            listed, query = parts[window.part]
            raw = self._lists.page(listed, window.position, query | window.query(), budget)
            window = window.until(raw.answer.at)
            for external_id, row in self._taken(listed, raw, False, budget):
                if _is_settled(external_id, row, look):
                    continue
                yield from self._whole_of(listed, external_id, row, look, budget)
            following = after(window.position, raw)
            window = replace(window, position=following or Position(), part=window.part + (following is None))
            if window.part < len(parts):
                look.on_page(window.cursor())
        if window.before:
            look.on_end(datetime.fromtimestamp(window.before, timezone.utc))

    def _parts(self, entity_type: str) -> list[tuple[str, dict[str, str]]]:
        """What is in the bin is in no other list."""
        found = [(entity_type, {}), (entity_type, {"status": "trash"})]
        return (
            [*found, ("variant", {})]
            if entity_type == "product" and self._lists.lists_variations(self.budget())
            else found
        )

    def _whole_of(
        self, entity_type: str, external_id: str, row: dict[str, Any], look: Look, budget: Budget
    ) -> Iterator[dict[str, Any]]:
        if entity_type != "product" or self._lists.lists_variations(self.budget()):
            yield row
            return
        try:
            body = self._lists.with_variations(row, budget)
        except ShopError as error:
            look.stuck(external_id, error)
            return
        yield body

    def _newest(self, entity_type: str, look: Look, budget: Budget) -> Iterator[dict[str, Any]]:
        position: Position | None = position_of(look.cursor)
        while position is not None:
            raw = self._lists.page(entity_type, position, {"order": "desc"}, budget)
            fresh = [(key, row) for key, row in self._taken(entity_type, raw, False, budget)]
            fresh = [(key, row) for key, row in fresh if look.meet(key, changed_at(row)) == Met.NEW]
            for _, row in fresh:
                yield row
            position = after(position, raw) if fresh else None
            if position is not None:
                look.on_page(position.cursor())

    # parts of entities

    def _statuses(self, budget: Budget) -> list[dict[str, Any]]:
        """The shop's own ones among them where its report tells them."""
        return catalogue(self._told_statuses(budget))

    def _told_statuses(self, budget: Budget) -> list[dict[str, Any]]:
        """Empty where the key's user may not see them."""
        try:
            return rows(self.api.get(f"{V3}/reports/orders/totals", {}, budget).body)
        except WooError as error:
            if error.kind not in ("refused", "forbidden", "unauthorized"):
                raise
            return []

    # webhooks

    def check_webhooks(self, target: WebhookTarget) -> list[str]:
        return Subscriptions(self.api, self._fetch_wait).check(target)

    def repair_webhooks(self, target: WebhookTarget) -> list[str]:
        return Subscriptions(self.api, self._fetch_wait).repair(target)

    def store_info(self) -> dict[str, Any]:
        """What a Store Account needs to know of the shop: name, url, currency, prices_include_tax and timezone, each
        None where the key's user may not see it."""
        index = mapping(self.api.get("", {}, self.budget()).body)
        return {
            "name": text(index.get("name")),
            "url": text(index.get("home")) or text(index.get("url")),
            "timezone": text(index.get("timezone_string")),
            "currency": text(mapping(self._told("/data/currencies/current")).get("code")),
            "prices_include_tax": self._prices_include_tax(),
        }

    def facts(self) -> ShopFacts:
        info = self.store_info()
        return ShopFacts(info["currency"], info["prices_include_tax"])

    def _prices_include_tax(self) -> bool | None:
        told = {row.get("id"): row.get("value") for row in rows(self._told("/settings/tax"))}
        return {"yes": True, "no": False}.get(str(told.get("woocommerce_prices_include_tax")))

    def _told(self, path: str) -> Any:
        try:
            return self.api.get(V3 + path, {}, self.budget()).body
        except ShopError as error:
            if error.is_retryable:
                raise
            return None


def _stamps(entity_type: str, found: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, str]:
    return {key: stamp for key, row in found if (stamp := stamp_of(entity_type, row))}


def changed_at(row: dict[str, Any]) -> datetime | None:
    return moment(row.get("date_modified_gmt"), "+00:00")


def _is_settled(external_id: str, row: dict[str, Any], look: Look) -> bool:
    """Known in this version, and the second it was changed in was over when it was read. Times are of whole seconds,
    so what changed twice within one shows the same time both times."""
    changed = changed_at(row)
    return changed is not None and changed < look.since and look.meet(external_id, changed) != Met.NEW


def _made_since(entity_type: str, since: datetime | None) -> dict[str, str]:
    if entity_type != "order" or since is None:
        return {}
    return {"after": gmt(since), "dates_are_gmt": "true"}
