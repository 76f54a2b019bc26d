"""The part of Salla Executor Settings that says how orders are written: maps, policies, and what differs by store."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt

from salla_executor.core.model import TaxRule
from salla_executor.erpnext import companies
from salla_executor.erpnext.item_settings import currency_of

SUBMIT = "Submit when the money agrees"
CHANGED_ORDERS = {
    "Update its lines where ERPNext allows it": "update",
    "Update its lines, else cancel and amend": "amend",
}
RETURNS = {
    "Draft credit note": frozenset({"draft", "credit"}),
    "Credit note": frozenset({"credit"}),
    "Stock back": frozenset({"stock"}),
    "Credit note and stock back": frozenset({"credit", "stock"}),
}
# Fields of Shop Defaults that stand in for those of the settings as they are.
OF_STORE = (
    "company",
    "warehouse",
    "price_list",
    "cost_center",
    "naming_series",
    "item_group",
    "customer_group",
    "territory",
    "guest_customer",
    "delivery_days",
    "tax_account",
    "shipping_account",
    "cod_account",
    "tax_invoice_by",
)
# Fields of a store that its company has to own.
POSTING_FIELDS = (
    ("warehouse", "Warehouse"),
    ("cost_center", "Cost Center"),
    ("tax_account", "Account"),
    ("shipping_account", "Account"),
    ("cod_account", "Account"),
)


def order_settings(doc: Document) -> dict[str, Any]:
    """Fields of the core's Settings; reads nothing but what is cached."""
    return {
        "shipping_item": doc.shipping_item or "",
        "cod_item": doc.cod_item or "",
        "rounding_account": doc.rounding_account or "",
        "tax_invoice_by": doc.tax_invoice_by or "ERP",
        "changed_orders": CHANGED_ORDERS.get(doc.changed_orders, "ask"),
        "follow_ups_submitted": doc.follow_up_documents == "Submitted",
        "full_return": RETURNS.get(doc.full_return, frozenset()),
        "partial_return": RETURNS.get(doc.partial_return, frozenset()),
        "taxes": tuple(_tax(row) for row in doc.get("taxes") or ()),
        "branches": {(row.store or "", row.branch): row.warehouse for row in doc.get("branches") or ()},
        "payment_methods": {
            (row.store or "", row.method): row.mode_of_payment for row in doc.get("payment_methods") or ()
        },
        "customer_groups": {
            (row.store or "", row.shop_group): row.customer_group for row in doc.get("customer_groups") or ()
        },
        "territories": {(row.store or "", row.region): row.territory for row in doc.get("territories") or ()},
        "shops": {row.store: _of_store(row) for row in doc.get("shops") or ()},
    }


def _tax(row: Document) -> TaxRule:
    owner = (
        ("Item Tax Template", row.item_tax_template) if row.item_tax_template else ("Account", row.account)
    )
    company = frappe.get_cached_value(*owner, "company") if owner[1] else ""
    return TaxRule(
        rate=Decimal(str(flt(row.rate, 3))).normalize(),
        reason_code=(row.reason_code or "").strip(),
        account=row.account or "",
        template=row.item_tax_template or "",
        company=company or "",
    )


def _of_store(row: Document) -> dict[str, Any]:
    own = {field: row.get(field) for field in OF_STORE if row.get(field)}
    if row.order_policy:
        own["submit_orders"] = row.order_policy == SUBMIT
    if row.price_list:
        own["price_list_currency"] = currency_of(row.price_list)
    if row.company:
        own["company_currency"] = companies.currency_of(row.company)
        own["company_country"] = companies.country_of(row.company)
    return own


def order_problems(doc: Document) -> list[str]:
    """One sentence per row that no order can be written by."""
    found = [_store_problem(row, doc) for row in doc.get("shops") or ()]
    found += [_tax_problem(row, doc) for row in doc.get("taxes") or ()]
    found += [_group_problem(row) for row in doc.get("customer_groups") or ()]
    stores = [row.store for row in doc.get("shops") or ()]
    found += [
        _("Shop Defaults: {0} has more than one row. Keep one.").format(store)
        for store in sorted(set(stores))
        if stores.count(store) > 1
    ]
    return [problem for problem in found if problem]


def _store_problem(row: Document, doc: Document) -> str:
    company = row.company or doc.company
    for field, doctype in POSTING_FIELDS:
        name = row.get(field)
        owner = frappe.get_cached_value(doctype, name, "company") if name else company
        if owner != company:
            return _("Shop Defaults, row {0}: {1} belongs to company {2}, not to {3}.").format(
                row.idx, name, owner, company
            )
    return ""


def _tax_problem(row: Document, doc: Document) -> str:
    """The template has to say what the row says, since ERPNext calculates by the template."""
    if not row.item_tax_template:
        return ""
    template = frappe.get_cached_doc("Item Tax Template", row.item_tax_template)
    account = row.account or _vat_account(template.company, doc)
    if any(tax.tax_type == account and flt(tax.tax_rate, 3) == flt(row.rate, 3) for tax in template.taxes):
        return ""
    return _("Taxes, row {0}: Item Tax Template {1} does not say {2} % for the account {3}.").format(
        row.idx, template.name, row.rate, account
    )


def _group_problem(row: Document) -> str:
    """Newer ERPNext takes no Customer into it."""
    if frappe.get_cached_value("Customer Group", row.customer_group, "is_group"):
        return _(
            "Customer Groups, row {0}: {1} is a group of groups. Choose one that has none below it."
        ).format(row.idx, row.customer_group)
    return ""


def _vat_account(company: str, doc: Document) -> str:
    own = (row.tax_account for row in doc.get("shops") or () if row.company == company and row.tax_account)
    return next(own, doc.tax_account)
