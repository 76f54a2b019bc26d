"""Which document stands for what an order names: the Item of a line or of a part of a bundle, the buyer's Customer."""

from __future__ import annotations

from collections.abc import Iterable

from salla_executor.core.context import Context
from salla_executor.core.model import BusinessError
from salla_executor.payloads import OrderLine, OrderPayload

# Entity type and external id.
Key = tuple[str, str]
Known = dict[Key, str]


def known_of(payload: OrderPayload, context: Context) -> Known:
    """Items of its lines and the Customer of its buyer, as far as the ERP has them."""
    keys = {key for line in payload.items for key in _keys(line)}
    if payload.customer and payload.customer.external_id:
        keys.add(("customer", payload.customer.external_id))
    return known_documents(keys, context)


def known_documents(keys: Iterable[Key], context: Context) -> Known:
    """All at once: two hundred lines are no reason for hundreds of statements."""
    return context.receiver.usable_documents(context.source, set(keys))


def items_of(payload: OrderPayload, known: Known, context: Context) -> list[str]:
    """Item of each line. Raises BusinessError for the first line that has none."""
    return [_item_of(number, line, known, context) for number, line in enumerate(payload.items, 1)]


def sold_item(keys: Iterable[Key], sku: str | None, known: Known, context: Context) -> str | None:
    """By the first of keys that is known, else by SKU."""
    return next((known[key] for key in keys if key in known), None) or _by_sku(sku, context)


def _keys(line: OrderLine) -> list[Key]:
    """The stronger first."""
    ids = (("variant", line.variant_id), ("product", line.product_id))
    return [(kind, external_id) for kind, external_id in ids if external_id]


def _item_of(number: int, line: OrderLine, known: Known, context: Context) -> str:
    """By variant, then product, then SKU."""
    item = sold_item(_keys(line), line.sku, known, context)
    if item:
        return item
    message = (
        f"Line {number}, '{line.name}' (SKU {line.sku or 'empty'}), has no Item here. Send its product from the hub,"
        " or give an Item this SKU as its code; the order goes then by itself."
    )
    raise BusinessError("unknown_item", message, waits_on=f"item:{line.sku or line.product_id or line.name}")


def _by_sku(sku: str | None, context: Context) -> str | None:
    item = context.erp.find_item(sku) if sku else None
    # A template cannot be sold.
    return item if item and not context.erp.is_template(item) else None
