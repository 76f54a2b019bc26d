"""The executor's one settings page: the hub it obeys and where documents go."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cstr

from salla_executor.erpnext.flagged_orders import FIELDS, TABLES, ask_again_later
from salla_executor.erpnext.hub import is_safe_address
from salla_executor.erpnext.order_settings import POSTING_FIELDS as OF_EACH_STORE
from salla_executor.erpnext.order_settings import order_problems
from salla_executor.erpnext.secrets import keep_typed
from salla_executor.setup.integration_user import grant_on_demand

# Without these nothing can be applied.
REQUIRED = (
    "instance_id",
    "shared_secret",
    "integration_user",
    "company",
    "warehouse",
    "price_list",
    "item_group",
    "stock_uom",
    "customer_group",
    "territory",
    "tax_account",
    "shipping_account",
    "cod_account",
    "cost_center",
)
POSTING_FIELDS = (*OF_EACH_STORE, ("rounding_account", "Account"))


def _rows(doc: Document, table: str) -> list[dict]:
    # Texts, as a form gives some numbers.
    return [
        {field: cstr(value) for field, value in row.as_dict(no_default_fields=True).items() if value}
        for row in doc.get(table)
    ]


class SallaExecutorSettings(Document):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        from salla_executor.salla_executor.doctype.item_field_owner.item_field_owner import ItemFieldOwner
        from salla_executor.salla_executor.doctype.shop_branch.shop_branch import ShopBranch
        from salla_executor.salla_executor.doctype.shop_customer_group.shop_customer_group import (
            ShopCustomerGroup,
        )
        from salla_executor.salla_executor.doctype.shop_defaults.shop_defaults import ShopDefaults
        from salla_executor.salla_executor.doctype.shop_payment_method.shop_payment_method import (
            ShopPaymentMethod,
        )
        from salla_executor.salla_executor.doctype.shop_price_list.shop_price_list import ShopPriceList
        from salla_executor.salla_executor.doctype.shop_tax.shop_tax import ShopTax
        from salla_executor.salla_executor.doctype.shop_territory.shop_territory import ShopTerritory

        barcode_match: DF.Literal["Ask a person", "Link the Item"]
        branches: DF.Table[ShopBranch]
        changed_orders: DF.Literal[
            "A person decides",
            "Update its lines where ERPNext allows it",
            "Update its lines, else cancel and amend",
        ]
        cod_account: DF.Link | None
        cod_item: DF.Link | None
        company: DF.Link | None
        company_group: DF.Link | None
        cost_center: DF.Link | None
        customer_group: DF.Link | None
        customer_groups: DF.Table[ShopCustomerGroup]
        customer_policy: DF.Literal[
            "Reference only", "Reference, then phone", "Reference, then phone and e-mail"
        ]
        delivery_days: DF.Int
        follow_up_documents: DF.Literal["Draft", "Submitted"]
        full_return: DF.Literal[
            "Off", "Draft credit note", "Credit note", "Stock back", "Credit note and stock back"
        ]
        guest_customer: DF.Link | None
        guest_policy: DF.Literal["A Customer for each guest", "One Customer for all guests"]
        instance_id: DF.Data | None
        integration_user: DF.Link | None
        is_enabled: DF.Check
        item_field_owners: DF.Table[ItemFieldOwner]
        item_group: DF.Link | None
        manager_base_url: DF.Data | None
        money_tolerance: DF.Float
        order_policy: DF.Literal["Draft", "Submit when the money agrees"]
        partial_return: DF.Literal[
            "Off", "Draft credit note", "Credit note", "Stock back", "Credit note and stock back"
        ]
        payment_methods: DF.Table[ShopPaymentMethod]
        previous_secret: DF.Password | None
        previous_secret_expires_at: DF.Datetime | None
        price_list: DF.Link | None
        price_lists: DF.Table[ShopPriceList]
        rounding_account: DF.Link | None
        shared_secret: DF.Password | None
        shipping_account: DF.Link | None
        shipping_item: DF.Link | None
        shops: DF.Table[ShopDefaults]
        stock_uom: DF.Link | None
        task_user: DF.Link | None
        tax_account: DF.Link | None
        tax_invoice_by: DF.Literal["ERP", "Shop"]
        taxes: DF.Table[ShopTax]
        territories: DF.Table[ShopTerritory]
        territory: DF.Link | None
        timezone: DF.Data | None
        warehouse: DF.Link | None
    # end: auto-generated types

    def validate(self):
        self.validate_required()
        self.validate_posting_fields()
        self.validate_address()
        self.validate_secret()
        self.validate_timezone()
        self.validate_guests()
        keep_typed(self)

    def on_update(self):
        if self.has_value_changed("changed_orders") and self.changed_orders != "A person decides":
            grant_on_demand("Sales Order")
        if self.has_value_changed("partial_return") and self.partial_return != "Off":
            grant_on_demand("Delivery Note", "Sales Invoice")
        if self.has_value_changed("task_user") and self.task_user:
            grant_on_demand("ToDo")
        if self.writes_orders_anew():
            ask_again_later()

    def writes_orders_anew(self) -> bool:
        """Whether an order's money may come out otherwise than before this save."""
        before = self.get_doc_before_save()
        return before is not None and (
            any(self.has_value_changed(field) for field in FIELDS)
            or any(_rows(before, table) != _rows(self, table) for table in TABLES)
        )

    def missing_fields(self) -> list[str]:
        """Labels of what has to be filled before commands can be applied."""
        return [_(self.meta.get_label(field)) for field in REQUIRED if not self.get(field)]

    def validate_required(self):
        missing = self.missing_fields()
        if self.is_enabled and missing:
            frappe.throw(
                _("Fill these fields before you enable the executor: {0}.").format(", ".join(missing)),
                title=_("Fields are missing"),
            )

    def validate_posting_fields(self):
        for problem in self.posting_problems():
            frappe.throw(problem)

    def posting_problems(self) -> list[str]:
        """One sentence per field that no document of the company can be posted to."""
        found = (self.posting_problem(field, doctype) for field, doctype in POSTING_FIELDS if self.get(field))
        return [*(problem for problem in found if problem), *order_problems(self)]

    def posting_problem(self, field: str, doctype: str) -> str:
        name, label = self.get(field), _(self.meta.get_label(field))
        row = frappe.db.get_value(doctype, name, ["company", "is_group", "disabled"], as_dict=True)
        if not row:
            return _("{0}: {1} does not exist any more. Choose another.").format(label, name)
        if row.disabled:
            return _("{0}: {1} is disabled. Enable it or choose another.").format(label, name)
        if row.is_group:
            return _("{0}: {1} is a group. Choose one that can be posted to.").format(label, name)
        if self.company and row.company != self.company:
            return _("{0}: {1} belongs to company {2}. Choose one of {3}.").format(
                label, name, row.company, self.company
            )
        return ""

    def validate_address(self):
        self.manager_base_url = (self.manager_base_url or "").strip().rstrip("/")
        if self.manager_base_url and not is_safe_address(self.manager_base_url):
            frappe.throw(
                _(
                    "Manager Base URL: {0} is not a hub's address. Write it as https://hub.example.com;"
                    " http is taken for this machine only."
                ).format(self.manager_base_url)
            )

    def validate_secret(self):
        secret = self.shared_secret or ""
        # Stars stand for a stored secret that is not being changed.
        if secret and set(secret) != {"*"} and len(secret) < 32:
            frappe.throw(_("Shared Secret: it has to have 32 characters or more. Copy it from the hub."))

    def validate_timezone(self):
        try:
            ZoneInfo(self.timezone or "Asia/Riyadh")
        except (ZoneInfoNotFoundError, ValueError):
            frappe.throw(_("Time Zone: {0} is not known. Write it like Asia/Riyadh.").format(self.timezone))

    def validate_guests(self):
        if self.guest_policy == "One Customer for all guests" and not self.guest_customer:
            frappe.throw(_("Guests: choose the Guest Customer that takes their orders."))
