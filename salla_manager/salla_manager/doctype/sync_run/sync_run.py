import frappe
from frappe import _

from salla_manager.salla_manager.hub_row import HubRow, delete_in_batches


class SyncRun(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        calls: DF.Int
        calls_left: DF.Int
        calls_per_minute: DF.Int
        due: DF.Int
        finished: DF.Int
        finished_at: DF.Datetime | None
        kind: DF.Literal["Backfill", "Changes"]
        lease_token: DF.Data | None
        lease_until: DF.Int
        message: DF.SmallText | None
        minutes_left: DF.Float
        percent: DF.Percent
        places: DF.LongText | None
        planned: DF.Int
        since: DF.Int
        since_at: DF.Datetime | None
        started: DF.Int
        started_at: DF.Datetime | None
        status: DF.Literal["Planned", "Running", "Paused", "Done", "Cancelled", "Failed"]
        steps: DF.LongText | None
        store: DF.Link | None
        watermarks: DF.LongText | None
    # end: auto-generated types

    def on_trash(self):
        if self.status in ("Planned", "Running", "Paused"):
            frappe.throw(_("{0} is not finished. Cancel it first.").format(self.name))

    @staticmethod
    def clear_old_logs(days: int = 365):
        # The row of a shop's changes says until when it was read, and stays.
        delete_in_batches(
            "Sync Run",
            """select name from `tabSync Run` where modified < %(cutoff)s and kind = 'Backfill'
            and status in ('Done', 'Cancelled', 'Failed') limit %(batch)s""",
            days,
        )
