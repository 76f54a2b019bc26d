"""The normalized payloads: what a shop entity looks like in a command, whatever the shop.

The same file lies in both apps, byte for byte. The models validate on both sides, and
docs/CLIENT_EXPECTED_PAYLOAD.md is generated from them. Money is Decimal (text in JSON), ids are text,
times are ISO 8601 with zone. Keys an older reader does not know are ignored.
"""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError


def _no_float(value: Any) -> Any:
    # A float has lost the shop's digits already; nothing can bring them back.
    if isinstance(value, float | bool):
        raise ValueError("money and quantities are text or whole numbers, never floats")
    return value


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Money = Annotated[
    Decimal, BeforeValidator(_no_float), Field(allow_inf_nan=False, max_digits=18, decimal_places=6)
]
# Small currencies need more digits than money has: 1 IQD is 0.00286… SAR.
Rate = Annotated[
    Decimal, BeforeValidator(_no_float), Field(gt=0, allow_inf_nan=False, max_digits=24, decimal_places=12)
]
# Ids are kept and shown as they are, so nothing in them may be markup or control another program.
Id = Annotated[
    str, BeforeValidator(_as_text), Field(min_length=1, max_length=140, pattern=r"^[^<>\x00-\x1f\x7f]+$")
]
# Beyond these years a change of the time zone leaves the calendar.
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=timezone.utc), lt=datetime(2200, 1, 1, tzinfo=timezone.utc)),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Name = Annotated[str, Field(min_length=1, max_length=500)]
ProductType = Literal["product", "service", "digital", "codes", "food", "booking", "donating", "bundle"]


class Model(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, frozen=True)


class Payload(Model):
    """What every normalized payload has."""

    external_id: Id = Field(description="the shop's id of this entity")
    updated_at: AwareDatetime | None = Field(None, description="when the shop last changed it, if it says so")
    raw: dict[str, Any] | None = Field(
        None, description="the shop's own body; left out where it is too large"
    )

    def content(self) -> dict[str, Any]:
        """The payload as JSON values without what does not count as a change."""
        return self.model_dump(mode="json", exclude={"raw", "updated_at"})


class CategoryPayload(Payload):
    name: Name
    parent_id: Id | None = Field(None, description="external id of the parent category; empty at the root")
    status: Literal["active", "hidden", "deleted"] = "active"
    sort_order: int | None = None
    image: str | None = Field(None, description="URL")


class BrandPayload(Payload):
    name: Name
    description: str | None = None
    logo: str | None = Field(None, description="URL")
    status: Literal["active", "deleted"] = "active"


class OrderStatusPayload(Payload):
    """One row of the shop's status catalogue."""

    name: Name
    slug: str = Field(description="the platform's own word, such as under_review; stable across shops")
    type: Literal["original", "custom"] = "original"
    original_id: Id | None = Field(
        None, description="external id of the platform's status a custom one hangs under"
    )
    parent_id: Id | None = None
    sort_order: int | None = None
    is_active: bool = True


class OptionValue(Model):
    name: Name = Field(description="option name, such as Size")
    value: str = Field(max_length=500, description="option value, such as XL")


class Component(Model):
    external_id: Id = Field(description="of the product or variant that is in the bundle")
    sku: str | None = Field(None, max_length=140)
    quantity: Money = Field(gt=0, description="units of it in one bundle")


class ProductPayload(Payload):
    name: Name
    sku: str | None = Field(
        None, max_length=140, description="stock keeping unit; without one nothing is sent"
    )
    type: ProductType = Field("product", description="only product and food are goods on stock")
    status: Literal["sale", "out", "hidden", "deleted"] = "sale"
    price: Money | None = Field(None, description="regular price of one unit, in `currency`")
    sale_price: Money | None = Field(None, description="price in force now where it is below `price`")
    price_includes_tax: bool = Field(False, description="whether `price` and `sale_price` contain VAT")
    currency: Currency | None = None
    tax_percent: Money | None = Field(None, description="percent; 0 for zero-rated and exempt goods")
    tax_reason_code: str | None = Field(None, description="VATEX code where no VAT is charged")
    description: str | None = Field(None, description="HTML as the shop has it")
    url: str | None = None
    brand_id: Id | None = None
    category_ids: list[Id] = []
    item_group: str | None = Field(
        None,
        max_length=140,
        description="name of an Item Group of the ERP, said by Mapping Rules; comes before `category_ids`",
    )
    images: list[str] = Field([], description="URLs, the main one first")
    options: list[str] = Field([], description="option names; not empty for a product with variants")
    template_code: str | None = Field(
        None,
        max_length=140,
        description="code for a product with variants one of which carries its `sku`, which is then the variant's",
    )
    barcode: str | None = None
    weight: Money | None = Field(None, description="in `weight_unit`")
    weight_unit: Literal["kg", "g", "lb", "oz"] | None = None
    components: list[Component] = Field([], description="what one unit of a `bundle` holds")

    def content(self) -> dict[str, Any]:
        """Not said is the same content as from a hub that did not know of them yet."""
        values = super().content()
        for name in ("components", "item_group", "template_code"):
            if not values[name]:
                values.pop(name)
        return values


class VariantPayload(Payload):
    product_id: Id
    name: Name
    sku: str | None = Field(
        None, max_length=140, description="stock keeping unit; without one nothing is sent"
    )
    status: Literal["sale", "out", "hidden", "deleted"] = "sale"
    price: Money | None = Field(None, description="regular price of one unit, in `currency`")
    sale_price: Money | None = None
    price_includes_tax: bool = False
    currency: Currency | None = None
    tax_percent: Money | None = Field(None, description="percent; 0 for zero-rated and exempt goods")
    options: list[OptionValue] = []
    barcode: str | None = None
    weight: Money | None = None
    weight_unit: Literal["kg", "g", "lb", "oz"] | None = None
    type: ProductType = "product"


class Address(Model):
    external_id: Id | None = None
    type: Literal["billing", "shipping"] = "shipping"
    name: str | None = Field(None, description="receiver")
    phone: str | None = Field(None, description="E.164")
    line1: str | None = Field(None, description="street")
    line2: str | None = None
    district: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country_code: CountryCode | None = None
    short_address: str | None = Field(None, description="Saudi National Address, such as RRRD2929")
    building_number: str | None = None
    additional_number: str | None = None


class CustomerPayload(Payload):
    name: Name
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = Field(None, max_length=140)
    phone: str | None = Field(None, description="E.164, such as +966501234567")
    status: Literal["active", "blocked", "deleted"] = "active"
    is_guest: bool = Field(False, description="bought without an account")
    group_id: Id | None = None
    language: str | None = None
    tax_id: str | None = Field(None, description="VAT registration number of a company")
    addresses: list[Address] = []


class OrderLine(Model):
    external_id: Id
    product_id: Id | None = None
    variant_id: Id | None = None
    sku: str | None = None
    name: Name
    type: ProductType = "product"
    quantity: Money = Field(gt=0)
    unit_price: Money = Field(description="one unit, before discount, without VAT")
    discount: Money = Field(Decimal(0), description="of the whole line, without VAT")
    tax_percent: Money | None = Field(None, description="percent; empty where the shop does not say")
    tax_reason_code: str | None = Field(
        None, max_length=140, description="VATEX code where the line bears no VAT"
    )
    tax: Money | None = Field(None, description="VAT of the whole line after discount")
    total: Money | None = Field(None, description="line with VAT after discount, where the shop says so")
    options: list[OptionValue] = []
    note: str | None = None
    returned: Money = Field(Decimal(0), ge=0, description="units of `quantity` that the buyer has given back")


class Discount(Model):
    title: str | None = None
    code: str | None = None
    amount: Money = Field(description="without VAT, positive")


class Shipping(Model):
    amount: Money = Field(Decimal(0), description="without VAT")
    company: str | None = None
    address: Address | None = None


class OrderTax(Model):
    percent: Money | None = None
    # Not a bare default: pydantic 2.10 would hand it on to every required field of type Money.
    amount: Money = Field(Decimal(0), description="VAT of the whole order")


class OrderPayload(Payload):
    """total = subtotal - discounts + shipping + cash_on_delivery + tax, all in `currency`."""

    reference: str | None = Field(None, description="the number that merchant and buyer see")
    status: str = Field(
        description="slug of the status, such as under_review; `deleted` where the shop deleted the order"
    )
    status_id: Id | None = None
    status_name: str | None = None
    custom_status_id: Id | None = Field(None, description="the merchant's own sub-status")
    created_at: Moment
    currency: Currency
    exchange_rate: Rate | None = Field(None, description="store currency units per unit of `currency`")
    store_currency: Currency | None = None
    total: Money = Field(description="what the buyer pays")
    subtotal: Money | None = Field(None, description="lines before discount, without VAT")
    tax: OrderTax = OrderTax()
    discounts: list[Discount] = Field(
        [], description="the shop's list of the order's discounts; may repeat what stands in the lines"
    )
    discount_total: Money = Field(
        Decimal(0), description="all discounts, lines included, without VAT, positive"
    )
    shipping: Shipping = Shipping()
    cash_on_delivery: Money = Field(Decimal(0), description="fee for cash on delivery, without VAT")
    payment_method: str | None = Field(None, description="slug, such as mada or cod")
    branch_id: Id | None = None
    branch_name: str | None = None
    is_price_quote: bool = False
    source: str | None = None
    url: str | None = Field(None, description="the order in the shop's admin")
    note: str | None = None
    given_back_at: Moment | None = Field(
        None, description="when the shop last said that something was given back without saying which lines"
    )
    customer: CustomerPayload | None = Field(None, description="empty for a guest of whom nothing is known")
    items: list[OrderLine] = []

    def content(self) -> dict[str, Any]:
        """A customer who changed is a change of the customer, not of the orders."""
        values = super().content()
        if self.customer:
            values["customer"] = self.customer.external_id
        if not self.given_back_at:
            values.pop("given_back_at")
        for line, row in zip(self.items, values["items"], strict=True):
            # Not said is the same content as from a hub that did not know of them yet.
            for name in ("tax_reason_code", "returned"):
                if not getattr(line, name):
                    row.pop(name)
        return values


PAYLOADS: dict[str, type[Payload]] = {
    "category": CategoryPayload,
    "brand": BrandPayload,
    "order_status": OrderStatusPayload,
    "product": ProductPayload,
    "variant": VariantPayload,
    "customer": CustomerPayload,
    "order": OrderPayload,
}


class PayloadError(ValueError):
    """A payload that does not fit its model; `problems` has one sentence per field."""

    def __init__(self, entity_type: str, problems: list[str]):
        super().__init__(f"{entity_type}: " + "; ".join(problems))
        self.problems = problems


def parse_payload(entity_type: str, values: dict[str, Any]) -> Payload:
    """Validate a payload (JSON values, money as text) of an entity type. Raises PayloadError."""
    try:
        return PAYLOADS[entity_type].model_validate(values)
    except ValidationError as error:
        raise PayloadError(entity_type, [_sentence(detail) for detail in error.errors()]) from None


def dump_payload(payload: Payload) -> dict[str, Any]:
    """JSON values: money as text, times as ISO 8601."""
    return payload.model_dump(mode="json")


def _sentence(detail: Any) -> str:
    path = ".".join(str(part) for part in detail["loc"])
    return f"{path}: {detail['msg']}"
