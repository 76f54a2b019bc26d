"""Reading one store over Salla's Merchant API.

ref: docs.salla.dev/421123m0 (responses), docs.salla.dev/421124m0 (pagination), docs.salla.dev/421125m0 (limits)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import requests

from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.salla.normalize.common import identifier, mapping, moment, rows, text

API_URL = "https://api.salla.dev/admin/v2"
PER_PAGE = 60
MAX_ANSWER = 16 * 1024 * 1024
MAX_PAGES = 20_000
# Clocks differ and an order may be saved after its time was taken.
OVERLAP = timedelta(minutes=10)
_DEFAULT_WAIT = 5.0

# Called without argument for a token, and with one that the shop refused for another.
TokenProvider = Callable[..., str]

_PATHS = {
    "product": "/products",
    "customer": "/customers",
    "order": "/orders",
    "category": "/categories",
    "brand": "/brands",
    "order_status": "/orders/statuses",
    "variant": "/products/variants",
}


class SallaClient:
    """A ShopClient. All methods raise ShopError.

    max_wait: seconds that one `list` may spend waiting for Salla's rate limit before it gives up.
    deadline: seconds for one answer as a whole, since the read timeout only bounds each piece of it.
    """

    def __init__(
        self,
        tokens: TokenProvider,
        transport: Any = None,
        *,
        base_url: str = API_URL,
        timeout: tuple[float, float] = (5.0, 20.0),
        deadline: float = 60.0,
        max_wait: float = 120.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ):
        self._tokens = tokens
        self._transport = transport if transport is not None else requests.Session()
        self._base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._deadline = deadline
        self._max_wait = max_wait
        self._sleep = sleep
        self._now = now

    def fetch(self, entity_type: str, external_id: str) -> dict[str, Any] | None:
        """The whole entity, or None if the shop has it no more. ref: docs.salla.dev/5394146e0 and its like"""
        path = f"{_PATHS[entity_type]}/{quote(external_id, safe='')}"
        if entity_type == "order":
            return self._whole_order(external_id, _Budget(0))
        return self._single(path, _Budget(0))

    def find_by_sku(self, sku: str) -> dict[str, Any] | None:
        """By the product's own SKU, else by keyword, which also finds it in variants."""
        found = self._single(f"/products/sku/{quote(sku, safe='')}", _Budget(0))
        if found is not None:
            return found
        wanted = sku.strip().casefold()
        for product in self._pages("/products", {"keyword": sku}, _Budget(0)):
            carried = [product, *rows(product.get("skus"))]
            if any((text(row.get("sku")) or "").casefold() == wanted for row in carried):
                return product
        return None

    def list(self, entity_type: str, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        """All of a kind. Only orders can be listed by the time of their change; the others come in full."""
        budget = _Budget(self._max_wait)
        if entity_type == "order":
            return self._orders(since, budget)
        if entity_type == "category":
            return self._categories(budget)
        return self._pages(_PATHS[entity_type], {}, budget)

    def store_info(self) -> dict[str, Any]:
        """id, name, currency, domain, plan, type … of the store. ref: docs.salla.dev, Store information"""
        return mapping(self._get("/store/info", {}, _Budget(0)).get("data"))

    def prices_include_tax(self) -> bool | None:
        """The store's setting, None where it is not told. ref: docs.salla.dev, Settings list"""
        answer = self._get("/settings", {"entity": "products"}, _Budget(0))
        for row in rows(answer.get("data")):
            if row.get("slug") == "products.product_price_included_tax" and isinstance(
                row.get("value"), bool
            ):
                return row["value"]
        return None

    # orders

    def _orders(self, since: datetime | None, budget: _Budget) -> Iterator[dict[str, Any]]:
        # Without `since` the oldest come first, so that new orders do not push rows to a page already read.
        order = "updated_at-desc" if since else "created_at-asc"
        floor = since.astimezone(timezone.utc) - OVERLAP if since else None
        seen: set[str] = set()
        for row in self._pages("/orders", {"sort_by": order}, budget):
            external_id = identifier(row.get("id"))
            if external_id is None or external_id in seen:
                continue
            seen.add(external_id)
            if _is_before(row, floor):
                return
            whole = self._whole_order(external_id, budget)
            # Rows mostly lack their time of change; the whole order has it.
            if whole is not None and _is_before(whole, floor):
                return
            if whole is not None:
                yield whole

    def _whole_order(self, external_id: str, budget: _Budget) -> dict[str, Any] | None:
        """Order, lines and shipments in one body: newer apps get them apart.

        ref: docs.salla.dev/5394146e0 (order), docs.salla.dev/886364f0 (order items)
        """
        order = self._single(f"/orders/{quote(external_id, safe='')}", budget)
        if order is None:
            return None
        query = {"order_id": external_id}
        items = list(self._pages("/orders/items", query, budget))
        shipments = self._shipments(query, budget) or rows(order.get("shipments"))
        return {**order, "items": items or rows(order.get("items")), "shipments": shipments}

    def _shipments(self, query: dict[str, str], budget: _Budget) -> list[dict[str, Any]]:
        try:
            return list(self._pages("/shipments", query, budget))
        except ShopError as error:
            # They only add an address; without the scope for them the order is still true.
            if error.kind in ("unauthorized", "forbidden", "refused"):
                return []
            raise

    def _categories(self, budget: _Budget) -> Iterator[dict[str, Any]]:
        """The tree from its roots; a category's children are read where they do not lie within it."""
        waiting: list[str] = []
        seen: set[str] = set()
        for category in self._pages("/categories", {}, budget):
            yield from _new_category(category, seen, waiting)
        while waiting:
            path = f"/categories/{quote(waiting.pop(), safe='')}/children"
            for category in self._pages(path, {}, budget):
                yield from _new_category(category, seen, waiting)

    # requests

    def _single(self, path: str, budget: _Budget) -> dict[str, Any] | None:
        try:
            data = self._get(path, {}, budget).get("data")
        except ShopError as error:
            if error.http_status in (404, 410):
                return None
            raise
        if not isinstance(data, dict) or not data:
            raise ShopError("unreadable", f"GET {path}: the answer has no object in `data`.")
        return data

    def _pages(self, path: str, query: dict[str, Any], budget: _Budget) -> Iterator[dict[str, Any]]:
        """Rows of all pages. The shop may cap per_page, so its own counters say where the end is."""
        for page in range(1, MAX_PAGES):
            answer = self._get(path, {**query, "page": page, "per_page": PER_PAGE}, budget)
            if not isinstance(answer.get("data"), list | dict):
                raise ShopError("unreadable", f"GET {path}: the answer has no list in `data`.")
            yield from rows(answer["data"])
            paging = mapping(answer.get("pagination"))
            if _count(paging, "currentPage", page) >= _count(paging, "totalPages", 1):
                return
        raise ShopError("unreadable", f"GET {path}: the list does not end after {MAX_PAGES} pages.")

    def _get(self, path: str, query: dict[str, Any], budget: _Budget) -> dict[str, Any]:
        token, is_second_token = self._tokens(), False
        while True:
            status, headers, content = self._send(path, query, token)
            if status == 401 and not is_second_token and _is_token_invalid(content):
                token, is_second_token = self._tokens(token), True
                continue
            try:
                return self._read(path, status, headers, content)
            except ShopError as error:
                if error.kind != "throttled":
                    raise
                pause = _DEFAULT_WAIT if error.retry_after is None else max(error.retry_after, 0.1)
                if not budget.take(pause):
                    raise
                self._sleep(pause)

    def _send(self, path: str, query: dict[str, Any], token: str) -> tuple[int, Any, bytes]:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            # A compressed answer could unfold to any size.
            "Accept-Encoding": "identity",
        }
        try:
            answer = self._transport.get(
                f"{self._base_url}{path}",
                params=query,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            try:
                return answer.status_code, answer.headers, self._content(path, answer)
            finally:
                answer.close()
        except (requests.RequestException, OSError) as error:
            raise ShopError("offline", f"GET {path}: {type(error).__name__}") from error

    def _content(self, path: str, answer: Any) -> bytes:
        started, content = time.monotonic(), bytearray()
        for piece in answer.iter_content(1024):
            content += piece
            if len(content) > MAX_ANSWER:
                raise ShopError("unreadable", f"GET {path}: the answer is larger than {MAX_ANSWER} bytes.")
            if time.monotonic() - started > self._deadline:
                raise ShopError("offline", f"GET {path}: the answer took longer than {self._deadline:g} s.")
        return bytes(content)

    def _read(self, path: str, status: int, headers: Any, content: bytes) -> dict[str, Any]:
        if status == 429:
            wait = self._retry_after(headers)
            raise ShopError(
                "throttled", f"GET {path}: Salla asks to wait.", http_status=429, retry_after=wait
            )
        if status >= 500:
            raise ShopError("offline", f"GET {path}: Salla answered {status}.", http_status=status)
        body = _body(content)
        if status >= 300:
            kind = {401: "unauthorized", 403: "forbidden"}.get(status, "refused")
            raise ShopError(kind, f"GET {path}: {status} {_message(body)}", http_status=status)
        if not body:
            raise ShopError("unreadable", f"GET {path}: {status} without a JSON object.", http_status=status)
        if body.get("success") is False:
            code = _count(body, "status", status)
            kind = {401: "unauthorized", 403: "forbidden"}.get(code, "refused")
            raise ShopError(kind, f"GET {path}: {_message(body)}", http_status=code)
        return body

    def _retry_after(self, headers: Any) -> float | None:
        given = (headers.get("Retry-After") or "").strip()
        if given.isdigit():
            return float(given)
        if given:
            try:
                return max(0.0, parsedate_to_datetime(given).timestamp() - self._now())
            except (TypeError, ValueError):
                pass
        reset = (headers.get("X-RateLimit-Reset") or "").strip()
        return max(0.0, float(reset) - self._now()) if reset.isdigit() else None


class _Budget:
    """Seconds of waiting that are left."""

    def __init__(self, seconds: float):
        self._left = seconds

    def take(self, seconds: float) -> bool:
        if seconds > self._left:
            return False
        self._left -= seconds
        return True


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


def _is_token_invalid(content: bytes) -> bool:
    # The other four kinds of 401 (scope, user deleted or inactive, spent refresh token) no refresh cures.
    return "access token is invalid" in _message(_body(content)).lower()


def _body(content: bytes) -> dict[str, Any]:
    try:
        body = load_body(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _message(body: dict[str, Any]) -> str:
    error = body.get("error")
    if not isinstance(error, dict):
        return text(error) or text(body.get("message")) or ""
    fields = mapping(error.get("fields"))
    named = "; ".join(f"{name}: {value}" for name, value in fields.items())
    return " ".join(part for part in (text(error.get("message")), named) if part)[:500]


def _count(holder: dict[str, Any], name: str, default: int) -> int:
    try:
        return int(holder.get(name, default))
    except (TypeError, ValueError):
        return default
