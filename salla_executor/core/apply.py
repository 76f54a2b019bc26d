"""From a valid payload to ERP documents: which function does it, when nothing is to do, and the reference after it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from salla_executor.contract import dump_json
from salla_executor.core.catalogue import apply_brand, apply_category, apply_order_status
from salla_executor.core.context import Context, Outcome
from salla_executor.core.customers import apply_customer
from salla_executor.core.items import apply_product, apply_variant
from salla_executor.core.model import Reference
from salla_executor.core.orders import apply_order
from salla_executor.payloads import Payload

APPLY: dict[str, Callable[[Any, Context], Outcome]] = {
    "upsert_category": apply_category,
    "upsert_brand": apply_brand,
    "upsert_order_status": apply_order_status,
    "upsert_product": apply_product,
    "upsert_variant": apply_variant,
    "upsert_customer": apply_customer,
    "upsert_order": apply_order,
}


def unchanged(digest: str, context: Context) -> Outcome | None:
    """Equal content writes nothing but its revision; None where there is something to apply. digest: content_hash.

    A new generation is a deliberate re-send and applies again.
    """
    reference = context.reference
    if reference.content_hash != digest or context.command.generation or not context.document():
        return None
    message = f"{reference.doctype} {reference.docname} has this content already; nothing was changed."
    outcome = Outcome("skipped", message, reference.doctype, reference.docname)
    context.receiver.save_reference(_advanced(reference, outcome, context, digest))
    return outcome


def apply(payload: Payload, digest: str, context: Context) -> Outcome:
    """Write the entity and its reference inside the open transaction. Raises BusinessError."""
    reference = context.reference
    document = context.document()
    outcome = APPLY[context.command.command_type](payload, context)
    if reference.docname and not document and outcome.docname:
        note = f"{reference.doctype} {reference.docname} was deleted in the ERP in the meantime."
        outcome = replace(outcome, message=f"{note} {outcome.message}")
    outcome = replace(outcome, written=(*context.before, *outcome.written))
    context.receiver.save_reference(_advanced(reference, outcome, context, digest))
    return outcome


def content_hash(payload: Payload) -> str:
    """Sha256 hex over the payload without raw and updated_at."""
    return hashlib.sha256(dump_json(payload.content())).hexdigest()


def _advanced(reference: Reference, outcome: Outcome, context: Context, digest: str) -> Reference:
    # A sender that says no revision must not lower the watermark.
    revision, generation = reference.revision, reference.generation
    if context.command.revision:
        revision, generation = context.command.revision, context.command.generation
    return replace(
        reference,
        doctype=outcome.doctype or reference.doctype,
        docname=outcome.docname or reference.docname,
        revision=revision,
        generation=generation,
        content_hash=digest,
        is_new=False,
        **outcome.of_reference,
    )
