"""Which Customer Group stands for a group of the shop's customers."""

from frappe.model.document import Document


class ShopCustomerGroup(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        customer_group: DF.Link
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        shop_group: DF.Data
        store: DF.Data | None
    # end: auto-generated types

    pass
