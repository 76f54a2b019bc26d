"""Orders: who bought, where it goes, what stands in it. The money lives in `order_money`.

ref: docs.salla.dev/5394146e0 (orders), docs.salla.dev/886364f0 (order items)
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from salla_manager.payloads import Payload
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.salla.entries import admin_url
from salla_manager.platforms.salla.normalize.catalogue import ORIGINAL_STATUSES
from salla_manager.platforms.salla.normalize.customer import address, customer_values
from salla_manager.platforms.salla.normalize.order_money import Amounts, line_money, read_amounts
from salla_manager.platforms.salla.normalize.product import TYPES
from salla_manager.platforms.values import (
    build,
    currency,
    identifier,
    mapping,
    moment,
    number,
    rows,
    shortest,
    text,
)

_RATE_DIGITS = Decimal("0.000000000001")
_PAYMENT_ALIASES = {
    "مدى": "mada",
    "بطاقة ائتمانية": "credit_card",
    "البطاقة الائتمانية": "credit_card",
    "ابل باي": "apple_pay",
    "أبل باي": "apple_pay",
    "تحويل بنكي": "bank",
    "حوالة بنكية": "bank",
    "الدفع عند الاستلام": "cod",
    "الدفع عند الإستلام": "cod",
    "تمارا": "tamara_installment",
    "تابي": "tabby_installment",
    "مجاني": "free",
}

_GOODS_THEMSELVES = ("codes", "files", "urls")


def normalize_order(body: dict[str, Any], context: StoreContext) -> list[Payload]:
    """One order with its lines. Raises NormalizeError, also for totals that cannot be true."""
    amounts = mapping(body.get("amounts"))
    code = currency(body.get("currency"), amounts.get("total"), body.get("total"))
    items = rows(body.get("items"))
    money_of_order = read_amounts(body, items, code)
    problems = list(money_of_order.problems)
    if not items:
        problems.append("items: the body has no lines; the order has to be read whole")
    values = {
        "external_id": identifier(body.get("id")),
        "updated_at": moment(body.get("updated_at"), context.timezone),
        "raw": _without_codes(body),
        "reference": identifier(body.get("reference_id")),
        **_status(body),
        "created_at": moment(body.get("date") or body.get("created_at"), context.timezone),
        "currency": code,
        **_exchange(body, code, context),
        **money_of_order.values(),
        "shipping": _shipping(body, money_of_order, context),
        "payment_method": _payment_method(body.get("payment_method")),
        **_branch(body),
        "is_price_quote": _is_price_quote(body),
        "source": text(body.get("source")),
        "url": admin_url("order", "", body) or None,
        "note": text(body.get("note")) or text(body.get("notes")),
        "customer": _customer(body, context),
        "items": [_line(item, money_of_order, code) for item in items],
    }
    return [build("order", values, problems)]


def _status(body: dict[str, Any]) -> dict[str, Any]:
    """Slug, id and name. The slug is stable across stores, the name is what the merchant calls it."""
    status = mapping(body.get("status"))
    custom = mapping(status.get("customized"))
    status_id = identifier(status.get("id"))
    return {
        "status": text(status.get("slug")) or ORIGINAL_STATUSES.get(status_id or ""),
        "status_id": status_id,
        "status_name": text(custom.get("name")) or text(status.get("name")),
        "custom_status_id": identifier(custom.get("id")),
    }


def _exchange(body: dict[str, Any], code: str | None, context: StoreContext) -> dict[str, Any]:
    """Salla's rate is units of exchange_currency per unit of base_currency."""
    given = mapping(body.get("exchange_rate"))
    base, other = currency(given.get("base_currency")), currency(given.get("exchange_currency"))
    store = context.currency or base
    rate = number(given.get("rate"))
    if not code or not store or code == store or not rate or rate < 0:
        return {"store_currency": store}
    if (base, other) == (store, code):
        return {
            "store_currency": store,
            "exchange_rate": shortest((1 / rate).quantize(_RATE_DIGITS)),
        }
    return {"store_currency": store, "exchange_rate": rate if (base, other) == (code, store) else None}


def _shipping(body: dict[str, Any], amounts: Amounts, context: StoreContext) -> dict[str, Any]:
    shipping = mapping(body.get("shipping"))
    receiver = mapping(shipping.get("receiver")) or mapping(body.get("receiver"))
    shipments = [row for row in rows(body.get("shipments")) if text(row.get("type")) != "return"]
    # A shipment has the National Address, which the order's own address lacks.
    places = [mapping(row.get("ship_to")) for row in shipments] + [mapping(shipping.get("address"))]
    companies = [text(shipping.get("company")), *(_courier(row) for row in shipments)]
    found = (address(place, receiver, context) for place in places)
    values = {
        "amount": amounts.shipping,
        "company": next((name for name in companies if name), None),
        "address": next((place for place in found if place), None),
    }
    return {key: value for key, value in values.items() if value is not None}


def _courier(shipment: dict[str, Any]) -> str | None:
    """By a name of its own, or within an object. ref: undocumented, both stand in the examples"""
    names = (shipment.get("courier_name"), mapping(shipment.get("courier")).get("name"))
    return next((name for name in map(text, names) if name), None)


def _payment_method(value: Any) -> str | None:
    name = text(value.get("slug") if isinstance(value, dict) else value)
    return _PAYMENT_ALIASES.get(name, name.lower()) if name else None


def _branch(body: dict[str, Any]) -> dict[str, Any]:
    """The branch that hands out or ships, where there is exactly one."""
    pickup = mapping(body.get("pickup_branch"))
    if identifier(pickup.get("id")):
        return {"branch_id": identifier(pickup.get("id")), "branch_name": text(pickup.get("name"))}
    found = {}
    for shipment in rows(body.get("shipments")):
        origin = mapping(shipment.get("ship_from"))
        if branch_id := identifier(origin.get("branch_id")):
            found[branch_id] = text(origin.get("name"))
    if not found:
        branches = rows(body.get("shipment_branch"))
        found = {identifier(row.get("id")): text(row.get("name")) for row in branches}
    if len(found) != 1:
        return {}
    branch_id, name = found.popitem()
    return {"branch_id": branch_id, "branch_name": name}


def _without_codes(body: dict[str, Any]) -> dict[str, Any]:
    """The body without licence codes and links to what was bought: who has them has the goods."""
    items = [
        {key: _hidden(value) if key in _GOODS_THEMSELVES else value for key, value in item.items()}
        for item in rows(body.get("items"))
    ]
    return {**body, "items": items} if items else body


def _hidden(value: Any) -> Any:
    """The same shape with each text in it as ***, but for words such as a status."""
    if isinstance(value, dict):
        return {
            key: entry if key in ("id", "status", "name") else _hidden(entry) for key, entry in value.items()
        }
    if isinstance(value, list):
        return [_hidden(entry) for entry in value]
    return "***" if value else value


def _is_price_quote(body: dict[str, Any]) -> bool:
    features = mapping(body.get("features"))
    return True in (body.get("is_price_quote"), features.get("order_type_price_quote"))


def _customer(body: dict[str, Any], context: StoreContext) -> dict[str, Any] | None:
    """The customer; without a name of his own he is called as the receiver is, or by e-mail or phone."""
    customer = mapping(body.get("customer"))
    if not identifier(customer.get("id")):
        return None
    values = customer_values(customer, context)
    receivers = [mapping(body.get("receiver")), mapping(mapping(body.get("shipping")).get("receiver"))]
    names = [values["name"], *(text(row.get("name")) for row in receivers), values["email"], values["phone"]]
    values["name"] = next((name for name in names if name), None)
    return {key: value for key, value in values.items() if value is not None}


def _line(item: dict[str, Any], amounts: Amounts, code: str | None) -> dict[str, Any]:
    product = mapping(item.get("product"))
    variant_id = identifier(item.get("product_sku_id"))
    options = _options(item.get("options"))
    # Where a variant was bought, the product's own SKU would name another thing.
    parent_sku = None if variant_id or options else text(product.get("sku"))
    values = {
        "external_id": identifier(item.get("id")),
        "product_id": identifier(item.get("product_id")) or identifier(product.get("id")),
        "variant_id": variant_id,
        "sku": text(item.get("sku")) or parent_sku,
        "name": text(item.get("name")) or text(product.get("name")),
        "type": _line_type(item, product),
        "quantity": number(item.get("quantity")),
        **line_money(item, amounts, code),
        "options": options,
        "note": "\n".join(filter(None, (text(item.get("notes")), *_bookings(item)))) or None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _line_type(item: dict[str, Any], product: dict[str, Any]) -> str | None:
    """As told; else by what only one type has, so that a licence key is not looked for in the warehouse."""
    told = TYPES.get(text(item.get("product_type")) or text(product.get("type")) or "")
    signs = {
        "codes": item.get("codes"),
        "digital": item.get("files"),
        "booking": _bookings(item),
        "bundle": item.get("consisted_products"),
    }
    return told or next((kind for kind, sign in signs.items() if sign), None)


def _bookings(item: dict[str, Any]) -> list[str]:
    """What was booked, such as `2023-04-18 01:10 - 01:40`."""
    booked = [*rows(item.get("reservations")), *rows(item.get("product_reservations"))]
    found = []
    for row in booked:
        span = " - ".join(filter(None, (text(row.get("from")), text(row.get("to")))))
        found.append(" ".join(filter(None, (text(row.get("date")), span))))
    return [words for words in found if words]


def _options(value: Any) -> list[dict[str, str]]:
    result = []
    for option in rows(value):
        name, chosen = text(option.get("name")), _chosen(option.get("value"))
        if name and chosen:
            result.append({"name": name, "value": chosen[:500]})
    return result


def _chosen(value: Any) -> str | None:
    """What was chosen: an object for radio, a list for checkbox, else text."""
    if isinstance(value, list):
        return ", ".join(label for label in map(_chosen, value) if label) or None
    return text(value.get("name")) if isinstance(value, dict) else text(value)
