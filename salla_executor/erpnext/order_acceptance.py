"""A person takes a difference to the shop's money: the order goes on then as if its money agreed, with that person's rights."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, fmt_money

from salla_executor.core.model import BusinessError, SavedOrder
from salla_executor.core.order_follow_up import Case, follow_up
from salla_executor.erpnext.erp import ErpNext
from salla_executor.erpnext.order_standing import kept_on
from salla_executor.erpnext.settings import read_settings


def accept(doc: Document) -> int:
    """The docstatus afterwards: submitted where the settings submit orders, or the shop's status asks for something."""
    # What the shop's status asks for was held with the draft.
    doc.db_set({"shop_accepted_by": frappe.session.user, "shop_status_done": None})
    text = _("Accepted the difference to the shop of {0}.").format(
        fmt_money(doc.shop_difference, currency=doc.currency)
    )
    doc.add_comment("Info", text)
    try:
        return _go_on(doc)
    except BusinessError as error:
        frappe.throw(escape_html(str(error)), title=_("Not possible now"))


def _go_on(doc: Document) -> int:
    settings, standing = read_settings().of(doc.shop_store), kept_on(doc)
    erp = ErpNext(lambda: settings)
    saved = SavedOrder(doc.doctype, doc.name, "unchanged", is_accepted=True)
    actions = erp.status_actions(doc.shop_store, standing.ids) or ()
    return follow_up(Case(saved, standing, True, settings, erp), actions).docstatus
