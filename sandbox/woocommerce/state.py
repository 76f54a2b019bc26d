"""What a simulated WooCommerce store holds, as facts; `bodies` gives them the shapes of the REST API.

Money is Decimal in the order's currency; a line's amounts are net, its taxes stand beside them. Times are aware UTC,
in whole seconds, as a shop keeps them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ORDER_STATUSES = (
    "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft",
)  # fmt: skip
RIYADH = timezone(timedelta(hours=3))


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Half up, as PHP rounds."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@dataclass(slots=True)
class TaxRate:
    """rate: percent. tax_class: empty is the standard one. priority: rates of one priority exclude each other."""

    id: int
    name: str
    rate: Decimal
    country: str = "SA"
    tax_class: str = ""
    priority: int = 1
    is_compound: bool = False
    is_on_shipping: bool = True


@dataclass(slots=True)
class Product:
    """A product, or a variation where parent_id is set. Prices as the shop shows them.

    attributes: definitions on a product, values on a variation. odd: laid over the body as it is.
    """

    id: int
    name: str
    created: datetime
    modified: datetime | None
    parent_id: int = 0
    type: str = "simple"
    status: str = "publish"
    sku: str = ""
    regular_price: Decimal | None = None
    sale_price: Decimal | None = None
    tax_status: str = "taxable"
    tax_class: str = ""
    manage_stock: bool | str = False
    stock: Any = None
    weight: str = ""
    is_virtual: bool = False
    barcode: str = ""
    description: str = ""
    category_ids: list[int] = field(default_factory=list)
    tag_ids: list[int] = field(default_factory=list)
    brand_ids: list[int] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    variation_ids: list[int] = field(default_factory=list)
    odd: dict[str, Any] = field(default_factory=dict)

    @property
    def price(self) -> Decimal | None:
        """In force now."""
        return self.regular_price if self.sale_price is None else self.sale_price


@dataclass(slots=True)
class Line:
    """A product's line. subtotal before, total after discounts. taxes: by rate id (of total, of subtotal)."""

    id: int
    name: str
    product_id: int
    variation_id: int
    quantity: Decimal
    subtotal: Decimal
    total: Decimal
    taxes: dict[int, tuple[Decimal, Decimal]]
    tax_class: str = ""
    meta: list[dict[str, Any]] = field(default_factory=list)
    odd: dict[str, Any] = field(default_factory=dict)

    @property
    def total_tax(self) -> Decimal:
        return total_of(tax for tax, _ in self.taxes.values())

    @property
    def subtotal_tax(self) -> Decimal:
        return total_of(tax for _, tax in self.taxes.values())


@dataclass(slots=True)
class Charge:
    """Shipping or a fee. method: of shipping, empty for a fee."""

    id: int
    title: str
    total: Decimal
    taxes: dict[int, Decimal]
    method: str = ""

    @property
    def total_tax(self) -> Decimal:
        return total_of(self.taxes.values())


@dataclass(slots=True)
class Coupon:
    """discount, discount_tax: what it took off the lines. amount: percent, or money, as the type says."""

    id: int
    code: str
    type: str
    amount: Decimal
    discount: Decimal = Decimal(0)
    discount_tax: Decimal = Decimal(0)


@dataclass(slots=True)
class Refund:
    """amount: positive, with tax. lines: negative quantities and amounts; none for money alone."""

    id: int
    order_id: int
    created: datetime
    amount: Decimal
    reason: str = ""
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Order:
    """customer_id: 0 for a guest. number: what people see, which plugins may change."""

    id: int
    created: datetime
    modified: datetime | None
    lines: list[Line]
    customer_id: int = 0
    number: str = ""
    status: str = "processing"
    currency: str = "SAR"
    prices_include_tax: bool = False
    billing: dict[str, Any] = field(default_factory=dict)
    shipping: dict[str, Any] = field(default_factory=dict)
    payment_method: str = "bacs"
    payment_title: str = "Direct bank transfer"
    customer_note: str = ""
    shipping_lines: list[Charge] = field(default_factory=list)
    fees: list[Charge] = field(default_factory=list)
    coupons: list[Coupon] = field(default_factory=list)
    paid: datetime | None = None
    completed: datetime | None = None
    meta: list[dict[str, Any]] = field(default_factory=list)
    odd: dict[str, Any] = field(default_factory=dict)

    @property
    def charges(self) -> list[Charge]:
        return [*self.shipping_lines, *self.fees]

    @property
    def exact_total(self) -> Decimal:
        """What the shop rounds to the total."""
        parts: list[Line | Charge] = [*self.lines, *self.charges]
        return total_of(part.total + part.total_tax for part in parts)


@dataclass(slots=True)
class WooState:
    """One store. `now` is its clock, `random` the only source of chance.

    version: of WooCommerce. mark: behind SKUs and e-mails, so that a second store has its own. hidden: ids of rows that a list counts and does not show. decimals: of its prices.
    rounds_at_subtotal: taxes are rounded once per order, not per line.
    """

    random: random.Random
    now: Callable[[], datetime]
    name: str = "Sandbox Store"
    mark: str = ""
    version: str = "10.4.2"
    zone: tzinfo = RIYADH
    zone_name: str = "Asia/Riyadh"
    currency: str = "SAR"
    country: str = "SA"
    decimals: int = 2
    prices_include_tax: bool = False
    rounds_at_subtotal: bool = False
    has_order_tables: bool = True
    taxes: dict[int, TaxRate] = field(default_factory=dict)
    categories: dict[int, dict[str, Any]] = field(default_factory=dict)
    tags: dict[int, dict[str, Any]] = field(default_factory=dict)
    brands: dict[int, dict[str, Any]] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    variations: dict[int, Product] = field(default_factory=dict)
    customers: dict[int, dict[str, Any]] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    refunds: dict[int, Refund] = field(default_factory=dict)
    custom_statuses: list[str] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    last_id: int = 100

    def new_id(self) -> int:
        """Ids rise, and kinds share them, as posts do."""
        self.last_id += 1
        return self.last_id

    def moment(self) -> datetime:
        """Now, in whole seconds."""
        return self.now().replace(microsecond=0)

    def is_at_least(self, *version: int) -> bool:
        mine = tuple(int(part) for part in self.version.split(".") if part.isdigit())
        return mine >= version

    def any_product(self, key: int) -> Product | None:
        """A product or a variation."""
        return self.products.get(key) or self.variations.get(key)

    def refunds_of(self, order_id: int) -> list[Refund]:
        """Newest first."""
        return [refund for refund in reversed(self.refunds.values()) if refund.order_id == order_id]


def total_of(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))
