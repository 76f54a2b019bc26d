from frappe.model.document import Document


class ERPConnectionRoute(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        command_type: DF.Literal[
            "",
            "upsert_product",
            "upsert_variant",
            "upsert_customer",
            "upsert_order",
            "upsert_category",
            "upsert_brand",
            "upsert_order_status",
        ]
        parent: DF.Data
        parentfield: DF.Data
        parenttype: DF.Data
        store: DF.Link | None
    # end: auto-generated types
