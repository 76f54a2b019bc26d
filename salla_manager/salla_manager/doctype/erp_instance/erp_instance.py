import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime

from salla_manager.adapters.instance_store import ROTATION_DAYS, fingerprint_of
from salla_manager.adapters.secrets import keep_in, keep_typed, read_secret
from salla_manager.contract import new_secret
from salla_manager.salla_manager.addresses import checked_url
from salla_manager.tasks import wake_release

SHORTEST_SECRET = 32


class ERPInstance(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        breaker_open_until: DF.Int
        breaker_reason: DF.SmallText | None
        breaker_status: DF.Literal["Closed", "Open"]
        breaker_until: DF.Datetime | None
        consecutive_failures: DF.Int
        enabled: DF.Check
        last_success: DF.Datetime | None
        pairing_code: DF.Password | None
        pairing_code_until: DF.Datetime | None
        pending_secret: DF.Password | None
        previous_secret: DF.Password | None
        previous_secret_until: DF.Datetime | None
        release_until: DF.Int
        secret_fingerprint: DF.Data | None
        secret_since: DF.Datetime | None
        shared_secret: DF.Password | None
        title: DF.Data
        upsert_brand: DF.Check
        upsert_category: DF.Check
        upsert_customer: DF.Check
        upsert_order: DF.Check
        upsert_order_status: DF.Check
        upsert_product: DF.Check
        upsert_variant: DF.Check
        url: DF.Data
    # end: auto-generated types

    def validate(self):
        self.url = checked_url(self.url, _("URL"))
        if not self.shared_secret:
            self.shared_secret = read_secret(self.doctype, self.name, "shared_secret") or new_secret()
        if not self.is_dummy_password(self.shared_secret):
            self.take_secret(self.shared_secret)
        keep_typed(self)

    def take_secret(self, secret: str):
        """Remember the secret before it, and refuse one that another instance has: a signature names no instance."""
        if len(secret) < SHORTEST_SECRET or not secret.isascii():
            frappe.throw(_("The shared secret needs at least {0} ASCII characters.").format(SHORTEST_SECRET))
        fingerprint = fingerprint_of(secret)
        filters = {"secret_fingerprint": fingerprint, "name": ("!=", self.name or "")}
        if frappe.db.exists("ERP Instance", filters):
            frappe.throw(_("Another ERP Instance has this shared secret. Each one needs its own."))
        before = read_secret(self.doctype, self.name, "shared_secret")
        if before and before != secret:
            keep_in(self, "previous_secret", before)
            self.previous_secret_until = add_days(now_datetime(), ROTATION_DAYS)
        if before != secret:
            self.secret_since = now_datetime()
        keep_in(self, "shared_secret", secret)
        self.secret_fingerprint = fingerprint

    def on_update(self):
        wake_release()

    def rotate_secret(self) -> str:
        """Make a new secret and give it, once: it is shown nowhere else."""
        secret = self.make_secret()
        self.save()
        return secret

    def make_secret(self) -> str:
        self.shared_secret = new_secret()
        return self.shared_secret
