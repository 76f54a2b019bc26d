"""One status of a shop's catalogue, as the shop names it."""

from frappe.model.document import Document


class ShopOrderStatus(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        external_id: DF.Data | None
        is_active: DF.Check
        original_id: DF.Data | None
        slug: DF.Data | None
        source: DF.Data | None
        title: DF.Data | None
        type: DF.Literal["original", "custom"]
    # end: auto-generated types

    pass
