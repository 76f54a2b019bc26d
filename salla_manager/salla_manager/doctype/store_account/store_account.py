import re
from zoneinfo import available_timezones

import frappe
from frappe import _
from frappe.model.document import Document

from salla_manager.adapters.config_store import PLATFORMS
from salla_manager.adapters.connecting import webhook_url
from salla_manager.adapters.secrets import keep_typed
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.platforms.woocommerce.site import merchant_id
from salla_manager.platforms.woocommerce.webhooks import TOPICS
from salla_manager.salla_manager.addresses import checked_shop, checked_url
from salla_manager.tasks import wake_events, wake_release

# More than a shop's server bears, and far less than a typing error makes.
MOST_CALLS = 6000


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
        calls_per_minute: DF.Int
        changes_every: DF.Int
        consumer_key: DF.Password | None
        consumer_secret: DF.Password | None
        currency: DF.Link | None
        customer_account: DF.Link | None
        enabled: DF.Check
        erp_instance: DF.Link | None
        last_sync_at: DF.Datetime | None
        last_sync_error: DF.SmallText | None
        merchant_id: DF.Data | None
        plan: DF.Data | None
        plan_changed: DF.Int
        plan_status: DF.Literal["", "Trial", "Active", "Expired", "Canceled"]
        plan_until: DF.Date | None
        platform: DF.Literal["Salla", "WooCommerce", "Shopware"]
        prices_include_tax: DF.Literal["", "Yes", "No"]
        query_auth: DF.Check
        read_orders: DF.Check
        read_products: DF.Check
        shop_problem: DF.SmallText | None
        silence: DF.SmallText | None
        silent_since: DF.Datetime | None
        store_name: DF.Data
        test_result: DF.Literal["", "Passed", "Failed"]
        test_steps: DF.LongText | None
        tested_at: DF.Datetime | None
        time_zone: DF.Data | None
        token_error: DF.SmallText | None
        token_expires_at: DF.Datetime | None
        token_scope: DF.SmallText | None
        tokens: DF.Password | None
        webhook_problem: DF.SmallText | None
        webhook_secret: DF.Password | None
        webhooks_checked_at: DF.Datetime | None
    # end: auto-generated types

    def onload(self):
        self.set_onload("webhook_url", webhook_url(self.name, self.platform))
        self.set_onload("webhook_topics", TOPICS)

    def validate(self):
        self.merchant_id = (self.merchant_id or "").strip()
        if self.platform == "WooCommerce":
            self.check_woocommerce()
        else:
            self.base_url = checked_url(self.base_url, _("API URL")) if self.base_url else None
        self.check_merchant()
        self.check_time_zone()
        keep_typed(self)

    def on_update(self):
        # What came before the store was known is worked off now.
        platform = PLATFORMS[self.platform]
        hub = FrappeHubStore()
        # What was switched off meanwhile goes on, too.
        if hub.adopt_events(platform, self.merchant_id, self.name) + hub.resume_events(self.name):
            wake_events()
        wake_release()

    def check_woocommerce(self):
        self.base_url = checked_shop(self.base_url)
        # Kept when the shop moves: what was read of it stays its own.
        self.merchant_id = self.merchant_id or merchant_id(self.base_url)[:140]
        for fieldname in ("consumer_key", "consumer_secret"):
            if not self.get(fieldname):
                label = _(self.meta.get_label(fieldname))
                frappe.throw(
                    _("{0} is missing. Make a key in WooCommerce.").format(label), frappe.MandatoryError
                )
        if (self.calls_per_minute or 0) > MOST_CALLS:
            frappe.throw(_("Calls per Minute: at most {0}.").format(MOST_CALLS))
        check_webhook_secret(self)

    def check_merchant(self):
        if not self.merchant_id:
            frappe.throw(
                _("Merchant ID is missing. It is the platform's own id of the shop."), frappe.MandatoryError
            )
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


def check_webhook_secret(doc):
    """WooCommerce decodes HTML in it, so anything but letters and digits may be another secret there."""
    typed = doc.webhook_secret or ""
    if typed and not doc.is_dummy_password(typed) and not re.fullmatch(r"[A-Za-z0-9]{32,140}", typed):
        frappe.throw(_("Webhook Secret: take 32 to 140 letters and digits, and nothing else."))


def on_doctype_update():
    frappe.db.add_unique("Store Account", ["platform", "merchant_id"], "platform_merchant")
