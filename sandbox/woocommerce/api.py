"""The resources of WooCommerce's REST API v3 over the content of a store."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request

from sandbox.woocommerce import bodies, lists, order_bodies, site
from sandbox.woocommerce.auth import ApiKey, check_may
from sandbox.woocommerce.lists import Listed, by_dates, by_words, listed
from sandbox.woocommerce.query import ApiError, Query
from sandbox.woocommerce.state import ORDER_STATUSES, Order, WooState
from sandbox.woocommerce.webhooks import Webhooks

_PRODUCT_STATUSES = ("any", "draft", "pending", "private", "publish", "future", "trash", "auto-draft")
_MANAGERS = ("system_status", "webhooks", "settings", "taxes", "reports")


@dataclass
class Found:
    """An answer: its body, and of a list the page."""

    body: Any
    page: Listed | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class RestApi:
    def __init__(self, state: WooState, webhooks: Webhooks, url: Callable[[], str]):
        self.state, self.webhooks, self._url = state, webhooks, url

    def namespaces(self) -> list[str]:
        mine = ["wc/v1", "wc/v2", "wc/v3"] if self.state.is_at_least(3, 5) else ["wc/v1", "wc/v2"]
        return ["oembed/1.0", *mine, "wp/v2"]

    def answer(self, request: Request, path: str, key: ApiKey | None) -> Found:
        """path: below wc/v3, without a slash at its ends. Raises ApiError."""
        for pattern, since, handler in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.state.is_at_least(*since):
                check_may(key, path.split("/")[0] in _MANAGERS, is_list=not match.groups())
                return self._shown(request, handler(self, request, *(int(part) for part in match.groups())))
        raise ApiError(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _shown(self, request: Request, found: Found) -> Found:
        fields = Query(request.args).words("_fields")
        if fields and isinstance(found.body, list):
            found.body = [_only(row, fields) for row in found.body]
        elif fields and isinstance(found.body, dict):
            found.body = _only(found.body, fields)
        return found

    def _list(
        self, request: Request, rows: Any, ordering: lists.Ordering, show: Callable[[Any], Any]
    ) -> Found:
        page = listed(self.state, Query(request.args), rows, ordering)
        return Found([show(row) for row in page.rows], page)

    # products

    def _products(self, request: Request) -> Found:
        state, query = self.state, Query(request.args)
        status = query.one_of("status", _PRODUCT_STATUSES, "any")
        rows: Any = state.products.values()
        if query.words("sku"):
            # By SKU a shop finds variations as well.
            rows = by_words(query, [*rows, *state.variations.values()], "sku", lambda row: row.sku)
        rows = by_dates(state, query, rows)
        query.check()
        hidden = ("trash", "auto-draft")
        rows = [row for row in rows if row.status == status or (status == "any" and row.status not in hidden)]
        rows = by_words(query, rows, "type", lambda row: row.type)
        rows = by_words(query, rows, "parent", lambda row: row.parent_id)
        if category := query.text("category"):
            rows = [row for row in rows if int(category) in row.category_ids]
        if words := query.text("search").casefold():
            rows = [row for row in rows if words in row.name.casefold() or words in row.sku.casefold()]
        return self._list(request, rows, lists.PRODUCTS, lambda row: bodies.product(state, row))

    def _product(self, request: Request, key: int) -> Found:
        return Found(bodies.product(self.state, _held(self.state.any_product(key), "product")))

    def _variations(self, request: Request, key: int) -> Found:
        parent = self.state.products.get(key)
        if parent is None:
            raise ApiError(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        rows = [self.state.variations[one] for one in parent.variation_ids]
        return self._variation_list(request, rows, False)

    def _all_variations(self, request: Request) -> Found:
        return self._variation_list(request, self.state.variations.values(), True)

    def _variation_list(self, request: Request, rows: Any, with_parent: bool) -> Found:
        state, query = self.state, Query(request.args)
        status = query.one_of("status", _PRODUCT_STATUSES, "any")
        rows = by_dates(state, query, rows)
        query.check()
        rows = by_words(query, rows, "sku", lambda row: row.sku)
        rows = by_words(query, rows, "parent", lambda row: row.parent_id)
        rows = [row for row in rows if row.status == status or (status == "any" and row.status != "trash")]
        return self._list(
            request, rows, lists.PRODUCTS, lambda row: bodies.variation(state, row, with_parent)
        )

    def _variation(self, request: Request, parent: int, key: int) -> Found:
        found = self.state.variations.get(key)
        if found is None or found.parent_id != parent:
            raise ApiError(404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")
        return Found(bodies.variation(self.state, found))

    # orders

    def _orders(self, request: Request) -> Found:
        query = Query(request.args)
        wanted = query.words("status") or ["any"]
        known = ("any", "trash", "auto-draft", *ORDER_STATUSES, *self.state.custom_statuses)
        if wrong := [word for word in wanted if word not in known]:
            query.wrong("status", f"status[0] is not one of {', '.join(known)}. Given: {wrong[0]}")
        rows = by_dates(self.state, query, self.state.orders.values())
        query.check()
        hidden = self._hidden_statuses()
        rows = [row for row in rows if row.status in wanted or ("any" in wanted and row.status not in hidden)]
        rows = by_words(query, rows, "customer", lambda row: row.customer_id)
        if words := query.text("search").casefold():
            rows = [row for row in rows if words in row.number or words in row.billing.get("email", "")]
        decimals = self._decimals(query)
        return self._list(
            request, rows, lists.ORDERS, lambda row: order_bodies.order(self.state, row, decimals)
        )

    def _hidden_statuses(self) -> tuple[str, ...]:
        """What `any` leaves out, which was not always the same."""
        hidden = ["trash"]
        if self.state.is_at_least(10, 4) or not self.state.has_order_tables:
            hidden.append("auto-draft")
        if self.state.is_at_least(10, 7):
            hidden.append("checkout-draft")
        return tuple(hidden)

    def _decimals(self, query: Query) -> int | None:
        return query.number("dp", 0) if query.text("dp") else None

    def _find_order(self, key: int) -> Order:
        return _held(self.state.orders.get(key), "shop_order")

    def _order(self, request: Request, key: int) -> Found:
        return Found(
            order_bodies.order(self.state, self._find_order(key), self._decimals(Query(request.args)))
        )

    def _refunds(self, request: Request, key: int) -> Found:
        self._find_order(key)
        return self._refund_list(request, self.state.refunds_of(key), False)

    def _all_refunds(self, request: Request) -> Found:
        return self._refund_list(request, self.state.refunds.values(), True)

    def _refund_list(self, request: Request, rows: Any, with_parent: bool) -> Found:
        query = Query(request.args)
        decimals = self._decimals(query)
        rows = by_dates(self.state, query, rows)
        return self._list(
            request,
            rows,
            lists.ORDERS,
            lambda row: order_bodies.refund(self.state, row, decimals, with_parent),
        )

    def _refund(self, request: Request, order_id: int, key: int) -> Found:
        found = self.state.refunds.get(key)
        if found is None or found.order_id != order_id:
            raise ApiError(404, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.")
        return Found(order_bodies.refund(self.state, found, self._decimals(Query(request.args))))

    # people, terms, taxes

    def _customers(self, request: Request) -> Found:
        query = Query(request.args)
        role, email = query.text("role", "customer"), query.text("email").casefold()
        rows = [row for row in self.state.customers.values() if role in ("all", row["role"])]
        rows = [row for row in rows if not email or row["email"].casefold() == email]
        return self._list(request, rows, lists.CUSTOMERS, lambda row: bodies.customer(self.state, row))

    def _customer(self, request: Request, key: int) -> Found:
        found = self.state.customers.get(key)
        if found is None:
            raise ApiError(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
        return Found(bodies.customer(self.state, found))

    def _taxes(self, request: Request) -> Found:
        rows = by_words(
            Query(request.args), self.state.taxes.values(), "class", lambda row: row.tax_class or "standard"
        )
        return self._list(request, rows, lists.TAXES, lambda row: bodies.tax_rate(self.state, row))

    def _tax(self, request: Request, key: int) -> Found:
        found = self.state.taxes.get(key)
        if found is None:
            raise ApiError(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
        return Found(bodies.tax_rate(self.state, found))

    def _webhooks(self, request: Request) -> Found:
        if request.method == "POST":
            return Found(self.webhooks.create(request.get_json(silent=True) or {}), status=201)
        return self._list(request, self.webhooks.rows(), lists.TERMS, self.webhooks.shown)

    def _webhook(self, request: Request, key: int) -> Found:
        return Found(self.webhooks.answer(request, key))


def _only(body: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    """`a` or `a.b` of a body."""
    found: dict[str, Any] = {}
    for name in fields:
        first, _, rest = name.partition(".")
        if first not in body:
            continue
        if rest and isinstance(body[first], dict):
            found.setdefault(first, {}).update(_only(body[first], [rest]))
        else:
            found[first] = body[first]
    return found


def _held(row: Any, kind: str) -> Any:
    if row is None:
        raise ApiError(404, f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.")
    return row


def _terms(name: str) -> Callable[..., Found]:
    return lambda api, request: api._list(
        request, getattr(api.state, name).values(), lists.TERMS, lambda row: row
    )


def _term(name: str) -> Callable[..., Found]:
    def find(api: RestApi, request: Request, key: int) -> Found:
        row = getattr(api.state, name).get(key)
        if row is None:
            raise ApiError(404, "woocommerce_rest_term_invalid", "Resource does not exist.")
        return Found(row)

    return find


_TERMS = {"categories": (3,), "tags": (3,), "brands": (9, 6)}
# (pattern, first version, handler); numbers in a path are ids.
ROUTES: list[tuple[str, tuple[int, ...], Callable[..., Found]]] = [
    ("products", (3,), RestApi._products),
    (r"products/(\d+)", (3,), RestApi._product),
    (r"products/(\d+)/variations", (3,), RestApi._variations),
    (r"products/(\d+)/variations/(\d+)", (3,), RestApi._variation),
    ("variations", (10, 3), RestApi._all_variations),
    ("orders", (3,), RestApi._orders),
    (r"orders/(\d+)", (3,), RestApi._order),
    (r"orders/(\d+)/refunds", (3,), RestApi._refunds),
    (r"orders/(\d+)/refunds/(\d+)", (3,), RestApi._refund),
    ("refunds", (9,), RestApi._all_refunds),
    ("customers", (3,), RestApi._customers),
    (r"customers/(\d+)", (3,), RestApi._customer),
    ("taxes", (3,), RestApi._taxes),
    (r"taxes/(\d+)", (3,), RestApi._tax),
    *((f"products/{name}", since, _terms(name)) for name, since in _TERMS.items()),
    *((rf"products/{name}/(\d+)", since, _term(name)) for name, since in _TERMS.items()),
    ("data/currencies/current", (3,), lambda api, request: Found(site.currency(api.state))),
    ("settings/general", (3,), lambda api, request: Found(site.settings(api.state))),
    ("settings/tax", (3,), lambda api, request: Found(site.tax_settings(api.state))),
    ("reports/orders/totals", (3, 5), lambda api, request: Found(site.order_totals(api.state))),
    ("system_status", (3,), lambda api, request: Found(site.system_status(api.state, api._url()))),
    ("webhooks", (3,), RestApi._webhooks),
    (r"webhooks/(\d+)", (3,), RestApi._webhook),
]
