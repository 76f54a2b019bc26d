import frappe
from frappe import _
from frappe.database.sequence import create_sequence, set_next_val
from frappe.utils import cint

from salla_manager.salla_manager.hub_row import HubRow, delete_in_batches


class OutboundClientCommand(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        from salla_manager.salla_manager.doctype.command_dependency.command_dependency import (
            CommandDependency,
        )

        attempts: DF.Int
        command_type: DF.Literal[
            "upsert_product",
            "upsert_variant",
            "upsert_customer",
            "upsert_order",
            "upsert_category",
            "upsert_brand",
            "upsert_order_status",
        ]
        created: DF.Int
        customer_account: DF.Link | None
        due: DF.Int
        due_at: DF.Datetime | None
        entity_type: DF.Literal[
            "product", "variant", "customer", "order", "category", "brand", "order_status"
        ]
        erp_connection: DF.Link | None
        erp_instance: DF.Link | None
        external_id: DF.Data | None
        generation: DF.Int
        idempotency_key: DF.Data | None
        is_copy: DF.Check
        lane: DF.Data | None
        lane_in_flight: DF.Data | None
        lease_token: DF.Data | None
        lease_until: DF.Int
        lease_until_at: DF.Datetime | None
        payload: DF.Code | None
        reason: DF.SmallText | None
        record: DF.Link | None
        revision: DF.Int
        status: DF.Literal["Queued", "Waiting", "Held", "Sending", "Done", "Dead", "Superseded", "Cancelled"]
        store: DF.Link | None
        title: DF.Data | None
        waits_for: DF.Table[CommandDependency]
    # end: auto-generated types

    def on_trash(self):
        if self.status in ("Queued", "Waiting", "Held", "Sending", "Dead"):
            frappe.throw(_("{0} is not finished. Cancel it first.").format(self.name))

    @staticmethod
    def clear_old_logs(days: int = 180):
        delete_in_batches(
            "Outbound Client Command",
            """select name from `tabOutbound Client Command`
            where creation < %(cutoff)s and status in ('Done', 'Superseded', 'Cancelled') limit %(batch)s""",
            days,
        )
        delete_in_batches(
            "Command Dependency",
            """select dependency.name from `tabCommand Dependency` dependency
            left join `tabOutbound Client Command` command on command.name = dependency.parent
            where dependency.creation < %(cutoff)s and command.name is null limit %(batch)s""",
            days,
        )


def on_doctype_update():
    frappe.db.add_index("Outbound Client Command", ["erp_instance", "status", "due"], "lease_queue")
    frappe.db.add_index("Outbound Client Command", ["erp_connection", "status", "due"], "connection_queue")
    frappe.db.add_index("Outbound Client Command", ["lane", "status"], "lane_status")
    frappe.db.add_index("Outbound Client Command", ["status", "lease_until"], "lease_expiry")
    frappe.db.add_index("Outbound Client Command", ["status", "created"], "parked")
    make_name_sequence()


def make_name_sequence() -> None:
    """Also after a restore that lost it: the sequence never gives a name that is taken."""
    create_sequence("Outbound Client Command", slug="_name_seq", check_not_exists=True)
    (last,) = frappe.db.sql(
        """select max(cast(substring(name, 12) as unsigned)) from `tabOutbound Client Command`
        where name like 'SM-COMMAND-%'"""
    )[0]
    # A value below the current one changes nothing.
    if cint(last):
        set_next_val("Outbound Client Command", cint(last), slug="_name_seq", is_val_used=True)
