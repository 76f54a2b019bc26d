"""Categories, brands, order statuses, products and variants: which document stands for them, and the write."""

from __future__ import annotations

from decimal import Decimal

from salla_executor.core.context import Context, Outcome, saved_outcome
from salla_executor.core.mapping.items import (
    brand_values,
    group_values,
    product_item,
    status_values,
    variant_item,
)
from salla_executor.core.model import BusinessError
from salla_executor.payloads import (
    BrandPayload,
    CategoryPayload,
    Component,
    OrderStatusPayload,
    ProductPayload,
    VariantPayload,
)


def apply_category(payload: CategoryPayload, context: Context) -> Outcome:
    """An Item Group. A parent that is still to come is waited for, since the tree is not sent again."""
    document = context.document()
    if payload.status == "deleted":
        return _kept("Item Group", document)
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
        return _kept("Brand", document)
    name, adopted = _shared_name("Brand", payload.name, payload.external_id, context, document)
    saved = context.erp.save_brand(document or adopted, brand_values(payload, name))
    return saved_outcome(saved, is_linked=bool(adopted))


def apply_order_status(payload: OrderStatusPayload, context: Context) -> Outcome:
    saved = context.erp.save_order_status(context.document(), status_values(payload, context.source))
    return saved_outcome(saved)


def apply_product(payload: ProductPayload, context: Context) -> Outcome:
    """An Item, a template where the product has options."""
    document = context.document()
    if payload.status == "deleted" and not document:
        return _kept("Item", None)
    sku = _require_sku(payload.sku, payload.name)
    adopted = None if document else _adopt_item(sku, context)
    group = next((found for one in payload.category_ids if (found := context.find("category", one))), None)
    brand = context.find("brand", payload.brand_id)
    values, notes = product_item(
        payload,
        context.settings,
        item_code=document or adopted or sku,
        group=group,
        brand=brand,
        is_new=not (document or adopted),
        components=_components(payload, context),
    )
    if payload.type == "bundle" and not payload.components:
        notes.append("The shop does not say what the bundle holds, so there is no Product Bundle for it.")
    if payload.brand_id and not brand:
        notes.append(f"Brand {payload.brand_id} is not known here and was left out.")
    if payload.category_ids and not group:
        notes.append("None of its categories is known here yet.")
    saved = context.erp.save_item(document or adopted, values)
    return saved_outcome(saved, *notes, _sku_note(document, sku), is_linked=bool(adopted))


def apply_variant(payload: VariantPayload, context: Context) -> Outcome:
    """A variant of the product's Item; an Item of its own where the ERP holds the product without variants."""
    document = context.document()
    if payload.status == "deleted" and not document:
        return _kept("Item", None)
    sku = _require_sku(payload.sku, payload.name)
    product = context.find("product", payload.product_id)
    adopted = None if document else _adopt_item(sku, context)
    template = product if product and context.erp.is_template(product) else None
    values, notes = variant_item(
        payload,
        context.settings,
        item_code=document or adopted or sku,
        template=template,
        is_new=not (document or adopted),
    )
    if product and not template:
        notes.append(f"Item {product} has no variants in the ERP, so this is an Item of its own.")
    elif not product:
        notes.append("Its product is not here, as it has no SKU in the shop, so this is an Item of its own.")
    saved = context.erp.save_item(document or adopted, values)
    return saved_outcome(saved, *notes, _sku_note(document, sku), is_linked=bool(adopted))


def _components(payload: ProductPayload, context: Context) -> tuple[tuple[str, Decimal], ...]:
    """Item and quantity of each; the same Item twice is one row. Raises BusinessError for one not here yet."""
    if payload.status == "deleted":
        return ()
    rows: dict[str, Decimal] = {}
    for component in payload.components:
        item = _component_item(component, context)
        if not item:
            label = f"SKU {component.sku}" if component.sku else f"product {component.external_id}"
            message = (
                f"'{payload.name}' holds {label}, which has no Item here that can be sold. Send it from the hub, or"
                " give an Item this SKU as its code; the bundle goes then by itself."
            )
            raise BusinessError(
                "unknown_item", message, waits_on=f"item:{component.sku or component.external_id}"
            )
        rows[item] = rows.get(item, Decimal(0)) + component.quantity
    return tuple(rows.items())


def _component_item(component: Component, context: Context) -> str | None:
    candidates = (
        lambda: context.find("variant", component.external_id),
        lambda: context.find("product", component.external_id),
        lambda: context.erp.find_item(component.sku) if component.sku else None,
    )
    for candidate in candidates:
        item = candidate()
        # A template cannot be sold.
        if item and not context.erp.is_template(item):
            return item
    return None


def _kept(doctype: str, document: str | None) -> Outcome:
    """What the shop deleted and the ERP keeps, since other documents may hang on it."""
    if not document:
        return Outcome(
            "skipped", f"Deleted in the shop before there was an {doctype} for it; nothing was made."
        )
    message = f"Deleted in the shop; {doctype} {document} stays, since other documents may use it."
    return Outcome("skipped", message, doctype, document)


def _shared_name(
    doctype: str, name: str, external_id: str, context: Context, document: str | None
) -> tuple[str, str | None]:
    """The name for a group or brand and the existing document to link: shops share one of the same name.

    Two entries of one shop may carry the same name; the second is told apart by its id.
    """
    if document or not context.erp.exists(doctype, name):
        return name, None
    if not _own_others(doctype, name, context):
        return name, name
    return f"{name} ({external_id})", None


def _require_sku(sku: str | None, name: str) -> str:
    if sku:
        return sku
    message = f"'{name}' has no SKU. Give it one in the shop; it is sent again by itself."
    raise BusinessError("missing_sku", message)


def _adopt_item(sku: str, context: Context) -> str | None:
    """The Item with this SKU, unless another entry of the same shop has it; two shops may share an Item."""
    item = context.erp.find_item(sku)
    if not item:
        return None
    owners = _own_others("Item", item, context)
    if owners:
        message = (
            f"SKU {sku} belongs to Item {item}, which stands for {owners[0]} of the same shop already."
            " Give one of the two another SKU in the shop."
        )
        raise BusinessError("sku_taken", message)
    return item


def _own_others(doctype: str, name: str, context: Context) -> list[str]:
    """Other entries of the same shop that stand for this document, in words."""
    own = (context.reference.entity_type, context.reference.external_id)
    return [
        f"{one.entity_type} {one.external_id}"
        for one in context.receiver.references_of(doctype, name)
        if one.source == context.source and (one.entity_type, one.external_id) != own
    ]


def _sku_note(document: str | None, sku: str) -> str:
    if not document or document == sku:
        return ""
    return f"The shop's SKU is {sku} now; the Item keeps its code {document}."
