"""Products, variants, categories, brands and statuses as the ERP's values.

| shop | ERP |
|---|---|
| SKU | Item code; kept when the SKU changes later |
| type product, food | Item on stock; every other type is not |
| components | Product Bundle of this Item, which ERPNext unpacks into what it holds |
| options | template with these attributes; a variant carries their values |
| price | Item Price without VAT; the regular price, since sales come and go without a word from the shop |
| status deleted | disabled; hidden and sold out are the shop's own affair |
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from salla_executor.core.model import (
    BrandValues,
    ItemGroupValues,
    ItemPrice,
    ItemValues,
    OrderStatusValues,
    Settings,
)
from salla_executor.payloads import (
    BrandPayload,
    CategoryPayload,
    OrderStatusPayload,
    ProductPayload,
    VariantPayload,
)

NAME_LENGTH = 140
STOCK_TYPES = frozenset({"product", "food"})
WEIGHT_UNITS = {"kg": "Kg", "g": "Gram", "lb": "Pound", "oz": "Ounce"}


def group_values(
    payload: CategoryPayload, name: str, parent: str | None, settings: Settings
) -> ItemGroupValues:
    return ItemGroupValues(name[:NAME_LENGTH], parent or settings.item_group, payload.image)


def brand_values(payload: BrandPayload, name: str) -> BrandValues:
    return BrandValues(name[:NAME_LENGTH], payload.description)


def status_values(payload: OrderStatusPayload, source: str) -> OrderStatusValues:
    return OrderStatusValues(
        source,
        payload.external_id,
        payload.slug,
        payload.name[:NAME_LENGTH],
        payload.type,
        payload.original_id,
        payload.is_active,
    )


def product_item(
    payload: ProductPayload,
    settings: Settings,
    *,
    item_code: str,
    group: str | None,
    brand: str | None,
    is_new: bool,
    components: tuple[tuple[str, Decimal], ...] = (),
) -> tuple[ItemValues, list[str]]:
    """The Item and notes for people. is_new fills what an existing Item keeps as the ERP's users set it.

    components: item code and quantity of what one unit of a bundle holds.
    """
    # ERPNext takes no price for a template.
    prices, notes = ((), []) if payload.options else _prices(payload, settings)
    values = ItemValues(
        item_code=item_code,
        item_name=payload.name[:NAME_LENGTH],
        item_group=group or (settings.item_group if is_new else None),
        brand=brand,
        description=payload.description,
        has_variants=bool(payload.options),
        attribute_names=tuple(payload.options),
        image=payload.images[0] if payload.images else None,
        prices=prices,
        components=components,
        **_common(payload, settings, is_new),
    )
    return values, notes


def variant_item(
    payload: VariantPayload, settings: Settings, *, item_code: str, template: str | None, is_new: bool
) -> tuple[ItemValues, list[str]]:
    """The variant of the template, or without one an Item of its own; and notes for people."""
    prices, notes = _prices(payload, settings)
    attributes = tuple((option.name, option.value) for option in payload.options) if template else ()
    values = ItemValues(
        item_code=item_code,
        item_name=payload.name[:NAME_LENGTH],
        item_group=settings.item_group if is_new and not template else None,
        variant_of=template,
        attribute_values=attributes,
        prices=prices,
        **_common(payload, settings, is_new),
    )
    return values, notes


def _common(payload: ProductPayload | VariantPayload, settings: Settings, is_new: bool) -> dict[str, object]:
    return {
        "stock_uom": settings.stock_uom if is_new else None,
        "is_stock_item": payload.type in STOCK_TYPES if is_new else None,
        "is_disabled": True if payload.status == "deleted" else (False if is_new else None),
        "barcode": payload.barcode,
        "weight": payload.weight,
        "weight_uom": WEIGHT_UNITS[payload.weight_unit] if payload.weight and payload.weight_unit else None,
    }


def _prices(
    payload: ProductPayload | VariantPayload, settings: Settings
) -> tuple[tuple[ItemPrice, ...], list[str]]:
    if payload.price is None or not settings.price_list:
        return (), []
    price = payload.price
    notes: list[str] = []
    if payload.price_includes_tax:
        price, note = net_price(price, payload.tax_percent, settings.currency_precision)
        notes = [note] if note else []
    if price is None:
        return (), notes
    currency = payload.currency or settings.company_currency
    return (ItemPrice(settings.price_list, price, currency),), notes


def net_price(gross: Decimal, percent: Decimal | None, precision: int = 2) -> tuple[Decimal | None, str]:
    """A price without VAT from one with VAT, and a note where the way back misses.

    One price list holds net prices only: a gross price among them would be taxed twice. So the price is divided and
    rounded, which is off by half a unit at most; without a percentage there is no price.
    """
    if percent is None:
        return (
            None,
            f"The shop's price {gross} contains VAT of an unknown percentage, so no Item Price was set.",
        )
    unit = Decimal(1).scaleb(-precision)
    factor = 1 + percent / 100
    net = (gross / factor).quantize(unit, ROUND_HALF_UP)
    back = (net * factor).quantize(unit, ROUND_HALF_UP)
    if back == gross:
        return net, ""
    return (
        net,
        f"The price {gross} with {percent.normalize():f} % VAT is {net} without, which gives {back} again.",
    )
