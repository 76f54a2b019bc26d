"""Reading one store: which calls make a whole entity, and how each kind is listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any
from urllib.parse import quote

from salla_manager.core.transport import HttpTransport
from salla_manager.core.transport import Limits as HttpLimits
from salla_manager.platforms.pace import PRODUCTS, Budget, MemoryPaceStore, PaceStore
from salla_manager.platforms.port import Known, Look, Page, ShopError, ShopFacts, WebhookTarget
from salla_manager.platforms.values import identifier, mapping, rows, text
from salla_manager.platforms.woocommerce.api import SIZES, V3, Http, WooApi, new_site
from salla_manager.platforms.woocommerce.limits import PER_MINUTE, Limits
from salla_manager.platforms.woocommerce.lists import (
    ANY,
    EXACT,
    PATHS,
    Lists,
    telling_fields,
)
from salla_manager.platforms.woocommerce.looks import Looks
from salla_manager.platforms.woocommerce.normalize.statuses import FINAL, NO_ORDER_YET, slug_of
from salla_manager.platforms.woocommerce.pages import Pages
from salla_manager.platforms.woocommerce.paging import gmt
from salla_manager.platforms.woocommerce.refunds import Refunds
from salla_manager.platforms.woocommerce.subscriptions import Subscriptions

# WordPress needs its time: a page of a hundred products may take half a minute.
HTTP = HttpLimits(connect=5.0, read=60.0, total=90.0)
# Of orders that may have changed without the shop's saying so.
RECENT = timedelta(days=7)
# Those that every version has.
_OPEN = ["pending", "processing", "on-hold"]
# No zone is further from UTC.
_ZONES = timedelta(hours=14)

_SHORT = ("category", "brand", "order_status")


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
        self._pages = Pages(self._lists, self._refunds)
        self._looks = Looks(self._pages)

    def budget(self) -> Budget:
        """Of one call that a person or an event waits for."""
        return Budget(self._fetch_wait)

    def calls_per_minute(self) -> int:
        return self._limits.per_minute()

    # one entity

    def fetch(self, entity_type: str, external_id: str) -> dict[str, Any] | None:
        """The whole entity, or None if the shop has it no more. ref: woocommerce.github.io/woocommerce-rest-api-docs"""
        budget, key = self.budget(), quote(external_id, safe="")
        if entity_type == "order_status":
            return next((row for row in self._pages.statuses(budget) if row["slug"] == external_id), None)
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
            return self._looks.changed(entity_type, Look(since), Budget(self._max_wait))
        return self._all(entity_type, Budget(self._max_wait))

    def _all(self, entity_type: str, budget: Budget) -> Iterator[dict[str, Any]]:
        cursor: str | None = ""
        seen: set[str] = set()
        while cursor is not None:
            page = self._pages.page(entity_type, cursor, {}, budget)
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
            return self._pages.compared(entity_type, cursor, query, known, budget)
        if entity_type == "order" and not since:
            return self._pages.all_orders(cursor, budget)
        return self._pages.page(entity_type, cursor.partition("|")[0], query, budget)

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
        return self._pages.entries(entity_type, cursor, {}, Budget(self._max_wait))

    def orders_of(self, day: date, cursor: str = "") -> Page:
        """As `entries`; the client does not know the store's zone, so any is allowed for."""
        begin = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) - _ZONES - timedelta(seconds=1)
        end = begin + timedelta(days=1, seconds=2) + 2 * _ZONES
        query = {"after": gmt(begin), "before": gmt(end), "dates_are_gmt": "true"}
        return self._pages.entries("order", cursor, query, Budget(self._max_wait))

    def unsettled(self, cursor: str = "") -> Page:
        """Orders that are not final, then those of the last days: their lines may change without a new date."""
        budget = Budget(self._max_wait)
        part, _, place = cursor.partition("|")
        if part != "recent":
            # A shop refuses a status that its version does not know.
            told = [slug for row in self._pages.told_statuses(budget) if (slug := slug_of(row.get("slug")))]
            slugs = told or _OPEN
            wanted = ",".join(slug for slug in slugs if slug not in (*FINAL, *NO_ORDER_YET))
            page = self._pages.page("order", place, {"status": wanted}, budget)
            return replace(page, cursor=f"open|{page.cursor}" if page.cursor else "recent|")
        begin = datetime.fromtimestamp(self.now(), timezone.utc) - RECENT
        query = {"after": gmt(begin), "dates_are_gmt": "true"}
        page = self._pages.page("order", place, query, budget)
        return replace(page, cursor=f"recent|{page.cursor}" if page.cursor else None)

    # what changed

    def changes(self, entity_type: str, look: Look) -> Iterator[dict[str, Any]]:
        """Products and orders in a window of GMT, frozen at its first answer; of customers, who have no such list, the
        newest down to a page's worth of known ones; the short lists in full."""
        budget = Budget(self._max_wait)
        if entity_type in ("product", "order"):
            return self._looks.changed(entity_type, look, budget)
        if entity_type == "customer":
            return self._looks.newest(entity_type, look, budget)
        return self._all(entity_type, budget)

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


def _made_since(entity_type: str, since: datetime | None) -> dict[str, str]:
    if entity_type != "order" or since is None:
        return {}
    return {"after": gmt(since), "dates_are_gmt": "true"}
