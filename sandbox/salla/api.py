"""The resources of Salla's Merchant API over the content of a store: lists, single entities, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.salla import bodies
from sandbox.salla.oauth import OAuth
from sandbox.salla.state import Order, ShopState, plain_day
from sandbox.salla.webhooks import WebhookRefused, Webhooks

PREFIX = "/admin/v2"
_MESSAGES = {
    404: (
        "المحتوى الذي تحاول الوصول إليه لم يعد متاحًا",
        "The content you are trying to access is no longer available",
    ),
    405: ("الطريقة غير مسموح بها", "The method is not allowed"),
    422: ("بيانات غير صحيحة", "alert.invalid_fields"),
}
_SCOPES = {
    "orders": "orders",
    "products": "products",
    "customers": "customers",
    "categories": "categories",
    "brands": "brands",
    "branches": "branches",
    "settings": "settings",
    "shipments": "shipping",
    "webhooks": "webhooks",
}


class ApiError(Exception):
    def __init__(self, status: int, message: str = "", fields: dict[str, list[str]] | None = None):
        super().__init__(message)
        self.status, self.message, self.fields = status, message, fields


class MerchantApi:
    """per_page_cap, orders_per_page_cap: what a page holds at most, whatever is asked for.

    newest_first: the order of lists that have none of their own.
    """

    def __init__(self, state: ShopState, oauth: OAuth):
        self.state, self.oauth = state, oauth
        self.per_page_cap, self.orders_per_page_cap = 60, 30
        self.newest_first = False
        self.webhooks = Webhooks(state)

    def answer(self, request: Request) -> dict[str, Any]:
        path = request.path.removeprefix(PREFIX)
        self._check_scope(path.split("/")[1])
        if path.split("/")[1] == "webhooks":
            return self._webhooks(request, path)
        for pattern, handler in ROUTES:
            match = re.fullmatch(pattern, path)
            if match:
                if request.method != "GET":
                    raise ApiError(405)
                return handler(self, request, *match.groups())
        raise ApiError(404)

    def _check_scope(self, resource: str) -> None:
        name = _SCOPES.get(resource)
        scopes = self.oauth.scope.split()
        if name and f"{name}.read" not in scopes and f"{name}.read_write" not in scopes:
            raise ApiError(401, f"The access token should have access to one of those scopes: {name}.read")

    def _page(
        self,
        request: Request,
        rows: list[Any],
        cap: int | None = None,
        show: Callable[[Any], Any] | None = None,
    ) -> dict[str, Any]:
        size = min(_positive(request, "per_page", 15), cap or self.per_page_cap)
        page, total = _positive(request, "page", 1), len(rows)
        shown = rows[(page - 1) * size : page * size]
        shown = [show(row) for row in shown] if show else shown
        counters = {"count": len(shown), "total": total, "perPage": size, "currentPage": page}
        pages = max(1, -(-total // size))
        return {"data": shown, "pagination": {**counters, "totalPages": pages, "links": {}}}

    def listed(self, name: str) -> list[dict[str, Any]]:
        rows = list(getattr(self.state, name).values())
        return rows[::-1] if self.newest_first else rows

    # resources

    def _webhooks(self, request: Request, path: str) -> dict[str, Any]:
        try:
            return self.webhooks.answer(request, path, self._page)
        except WebhookRefused as error:
            raise ApiError(error.status, error.message, error.fields) from None

    def _orders(self, request: Request) -> dict[str, Any]:
        found = [order for order in self.state.orders.values() if not order.is_deleted]
        if reference := request.args.get("reference_id"):
            found = [order for order in found if str(order.reference) == reference]
        if first_day := request.args.get("from_date"):
            found = [order for order in found if plain_day(order.created) >= first_day]
        if last_day := request.args.get("to_date"):
            found = [order for order in found if plain_day(order.created)[:10] <= last_day]
        name, _, direction = request.args.get("sort_by", "created_at-desc").partition("-")
        found.sort(key=_ORDER_KEYS.get(name, _ORDER_KEYS["created_at"]), reverse=direction != "asc")
        return self._page(
            request, found, self.orders_per_page_cap, lambda order: bodies.order_row(self.state, order)
        )

    def _find_order(self, key: str | None) -> Order:
        order = self.state.orders.get(int(key)) if key and key.isdigit() else None
        if order is None or order.is_deleted:
            raise ApiError(404)
        return order

    def _order(self, request: Request, key: str) -> dict[str, Any]:
        return {"data": bodies.light_order(self.state, self._find_order(key))}

    def _order_items(self, request: Request) -> dict[str, Any]:
        if not request.args.get("order_id"):
            raise ApiError(422, fields={"order_id": ["حقل رقم الطلب مطلوب"]})
        order = self._find_order(request.args["order_id"])
        return {"data": [bodies.order_item(self.state, order, line) for line in order.lines]}

    def _shipments(self, request: Request) -> dict[str, Any]:
        orders = (
            [self._find_order(request.args["order_id"])]
            if "order_id" in request.args
            else self.state.orders.values()
        )
        return self._page(
            request, [bodies.shipment(self.state, order) for order in orders if order.is_shippable]
        )

    def _statuses(self, request: Request) -> dict[str, Any]:
        return {"data": bodies.statuses()}

    def _status(self, request: Request, key: str) -> dict[str, Any]:
        return {"data": _first(row for row in bodies.statuses() if str(row["id"]) == key)}

    def _products(self, request: Request) -> dict[str, Any]:
        rows = self.listed("products")
        if keyword := request.args.get("keyword", "").casefold():
            rows = [row for row in rows if keyword in _searchable(row)]
        if status := request.args.get("status"):
            rows = [row for row in rows if row["status"] == status]
        return self._page(request, rows)

    def _product_by_sku(self, request: Request, sku: str) -> dict[str, Any]:
        return {"data": _first(row for row in self.state.products.values() if sku and row["sku"] == sku)}

    def _variants(self, request: Request, key: str) -> dict[str, Any]:
        return self._page(request, _held(self.state.products, key)["skus"])

    def _variant(self, request: Request, key: str) -> dict[str, Any]:
        skus = (sku for row in self.state.products.values() for sku in row["skus"])
        return {"data": _first(sku for sku in skus if str(sku["id"]) == key)}

    def _categories(self, request: Request) -> dict[str, Any]:
        roots = [row for row in self.state.categories.values() if row["parent_id"] == 0]
        return self._page(request, [bodies.category(self.state, row) for row in roots])

    def _category(self, request: Request, key: str) -> dict[str, Any]:
        return {"data": bodies.category(self.state, _held(self.state.categories, key))}

    def _category_children(self, request: Request, key: str) -> dict[str, Any]:
        return self._page(
            request, bodies.category(self.state, _held(self.state.categories, key))["sub_categories"]
        )

    def _settings(self, request: Request) -> dict[str, Any]:
        if request.args.get("entity") != "products":
            raise ApiError(422, fields={"entity": ["The selected entity is invalid."]})
        return {"data": bodies.settings(self.state)}


def _holder(name: str) -> Callable[..., dict[str, Any]]:
    return lambda api, request: api._page(request, api.listed(name))


def _single(name: str) -> Callable[..., dict[str, Any]]:
    return lambda api, request, key: {"data": _held(getattr(api.state, name), key)}


ROUTES: list[tuple[str, Callable[..., dict[str, Any]]]] = [
    ("/store/info", lambda api, request: {"data": bodies.store_info(api.state)}),
    ("/settings", MerchantApi._settings),
    ("/orders", MerchantApi._orders),
    ("/orders/items", MerchantApi._order_items),
    ("/orders/statuses", MerchantApi._statuses),
    (r"/orders/statuses/(\d+)", MerchantApi._status),
    (r"/orders/(\d+)", MerchantApi._order),
    ("/shipments", MerchantApi._shipments),
    ("/products", MerchantApi._products),
    ("/products/sku/(.+)", MerchantApi._product_by_sku),
    (r"/products/variants/(\d+)", MerchantApi._variant),
    (r"/products/(\d+)/variants", MerchantApi._variants),
    (r"/products/(\d+)", _single("products")),
    ("/customers", _holder("customers")),
    (r"/customers/(\d+)", _single("customers")),
    ("/categories", MerchantApi._categories),
    (r"/categories/(\d+)", MerchantApi._category),
    (r"/categories/(\d+)/children", MerchantApi._category_children),
    ("/brands", _holder("brands")),
    (r"/brands/(\d+)", _single("brands")),
    ("/branches", _holder("branches")),
]
_ORDER_KEYS: dict[str, Callable[[Order], int | datetime | Any]] = {
    "id": lambda order: order.id,
    "total": lambda order: order.total,
    "created_at": lambda order: order.created,
    "updated_at": lambda order: order.updated,
}


def json_response(status: int, body: dict[str, Any]) -> Response:
    return Response(bodies.dump(body), status, content_type="application/json")


def error_response(request: Request, error: ApiError) -> Response:
    is_english = request.headers.get("Accept-Language", "ar").startswith("en")
    arabic, english = _MESSAGES.get(error.status, ("", ""))
    code = {401: "Unauthorized", 422: "error"}.get(error.status, error.status)
    detail: dict[str, Any] = {"code": code, "message": error.message or (english if is_english else arabic)}
    if error.fields:
        detail["fields"] = error.fields
    return json_response(error.status, {"status": error.status, "success": False, "error": detail})


def _positive(request: Request, name: str, default: int) -> int:
    value = request.args.get(name, "")
    return max(1, int(value)) if value.isdigit() else default


def _held(holder: dict[int, dict[str, Any]], key: str) -> dict[str, Any]:
    return _first(row for row in (holder.get(int(key)),) if row is not None)


def _first(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    for row in rows:
        return row
    raise ApiError(404)


def _searchable(product: dict[str, Any]) -> str:
    return " ".join([product["name"], product["sku"], *(sku["sku"] for sku in product["skus"])]).casefold()
