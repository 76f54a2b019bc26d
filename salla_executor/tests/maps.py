"""Maps and defaults of Salla Executor Settings for a while, and the ERPNext records that they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe

from salla_executor.erpnext.settings import DOCTYPE


@contextmanager
def tables(**rows: list[dict[str, Any]]) -> Iterator[None]:
    """Child tables of the settings; committed, since a command starts with a rollback."""
    before = {name: [row.as_dict(no_default_fields=True) for row in _settings().get(name)] for name in rows}
    set_tables(rows)
    try:
        yield
    finally:
        frappe.db.rollback()
        set_tables(before)


def set_tables(rows: dict[str, list[dict[str, Any]]]) -> None:
    settings = _settings()
    for name, values in rows.items():
        settings.set(name, values)
    settings.save()
    frappe.db.commit()


def _settings() -> Any:
    return frappe.get_doc(DOCTYPE)


def tax_template(title: str, rate: float, account: str = "") -> str:
    """An Item Tax Template of the settings' company."""
    account = account or _settings().tax_account
    company = frappe.db.get_value("Account", account, "company")
    found = frappe.db.get_value("Item Tax Template", {"title": title, "company": company})
    if found:
        return found
    doc = frappe.new_doc("Item Tax Template")
    doc.title, doc.company = title, company
    doc.append("taxes", {"tax_type": account, "tax_rate": rate})
    doc.insert()
    frappe.db.commit()
    return doc.name


def saudi_taxes() -> list[dict[str, Any]]:
    """15 %, zero-rated and exempt, each with a template of its own."""
    return [
        {"rate": 15, "item_tax_template": tax_template("Shop VAT 15", 15)},
        {"rate": 0, "reason_code": "VATEX-SA-32", "item_tax_template": tax_template("Shop Zero Rated", 0)},
        {"rate": 0, "reason_code": "VATEX-SA-29", "item_tax_template": tax_template("Shop Exempt", 0)},
        {"rate": 0, "item_tax_template": tax_template("Shop No VAT", 0)},
    ]


def account(title: str, kind: str = "Income Account") -> str:
    """An account of the settings' company, beside its shipping account."""
    beside = frappe.get_doc("Account", _settings().shipping_account)
    found = frappe.db.get_value("Account", {"account_name": title, "company": beside.company})
    if found:
        return found
    doc = frappe.new_doc("Account")
    doc.account_name, doc.account_type = title, kind
    doc.company, doc.parent_account = beside.company, beside.parent_account
    doc.insert()
    frappe.db.commit()
    return doc.name


def warehouse(title: str, company: str = "") -> str:
    company = company or _settings().company
    found = frappe.db.get_value("Warehouse", {"warehouse_name": title, "company": company})
    if found:
        return found
    doc = frappe.new_doc("Warehouse")
    doc.warehouse_name, doc.company = title, company
    doc.insert()
    frappe.db.commit()
    return doc.name


def mode_of_payment(name: str) -> str:
    if not frappe.db.exists("Mode of Payment", name):
        doc = frappe.new_doc("Mode of Payment")
        doc.mode_of_payment, doc.type = name, "Bank"
        doc.insert()
        frappe.db.commit()
    return name
