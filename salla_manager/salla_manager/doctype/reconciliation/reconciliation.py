import frappe

from salla_manager.salla_manager.hub_row import HubRow, delete_in_batches


class Reconciliation(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        all_well: DF.Int
        applied: DF.Int
        at_shop: DF.Int
        day: DF.Date | None
        dead: DF.Int
        different: DF.Int
        entity_type: DF.Literal["order", "product", "customer"]
        failed: DF.Int
        finished: DF.Int
        finished_at: DF.Datetime | None
        gone: DF.Int
        held: DF.Int
        message: DF.SmallText | None
        missing: DF.Int
        next_page: DF.SmallText | None
        on_its_way: DF.Int
        page: DF.Int
        pages: DF.Int
        received: DF.Int
        seen: DF.Int
        skipped: DF.Int
        started: DF.Int
        started_at: DF.Datetime | None
        status: DF.Literal["Running", "Done", "Failed", "Interrupted"]
        store: DF.Link | None
        token: DF.Data | None
        waiting: DF.Int
    # end: auto-generated types

    def on_trash(self):
        frappe.db.delete("Reconciliation Finding", {"run": self.name})

    @staticmethod
    def clear_old_logs(days: int = 90):
        old = "select name from `tabReconciliation` where modified < %(cutoff)s"
        delete_in_batches(
            "Reconciliation Finding",
            f"select name from `tabReconciliation Finding` where run in ({old}) limit %(batch)s",
            days,
        )
        delete_in_batches("Reconciliation", f"{old} limit %(batch)s", days)
