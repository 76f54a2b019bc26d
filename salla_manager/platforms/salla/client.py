"""Reading one store: which calls make a whole entity, and how each kind is listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import copy
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any
from urllib.parse import quote

from salla_manager.core.transport import HttpTransport
from salla_manager.core.transport import Limits as HttpLimits
from salla_manager.platforms.pace import PRODUCTS, MemoryPaceStore, PaceStore
from salla_manager.platforms.port import Known, Look, Met, Page, ShopError, ShopFacts, WebhookTarget
from salla_manager.platforms.salla.api import PER_PAGE, Budget, HttpGet, SallaApi, TokenProvider
from salla_manager.platforms.salla.errors import Gone
from salla_manager.platforms.salla.limits import Limits
from salla_manager.platforms.salla.paging import after, position_of
from salla_manager.platforms.salla.subscriptions import Subscriptions
from salla_manager.platforms.values import currency, identifier, mapping, moment, rows, text

API_URL = "https://api.salla.dev/admin/v2"
# Clocks differ, and an order may be saved after its time was taken.
OVERLAP = timedelta(minutes=30)
# One answer as a whole may take a minute: the largest pages come slowly.
HTTP = HttpLimits(connect=5.0, read=20.0, total=60.0)

_PATHS = {
    "product": "/products",
    "customer": "/customers",
    "order": "/orders",
    "category": "/categories",
    "brand": "/brands",
    "order_status": "/orders/statuses",
    "variant": "/products/variants",
}


def requests_of(entity_type: str, external_id: str) -> list[str]:
    """What has to be asked for one whole entity, as `GET /orders/1`, for a person to do."""
    found = [f"GET {_PATHS[entity_type]}/{external_id}"]
    if entity_type == "order":
        found += [f"GET /orders/items?order_id={external_id}"]
    return found


class SallaClient:
    """A ShopClient. All methods raise ShopError.

    paces, store: where the calls of all workers are counted, and for whom. http: deadlines of one call.
    max_wait, fetch_wait: seconds that one `list`, or one other reading, may wait within Salla's limit before it
    gives up as `throttled`.
    """

    def __init__(
        self,
        tokens: TokenProvider,
        transport: HttpGet | None = None,
        *,
        base_url: str = API_URL,
        paces: PaceStore | None = None,
        store: str = "",
        lane: str = PRODUCTS,
        http: HttpLimits = HTTP,
        max_wait: float = 120.0,
        fetch_wait: float = 20.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ):
        self._limits = Limits(paces or MemoryPaceStore(), store, now)
        self._in_lane = partial(
            SallaApi,
            tokens,
            transport or HttpTransport(),
            base_url,
            self._limits,
            http=http,
            sleep=sleep,
        )
        self._api = self._in_lane(lane=lane)
        self._max_wait = max_wait
        self._fetch_wait = fetch_wait

    def in_lane(self, lane: str) -> SallaClient:
        """The same client, whose calls go in another lane."""
        other = copy(self)
        other._api = self._in_lane(lane=lane)
        return other

    def fetch(self, entity_type: str, external_id: str) -> dict[str, Any] | None:
        """The whole entity, or None if the shop has it no more. ref: docs.salla.dev/5394146e0 and its like"""
        budget = Budget(self._fetch_wait)
        body = self._api.single(f"{_PATHS[entity_type]}/{quote(external_id, safe='')}", budget)
        if entity_type == "order" and body is not None:
            return self._complete(body, external_id, budget)
        return body

    def find_by_sku(self, sku: str) -> dict[str, Any] | None:
        """By the product's own SKU, else by keyword, which also finds it in variants."""
        found = self._api.single(f"/products/sku/{quote(sku, safe='')}", Budget(self._fetch_wait))
        if found is not None:
            return found
        wanted = sku.strip().casefold()
        for product in self._api.pages("/products", {"keyword": sku}, Budget(self._fetch_wait)):
            carried = [product, *rows(product.get("skus"))]
            if any((text(row.get("sku")) or "").casefold() == wanted for row in carried):
                return product
        return None

    def list(self, entity_type: str, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        """All of a kind. Only orders can be listed by the time of their change; the others come in full."""
        budget = Budget(self._max_wait)
        if entity_type == "order":
            return self._changed_orders(Look(since), budget) if since else self._all_orders(budget)
        if entity_type == "category":
            return self._categories(budget)
        return self._api.pages(_PATHS[entity_type], {}, budget)

    def changes(self, entity_type: str, look: Look) -> Iterator[dict[str, Any]]:
        """Orders down to `since` by their time of change; products and customers, which have no such list, from the
        newest down to a page's worth of old ones; the short lists in full."""
        budget = Budget(self._max_wait)
        if entity_type == "order":
            return self._changed_orders(look, budget)
        if entity_type in ("product", "customer"):
            return self._newest(entity_type, look, budget)
        return self.list(entity_type)

    def counted(self, entity_type: str, since: datetime | None = None) -> Page:
        return self.page(entity_type, "", since)

    def page(
        self,
        entity_type: str,
        cursor: str = "",
        since: datetime | None = None,
        known: Known | None = None,
    ) -> Page:
        """One page, newest first; categories, which make a tree, come all at once."""
        if entity_type == "category":
            found = list(self._categories(Budget(self._max_wait)))
            return Page(_numbered(found), len(found), max(1, len(found)), None)
        return self._page(entity_type, _history(entity_type, since), cursor, Budget(self._max_wait))

    def _page(self, entity_type: str, query: dict[str, str], cursor: str, budget: Budget) -> Page:
        position, path = position_of(cursor), _PATHS[entity_type]
        page = self._api.page(path, query, position.page, budget)
        # A list that became shorter has no such page any more.
        if page.number < position.page and page.total >= position.total:
            raise ShopError("unreadable", f"GET {path}: page {page.number} came for page {position.page}.")
        following = after(position, page)
        return Page(_numbered(page.rows), page.total, page.size, following.cursor() if following else None)

    def orders_of(self, day: date, cursor: str = "") -> Page:
        """One page. Whether Salla's to_date is within the answer is not documented, so one day more is asked for."""
        query = {"from_date": f"{day:%Y-%m-%d}", "to_date": f"{day + timedelta(days=1):%Y-%m-%d}"}
        query = {"sort_by": "created_at-desc", **query}
        return self._page("order", query, cursor, Budget(self._max_wait))

    def whole(self, entity_type: str, row: dict[str, Any]) -> dict[str, Any] | None:
        """Rows are whole but for orders, whose row has neither amounts nor lines."""
        return row if entity_type != "order" else self.fetch("order", identifier(row.get("id")) or "")

    def kinds(self, entity_type: str) -> tuple[str, ...]:
        """Variants lie within their products."""
        return (entity_type,)

    def entries(self, entity_type: str, cursor: str = "") -> Page:
        return self.page(entity_type, cursor)

    def unsettled(self, cursor: str = "") -> Page:
        """None: each change of an order moves its time of change."""
        return Page([], 0, 1, None)

    def calls_each(self, entity_type: str) -> int:
        """Order, lines and shipments; one less where there is nothing to ship."""
        return 3 if entity_type == "order" else 0

    def calls_per_minute(self) -> int:
        return self._limits.per_minute()

    def check_webhooks(self, target: WebhookTarget) -> list[str]:
        return self._subscriptions().check(target)

    def repair_webhooks(self, target: WebhookTarget) -> list[str]:
        return self._subscriptions().repair(target)

    def _subscriptions(self) -> Subscriptions:
        return Subscriptions(self._api, self._fetch_wait)

    def store_info(self) -> dict[str, Any]:
        """id, name, currency, domain, plan, type … of the store."""
        return mapping(self._api.get("/store/info", {}, Budget(self._fetch_wait)).get("data"))

    def prices_include_tax(self) -> bool | None:
        """The store's setting, None where it is not told."""
        answer = self._api.get("/settings", {"entity": "products"}, Budget(self._fetch_wait))
        for row in rows(answer.get("data")):
            if row.get("slug") == "products.product_price_included_tax" and isinstance(
                row.get("value"), bool
            ):
                return row["value"]
        return None

    def facts(self) -> ShopFacts:
        """What the app has no scope for is not told, and said so."""
        problems: list[str] = []
        info = _asked(self.store_info, problems) or {}
        includes_tax = _asked(self.prices_include_tax, problems)
        return ShopFacts(currency(info.get("currency")), includes_tax, tuple(problems))

    # orders

    def _all_orders(self, budget: Budget) -> Iterator[dict[str, Any]]:
        # The oldest come first, so that new orders do not push rows to a page already read.
        seen: set[str] = set()
        for row in self._api.pages("/orders", {"sort_by": "created_at-asc"}, budget):
            external_id = identifier(row.get("id"))
            if external_id is None or external_id in seen:
                continue
            seen.add(external_id)
            order = self._api.single(f"/orders/{quote(external_id, safe='')}", budget)
            if order is not None:
                yield self._complete(order, external_id, budget)

    def _changed_orders(self, look: Look, budget: Budget) -> Iterator[dict[str, Any]]:
        floor = look.since.astimezone(timezone.utc) - OVERLAP
        seen: set[str] = set()
        for row in self._walk("order", {"sort_by": "updated_at-desc"}, look, budget):
            external_id = identifier(row.get("id"))
            if external_id is None or external_id in seen:
                continue
            seen.add(external_id)
            if _is_before(row, floor):
                return
            # Rows mostly lack their time of change.
            if _met(row, look) != Met.NEW:
                continue
            try:
                order = self._api.single(f"/orders/{quote(external_id, safe='')}", budget)
                if order is not None and _is_before(order, floor):
                    return
                if order is None or _met(order, look) != Met.NEW:
                    continue
                whole = self._complete(order, external_id, budget)
            except ShopError as error:
                look.stuck(external_id, error)
                continue
            yield whole

    def _walk(
        self, entity_type: str, query: dict[str, str], look: Look, budget: Budget
    ) -> Iterator[dict[str, Any]]:
        """Rows from where the look stands. What comes on top meanwhile is for the next look."""
        cursor: str | None = look.cursor
        while cursor is not None:
            page = self._page(entity_type, query, cursor, budget)
            for _, row in page.rows:
                yield row
            cursor = page.cursor
            if cursor is None or position_of(cursor).until:
                return
            look.on_page(cursor)

    def _complete(self, order: dict[str, Any], external_id: str, budget: Budget) -> dict[str, Any]:
        """Order, lines and shipments in one body: newer apps get them apart.

        ref: docs.salla.dev/5394146e0 (order), docs.salla.dev/886364f0 (order items)
        """
        query = {"order_id": external_id}
        items = list(self._api.pages("/orders/items", query, budget))
        is_sent = mapping(order.get("features")).get("shippable") is not False
        shipments = (self._shipments(query, budget) if is_sent else []) or rows(order.get("shipments"))
        return {**order, "items": items or rows(order.get("items")), "shipments": shipments}

    def _shipments(self, query: dict[str, str], budget: Budget) -> list[dict[str, Any]]:
        try:
            return list(self._api.pages("/shipments", query, budget))
        except ShopError as error:
            # They only add an address; without the scope for them the order is still true.
            if error.kind in ("unauthorized", "forbidden", "refused"):
                return []
            raise

    def _newest(self, entity_type: str, look: Look, budget: Budget) -> Iterator[dict[str, Any]]:
        old = 0
        for row in self._walk(entity_type, {}, look, budget):
            met = _met(row, look)
            # What was told lately lies above what nobody told, so it says nothing of where that ends.
            if met == Met.READ:
                continue
            old = old + 1 if met == Met.OLD else 0
            if old > PER_PAGE:
                return
            if not old:
                yield row

    def _categories(self, budget: Budget) -> Iterator[dict[str, Any]]:
        """The tree from its roots; a category's children are read where they do not lie within it."""
        waiting: list[str] = []
        seen: set[str] = set()
        for category in self._api.pages("/categories", {}, budget):
            yield from _new_category(category, seen, waiting)
        while waiting:
            parent_id = waiting.pop()
            for category in self._children(parent_id, budget):
                yield from _new_category({"parent_id": parent_id, **category}, seen, waiting)

    def _children(self, parent_id: str, budget: Budget) -> list[dict[str, Any]]:
        """The rows do not name their parent."""
        try:
            return list(self._api.pages(f"/categories/{quote(parent_id, safe='')}/children", {}, budget))
        except Gone:
            return []


def _asked(ask: Callable[[], Any], problems: list[str]) -> Any:
    try:
        return ask()
    except ShopError as error:
        if error.kind not in ("forbidden", "refused"):
            raise
        problems.append(f"{error} {error.step}".strip())
        return None


def _history(entity_type: str, since: datetime | None) -> dict[str, str]:
    """Orders can be asked for from a day on; since that is a day of the shop, one more is taken."""
    if entity_type != "order":
        return {}
    query = {"sort_by": "created_at-desc"}
    return query | {"from_date": f"{since - timedelta(days=1):%Y-%m-%d}"} if since else query


def _numbered(found: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(identifier(row.get("id")) or "", row) for row in found]


def _met(row: dict[str, Any], look: Look) -> str:
    return look.meet(identifier(row.get("id")) or "", moment(row.get("updated_at")))


def _is_before(order: dict[str, Any], floor: datetime | None) -> bool:
    changed = moment(order.get("updated_at"))
    return floor is not None and changed is not None and changed < floor


def _new_category(category: dict[str, Any], seen: set[str], waiting: list[str]) -> Iterator[dict[str, Any]]:
    """The category unless it was given before; notes whose children have to be read."""
    external_id = identifier(category.get("id"))
    if external_id in seen:
        return
    _mark(category, seen, waiting)
    yield category


def _mark(category: dict[str, Any], seen: set[str], waiting: list[str]) -> None:
    external_id, children = identifier(category.get("id")), category.get("sub_categories")
    if external_id is None:
        return
    seen.add(external_id)
    if not isinstance(children, list) or any(not isinstance(child, dict) for child in children):
        waiting.append(external_id)
    for child in rows(children):
        _mark(child, seen, waiting)
