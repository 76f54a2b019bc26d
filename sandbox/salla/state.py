"""What a simulated Salla store holds. Products, customers and the like lie in Salla's own shape;
orders lie as facts, and their money is computed when they are shown.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

RIYADH = timezone(timedelta(hours=3))
CENT = Decimal("0.01")

STATUSES = {
    "payment_pending": (1473353380, "بإنتظار الدفع"),
    "under_review": (566146469, "بإنتظار المراجعة"),
    "in_progress": (1939592358, "قيد التنفيذ"),
    "completed": (1298199463, "تم التنفيذ"),
    "delivering": (349994915, "جاري التوصيل"),
    "delivered": (1723506348, "تم التوصيل"),
    "shipped": (814202285, "تم الشحن"),
    "canceled": (525144736, "ملغي"),
    "restored": (989286562, "مسترجع"),
    "restoring": (1548352431, "قيد الإسترجاع"),
}

# Sub-statuses that the store made itself: slug of the original, (own id, name).
CUSTOM_STATUSES = {"in_progress": (120960473, "قيد التغليف")}


def cents(value: Decimal | int | str) -> Decimal:
    """Rounded to the halala, half up."""
    return Decimal(value).quantize(CENT, ROUND_HALF_UP)


@dataclass
class Line:
    """A line of an order; unit_price and discount (of the whole line) in the order's currency, without VAT."""

    id: int
    product_id: int
    sku_id: int | None
    name: str
    sku: str
    quantity: int
    unit_price: Decimal
    discount: Decimal = Decimal(0)
    type: str = "product"
    options: list[dict[str, Any]] = field(default_factory=list)

    @property
    def net(self) -> Decimal:
        return self.unit_price * self.quantity


@dataclass
class Order:
    """An order; all amounts without VAT. With a coupon, the list of discounts repeats the lines' discounts."""

    id: int
    reference: int
    created: datetime
    updated: datetime
    customer_id: int
    lines: list[Line]
    status: str = "under_review"
    payment_method: str = "mada"
    shipping: Decimal = Decimal(0)
    cash_on_delivery: Decimal = Decimal(0)
    coupon: str | None = None
    tax_percent: Decimal = Decimal(15)
    is_shippable: bool = True
    branch_id: int | None = None
    is_deleted: bool = False
    # As the buyer gave it with the order: name, email, phone.
    receiver: dict[str, Any] = field(default_factory=dict)

    @property
    def subtotal(self) -> Decimal:
        return sum((line.net for line in self.lines), Decimal(0))

    @property
    def discount(self) -> Decimal:
        return sum((line.discount for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        base = self.subtotal - self.discount + self.shipping + self.cash_on_delivery
        return cents(base * self.tax_percent / 100)

    @property
    def total(self) -> Decimal:
        return self.subtotal - self.discount + self.shipping + self.cash_on_delivery + self.tax


@dataclass
class ShopState:
    """One store. `now` is the store's clock, `random` the only source of ids and chance."""

    merchant_id: int
    name: str
    random: random.Random
    now: Callable[[], datetime]
    currency: str = "SAR"
    prices_include_tax: bool = False
    # The documented model of an order line names neither product nor variant; live ones do.
    items_name_products: bool = True
    categories: dict[int, dict[str, Any]] = field(default_factory=dict)
    brands: dict[int, dict[str, Any]] = field(default_factory=dict)
    products: dict[int, dict[str, Any]] = field(default_factory=dict)
    customers: dict[int, dict[str, Any]] = field(default_factory=dict)
    branches: dict[int, dict[str, Any]] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    used_ids: set[int] = field(default_factory=set)
    last_reference: int = 40000000

    def new_id(self) -> int:
        """Nine or ten digits and no order in them, as Salla's."""
        while True:
            candidate = self.random.randrange(100_000_000, 2_147_483_647)
            if candidate not in self.used_ids:
                self.used_ids.add(candidate)
                return candidate

    def new_reference(self) -> int:
        self.last_reference += self.random.randrange(1, 40)
        return self.last_reference

    def net_price(self, amount: Decimal) -> Decimal:
        """A price as the store shows it, without VAT."""
        return cents(amount / Decimal("1.15")) if self.prices_include_tax else amount

    def find_sku(self, product_id: int, sku_id: int | None) -> dict[str, Any] | None:
        skus = self.products[product_id]["skus"]
        return next((sku for sku in skus if sku["id"] == sku_id), None)


def day(moment: datetime) -> dict[str, Any]:
    """A time in Salla's shape: local, with the zone beside it."""
    local = moment.astimezone(RIYADH)
    return {"date": f"{local:%Y-%m-%d %H:%M:%S}.000000", "timezone_type": 3, "timezone": "Asia/Riyadh"}


def plain_day(moment: datetime) -> str:
    return f"{moment.astimezone(RIYADH):%Y-%m-%d %H:%M:%S}"


def amount(value: Decimal | int, currency: str = "SAR") -> dict[str, Any]:
    return {"amount": Decimal(value), "currency": currency}
