"""The difference to the shop on a Sales Order: a text for lists and reports, and what says it in the reader's language."""

from __future__ import annotations

from typing import Any

from frappe.model.document import Document

from salla_executor.core.texts import Text
from salla_executor.erpnext.texts import packed, said, unpacked


def note_fields(difference: tuple[Text, ...]) -> dict[str, Any]:
    return {
        "shop_difference_note": "\n".join(map(said, difference)),
        "shop_difference_texts": packed(difference),
    }


def note_of(doc: Document) -> str:
    """Orders of before the texts were kept have the note as it was written."""
    kept = doc.get("shop_difference_texts")
    return "\n".join(map(said, unpacked(kept))) if kept else doc.get("shop_difference_note") or ""


def show_note(doc: Document, method: str | None = None) -> None:
    """Sales Order onload. What a client sends back of it is not taken, see order_guard."""
    if doc.get("shop_difference_note"):
        doc.shop_difference_note = note_of(doc)
