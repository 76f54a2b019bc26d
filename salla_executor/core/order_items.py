"""Which Item each line of an order sells."""

from __future__ import annotations

from salla_executor.core.context import Context
from salla_executor.core.model import BusinessError
from salla_executor.payloads import OrderLine, OrderPayload

Known = dict[tuple[str, str], str]


def items_of(payload: OrderPayload, context: Context) -> list[str]:
    """Item of each line. Raises BusinessError for the first line that has none."""
    # All lines at once: two hundred of them are no reason for hundreds of statements.
    known = context.receiver.sold_items(
        context.source, {key for line in payload.items for key in _keys(line)}
    )
    return [_item_of(number, line, known, context) for number, line in enumerate(payload.items, 1)]


def _keys(line: OrderLine) -> list[tuple[str, str]]:
    """The stronger first."""
    ids = (("variant", line.variant_id), ("product", line.product_id))
    return [(kind, external_id) for kind, external_id in ids if external_id]


def _item_of(number: int, line: OrderLine, known: Known, context: Context) -> str:
    """By variant, then product, then SKU."""
    item = next((known[key] for key in _keys(line) if key in known), None) or _by_sku(line.sku, context)
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
