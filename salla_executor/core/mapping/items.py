"""Products, variants, categories, brands and statuses as the ERP's values.

| shop | ERP |
|---|---|
| SKU | Item code; kept when the SKU changes later |
| type product, food | Item on stock; every other type is not |
| components | Product Bundle of this Item, which ERPNext unpacks into what it holds |
| images | the first is the Item's, the others are attached by their address |
| options | template with these attributes; a variant carries their values |
| price | Item Price per price list in its currency; in the main one the regular price without VAT, since sales come and
 go without a word from the shop |
| status deleted | disabled, until the shop has it again; hidden and sold out are the shop's own affair |

What the settings say belongs to the ERP is filled in where an Item is new and compared afterwards.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from salla_executor.core.model import PriceList, Settings
from salla_executor.core.values import BrandValues, ItemGroupValues, ItemPrice, ItemValues, OrderStatusValues
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
    is_restored: bool = False,
    source: str = "",
    components: tuple[tuple[str, Decimal], ...] = (),
) -> tuple[ItemValues, list[str]]:
    """The Item and notes for people. is_new fills what an existing Item keeps as the ERP's users set it.

    is_restored: the shop had deleted it and has it again;
    components: item code and quantity of what one unit of a bundle holds.
    """
    # ERPNext takes no price for a template.
    prices, notes = ((), []) if payload.options else _prices(payload, settings, source)
    values = ItemValues(
        item_code=item_code,
        item_name=payload.name[:NAME_LENGTH],
        item_group=group or (settings.item_group if is_new else None),
        brand=brand,
        description=payload.description,
        has_variants=bool(payload.options),
        attribute_names=tuple(payload.options),
        image=payload.images[0] if payload.images else None,
        images=_further_images(payload, settings, is_new),
        source=source,
        prices=prices,
        components=components,
        **_common(payload, settings, is_new, is_restored),
    )
    return values, notes


def _further_images(payload: ProductPayload, settings: Settings, is_new: bool) -> tuple[str, ...] | None:
    """None, as of the first one, where the shop names none or they are the ERP's."""
    is_kept = not is_new and "image" in settings.erp_item_fields
    return tuple(payload.images[1:]) if payload.images and not is_kept else None


def variant_item(
    payload: VariantPayload,
    settings: Settings,
    *,
    item_code: str,
    template: str | None,
    is_new: bool,
    is_restored: bool = False,
    source: str = "",
) -> tuple[ItemValues, list[str]]:
    """The variant of the template, or without one an Item of its own; and notes for people."""
    prices, notes = _prices(payload, settings, source)
    attributes = tuple((option.name, option.value) for option in payload.options) if template else ()
    values = ItemValues(
        item_code=item_code,
        item_name=payload.name[:NAME_LENGTH],
        item_group=settings.item_group if is_new and not template else None,
        variant_of=template,
        attribute_values=attributes,
        prices=prices,
        **_common(payload, settings, is_new, is_restored),
    )
    return values, notes


def _common(
    payload: ProductPayload | VariantPayload, settings: Settings, is_new: bool, is_restored: bool
) -> dict[str, object]:
    is_enabled = is_new or is_restored
    return {
        "stock_uom": settings.stock_uom if is_new else None,
        "is_stock_item": payload.type in STOCK_TYPES,
        # An Item that the ERP's users disabled stays so.
        "is_disabled": True if payload.status == "deleted" else (False if is_enabled else None),
        "kept": frozenset() if is_new else settings.erp_item_fields,
        "barcode": payload.barcode,
        "weight": payload.weight,
        "weight_uom": WEIGHT_UNITS[payload.weight_unit] if payload.weight and payload.weight_unit else None,
    }


def _prices(
    payload: ProductPayload | VariantPayload, settings: Settings, source: str
) -> tuple[tuple[ItemPrice, ...], list[str]]:
    """One price for each list that takes this currency, and notes for people."""
    if payload.price is None:
        return (), []
    currency = payload.currency or settings.company_currency
    prices: list[ItemPrice] = []
    notes: list[str] = []
    for price_list in _lists(settings, source, currency):
        price = payload.price
        if price_list.is_in_force and payload.sale_price is not None:
            price = payload.sale_price
        rate, note = _on_basis(payload, price, price_list, settings.currency_precision)
        if rate is not None:
            prices.append(ItemPrice(price_list.name, rate, currency))
        if note and note not in notes:
            notes.append(note)
    return tuple(prices), notes


def _lists(settings: Settings, source: str, currency: str) -> list[PriceList]:
    """Those in this currency; where none is, the main one, which refuses it in words."""
    main = PriceList(settings.price_list, settings.price_list_currency or currency)
    lists = {main.name: main} if main.name else {}
    lists |= {one.name: one for one in settings.price_lists if one.store in ("", source)}
    return [one for one in lists.values() if one.currency == currency] or [main][: len(lists)]


def _on_basis(
    payload: ProductPayload | VariantPayload, price: Decimal, price_list: PriceList, precision: int
) -> tuple[Decimal | None, str]:
    """The price with or without VAT as the list has it, and a note for people."""
    if payload.price_includes_tax == price_list.includes_tax:
        return price, ""
    if payload.price_includes_tax:
        return net_price(price, payload.tax_percent, precision)
    if payload.tax_percent is None:
        return None, (
            f"The shop does not say the percentage of VAT on {price}, so no Item Price was set in"
            f" {price_list.name}, which is with VAT."
        )
    gross = price * (1 + payload.tax_percent / 100)
    return gross.quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP), ""


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
