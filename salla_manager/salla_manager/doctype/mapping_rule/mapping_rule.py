from frappe.model.document import Document


class MappingRule(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        note: DF.Data | None
        parameters: DF.Code | None
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        required: DF.Check
        source: DF.Data | None
        target: DF.Autocomplete
        transform: DF.Literal[
            "copy", "text", "map", "lookup", "currency", "price", "constant", "default", "join"
        ]
    # end: auto-generated types
