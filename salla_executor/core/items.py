"""Products and variants as Items: what they need, the write, and what the ERP keeps as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from salla_executor.core.adoption import Target, code_of, kept, others_of, target_of
from salla_executor.core.context import Context, Outcome, saved_outcome
from salla_executor.core.mapping.items import product_item, variant_item
from salla_executor.core.model import BusinessError, Saved
from salla_executor.core.order_items import Key, known_documents, sold_item
from salla_executor.core.values import ItemValues
from salla_executor.payloads import Component, ProductPayload, VariantPayload

# Of a value that the ERP keeps, as it is shown.
TEXT_LENGTH = 300


def apply_product(payload: ProductPayload, context: Context) -> Outcome:
    """An Item, a template where the product has options, with a Product Bundle where it holds others."""
    if payload.status == "deleted" and not context.document():
        return kept("Item", None)
    target = target_of(payload, context)
    group = _group(payload, context)
    brand = context.find("brand", payload.brand_id)
    values, notes = product_item(
        payload,
        context.settings,
        item_code=target.code,
        group=group,
        brand=brand,
        is_new=not target.item,
        is_restored=_is_restored(payload, target, context),
        source=context.source,
        components=_components(payload, context),
    )
    if payload.brand_id and not brand:
        notes.append(f"Brand {payload.brand_id} is not known here and was left out.")
    if payload.item_group and payload.item_group != group:
        notes.append(f"There is no Item Group '{payload.item_group}' here, so its categories were taken.")
    if payload.category_ids and not group:
        notes.append("None of its categories is known here yet.")
    if payload.type == "bundle" and not payload.components:
        notes.append("The shop does not say what the bundle holds, so there is no Product Bundle for it.")
    return _save(payload, target, values, notes, context)


def _group(payload: ProductPayload, context: Context) -> str | None:
    """The Item Group that the hub's rules name, else that of the first category which is known here."""
    if payload.item_group and context.erp.exists("Item Group", payload.item_group):
        return payload.item_group
    return next((found for one in payload.category_ids if (found := context.find("category", one))), None)


def apply_variant(payload: VariantPayload, context: Context) -> Outcome:
    """A variant of the product's Item; an Item of its own where the ERP holds the product without variants."""
    if payload.status == "deleted" and not context.document():
        return kept("Item", None)
    product = context.find("product", payload.product_id)
    template = product if product and context.erp.is_template(product) else None
    target = target_of(payload, context, template=template)
    values, notes = variant_item(
        payload,
        context.settings,
        item_code=target.code,
        template=template,
        is_new=not target.item,
        is_restored=_is_restored(payload, target, context),
        source=context.source,
    )
    if product and not template:
        notes.append(f"Item {product} has no variants in the ERP, so this is an Item of its own.")
    elif not product:
        notes.append("Its product is not here, as it has no SKU in the shop, so this is an Item of its own.")
    return _save(payload, target, values, notes, context)


def _save(
    payload: ProductPayload | VariantPayload,
    target: Target,
    values: ItemValues,
    notes: list[str],
    context: Context,
) -> Outcome:
    if values.is_disabled and (seller := _other_seller(target, context)):
        values = replace(values, is_disabled=None)
        notes.append(f"{seller} still sells it, so it stays enabled.")
    saved = context.erp.save_item(target.item, values)
    if not target.is_linked and target.item and target.item != (code := code_of(payload)):
        notes.append(f"The shop's SKU is {code} now; the Item keeps its code {target.item}.")
    own = [field for field in saved.not_applied if field != "barcodes"]
    if own:
        notes.append(f"The ERP keeps its own {', '.join(own)}; see not_applied.")
    if len(own) < len(saved.not_applied):
        notes.append(
            f"Its barcode {payload.barcode} was left out: another Item has it, or barcodes are the ERP's."
        )
    return _outcome(payload, saved, notes, target, context)


def _outcome(
    payload: ProductPayload | VariantPayload,
    saved: Saved,
    notes: list[str],
    target: Target,
    context: Context,
) -> Outcome:
    shown = {field: [_cut(value) for value in pair] for field, pair in saved.not_applied.items()}
    text = json.dumps(shown, ensure_ascii=False, indent=1, sort_keys=True) if shown else ""
    if text and text != context.reference.not_applied:
        context.erp.tell_not_applied(saved.doctype, saved.name, shown)
    extra = {"not_applied": shown} if shown else {}
    outcome = saved_outcome(saved, *notes, is_linked=target.is_linked, **extra)
    return replace(outcome, of_reference={"not_applied": text, "is_deleted": payload.status == "deleted"})


def _cut(value: Any) -> Any:
    text = value if value is None or isinstance(value, int | list) else str(value)
    return text[:TEXT_LENGTH] if isinstance(text, str) else text


def _is_restored(payload: ProductPayload | VariantPayload, target: Target, context: Context) -> bool:
    """Its Item stood for what the shop had deleted: itself, or the one whose SKU it has now."""
    if payload.status == "deleted":
        return False
    return context.reference.is_deleted or (
        target.is_linked and any(one.is_deleted for one in others_of(target.item or "", context))
    )


def _other_seller(target: Target, context: Context) -> str:
    """Another shop, or another entry of this one, that stands for the same Item and is not deleted."""
    others = others_of(target.item, context) if target.item else []
    seller = next((one for one in others if not one.is_deleted), None)
    if seller is None:
        return ""
    return seller.source if seller.source != context.source else f"{seller.entity_type} {seller.external_id}"


def _components(payload: ProductPayload, context: Context) -> tuple[tuple[str, Decimal], ...]:
    """Item and quantity of each; the same Item twice is one row. Raises BusinessError for one not here yet."""
    if payload.status == "deleted":
        return ()
    rows: dict[str, Decimal] = {}
    known = known_documents((key for one in payload.components for key in _component_keys(one)), context)
    for component in payload.components:
        item = sold_item(_component_keys(component), component.sku, known, context)
        if not item:
            label = f"SKU {component.sku}" if component.sku else f"product {component.external_id}"
            message = (
                f"'{payload.name}' holds {label}, which has no Item here that can be sold. Send it from the hub, or"
                " give an Item this SKU as its code; the bundle goes then by itself."
            )
            waits_on = f"item:{component.sku or component.external_id}"
            raise BusinessError("unknown_item", message, waits_on=waits_on)
        rows[item] = rows.get(item, Decimal(0)) + component.quantity
    return tuple(rows.items())


def _component_keys(component: Component) -> list[Key]:
    """A bundle may name either; the variant is what is sold."""
    return [(kind, component.external_id) for kind in ("variant", "product")]
