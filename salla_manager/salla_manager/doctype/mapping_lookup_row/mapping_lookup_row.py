from frappe.model.document import Document


class MappingLookupRow(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        given: DF.Data
        gives: DF.Data | None
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        table_name: DF.Data
    # end: auto-generated types
