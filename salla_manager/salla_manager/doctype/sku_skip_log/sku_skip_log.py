from salla_manager.salla_manager.hub_row import HubRow, delete_in_batches


class SKUSkipLog(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        entity_key: DF.Data | None
        entity_type: DF.Literal["product", "variant"]
        external_id: DF.Data | None
        occurrences: DF.Int
        reason: DF.SmallText | None
        resolved: DF.Check
        resolved_at: DF.Datetime | None
        store: DF.Link | None
        title: DF.Data | None
    # end: auto-generated types

    @staticmethod
    def clear_old_logs(days: int = 365):
        delete_in_batches(
            "SKU Skip Log",
            """select name from `tabSKU Skip Log`
            where modified < %(cutoff)s and resolved = 1 limit %(batch)s""",
            days,
        )
