"""Credit notes and goods back for what the buyer returned, from the order's own invoices and deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt

from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return as credit_note_of
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return as goods_back_of

from salla_executor.core.model import BusinessError, Saved, Settings
from salla_executor.core.values import ActionValues

# Kind of return -> the document it is made of, how it names the order, its row of the order, and what makes it.
SOURCES = {
    "credit": ("Sales Invoice", "sales_order", "so_detail", credit_note_of),
    "stock": ("Delivery Note", "against_sales_order", "so_detail", goods_back_of),
}


def full_return(doc: Document, values: ActionValues, settings: Settings) -> list[Saved]:
    return _returns(doc, None, settings.full_return)


def partial_return(doc: Document, values: ActionValues, settings: Settings) -> list[Saved]:
    """What came back beyond the returns that were made before."""
    lines = {row.name: row.shop_line for row in doc.items}
    unknown = set(values.returned) - set(lines.values())
    if unknown:
        raise BusinessError(
            "unknown_line",
            _("The shop says that lines came back which the order here does not have: {0}.").format(
                ", ".join(sorted(unknown))
            ),
        )
    return _returns(
        doc,
        {name: values.returned.get(line, Decimal(0)) for name, line in lines.items()},
        settings.partial_return,
    )


def _returns(doc: Document, wanted: Mapping[str, Decimal] | None, policy: frozenset[str]) -> list[Saved]:
    """wanted: units that came back by row of the order; None: all."""
    made = []
    for kind, source in SOURCES.items():
        if kind not in policy:
            continue
        found = _documents(source[0], source[1], doc.name)
        if not found:
            raise BusinessError("nothing_to_return", _nothing(source[0]))
        left = dict(wanted) if wanted is not None else None
        for name in found:
            made += _return_of(source, name, left, is_draft="draft" in policy)
    return made


def _nothing(doctype: str) -> str:
    return _(
        "The buyer returned goods, but this order has no submitted {0} to return from. Settle it by hand."
    ).format(_(doctype))


def _documents(doctype: str, field: str, order: str) -> list[str]:
    rows = frappe.get_all(
        f"{doctype} Item",
        filters={field: order, "docstatus": 1},
        pluck="parent",
        distinct=True,
        order_by="parent",
    )
    return [name for name in rows if not frappe.db.get_value(doctype, name, "is_return")]


def _return_of(source: tuple, name: str, left: dict[str, Decimal] | None, is_draft: bool) -> list[Saved]:
    doctype, _field, row_field, make = source
    if frappe.db.exists(doctype, {"return_against": name, "docstatus": 0}):
        return []
    document = make(name)
    sold = {row.name: row for row in frappe.get_doc(doctype, name).items}
    if left is not None:
        _keep_what_came_back(document, sold, row_field, left)
    document.items = [row for row in document.items if row.qty]
    if not document.items:
        return []
    if left is not None:
        _share_the_rest(document, sold)
    document.insert()
    if not is_draft:
        document.submit()
    return [Saved(doctype, document.name, "created")]


def _keep_what_came_back(
    document: Document, sold: dict[str, Document], row_field: str, left: dict[str, Decimal]
) -> None:
    """ERPNext proposes all that was not returned before; left is lowered by what this document takes."""
    link = "sales_invoice_item" if document.doctype == "Sales Invoice" else "dn_detail"
    for row in document.items:
        original = sold[row.get(link)]
        open_units = -flt(row.qty)
        before = flt(original.qty) - open_units
        due = max(float(left.get(original.get(row_field), 0)) - before, 0)
        row.qty = -min(due, open_units)
        row.stock_qty = row.qty * flt(row.conversion_factor or 1)
        left[original.get(row_field)] = max(
            left.get(original.get(row_field), Decimal(0)) - Decimal(str(before - row.qty)), Decimal(0)
        )


def _share_the_rest(document: Document, sold: dict[str, Document]) -> None:
    """Of a part only its own share of the document discount; fees for shipping and cash on delivery stay charged."""
    total = sum(flt(row.amount) for row in sold.values())
    share = sum(-flt(row.qty) * flt(row.rate) for row in document.items) / total if total else 0
    document.discount_amount = flt(document.discount_amount) * share
    if any(row.charge_type == "Actual" and _is_tax(row.account_head) for row in document.taxes):
        raise BusinessError(
            "vat_as_amount",
            _(
                "The VAT of this order is an amount and not a percentage, so a part of it cannot be returned by itself."
            ),
        )
    document.taxes = [row for row in document.taxes if row.charge_type != "Actual"]
    for number, row in enumerate(document.taxes, 1):
        row.idx, row.charge_type, row.row_id = number, "On Net Total", None


def _is_tax(account: str) -> bool:
    return frappe.get_cached_value("Account", account, "account_type") == "Tax"
