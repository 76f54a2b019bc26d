"""What mapping hands to the ERP, document by document. Money is Decimal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class ActionValues:
    """What a follow-up document takes over from the shop. returned: units by line, all that came back so far."""

    reference: str
    returned: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """How far an order has come in the shop.

    status: slug; status_id and custom_id: of the catalogue, the second of the merchant's own sub-status; returned: as in
    ActionValues.
    """

    status: str
    title: str
    reference: str
    status_id: str = ""
    custom_id: str = ""
    returned: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        """By which the catalogue knows it, the finest first."""
        return tuple(one for one in (self.custom_id, self.status_id, self.status) if one)

    @property
    def key(self) -> str:
        """A sub-status has actions of its own, beside those of the status it hangs under."""
        return (f"{self.status}:{self.custom_id}" if self.custom_id else self.status)[:140]


@dataclass(frozen=True)
class ItemGroupValues:
    name: str
    parent: str | None = None
    image: str | None = None


@dataclass(frozen=True)
class BrandValues:
    name: str
    description: str | None = None


@dataclass(frozen=True)
class OrderStatusValues:
    """A row of the shop's status catalogue, kept in Shop Order Status; no action is attached by default."""

    source: str
    external_id: str
    slug: str
    title: str
    type: str = "original"
    original_id: str | None = None
    is_active: bool = True


@dataclass(frozen=True)
class ItemPrice:
    price_list: str
    rate: Decimal
    currency: str


@dataclass(frozen=True)
class ItemValues:
    """One Item. attributes: names on a template, (name, value) on a variant.

    None leaves the field of an existing Item as it is. A new one has group, unit and stock flag, but for the
    group of a variant, which is its template's.
    """

    item_code: str
    item_name: str
    item_group: str | None
    stock_uom: str | None
    is_stock_item: bool | None
    description: str | None = None
    brand: str | None = None
    is_disabled: bool | None = None
    has_variants: bool = False
    variant_of: str | None = None
    attribute_names: tuple[str, ...] = ()
    attribute_values: tuple[tuple[str, str], ...] = ()
    barcode: str | None = None
    weight: Decimal | None = None
    weight_uom: str | None = None
    image: str | None = None
    # Besides that one, and the store that says so: what other stores of the Item have is not its to take away.
    images: tuple[str, ...] | None = None
    source: str = ""
    prices: tuple[ItemPrice, ...] = ()
    # What one unit of a bundle holds: item code and quantity.
    components: tuple[tuple[str, Decimal], ...] = ()
    # Names of these fields that belong to the ERP: compared, never written.
    kept: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ItemMatch:
    """An Item that a shop's entry may stand for. barcode: the one by which it was found, unless by its code."""

    name: str
    is_by_sku: bool = False
    barcode: str = ""
    has_variants: bool = False
    variant_of: str = ""


@dataclass(frozen=True)
class AddressValues:
    external_id: str
    title: str
    type: str
    line1: str
    city: str
    line2: str | None = None
    state: str | None = None
    postal_code: str | None = None
    # None: the company's country.
    country_code: str | None = None
    # The Saudi National Address, which stands in line1 and line2 as well.
    district: str | None = None
    building_number: str | None = None
    additional_number: str | None = None
    short_address: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A Customer that a shop's customer may be. by: `phone` or `email`."""

    name: str
    by: str
    tax_id: str = ""


@dataclass(frozen=True)
class CustomerValues:
    """One Customer with contact and addresses. None leaves the field of an existing Customer as it is.

    type: Individual or Company; phone_forms: how people may have written the phone.
    """

    name: str
    type: str | None
    group: str | None
    territory: str | None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    phone_forms: tuple[str, ...] = ()
    email: str | None = None
    language: str | None = None
    tax_id: str | None = None
    is_disabled: bool | None = None
    addresses: tuple[AddressValues, ...] = ()


@dataclass(frozen=True)
class SalesOrderLine:
    """rate: per unit, without VAT, after the part of the discount that divides evenly.

    A line that costs nothing has rate and price_list_rate 0, since ERPNext replaces an empty rate by the
    price list's.
    """

    external_id: str
    item_code: str
    item_name: str
    quantity: Decimal
    price_list_rate: Decimal
    rate: Decimal
    warehouse: str | None = None
    description: str | None = None
    item_tax_template: str | None = None
    # Rates of that template in percent, by account; they stand in for the rate of a charge on it.
    tax_rates: tuple[tuple[str, Decimal], ...] = ()
    # What the shop says of the line: without VAT, after its own discount.
    shop_amount: Decimal | None = None


@dataclass(frozen=True)
class Charge:
    """One row of Sales Taxes and Charges. charge_type as ERPNext names it; rate in percent, amount absolute."""

    charge_type: str
    account: str
    description: str
    rate: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    # 1-based row that On Previous Row Total builds on.
    row_id: int | None = None
    # Shipping or cash on delivery, and no VAT.
    is_fee: bool = False


@dataclass(frozen=True)
class ShopTotals:
    """What the shop says, for the comparison with the draft; in the order's currency."""

    total: Decimal
    tax: Decimal
    shipping: Decimal
    discount: Decimal
    cash_on_delivery: Decimal = Decimal(0)


@dataclass(frozen=True)
class SalesOrderValues:
    source: str
    external_id: str
    reference: str
    customer: str
    company: str
    currency: str
    conversion_rate: Decimal | None
    price_list: str
    transaction_date: date
    delivery_date: date
    lines: tuple[SalesOrderLine, ...]
    charges: tuple[Charge, ...]
    # On net total, without VAT.
    discount_amount: Decimal
    expected: ShopTotals
    shop_status: str
    shop_status_name: str | None = None
    payment_method: str | None = None
    shop_url: str | None = None
    branch: str | None = None
    shipping_address: AddressValues | None = None
    note: str | None = None
    created_at: datetime | None = None
    channel: str | None = None
    mode_of_payment: str | None = None
    naming_series: str | None = None
    tax_invoice_by: str | None = None
    # Sent again by a person: a draft whose money differs is written anew, since the cause may be mended.
    is_resent: bool = False
