"""External References of documents that a person renames or merges."""

from __future__ import annotations

import frappe
from frappe.model.document import Document


def follow_rename(doc: Document, method: str, old: str, new: str, merge: bool = False) -> None:
    """Frappe's own renaming of dynamic links goes by a cache that does not know of rows written by SQL."""
    rows = {"document_type": doc.doctype, "document_name": ("=", old)}
    frappe.db.set_value("External Reference", rows, "document_name", new, update_modified=False)
