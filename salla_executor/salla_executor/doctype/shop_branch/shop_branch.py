"""Which warehouse stands for a branch of the shop."""

from frappe.model.document import Document


class ShopBranch(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        branch: DF.Data
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        store: DF.Data | None
        warehouse: DF.Link
    # end: auto-generated types

    pass
