import frappe
from frappe import _
from frappe.model.document import Document

from salla_manager.adapters.secrets import keep_typed
from salla_manager.salla_manager.addresses import checked_url
from salla_manager.tasks import wake_release

# Between the answer of the slowest ERP and the end of the lease.
LEASE_MARGIN = 10


class SallaManagerSettings(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        allow_private_addresses: DF.Check
        breaker_failures: DF.Int
        breaker_probe_seconds: DF.Float
        connect_timeout: DF.Float
        hub_url: DF.Data | None
        lease_seconds: DF.Int
        live_database: DF.Data | None
        live_site: DF.Data | None
        live_site_id: DF.Data | None
        payload_retention_days: DF.Int
        read_timeout: DF.Float
        release_per_minute: DF.Int
        retry_backoff_seconds: DF.Float
        retry_cap_seconds: DF.Float
        retry_max_attempts: DF.Int
        salla_accounts_url: DF.Data
        salla_api_url: DF.Data
        salla_client_id: DF.Data | None
        salla_client_secret: DF.Password | None
        salla_webhook_secret: DF.Password | None
        salla_webhook_secret_previous: DF.Password | None
        timestamp_window: DF.Int
        total_timeout: DF.Float
        upsert_brand: DF.Check
        upsert_category: DF.Check
        upsert_customer: DF.Check
        upsert_order: DF.Check
        upsert_order_status: DF.Check
        upsert_product: DF.Check
        upsert_variant: DF.Check
        webhook_body_limit: DF.Int
    # end: auto-generated types

    def validate(self):
        self.salla_api_url = checked_url(self.salla_api_url, _("API Base URL"))
        self.salla_accounts_url = checked_url(self.salla_accounts_url, _("Accounts URL"))
        if self.hub_url:
            self.hub_url = checked_url(self.hub_url, _("Hub URL"))
        self.check_times()
        keep_typed(self)

    def on_update(self):
        wake_release()

    def check_times(self):
        if self.lease_seconds < self.total_timeout + LEASE_MARGIN:
            frappe.throw(
                _("The lease has to be at least {0} seconds longer than the whole request.").format(
                    LEASE_MARGIN
                )
            )
        if not 30 <= self.timestamp_window <= 300:
            frappe.throw(_("The clock window has to lie between 30 and 300 seconds."))
