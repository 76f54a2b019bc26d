"""The SKU rule: a product or variant without an own SKU is treated as if it did not exist."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from salla_manager.core.model import Record, RecordKey, RecordStatus
from salla_manager.payloads import Payload, ProductPayload

SKU_ENTITIES = ("product", "variant")
MISSING = "missing"
DUPLICATE = "duplicate"


def normalize_sku(sku: str | None) -> str:
    """SKUs are compared without case, outer space, kinds and runs of space, and marks that nobody sees."""
    text = unicodedata.normalize("NFKC", sku or "")
    text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return " ".join(text.split()).casefold()


def claimed_sku(entity_type: str, values: Mapping[str, Any]) -> str:
    """The SKU that the entity keeps from others. values: its payload.

    A product with variants has none: nobody can sell it, and shops give its SKU to its variants.
    """
    has_variants = entity_type == "product" and values.get("options")
    return "" if has_variants or values.get("status") == "deleted" else (values.get("sku") or "").strip()


def with_template_code(payloads: list[Payload]) -> list[Payload]:
    """payloads: a product and those of its variants that came with it. Its Item gets a code of its own where its SKU
    is that of a variant: an ERP has each code once."""
    if not payloads or not isinstance(payloads[0], ProductPayload) or not payloads[0].options:
        return payloads
    product, *others = payloads
    wanted = normalize_sku(product.sku)
    if not wanted or all(normalize_sku(getattr(one, "sku", "")) != wanted for one in others):
        return payloads
    code = f"{(product.sku or '').strip()[:100]}-{product.external_id}"[:140]
    return [product.model_copy(update={"template_code": code}), *others]


def sku_problem(
    key: RecordKey, sku: str | None, holders: Iterable[Record], product_id: str = ""
) -> tuple[str, str] | None:
    """(kind, reason for the operator), or None where the entity may flow.

    holders: the records of the store that claim this SKU; skipped ones do not hold it. product_id: of a variant.
    """
    if key.entity_type not in SKU_ENTITIES:
        return None
    if not normalize_sku(sku):
        return (
            MISSING,
            f"The {key.entity_type} has no SKU. Give it one in the shop; the hub looks for it again by the hour, and at"
            " once with Re-check in the SKU Workbench.",
        )
    for other in holders:
        if other.key != key and other.status != RecordStatus.SKIPPED:
            return DUPLICATE, _taken(sku or "", other, product_id)
    return None


def _product_id(variant: Record) -> str:
    return json.loads(variant.mapped).get("product_id") or "" if variant.mapped else ""


def _taken(sku: str, other: Record, product_id: str) -> str:
    if product_id and other.key.entity_type == "variant" and _product_id(other) == product_id:
        return (
            f"Several variants of product {product_id} carry the SKU '{sku}', and variant {other.key.external_id}"
            f" ({other.title}) has it. Give each variant its own SKU in the shop."
        )
    title = f" ({other.title})" if other.title else ""
    owner = f"{other.key.entity_type} {other.key.external_id}{title}"
    spelling = ""
    if sku.strip() != other.sku.strip():
        spelling = f", which writes it '{other.sku}': an ERP takes both for one"
    return (
        f"The SKU '{sku}' belongs to {owner} already{spelling}. Give one of the two another SKU in the shop."
    )
