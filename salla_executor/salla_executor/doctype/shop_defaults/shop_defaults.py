"""What differs for one store; an empty field is as for all stores."""

from frappe.model.document import Document


class ShopDefaults(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        cod_account: DF.Link | None
        company: DF.Link | None
        cost_center: DF.Link | None
        customer_group: DF.Link | None
        delivery_days: DF.Int
        guest_customer: DF.Link | None
        item_group: DF.Link | None
        naming_series: DF.Data | None
        order_policy: DF.Literal["", "Draft", "Submit when the money agrees"]
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        price_list: DF.Link | None
        shipping_account: DF.Link | None
        store: DF.Data
        tax_account: DF.Link | None
        tax_invoice_by: DF.Literal["", "ERP", "Shop"]
        territory: DF.Link | None
        warehouse: DF.Link | None
    # end: auto-generated types

    pass
