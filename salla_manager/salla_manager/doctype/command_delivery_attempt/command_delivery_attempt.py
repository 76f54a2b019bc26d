import frappe

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
        erp_connection: DF.Link | None
        erp_instance: DF.Link | None
        error: DF.SmallText | None
        http_status: DF.Int
        idempotency_key: DF.Data | None
        is_uncertain: DF.Check
        latency_ms: DF.Int
        request: DF.Code | None
        response: DF.Code | None
        retry_count: DF.Int
        started_at: DF.Datetime | None
        status: DF.Literal["SUCCESS", "FAILED", "RETRYING", "PENDING"]
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


def on_doctype_update():
    frappe.db.add_index("Command Delivery Attempt", ["erp_connection", "creation"], "connection_health")


def rename_outcomes() -> None:
    """Of attempts from before their status said whether the command comes again."""
    frappe.db.sql("update `tabCommand Delivery Attempt` set is_uncertain = 1 where status = 'Unknown'")
    frappe.db.sql(
        """update `tabCommand Delivery Attempt` attempt
        left join `tabOutbound Client Command` command on command.name = attempt.command
        set attempt.connector_type = 'CLIENT_EXECUTOR',
            attempt.status = case
                when attempt.status = 'Succeeded' then 'SUCCESS'
                when command.status in ('Dead', 'Superseded', 'Cancelled') and attempt.retry_count >= command.attempts
                    then 'FAILED'
                else 'RETRYING' end
        where attempt.status in ('Succeeded', 'Failed', 'Unknown')"""
    )
