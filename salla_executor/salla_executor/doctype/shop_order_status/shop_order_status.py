"""One status of a shop's catalogue, as the shop names it, and what is done for orders that come to it."""

from frappe.model.document import Document

from salla_executor.setup.integration_user import grant_on_demand


class ShopOrderStatus(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        do_cancel: DF.Check
        do_close: DF.Check
        do_submit: DF.Check
        external_id: DF.Data | None
        is_active: DF.Check
        make_delivery_note: DF.Check
        make_payment_entry: DF.Check
        make_return: DF.Check
        make_sales_invoice: DF.Check
        original_id: DF.Data | None
        slug: DF.Data | None
        source: DF.Data | None
        title: DF.Data | None
        type: DF.Literal["original", "custom"]
    # end: auto-generated types

    def on_update(self):
        before = self.get_doc_before_save()
        for field, doctypes in RIGHTS_OF.items():
            if self.get(field) and not (before and before.get(field)):
                grant_on_demand(*doctypes)


# What the integration user has to be allowed for each action.
RIGHTS_OF = {
    "make_delivery_note": ("Delivery Note",),
    "make_sales_invoice": ("Sales Invoice",),
    "make_payment_entry": ("Payment Entry", "Account"),
    "make_return": ("Delivery Note", "Sales Invoice"),
    "do_cancel": ("Sales Order",),
}
