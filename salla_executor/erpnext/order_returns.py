"""Credit notes and goods back for what the buyer returned, from the order's own invoices and deliveries."""

from __future__ import annotations

from collections import defaultdict
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
from salla_executor.erpnext.order_documents import documents_of, fixed_charges

# Kind of return -> the document it is made of, and what makes it.
SOURCES = {
    "credit": ("Sales Invoice", credit_note_of),
    "stock": ("Delivery Note", goods_back_of),
}
# How a row of a return names the row that it takes back.
LINKS = {"Sales Invoice": "sales_invoice_item", "Delivery Note": "dn_detail"}


def full_return(doc: Document, values: ActionValues, settings: Settings) -> list[Saved]:
    return _returns(doc, None, settings.full_return)


def partial_return(doc: Document, values: ActionValues, settings: Settings) -> list[Saved]:
    """What came back beyond the returns that were made before."""
    unknown = set(values.returned) - {row.shop_line for row in doc.items}
    if unknown:
        raise BusinessError(
            "unknown_line",
            _("The shop says that lines came back which the order here does not have: {0}.").format(
                ", ".join(sorted(unknown))
            ),
        )
    return _returns(doc, _by_row(doc, values.returned), settings.partial_return)


def _by_row(doc: Document, returned: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """A line may stand in two rows of the order; each takes up to what it holds."""
    left, wanted = dict(returned), {}
    for row in doc.items:
        wanted[row.name] = min(left.get(row.shop_line, Decimal(0)), Decimal(str(row.qty)))
        if row.shop_line in left:
            left[row.shop_line] -= wanted[row.name]
    beyond = sorted(line for line, units in left.items() if units > 0)
    if beyond:
        raise BusinessError(
            "returned_too_many",
            _(
                "The shop says that more came back than the order here holds, of lines: {0}. Settle it by hand."
            ).format(", ".join(beyond)),
        )
    return wanted


def _returns(doc: Document, wanted: Mapping[str, Decimal] | None, policy: frozenset[str]) -> list[Saved]:
    """wanted: units that came back by row of the order, those of earlier returns among them; None: all."""
    made = []
    for kind, (doctype, make) in SOURCES.items():
        if kind not in policy:
            continue
        found = documents_of(doctype, doc.name)
        if not found:
            raise BusinessError("nothing_to_return", _nothing(doctype))
        left = {row: float(units) for row, units in wanted.items()} if wanted is not None else None
        documents = [make(name) for name in found]
        for document in documents:
            _take_off_units(document, left)
        for document in documents:
            made += _return_of(document, left, is_draft="draft" in policy)
    return made


def _nothing(doctype: str) -> str:
    return _(
        "The buyer returned goods, but this order has no submitted {0} to return from. Settle it by hand."
    ).format(_(doctype))


def _take_off_units(document: Document, left: dict[str, float] | None) -> None:
    """ERPNext proposes all that submitted returns did not take back; drafts count here too, and left is lowered by both."""
    link, drafted = LINKS[document.doctype], defaultdict(float)
    for draft in _earlier(document, docstatus=0):
        for row in draft.items:
            drafted[row.get(link)] += flt(row.qty)
    sold = {row.name: row.qty for row in frappe.get_doc(document.doctype, document.return_against).items}
    for row in document.items:
        row.qty = min(flt(row.qty - drafted[row.get(link)], 6), 0)
        if left is not None and row.so_detail in left:
            left[row.so_detail] -= sold[row.get(link)] + row.qty


def _return_of(document: Document, left: dict[str, float] | None, is_draft: bool) -> list[Saved]:
    for row in document.items:
        if left is not None:
            due = max(flt(left.get(row.so_detail), 6), 0)
            row.qty = -min(due, -row.qty)
            left[row.so_detail] = due + row.qty
        row.stock_qty = row.qty * flt(row.conversion_factor or 1)
    document.items = [row for row in document.items if row.qty]
    if not document.items:
        return []
    _refuse_beside_draft(document)
    if left is None:
        _take_off_amounts(document)
    else:
        _share_the_rest(document)
    document.insert()
    if not is_draft:
        document.submit()
    return [Saved(document.doctype, document.name, "created")]


def _refuse_beside_draft(document: Document) -> None:
    """ERPNext does not count drafts, so discount and fees would be given back by both."""
    drafts = [draft.name for draft in _earlier(document, docstatus=0)]
    if drafts:
        raise BusinessError(
            "draft_return",
            _(
                "More came back than the draft {0} {1} takes back. Submit or delete it, then send the order again from"
                " the hub."
            ).format(_(document.doctype), ", ".join(drafts)),
        )


def _earlier(document: Document, docstatus: int) -> list[Document]:
    filters = {"return_against": document.return_against, "is_return": 1, "docstatus": docstatus}
    names = frappe.get_all(document.doctype, filters, pluck="name", order_by="name")
    return [frappe.get_doc(document.doctype, name) for name in names]


def _take_off_amounts(document: Document) -> None:
    """ERPNext proposes the units that are left, but discount and fixed amounts whole."""
    before, given_back = _earlier(document, docstatus=1), defaultdict(float)
    for row in (row for earlier in before for row in fixed_charges(earlier)):
        given_back[row.account_head] += flt(row.tax_amount)
    for row in fixed_charges(document):
        taken = min(row.tax_amount, given_back[row.account_head], key=abs)
        row.tax_amount -= taken
        given_back[row.account_head] -= taken
    if document.discount_amount:
        document.discount_amount -= sum(flt(earlier.discount_amount) for earlier in before)


def _share_the_rest(document: Document) -> None:
    """Of a part only its own share of the document discount; fees for shipping and cash on delivery stay charged."""
    total = frappe.db.get_value(document.doctype, document.return_against, "total")
    share = sum(-flt(row.qty) * flt(row.rate) for row in document.items) / total if total else 0
    document.discount_amount = flt(document.discount_amount) * share
    if any(_is_tax(row.account_head) for row in fixed_charges(document)):
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
