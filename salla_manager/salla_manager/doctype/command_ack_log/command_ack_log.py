from salla_manager.salla_manager.hub_row import HubRow, delete_in_batches


class CommandACKLog(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        ack_status: DF.Literal["applied", "skipped", "failed", "rejected"]
        command: DF.Link | None
        erp_connection: DF.Link | None
        erp_document: DF.Data | None
        erp_instance: DF.Link | None
        message: DF.SmallText | None
        payload: DF.Code | None
        received_at: DF.Datetime | None
    # end: auto-generated types

    @staticmethod
    def clear_old_logs(days: int = 90):
        delete_in_batches(
            "Command ACK Log",
            """select log.name from `tabCommand ACK Log` log
            left join `tabOutbound Client Command` command on command.name = log.command
            where log.creation < %(cutoff)s
            and (command.name is null or command.status in ('Done', 'Superseded', 'Cancelled'))
            limit %(batch)s""",
            days,
        )
