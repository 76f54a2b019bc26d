import frappe
from frappe import _
from frappe.model.document import Document

from salla_manager.adapters import erp_connection_config
from salla_manager.adapters.erp_connection_store import ACTIVE
from salla_manager.adapters.rows import key_of
from salla_manager.tasks import wake_release


class ERPConnection(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        from salla_manager.salla_manager.doctype.erp_connection_route.erp_connection_route import (
            ERPConnectionRoute,
        )

        active_key: DF.Data | None
        breaker_open_until: DF.Int
        breaker_reason: DF.SmallText | None
        breaker_status: DF.Literal["Closed", "Open"]
        breaker_until: DF.Datetime | None
        config: DF.Password | None
        connector_type: DF.Autocomplete
        consecutive_failures: DF.Int
        customer_account: DF.Link
        last_success: DF.Datetime | None
        last_test: DF.Datetime | None
        release_until: DF.Int
        routes: DF.Table[ERPConnectionRoute]
        status: DF.Literal["ACTIVE", "DISABLED"]
        test_error: DF.SmallText | None
        test_latency_ms: DF.Int
        test_ok: DF.Check
        title: DF.Data
    # end: auto-generated types

    def validate(self):
        self.check_routes()
        self.check_only_active()
        erp_connection_config.keep_typed(self)

    def check_routes(self):
        for row in self.routes:
            owner = row.store and frappe.db.get_value("Store Account", row.store, "customer_account")
            if row.store and owner != self.customer_account:
                frappe.throw(
                    _(
                        "Row {0}: {1} is no store of {2}. Choose one of its, or leave it empty for all."
                    ).format(row.idx, row.store, self.customer_account)
                )

    def check_only_active(self):
        """The unique key holds it too, against two who save at once."""
        is_active = self.status == ACTIVE
        self.active_key = key_of(self.customer_account, self.connector_type) if is_active else None
        filters = {"active_key": self.active_key, "name": ("!=", self.name or "")}
        other = frappe.db.get_value(self.doctype, filters) if is_active else None
        if other:
            frappe.throw(
                _("{0} is the active {1} of {2} already. Disable it first, or add a route there.").format(
                    other, self.connector_type, self.customer_account
                )
            )

    def on_update(self):
        wake_release()
