import frappe

from salla_manager.salla_manager.hub_row import HubRow, delete_in_batches


class SallaIncomingLog(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        attempts: DF.Int
        dedupe_hash: DF.Data | None
        due: DF.Int
        due_at: DF.Datetime | None
        duplicates: DF.Int
        event: DF.Data | None
        merchant_id: DF.Data | None
        message: DF.SmallText | None
        platform: DF.Data | None
        raw: DF.Code | None
        received: DF.Int
        received_at: DF.Datetime | None
        status: DF.Literal[
            "Received",
            "Processed",
            "Ignored",
            "Stale",
            "Unknown Store",
            "No Access",
            "Switched Off",
            "Failed",
        ]
        store: DF.Link | None
    # end: auto-generated types

    @staticmethod
    def clear_old_logs(days: int = 90):
        delete_in_batches(
            "Salla Incoming Log",
            """select name from `tabSalla Incoming Log`
            where creation < %(cutoff)s and status in ('Processed', 'Ignored', 'Stale') and due = 0
            limit %(batch)s""",
            days,
        )


def on_doctype_update():
    frappe.db.add_index("Salla Incoming Log", ["merchant_id", "status"], "merchant_status")
    # How a shop was heard in the past weeks, and when last.
    frappe.db.add_index("Salla Incoming Log", ["store", "received"], "store_received")
