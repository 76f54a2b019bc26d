"""Which Territory stands for where a customer of the shop lives."""

from frappe.model.document import Document


class ShopTerritory(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        region: DF.Data
        store: DF.Data | None
        territory: DF.Link
    # end: auto-generated types

    pass
