"""Row of Salla Executor Settings: a price list that takes the shop's prices."""

from frappe.model.document import Document


class ShopPriceList(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        includes_tax: DF.Check
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        price_kind: DF.Literal["Regular price", "Price in force"]
        price_list: DF.Link
        store_account: DF.Data | None
    # end: auto-generated types

    pass
