"""Which existing document a shop's entry stands for: what is certain is linked, the rest a person decides.

| found | then |
|---|---|
| its External Reference | that document |
| an Item with its SKU as code, of the same kind, whose barcode is no other Item's | linked |
| an Item with its barcode only | linked where the settings say so, else a person decides |
| its SKU on an Item of another kind, in another spelling, or as a barcode; SKU and barcode on two Items | a person decides |
| nothing, or a person chose a new code | a new Item |
"""

from __future__ import annotations

from dataclasses import dataclass

from salla_executor.core.context import Context, Outcome
from salla_executor.core.model import BusinessError, Reference
from salla_executor.core.values import ItemMatch
from salla_executor.payloads import ProductPayload, VariantPayload

# What all entries wait on that a person has to decide about, each for itself.
REVIEW = "review:item"


@dataclass(frozen=True)
class Target:
    """Where a product or variant goes. item: the Item to write, None to make one with this code."""

    item: str | None
    code: str
    is_linked: bool = False


def target_of(
    payload: ProductPayload | VariantPayload, context: Context, *, template: str | None = None
) -> Target:
    """template: of a variant. Raises BusinessError where the SKU is missing or taken, or a person has to decide."""
    sku = code_of(payload)
    document = context.document()
    if document:
        return Target(document, document)
    if context.reference.item_code:
        return Target(None, context.reference.item_code)
    found = context.erp.match_items(sku, payload.barcode)
    by_sku = next((one for one in found if one.is_by_sku), None)
    if by_sku:
        _refuse_taken(sku, by_sku.name, context)
    # Of two entries of the shop with one barcode the second goes without.
    free = [one for one in found if one is by_sku or not own_others("Item", one.name, context)]
    doubts = _doubts(payload, free, template, context)
    if doubts:
        raise _to_review(payload, free, doubts)
    return Target(free[0].name, free[0].name, is_linked=True) if free else Target(None, sku)


def _doubts(
    payload: ProductPayload | VariantPayload, found: list[ItemMatch], template: str | None, context: Context
) -> list[str]:
    """Why it is not certain that the first one found is it; empty if it is, or if none was found."""
    doubts = [doubt for one in found[:1] if (doubt := _unlike(payload, one, template))]
    if len(found) > 1:
        names = ", ".join(one.name for one in found[1:])
        doubts.append(f"{_has(payload, found[1])} {names}")
    elif found and not found[0].is_by_sku:
        is_barcode = found[0].barcode == payload.barcode
        if not (is_barcode and context.settings.link_by_barcode):
            doubts.insert(0, f"{_has(payload, found[0])} {found[0].name}")
    elif found and found[0].name.casefold() != code_of(payload).casefold():
        doubts.append(f"its SKU {payload.sku} is spelled {found[0].name} there")
    return doubts


def _has(payload: ProductPayload | VariantPayload, found: ItemMatch) -> str:
    word = "barcode" if found.barcode == payload.barcode else "SKU is a barcode which"
    return f"its {word} {found.barcode} is that of Item"


def _unlike(payload: ProductPayload | VariantPayload, found: ItemMatch, template: str | None) -> str:
    is_template = isinstance(payload, ProductPayload) and bool(payload.options)
    if is_template and not found.has_variants:
        return f"it has variants in the shop, Item {found.name} has none"
    if found.has_variants and not is_template:
        return f"Item {found.name} has variants, and none of them is named"
    if template and found.variant_of not in ("", template):
        return f"Item {found.name} is a variant of {found.variant_of}, not of {template}"
    return ""


def _to_review(
    payload: ProductPayload | VariantPayload, found: list[ItemMatch], doubts: list[str]
) -> BusinessError:
    names = tuple(one.name for one in found)
    message = (
        f"'{payload.name}' (SKU {payload.sku}) may be Item {names[0]}, which is not certain: {'; '.join(doubts)}."
        " Open it in the list External Reference and press Link or Make New; it goes then by itself."
    )
    return BusinessError("item_to_review", message, waits_on=REVIEW, candidates=names)


def code_of(payload: ProductPayload | VariantPayload) -> str:
    """Item code that the shop's entry asks for. Raises BusinessError without a SKU."""
    if isinstance(payload, ProductPayload) and payload.options and payload.template_code:
        return payload.template_code
    if payload.sku:
        return payload.sku
    message = f"'{payload.name}' has no SKU. Give it one in the shop; it is sent again by itself."
    raise BusinessError("missing_sku", message)


def _refuse_taken(sku: str, item: str, context: Context) -> None:
    """Another living entry of the same shop has it; two shops may share an Item."""
    owners = [one for one in others_of(item, context) if one.source == context.source and not one.is_deleted]
    if owners and context.erp.is_template(item):
        message = (
            f"SKU {sku} is the code of Item {item}, which is a template and cannot be sold. Rename that Item in the ERP,"
            " for example with -T behind, then send this again; or give the variant another SKU in the shop."
        )
        raise BusinessError("sku_taken", message)
    if owners:
        message = (
            f"SKU {sku} belongs to Item {item}, which stands for {owners[0].entity_type} {owners[0].external_id} of"
            " the same shop already. Give one of the two another SKU in the shop."
        )
        raise BusinessError("sku_taken", message)


def others_of(item: str, context: Context) -> list[Reference]:
    """Other entries, of any shop, that stand for this Item."""
    own = (context.source, context.reference.entity_type, context.reference.external_id)
    return [
        one
        for one in context.receiver.references_of("Item", item)
        if (one.source, one.entity_type, one.external_id) != own
    ]


def own_others(doctype: str, name: str, context: Context) -> list[str]:
    """Other entries of the same shop that stand for this document, in words."""
    own = (context.reference.entity_type, context.reference.external_id)
    return [
        f"{one.entity_type} {one.external_id}"
        for one in context.receiver.references_of(doctype, name)
        if one.source == context.source and (one.entity_type, one.external_id) != own
    ]


def kept(doctype: str, document: str | None) -> Outcome:
    """What the shop deleted and the ERP keeps, since other documents may hang on it."""
    if not document:
        return Outcome(
            "skipped", f"Deleted in the shop before there was an {doctype} for it; nothing was made."
        )
    message = f"Deleted in the shop; {doctype} {document} stays, since other documents may use it."
    return Outcome("skipped", message, doctype, document)
