"""Fill the settings that are still empty with what this company has; what is not there is made."""

from __future__ import annotations

import frappe
from frappe import _

from salla_executor.erpnext.settings import DOCTYPE
from salla_executor.setup.integration_user import INTEGRATION_USER

# Kind of account, its English name for a new one, rate in percent, and the name of its group.
ACCOUNTS = {
    "tax_account": ("Tax", "VAT 15%", 15, "Duties and Taxes"),
    "shipping_account": ("Income Account", "Shop Shipping", 0, "Direct Income"),
    "cod_account": ("Income Account", "Shop Cash on Delivery Fees", 0, "Direct Income"),
}


def fill_defaults(company: str | None = None) -> list[str]:
    """Returns one sentence per field that was filled. A field that holds something is left alone."""
    settings = frappe.get_doc(DOCTYPE)
    company = _company(settings.company or company)
    found = {
        "integration_user": INTEGRATION_USER if frappe.db.exists("User", INTEGRATION_USER) else None,
        "company": company,
        "warehouse": _warehouse(company),
        "price_list": _price_list(),
        "cost_center": frappe.db.get_value("Company", company, "cost_center"),
        "item_group": _root("Item Group"),
        "stock_uom": frappe.db.get_single_value("Stock Settings", "stock_uom") or "Nos",
        "customer_group": _leaf("Customer Group", "Individual"),
        "territory": _territory(company),
    }
    done = []
    for field, value in found.items():
        if value and not settings.get(field):
            settings.set(field, value)
            done.append(_("{0}: {1}").format(_(settings.meta.get_label(field)), value))
    for field in ACCOUNTS:
        if not settings.get(field):
            account, is_new = _account(company, field)
            settings.set(field, account)
            text = _("{0}: {1} (new account)") if is_new else _("{0}: {1}")
            done.append(text.format(_(settings.meta.get_label(field)), account))
    if done:
        settings.save()
    return done


def _company(name: str | None) -> str:
    if name and frappe.db.exists("Company", name):
        return name
    companies = frappe.get_all("Company", filters={"is_group": 0}, pluck="name")
    if not companies:
        frappe.throw(_("There is no company yet. Finish the setup of ERPNext first."))
    if name:
        frappe.throw(_("Company {0} was not found. Name one of: {1}.").format(name, ", ".join(companies)))
    if len(companies) > 1:
        frappe.throw(_("Say which company the orders belong to: {0}.").format(", ".join(companies)))
    return companies[0]


def _warehouse(company: str) -> str | None:
    default = frappe.db.get_single_value("Stock Settings", "default_warehouse")
    if default and frappe.db.get_value("Warehouse", default, "company") == company:
        return default
    own = {"company": company, "is_group": 0, "disabled": 0}
    stores = {**own, "warehouse_name": ("in", ("Stores", _("Stores")))}
    return frappe.db.get_value("Warehouse", stores) or frappe.db.get_value("Warehouse", own)


def _price_list() -> str | None:
    default = frappe.db.get_single_value("Selling Settings", "selling_price_list")
    return default or frappe.db.get_value("Price List", {"selling": 1, "enabled": 1})


def _territory(company: str) -> str | None:
    country = frappe.db.get_value("Company", company, "country")
    default = frappe.db.get_single_value("Selling Settings", "territory")
    return frappe.db.get_value("Territory", country) or default or _leaf("Territory", "All Territories")


def _root(doctype: str) -> str | None:
    rows = frappe.get_all(doctype, filters={"is_group": 1}, order_by="lft", limit=1, pluck="name")
    return rows[0] if rows else None


def _leaf(doctype: str, name: str) -> str | None:
    for wanted in (name, _(name)):
        if frappe.db.exists(doctype, wanted):
            return wanted
    return frappe.db.get_value(doctype, {"is_group": 0})


def _account(company: str, field: str) -> tuple[str, bool]:
    """An account of that name, for VAT also one of that rate; else a new one."""
    kind, title, rate, group = ACCOUNTS[field]
    own = {"company": company, "is_group": 0, "disabled": 0}
    found = frappe.db.get_value("Account", {**own, "account_name": title})
    if not found and rate:
        found = frappe.db.get_value("Account", {**own, "account_type": kind, "tax_rate": rate})
    if found:
        return found, False
    account = frappe.new_doc("Account")
    account.account_name = title
    account.company = company
    account.parent_account = _account_group(company, group, kind)
    account.account_type = kind
    account.tax_rate = rate
    account.insert()
    return account.name, True


def _account_group(company: str, name: str, kind: str) -> str:
    own = {"company": company, "is_group": 1}
    root = "Liability" if kind == "Tax" else "Income"
    for filters in (
        {"account_name": ("in", (name, _(name)))},
        {"account_type": kind, "root_type": root},
        {"root_type": root, "parent_account": ("is", "set")},
        {"root_type": root},
    ):
        found = frappe.db.get_value("Account", {**own, **filters}, order_by="lft")
        if found:
            break
    else:
        frappe.throw(_("Company {0} has no chart of accounts. Set it up in ERPNext first.").format(company))
    return found
