"""Which ERP document stands for a shop entity. The name is sha256 of source, entity type and external id."""

import frappe
from frappe.model.document import Document


class ExternalReference(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        candidates: DF.SmallText | None
        content_hash: DF.Data | None
        document_name: DF.DynamicLink | None
        document_type: DF.Link | None
        entity_type: DF.Data | None
        external_id: DF.Data | None
        generation: DF.LongInt
        is_deleted: DF.Check
        item_code: DF.Data | None
        not_applied: DF.Code | None
        revision: DF.LongInt
        shop_title: DF.Data | None
        source: DF.Data | None
    # end: auto-generated types

    pass


def on_doctype_update() -> None:
    frappe.db.add_index("External Reference", ["document_type", "document_name"])
