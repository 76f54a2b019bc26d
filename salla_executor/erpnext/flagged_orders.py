"""Drafts whose money differs from the shop's: a fixed mapping releases them, as the hub sends them again."""

from __future__ import annotations

import frappe
from frappe import _

from salla_executor.core.hub_calls import HubError
from salla_executor.core.send_again import send_again
from salla_executor.erpnext.hub import FrappeHub
from salla_executor.erpnext.secret_keeper import FrappeSecretKeeper

# At once; more than that is no mistake in a mapping.
MOST = 1000
# Of Salla Executor Settings: what decides how an order's money is written, and what of it is a difference.
FIELDS = (
    *("company", "warehouse", "cost_center", "money_tolerance", "price_list", "order_policy"),
    *("tax_account", "shipping_account", "cod_account", "rounding_account", "shipping_item", "cod_item"),
)
TABLES = ("taxes", "branches", "payment_methods", "shops")


def flagged_orders() -> dict[str, list[str]]:
    """Store -> ids of its orders, the newest first."""
    filters = {
        "docstatus": 0,
        "shop_order": ("is", "set"),
        "shop_difference_note": ("is", "set"),
        "shop_accepted_by": ("is", "not set"),
    }
    found: dict[str, list[str]] = {}
    for row in frappe.get_all(
        "Sales Order", filters, ["shop_store", "shop_order"], order_by="creation desc", limit=MOST
    ):
        found.setdefault(row.shop_store, []).append(row.shop_order)
    return found


def ask_again() -> int:
    """How many come again. Raises HubError."""
    hub, keeper = FrappeHub(), FrappeSecretKeeper()
    return sum(send_again(hub, keeper, store, orders) for store, orders in flagged_orders().items())


def ask_again_later() -> None:
    """A job, once the change that is being saved stands."""
    if flagged_orders():
        frappe.enqueue(
            "salla_executor.erpnext.flagged_orders.work",
            queue="short",
            job_id="salla_flagged_orders",
            deduplicate=True,
            enqueue_after_commit=True,
        )


def work() -> None:
    try:
        ask_again()
    except HubError as error:
        message = _("{0} Press Send Flagged Orders Again in Salla Executor Settings when it is mended.")
        frappe.log_error(_("The hub could not be asked for flagged orders"), message.format(error))
