"""What a shop's status asks for of a submitted Sales Order: the documents that follow it, close, cancel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt

from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
from erpnext.accounts.doctype.sales_invoice.sales_invoice import get_bank_cash_account
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note, make_sales_invoice

from salla_executor.core.model import BusinessError, Saved, Settings
from salla_executor.core.values import ActionValues
from salla_executor.erpnext import order_returns
from salla_executor.erpnext.errors import refusals
from salla_executor.erpnext.order_documents import documents_of, fixed_charges, has_draft

SAVEPOINT = "shop_action"


def carry_out(doc: Document, action: str, values: ActionValues, settings: Settings) -> list[Saved]:
    """Raises BusinessError, with all of the action undone and the order as it was."""
    frappe.db.savepoint(SAVEPOINT)
    try:
        with refusals(_("what follows Sales Order {0}").format(doc.name)):
            return ACTIONS[action](doc, values, settings)
    except BusinessError:
        frappe.db.rollback(save_point=SAVEPOINT)
        doc.reload()
        raise


def keep(document: Document, is_submitted: bool) -> list[Saved]:
    document.insert()
    if is_submitted:
        document.submit()
    return [Saved(document.doctype, document.name, "created")]


def _delivery_note(doc: Document, values: ActionValues, settings: Settings) -> list[Saved]:
    if doc.skip_delivery_note or has_draft("Delivery Note", doc.name):
        return []
    note = make_delivery_note(doc.name)
    returned = _returned(doc)
    for row in note.items:
        # ERPNext counts what came back as not delivered.
        row.qty = flt(row.qty - returned[row.so_detail], row.precision("qty"))
    note.items = [row for row in note.items if row.qty > 0]
    made = keep(note, settings.follow_ups_submitted) if note.items else []
    doc.reload()
    return made


def _returned(doc: Document) -> dict[str, float]:
    """Units by row of the order; its own returned_qty misses returns that were inserted and submitted in one go."""
    filters = {"so_detail": ("in", [row.name for row in doc.items]), "qty": ("<", 0), "docstatus": 1}
    units = {row.name: flt(row.returned_qty) for row in doc.items}
    back = defaultdict(float)
    for row in frappe.get_all("Delivery Note Item", filters, ["so_detail", "qty"]):
        back[row.so_detail] -= row.qty
    return {name: max(known, back[name]) for name, known in units.items()}


def _sales_invoice(doc: Document, values: ActionValues, settings: Settings) -> list[Saved]:
    if has_draft("Sales Invoice", doc.name):
        return []
    invoice = make_sales_invoice(doc.name)
    # Else a prepaid order stays to be paid. Of the buyer's money only what was paid for this order.
    invoice.allocate_advances_automatically = invoice.only_include_allocated_payments = 1
    _bill_the_rest(invoice, doc)
    made = keep(invoice, settings.follow_ups_submitted) if invoice.items else []
    doc.reload()
    return made


def _bill_the_rest(invoice: Document, doc: Document) -> None:
    """ERPNext proposes what is left of the goods, but gifts, fixed charges and the discount each time anew."""
    earlier = [frappe.get_doc("Sales Invoice", name) for name in invoices_of(doc)]
    billed = {row.so_detail for one in earlier for row in one.items}
    invoice.items = [
        row for row in invoice.items if row.qty and (row.base_amount or row.so_detail not in billed)
    ]
    left = defaultdict(float)
    for sign, one in ((1, doc), *((-1, one) for one in earlier)):
        for row in fixed_charges(one):
            left[row.account_head] += sign * flt(row.tax_amount)
    for row in fixed_charges(invoice):
        # Rows on one account share what is left of it, so the first one takes it.
        row.tax_amount = flt(left.pop(row.account_head, 0), row.precision("tax_amount"))
    invoice.discount_amount = flt(doc.discount_amount) - sum(flt(one.discount_amount) for one in earlier)


def _payment_entry(doc: Document, values: ActionValues, settings: Settings) -> list[Saved]:
    """Of what is still to be paid: on the invoice if there is one, else as an advance on the order."""
    if not doc.shop_mode_of_payment:
        raise BusinessError(
            "missing_setting",
            _(
                "A payment of {0} cannot be booked: its payment method '{1}' has no Mode of Payment in Salla Executor"
                " Settings."
            ).format(doc.name, doc.shop_payment_method or _("none")),
        )
    target = _payable(doc)
    if target is None:
        return []
    account = get_bank_cash_account(doc.shop_mode_of_payment, doc.company)["account"]
    entry = get_payment_entry(*target, bank_account=account)
    entry.mode_of_payment = doc.shop_mode_of_payment
    entry.reference_no = values.reference
    entry.reference_date = doc.transaction_date
    made = keep(entry, settings.follow_ups_submitted)
    doc.reload()
    return made


def _payable(doc: Document) -> tuple[str, str] | None:
    drafts = {"reference_doctype": ("in", ("Sales Order", "Sales Invoice")), "docstatus": 0}
    invoices = invoices_of(doc)
    if frappe.db.exists(
        "Payment Entry Reference", {**drafts, "reference_name": ("in", [doc.name, *invoices])}
    ):
        return None
    for name in invoices:
        if frappe.db.get_value("Sales Invoice", name, "outstanding_amount") > 0:
            _refuse_open_advance(doc, name)
            return "Sales Invoice", name
    # The advance is in the currency of the buyer's account.
    is_in_order_currency = doc.party_account_currency == doc.currency
    total = doc.grand_total if is_in_order_currency else doc.base_grand_total
    is_paid = flt(doc.advance_paid) >= flt(total) or invoices
    return None if is_paid else ("Sales Order", doc.name)


def _refuse_open_advance(doc: Document, invoice: str) -> None:
    """An invoice made by hand may leave it out; a payment of all of it would be money twice."""
    if flt(doc.advance_paid):
        raise BusinessError(
            "open_advance",
            _(
                "No payment was made for Sales Invoice {0}: an advance of Sales Order {1} is not allocated to it yet."
                " Allocate it by Payment Reconciliation."
            ).format(invoice, doc.name),
        )


def invoices_of(doc: Document) -> list[str]:
    return documents_of("Sales Invoice", doc.name)


def _close(doc: Document, values: ActionValues, settings: Settings) -> list[Saved]:
    if doc.status not in ("Closed", "Completed"):
        doc.update_status("Closed")
    return []


def _cancel(doc: Document, values: ActionValues, settings: Settings) -> list[Saved]:
    """Only where nothing was delivered, invoiced or paid."""
    if doc.per_delivered or doc.per_billed or doc.advance_paid:
        raise BusinessError(
            "order_in_use",
            _(
                "The shop cancelled this order, but here it was delivered, invoiced or paid already. Take that back, or"
                " settle it with the buyer, and cancel the order then."
            ),
        )
    doc.cancel()
    return []


ACTIONS: dict[str, Callable[[Document, ActionValues, Settings], list[Saved]]] = {
    "delivery_note": _delivery_note,
    "sales_invoice": _sales_invoice,
    "payment_entry": _payment_entry,
    "close": _close,
    "cancel": _cancel,
    "return": order_returns.full_return,
    "partial_return": order_returns.partial_return,
}
