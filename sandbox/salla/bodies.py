"""The store's content in the shapes of Salla's answers and webhooks."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from sandbox.salla.orders import order_status, status_row
from sandbox.salla.state import CUSTOM_STATUSES, STATUSES, Line, Order, ShopState, amount, cents, day


def dump(value: Any) -> bytes:
    """JSON with amounts as numbers, as Salla writes them."""
    return json.dumps(value, ensure_ascii=False, default=_number).encode("utf-8")


def _number(value: Any) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return int(value) if value == value.to_integral_value() else float(value)


def light_order(state: ShopState, order: Order) -> dict[str, Any]:
    """GET /orders/{id} as newer apps get it: no items, no shipments. ref: docs.salla.dev/5394146e0"""
    customer = state.customers[order.customer_id]
    return {
        "id": order.id,
        "checkout_id": order.id + 1,
        "reference_id": order.reference,
        "features": {"shippable": order.is_shippable, "order_type_price_quote": False},
        "urls": {
            "customer": f"https://shop.example.com/order/{order.id}",
            "admin": f"/orders/order/{order.id}",
        },
        "date": day(order.created),
        "updated_at": day(order.updated),
        "source": "store",
        "source_details": {"type": "direct", "value": None, "device": "desktop", "ip": None},
        "status": order_status(order.status),
        "is_price_quote": False,
        "payment_method": order.payment_method,
        "currency": state.currency,
        "amounts": _amounts(state, order),
        "exchange_rate": {"base_currency": "SAR", "exchange_currency": "USD", "rate": Decimal("0.266592")},
        "receiver": order.receiver,
        "customer": {
            key: value for key, value in customer.items() if key not in ("groups", "full_name", "lang")
        },
        "bank": None,
        "tags": [],
    }


def _amounts(state: ShopState, order: Order) -> dict[str, Any]:
    coupon = {
        "title": "كوبون",
        "type": "normal",
        "code": order.coupon,
        "discount": f"{order.discount:.2f}",
        "currency": state.currency,
        "discounted_shipping": "0.00",
        "hasMarketing": False,
    }
    return {
        "sub_total": amount(order.subtotal),
        "shipping_cost": amount(order.shipping),
        "cash_on_delivery": amount(order.cash_on_delivery),
        "tax": {"percent": f"{order.tax_percent:.2f}", "amount": amount(order.tax)},
        "discounts": [coupon] if order.coupon and order.discount else [],
        "total": amount(order.total),
    }


def order_row(state: ShopState, order: Order) -> dict[str, Any]:
    """A row of GET /orders: total at the top, names of the items only."""
    return {
        "id": order.id,
        "reference_id": order.reference,
        "total": amount(order.total),
        "date": day(order.created),
        "status": order_status(order.status),
        "payment_method": order.payment_method,
        "is_pending_payment": False,
        "items": [{"name": line.name, "quantity": line.quantity, "thumbnail": None} for line in order.lines],
    }


def order_item(state: ShopState, order: Order, line: Line) -> dict[str, Any]:
    """A row of GET /orders/items. ref: docs.salla.dev/886364f0"""
    base = line.net - line.discount
    tax = cents(base * order.tax_percent / 100)
    item = {
        "id": line.id,
        "name": line.name,
        "sku": line.sku,
        "quantity": line.quantity,
        "currency": state.currency,
        "weight": Decimal("0.5"),
        "weight_label": "٠٫٥ كجم",
        "amounts": {
            "price_without_tax": amount(line.unit_price),
            "total_discount": amount(line.discount),
            "tax": {"percent": f"{order.tax_percent:.2f}", "amount": amount(tax)},
            "total": amount(base + tax),
        },
        "notes": "",
        "options": line.options,
        "images": [],
        "codes": [],
        "files": [],
        "reservations": [],
    }
    if state.items_name_products:
        item |= {"product_id": line.product_id, "product_sku_id": line.sku_id or 0, "product_type": line.type}
    return item


def shipment(state: ShopState, order: Order) -> dict[str, Any]:
    """A row of GET /shipments, with the National Address."""
    customer = state.customers[order.customer_id]
    return {
        "id": order.id + 2,
        "order_id": order.id,
        "order_reference_id": order.reference,
        "created_at": day(order.created),
        "type": "shipment",
        "courier_id": 814202285,
        "courier_name": "سمسا",
        "shipping_number": None,
        "tracking_number": "0",
        "label": [],
        "status": "created",
        "total": amount(order.total),
        "cash_on_delivery": amount(order.cash_on_delivery),
        "ship_from": {"type": "branch", "branch_id": order.branch_id, "name": _branch_name(state, order)},
        "ship_to": {
            "type": "address",
            **order.receiver,
            "country": "السعودية",
            "city": customer["city"],
            "address_line": f"شارع الملك فهد، {customer['city']}",
            "street_number": "7687",
            "block": "الملك فهد",
            "short_address": "RRRD2929",
            "building_number": "2929",
            "additional_number": "8118",
            "postal_code": "11564",
        },
    }


def _branch_name(state: ShopState, order: Order) -> str | None:
    return state.branches[order.branch_id]["name"] if order.branch_id else None


def full_order(state: ShopState, order: Order) -> dict[str, Any]:
    """The order as order.created carries it: lines and shipping included."""
    sent = shipment(state, order)
    places = {
        "receiver": order.receiver,
        "address": {**sent["ship_to"], "shipping_address": "شارع الملك فهد"},
    }
    return {
        **light_order(state, order),
        "shipping": {"company": sent["courier_name"], **places} if order.is_shippable else {},
        "shipments": [sent] if order.is_shippable else [],
        "items": [order_item(state, order, line) for line in order.lines],
        "pickup_branch": None,
    }


def category(state: ShopState, row: dict[str, Any]) -> dict[str, Any]:
    """With its children inside it, at any depth."""
    children = [child for child in state.categories.values() if child["parent_id"] == row["id"]]
    return {**row, "sub_categories": [category(state, child) for child in children]}


def statuses() -> list[dict[str, Any]]:
    """The catalogue: the originals, then the store's own sub-statuses. ref: docs.salla.dev/841786f0"""
    extra = {"message": "", "icon": "sicon-store", "is_active": True, "original": {}, "parent": {}}
    originals = [
        {"id": key, "name": name, "type": "original", "slug": slug, "sort": number, **extra}
        for number, (slug, (key, name)) in enumerate(STATUSES.items())
    ]
    parents = {slug: {key: status_row(slug)[key] for key in ("id", "name")} for slug in CUSTOM_STATUSES}
    own = [
        {"id": key, "name": name, "type": "custom", "slug": slug, "sort": len(originals) + number, **extra}
        | {"original": parents[slug], "parent": parents[slug]}
        for number, (slug, (key, name)) in enumerate(CUSTOM_STATUSES.items())
    ]
    return originals + own


def store_info(state: ShopState) -> dict[str, Any]:
    return {
        "id": state.merchant_id,
        "name": state.name,
        "entity": "company",
        "email": "owner@example.com",
        "plan": "pro",
        "type": "development",
        "status": "active",
        "verified": True,
        "currency": state.currency,
        "domain": "https://shop.example.com",
        "licenses": {
            "tax_number": "300000000000003",
            "commercial_number": "1010000000",
            "freelance_number": None,
        },
    }


def settings(state: ShopState) -> list[dict[str, Any]]:
    """GET /settings?entity=products, the rows that matter."""
    return [
        {"slug": "products.show_sku", "type": "boolean", "value": True},
        {"slug": "products.product_price_included_tax", "type": "boolean", "value": state.prices_include_tax},
        {"slug": "products.product_inventory", "type": "form", "value": None},
    ]
