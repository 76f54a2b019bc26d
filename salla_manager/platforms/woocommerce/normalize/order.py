"""Orders: who bought, where it goes, what stands in it. The money lives in `order_money`.

ref: woocommerce.github.io/woocommerce-rest-api-docs (orders, refunds)
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.values import build, currency, identifier, mapping, moment, number, rows, text
from salla_manager.platforms.woocommerce.entries import admin_url
from salla_manager.platforms.woocommerce.normalize.customer import address, customer_of_order
from salla_manager.platforms.woocommerce.normalize.order_money import OrderMoney, read_money
from salla_manager.platforms.woocommerce.normalize.product import updated_at
from salla_manager.platforms.woocommerce.normalize.statuses import NAMES, slug_of
from salla_manager.platforms.woocommerce.normalize.texts import plain
from salla_manager.platforms.woocommerce.refunds import units_of


def normalize_order(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    """One order with its lines. Raises NormalizeError, also where its parts do not make its total."""
    lines = rows(body.get("line_items"))
    money = read_money(body, lines, context)
    problems = list(money.problems)
    if not lines:
        problems.append("items: the order has no lines yet; it comes by itself when it has some")
    status = slug_of(body.get("status"))
    returned = _returned(body)
    values = {
        "external_id": identifier(body.get("id")),
        "updated_at": updated_at(body, context),
        "raw": body,
        "reference": identifier(body.get("number")) or identifier(body.get("id")),
        "status": status,
        "status_id": status,
        "status_name": NAMES.get(status or ""),
        "created_at": moment(body.get("date_created_gmt"), "+00:00")
        or moment(body.get("date_created"), context.timezone),
        "currency": currency(body.get("currency"), context.currency),
        "store_currency": context.currency,
        **money.values(),
        "shipping": _shipping(body, money, context),
        "payment_method": text(body.get("payment_method")),
        "source": text(body.get("created_via")),
        "url": admin_url("order", identifier(body.get("id")) or "", body) or None,
        "note": plain(body.get("customer_note")),
        "given_back_at": _given_back_at(body),
        "customer": customer_of_order(body, context),
        "items": [_line(line, money, returned) for line in lines],
    }
    return [build("order", values, problems)]


def _line(line: dict[str, Any], money: OrderMoney, returned: dict[str, Decimal]) -> dict[str, Any]:
    external_id = identifier(line.get("id"))
    quantity = number(line.get("quantity"))
    values = {
        "external_id": external_id,
        "product_id": identifier(line.get("product_id")),
        "variant_id": identifier(line.get("variation_id")),
        "sku": plain(line.get("sku")),
        "name": plain(line.get("name")) or plain(line.get("parent_name")),
        "quantity": quantity,
        **money.of_line(line),
        "options": _options(line),
    }
    given_back = returned.get(external_id or "")
    if given_back and quantity:
        values["returned"] = min(given_back, quantity)
    return {key: value for key, value in values.items() if value is not None}


def _options(line: dict[str, Any]) -> list[dict[str, str]]:
    """What the buyer chose. What begins with an underscore is a plugin's own, and not every value is a text."""
    found = []
    for row in rows(line.get("meta_data")):
        key = text(row.get("key")) or ""
        name = plain(row.get("display_key")) or key.removeprefix("pa_").replace("-", " ").replace("_", " ")
        value = plain(row.get("display_value")) or plain(row.get("value"))
        if key and not key.startswith("_") and name and value:
            found.append({"name": name[:500], "value": value[:500]})
    return found


def _returned(body: dict[str, Any]) -> dict[str, Decimal]:
    """Units that the buyer gave back by line id."""
    found: dict[str, Decimal] = {}
    for refund in rows(body.get("refunds")):
        for key, units in units_of(refund).items():
            found[key] = found.get(key, Decimal(0)) + Decimal(units)
    return found


def _given_back_at(body: dict[str, Any]) -> datetime | None:
    """When money was last given back without lines."""
    bare = [refund for refund in rows(body.get("refunds")) if "line_items" in refund and not units_of(refund)]
    moments = [moment(refund.get("date_created_gmt"), "+00:00") for refund in bare]
    return max(filter(None, moments), default=None)


def _shipping(body: dict[str, Any], money: OrderMoney, context: StoreContext) -> dict[str, Any]:
    titles = [plain(row.get("method_title")) for row in rows(body.get("shipping_lines"))]
    # Without an address of its own it goes where the bill goes.
    place = address(mapping(body.get("shipping")), "shipping", context)
    place = place or address(mapping(body.get("billing")), "shipping", context)
    values = {"amount": money.shipping, "company": next(filter(None, titles), None), "address": place}
    return {key: value for key, value in values.items() if value is not None}
