import frappe

from salla_manager.salla_manager.hub_row import HubRow


class ReconciliationFinding(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        command: DF.Link | None
        currency: DF.Data | None
        erp_document: DF.Data | None
        external_id: DF.Data | None
        hub_total: DF.Data | None
        reason: DF.SmallText | None
        record: DF.Link | None
        run: DF.Link | None
        shop_status: DF.Data | None
        shop_total: DF.Data | None
        state: DF.Literal[
            "Missing",
            "Different",
            "Dead",
            "Failed",
            "Held",
            "Waiting",
            "On Its Way",
            "Skipped",
            "Gone",
        ]
        title: DF.Data | None
        url: DF.SmallText | None
    # end: auto-generated types


def on_doctype_update():
    frappe.db.add_index("Reconciliation Finding", ["run", "state"], "run_state")
