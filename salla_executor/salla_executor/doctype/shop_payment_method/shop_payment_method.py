"""Which Mode of Payment stands for the shop's payment method."""

from frappe.model.document import Document


class ShopPaymentMethod(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        method: DF.Data
        mode_of_payment: DF.Link
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        store: DF.Data | None
    # end: auto-generated types

    pass
