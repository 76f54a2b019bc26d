"""What a person decides of an entry of the shop that may be an Item: link it to one, or make a new one of it."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document

from salla_executor.core.adoption import REVIEW
from salla_executor.erpnext.documents import plain
from salla_executor.erpnext.waiting import DOCTYPE, NOTHING


def link(reference: str, item: str) -> None:
    """The command goes on with this Item the next time the hub sends it."""
    doc = _undecided(reference)
    frappe.get_doc("Item", item).check_permission("write")
    other = _entry_of(item, doc.source)
    if other:
        frappe.throw(
            _("Item {0} stands for {1} of the same shop already. Choose another Item.").format(item, other)
        )
    _decide(doc, {"document_type": "Item", "document_name": item, "content_hash": ""})
    doc.add_comment("Info", _("chose Item {0} for it").format(item))


def make_new(reference: str, item_code: str) -> None:
    doc = _undecided(reference)
    code = plain(item_code)
    if not code:
        frappe.throw(_("Write the Item Code that the new Item shall have."))
    known = frappe.db.get_value("Item", {"name": ("=", code)})
    if known:
        frappe.throw(_("Item {0} is there already. Link it, or write another Item Code.").format(known))
    _decide(doc, {"item_code": code})
    doc.add_comment("Info", _("chose to make a new Item {0} of it").format(code))


def link_suggested(references: list[str]) -> int:
    """Each to the Item that it most likely is. Returns how many."""
    for reference in references:
        link(reference, (_undecided(reference).candidates or "").partition("\n")[0])
    return len(references)


def _undecided(reference: str) -> Document:
    doc = frappe.get_doc(DOCTYPE, reference, for_update=True)
    doc.check_permission("read")
    if doc.waits_on != REVIEW:
        frappe.throw(_("{0} waits for no decision any more.").format(doc.shop_title or doc.external_id))
    return doc


def _decide(doc: Document, values: dict[str, str]) -> None:
    frappe.db.set_value(DOCTYPE, doc.name, {**NOTHING, **values})


def _entry_of(item: str, source: str) -> str:
    filters = {"document_type": "Item", "document_name": ("=", item), "source": ("=", source)}
    row = frappe.db.get_value(DOCTYPE, filters, ["entity_type", "external_id"], as_dict=True)
    return f"{row.entity_type} {row.external_id}" if row else ""
