"""Shipping and cash on delivery on a Sales Order: charges, or lines with Items of their own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from frappe.model.document import Document

from salla_executor.core.mapping.order_lines import CASH_ON_DELIVERY, FEE_LINES, SHIPPING
from salla_executor.core.model import Settings
from salla_executor.erpnext.documents import money


def fee_charges(doc: Document, settings: Settings) -> list[tuple[str, Document]]:
    """Name and row. The text tells charges on one account apart, and the fee once the settings have another account."""
    accounts = {settings.cod_account: CASH_ON_DELIVERY, settings.shipping_account: SHIPPING}
    named = (
        (row.description if row.description in FEE_LINES else accounts.get(row.account_head), row)
        for row in doc.taxes
    )
    return [(name, row) for name, row in named if name]


def fee_lines(doc: Document) -> list[Document]:
    return [row for row in doc.items if row.shop_line in FEE_LINES]


def fees_of(doc: Document, settings: Settings) -> dict[str, Any]:
    """The fields of core's SavedOrder that concern fees."""
    charged: dict[str, Decimal] = {}
    for name, row in fee_charges(doc, settings):
        amount = money(row.tax_amount_after_discount_amount, doc.precision("grand_total"))
        charged[name] = charged.get(name, Decimal(0)) + amount
    return {"fees": charged, "fee_lines": frozenset(row.shop_line for row in fee_lines(doc))}
