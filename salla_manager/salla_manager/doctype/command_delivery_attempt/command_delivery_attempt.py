from salla_manager.salla_manager.hub_row import HubRow, delete_in_batches


class CommandDeliveryAttempt(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        attempt_key: DF.Data | None
        burned: DF.Check
        command: DF.Link | None
        connector_type: DF.Data | None
        erp_instance: DF.Link | None
        error: DF.SmallText | None
        http_status: DF.Int
        idempotency_key: DF.Data | None
        latency_ms: DF.Int
        response: DF.Code | None
        retry_count: DF.Int
        started_at: DF.Datetime | None
        status: DF.Literal["Succeeded", "Failed", "Unknown"]
    # end: auto-generated types

    @staticmethod
    def clear_old_logs(days: int = 90):
        delete_in_batches(
            "Command Delivery Attempt",
            """select log.name from `tabCommand Delivery Attempt` log
            left join `tabOutbound Client Command` command on command.name = log.command
            where log.creation < %(cutoff)s
            and (command.name is null or command.status in ('Done', 'Superseded', 'Cancelled'))
            limit %(batch)s""",
            days,
        )
