"""What stands for a VAT rate of the shop."""

from frappe.model.document import Document


class ShopTax(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        account: DF.Link | None
        item_tax_template: DF.Link | None
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        rate: DF.Percent
        reason_code: DF.Data | None
    # end: auto-generated types

    pass
