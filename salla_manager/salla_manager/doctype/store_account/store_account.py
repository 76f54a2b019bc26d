from zoneinfo import available_timezones

import frappe
from frappe import _
from frappe.model.document import Document

from salla_manager.adapters.config_store import PLATFORMS
from salla_manager.adapters.secrets import keep_typed
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.salla_manager.addresses import checked_url
from salla_manager.tasks import wake_events, wake_release


class StoreAccount(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        access_alarm: DF.SmallText | None
        activity: DF.LongText | None
        app_changed: DF.Int
        app_changed_at: DF.Datetime | None
        app_status: DF.Literal["", "Installed", "Uninstalled"]
        base_url: DF.Data | None
        changes_every: DF.Int
        currency: DF.Link | None
        customer_account: DF.Link | None
        enabled: DF.Check
        erp_instance: DF.Link | None
        merchant_id: DF.Data
        plan: DF.Data | None
        plan_changed: DF.Int
        plan_status: DF.Literal["", "Trial", "Active", "Expired", "Canceled"]
        plan_until: DF.Date | None
        platform: DF.Literal["Salla", "WooCommerce", "Shopware"]
        prices_include_tax: DF.Literal["", "Yes", "No"]
        silence: DF.SmallText | None
        silent_since: DF.Datetime | None
        store_name: DF.Data
        time_zone: DF.Data | None
        token_error: DF.SmallText | None
        token_expires_at: DF.Datetime | None
        token_scope: DF.SmallText | None
        tokens: DF.Password | None
        webhook_problem: DF.SmallText | None
        webhooks_checked_at: DF.Datetime | None
    # end: auto-generated types

    def validate(self):
        self.merchant_id = (self.merchant_id or "").strip()
        self.base_url = checked_url(self.base_url, _("API URL")) if self.base_url else None
        self.check_merchant()
        self.check_time_zone()
        keep_typed(self)

    def on_update(self):
        # What came before the store was known is worked off now.
        platform = PLATFORMS[self.platform]
        if FrappeHubStore().adopt_events(platform, self.merchant_id, self.name):
            wake_events()
        wake_release()

    def check_merchant(self):
        other = frappe.db.get_value(
            "Store Account",
            {"platform": self.platform, "merchant_id": ("=", self.merchant_id), "name": ("!=", self.name)},
        )
        if other:
            frappe.throw(_("The merchant {0} belongs to {1} already.").format(self.merchant_id, other))

    def check_time_zone(self):
        self.time_zone = (self.time_zone or "").strip() or "Asia/Riyadh"
        if self.time_zone not in available_timezones() | {"Asia/Riyadh"}:
            frappe.throw(
                _("There is no time zone {0}; it is written like Asia/Riyadh.").format(self.time_zone)
            )


def on_doctype_update():
    frappe.db.add_unique("Store Account", ["platform", "merchant_id"], "platform_merchant")
