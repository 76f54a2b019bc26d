from frappe.model.document import Document


class CustomerAccount(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        account_name: DF.Data
        email: DF.Data | None
        notes: DF.SmallText | None
        phone: DF.Data | None
    # end: auto-generated types
