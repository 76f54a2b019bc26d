"""What happens in the store. Each change gives the webhook that Salla would send, signed but not yet sent,
so that a scenario can send it, send it twice, late, or in another order.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from sandbox.salla import bodies
from sandbox.salla.generate import add_customer, product_body, set_price
from sandbox.salla.orders import add_order, apply_discount, make_line, order_status, status_row
from sandbox.salla.state import RIYADH, Order, ShopState, amount, cents, day, plain_day


@dataclass(frozen=True)
class Delivery:
    """A webhook ready to be sent: the body's bytes and the headers that prove them."""

    event: str
    body: bytes
    headers: dict[str, str]


def deliver(url: str, delivery: Delivery, timeout: float = 30.0) -> requests.Response:
    return requests.post(
        url, data=delivery.body, headers=delivery.headers, timeout=timeout, allow_redirects=False
    )


def disordered(deliveries: list[Delivery], chance: random.Random) -> list[Delivery]:
    """As Salla may send them: each third twice, all in any order."""
    sent = deliveries + [delivery for delivery in deliveries if chance.random() < 1 / 3]
    chance.shuffle(sent)
    return sent


class Shop:
    """The store's owner and buyers at work. strategy: `signature`, `token` or `none`.

    tells_all: whether Salla still sends the events that it gave up in December 2025, as it does to older apps. Without,
    nothing tells of a new name or SKU.
    """

    def __init__(
        self, state: ShopState, webhook_secret: str = "sandbox-webhook-secret", strategy: str = "signature"
    ):
        self.state = state
        self.webhook_secret = webhook_secret
        self.strategy = strategy
        self.tells_all = True
        self._last_change: datetime | None = None

    def webhook(self, event: str, data: Any, *, created_at: str | None = None) -> Delivery:
        """A signed delivery of any content, also of nonsense."""
        local = self.state.now().astimezone(RIYADH)
        stamp = created_at or f"{local:%a %b %d %Y %H:%M:%S} GMT+0300"
        body = bodies.dump(
            {"event": event, "merchant": self.state.merchant_id, "created_at": stamp, "data": data}
        )
        return Delivery(event, body, {"Content-Type": "application/json", **self._proof(body)})

    def _proof(self, body: bytes) -> dict[str, str]:
        if self.strategy == "token":
            return {"X-Salla-Security-Strategy": "Token", "Authorization": self.webhook_secret}
        if self.strategy == "none":
            return {}
        signature = hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        return {"X-Salla-Security-Strategy": "Signature", "X-Salla-Signature": signature}

    # products

    def new_product(self, name: str, price: Decimal | str, sku: str = "", kind: str = "product") -> Delivery:
        product = product_body(self.state, name, Decimal(price), kind)
        product["sku"] = sku
        self.state.products[product["id"]] = product
        return self.webhook("product.created", product)

    def new_bundle(self, name: str, price: Decimal | str, sku: str, holds: list[tuple[int, int]]) -> Delivery:
        """holds: (product id, units of it in one bundle)."""
        bundle = product_body(self.state, name, Decimal(price), "group_products")
        parts = ((self.state.products[key], quantity) for key, quantity in holds)
        bundle["consisted_products"] = [
            {"id": part["id"], "sku": part["sku"], "name": part["name"], "quantity_in_group": quantity}
            for part, quantity in parts
        ]
        bundle["sku"] = sku
        self.state.products[bundle["id"]] = bundle
        return self.webhook("product.created", bundle)

    def change_price(self, product_id: int, price: Decimal | str) -> Delivery:
        product = self._touched(product_id)
        set_price(self.state, product, Decimal(price))
        data = {key: product[key] for key in ("id", "sku", "mpn", "gtin", "with_tax")}
        taxed, tax = product["taxed_price"]["amount"], product["tax"]["amount"]
        data |= {"price": Decimal(price), "regular_price": Decimal(price), "taxed_price": taxed, "tax": tax}
        data |= {
            "cost": None,
            "sale_price": {"amount": 0, "expired_at": None},
            "currency": self.state.currency,
        }
        return self.webhook("product.price.updated", data)

    def rename(self, product_id: int, name: str) -> Delivery | None:
        """None where nothing is told."""
        product = self._touched(product_id)
        product["name"] = name
        return self._retired("product.updated", product)

    def give_sku(self, product_id: int, sku: str, variant_id: int | None = None) -> Delivery | None:
        """None where nothing is told."""
        product = self._touched(product_id)
        holder = product if variant_id is None else self.state.find_sku(product_id, variant_id)
        holder["sku"] = sku
        return self._retired("product.updated", product)

    def _retired(self, event: str, data: dict[str, Any]) -> Delivery | None:
        return self.webhook(event, data) if self.tells_all else None

    def change_product_status(self, product_id: int, status: str) -> Delivery:
        product = self._touched(product_id)
        product["status"] = status
        return self.webhook(
            "product.status.updated", {key: product[key] for key in ("id", "sku", "mpn", "gtin", "status")}
        )

    def delete_product(self, product_id: int) -> Delivery:
        return self.webhook("product.deleted", self.state.products.pop(product_id))

    # customers, categories, brands

    def new_customer(self, **values: Any) -> Delivery:
        customer = add_customer(self.state, len(self.state.customers))
        customer.update(values)
        return self.webhook("customer.created", customer)

    def change_customer(self, customer_id: int, **values: Any) -> Delivery:
        customer = self.state.customers[customer_id]
        customer.update(values, updated_at=day(self._tick()))
        return self.webhook("customer.updated", customer)

    def rename_category(self, category_id: int, name: str) -> Delivery:
        category = self.state.categories[category_id]
        category.update(name=name, update_at=plain_day(self._tick()))
        return self.webhook("category.updated", bodies.category(self.state, category))

    def rename_brand(self, brand_id: int, name: str) -> Delivery:
        self.state.brands[brand_id]["name"] = name
        return self.webhook("brand.updated", self.state.brands[brand_id])

    # orders

    def new_order(self, goods: list[tuple[int, int | None, int]] | None = None, **values: Any) -> Delivery:
        """goods: (product id, variant id or None, quantity); values: fields of Order."""
        order = add_order(self.state, goods=goods, created=self._tick(), **values)
        return self.order_webhook("order.created", order.id)

    def order_webhook(self, event: str, order_id: int) -> Delivery:
        """One of the ten events that carry the whole order."""
        return self.webhook(event, bodies.full_order(self.state, self.state.orders[order_id]))

    def change_order_status(self, order_id: int, status: str) -> Delivery:
        """The outer id is the activity's, above 2^53 as seen live."""
        order = self._touched_order(order_id)
        order.status = status
        trimmed = bodies.full_order(self.state, order)
        trimmed["items"] = [
            {key: item[key] for key in ("id", "name", "sku", "quantity", "weight", "amounts")}
            for item in trimmed["items"]
        ]
        custom = order_status(status)["customized"]
        data = {
            "id": 9_007_199_254_740_993 + self.state.random.randrange(10**6) * 2,
            "status": status_row(status)["name"],
            "customized": custom and {"slug": status, "name": custom["name"]},
            "note": None,
            "created_at": day(order.updated),
            "order": trimmed,
        }
        return self.webhook("order.status.updated", data)

    def cancel_order(self, order_id: int) -> Delivery:
        self._touched_order(order_id).status = "canceled"
        return self.order_webhook("order.cancelled", order_id)

    def edit_order(self, order_id: int, goods: list[tuple[int, int | None, int]]) -> Delivery:
        order = self._touched_order(order_id)
        order.lines = [make_line(self.state, *entry) for entry in goods]
        apply_discount(order, Decimal(10) if order.coupon else Decimal(0))
        return self.order_webhook("order.products.updated", order_id)

    def delete_order(self, order_id: int) -> Delivery:
        self._touched_order(order_id).is_deleted = True
        return self.order_webhook("order.deleted", order_id)

    def ship(self, order_id: int, tracking_number: str) -> Delivery:
        """Shipment-shaped, as seen live."""
        order = self._touched_order(order_id)
        row = bodies.shipment(self.state, order)
        return self.webhook("order.shipment.created", {**row, "tracking_number": tracking_number})

    def issue_invoice(self, order_id: int) -> Delivery:
        order = self.state.orders[order_id]
        data = {
            "id": self.state.new_id(),
            "order_id": order.id,
            "type": "Tax Invoice",
            "sub_total": amount(order.subtotal),
            "discount": amount(order.discount),
            "tax": {"percent": order.tax_percent, "amount": amount(order.tax)},
            "total": amount(cents(order.total)),
            "items": [],
        }
        return self.webhook("invoice.created", data)

    # clock

    def _tick(self) -> datetime:
        """Now, and at least a second after the last change, since Salla's times have whole seconds."""
        now = self.state.now().replace(microsecond=0)
        if self._last_change is not None and now <= self._last_change:
            now = self._last_change + timedelta(seconds=1)
        self._last_change = now
        return now

    def _touched(self, product_id: int) -> dict[str, Any]:
        product = self.state.products[product_id]
        product["updated_at"] = plain_day(self._tick())
        return product

    def _touched_order(self, order_id: int) -> Order:
        order = self.state.orders[order_id]
        order.updated = self._tick()
        return order
