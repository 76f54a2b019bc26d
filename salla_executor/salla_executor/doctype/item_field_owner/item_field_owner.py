"""Row of Salla Executor Settings: to whom a field of existing Items belongs."""

from frappe.model.document import Document


class ItemFieldOwner(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        belongs_to: DF.Literal["ERP", "Shop"]
        item_field: DF.Literal[
            "Item Name",
            "Item Group",
            "Brand",
            "Description",
            "Image",
            "Weight",
            "Barcode",
            "Price",
            "Disabled",
            "Maintain Stock",
            "Components",
        ]
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
    # end: auto-generated types

    pass
