"""Categories, brands and order statuses: which document stands for them, and the write. Products: see items."""

from __future__ import annotations

from salla_executor.core.adoption import kept, own_others
from salla_executor.core.context import Context, Outcome, saved_outcome
from salla_executor.core.mapping.items import brand_values, group_values, status_values
from salla_executor.core.model import BusinessError
from salla_executor.payloads import BrandPayload, CategoryPayload, OrderStatusPayload


def apply_category(payload: CategoryPayload, context: Context) -> Outcome:
    """An Item Group. A parent that is still to come is waited for, since the tree is not sent again."""
    document = context.document()
    if payload.status == "deleted":
        return kept("Item Group", document)
    parent = context.find("category", payload.parent_id)
    if payload.parent_id and not parent:
        message = (
            f"The parent category {payload.parent_id} of '{payload.name}' is not here yet; it is waited for."
            " If it does not come, send that category from the hub."
        )
        raise BusinessError("unknown_parent", message, retryable=True)
    name, adopted = _shared_name("Item Group", payload.name, payload.external_id, context, document)
    saved = context.erp.save_item_group(
        document or adopted, group_values(payload, name, parent, context.settings)
    )
    return saved_outcome(saved, is_linked=bool(adopted))


def apply_brand(payload: BrandPayload, context: Context) -> Outcome:
    document = context.document()
    if payload.status == "deleted":
        return kept("Brand", document)
    name, adopted = _shared_name("Brand", payload.name, payload.external_id, context, document)
    saved = context.erp.save_brand(document or adopted, brand_values(payload, name))
    return saved_outcome(saved, is_linked=bool(adopted))


def apply_order_status(payload: OrderStatusPayload, context: Context) -> Outcome:
    saved = context.erp.save_order_status(context.document(), status_values(payload, context.source))
    return saved_outcome(saved)


def _shared_name(
    doctype: str, name: str, external_id: str, context: Context, document: str | None
) -> tuple[str, str | None]:
    """The name for a group or brand and the existing document to link: shops share one of the same name.

    Two entries of one shop may carry the same name; the second is told apart by its id.
    """
    if document or not context.erp.exists(doctype, name):
        return name, None
    if not own_others(doctype, name, context):
        return name, name
    return f"{name} ({external_id})", None
