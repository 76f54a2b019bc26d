"""The SKU rule: a product or variant without an own SKU is treated as if it did not exist."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from salla_manager.core.model import Record, RecordKey, RecordStatus

SKU_ENTITIES = ("product", "variant")
MISSING = "missing"
DUPLICATE = "duplicate"


def normalize_sku(sku: str | None) -> str:
    """SKUs are compared without case, outer space, kinds and runs of space, and marks that nobody sees."""
    text = unicodedata.normalize("NFKC", sku or "")
    text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return " ".join(text.split()).casefold()


def sku_problem(key: RecordKey, sku: str | None, holders: Iterable[Record]) -> tuple[str, str] | None:
    """(kind, reason for the operator), or None where the entity may flow.

    holders: the records of the store with this SKU; skipped ones do not hold it.
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
            return DUPLICATE, _taken(sku or "", other)
    return None


def _taken(sku: str, other: Record) -> str:
    title = f" ({other.title})" if other.title else ""
    owner = f"{other.key.entity_type} {other.key.external_id}{title}"
    spelling = ""
    if sku.strip() != other.sku.strip():
        spelling = f", which writes it '{other.sku}': an ERP takes both for one"
    return (
        f"The SKU '{sku}' belongs to {owner} already{spelling}. Give one of the two another SKU in the shop."
    )
