"""Where a submitted Sales Order is delivered from and to, once the shop says something new of it."""

from __future__ import annotations

from typing import Any

from frappe.contacts.doctype.address.address import get_address_display
from frappe.model.document import Document
from frappe.utils import flt

from salla_executor.core.values import SalesOrderValues
from salla_executor.erpnext.addresses import shipping_address
from salla_executor.erpnext.documents import plain, set_values
from salla_executor.erpnext.order_digest import digest_of, is_written_before


def moved(doc: Document, values: SalesOrderValues) -> dict[str, list[Any]]:
    """The branch before and after, where another warehouse delivers now; ERPNext lets no submitted line change its own."""
    if doc.docstatus != 1 or (doc.shop_branch or "") == (plain(values.branch) or ""):
        return {}
    has_moved = {row.warehouse for row in doc.items} != {line.warehouse for line in values.lines}
    is_delivered = flt(doc.per_delivered) >= 100
    return {"shop_branch": [doc.shop_branch, values.branch]} if has_moved and not is_delivered else {}


def take_over(doc: Document, values: SalesOrderValues) -> dict[str, list[Any]]:
    """Set the shipping address and keep the buyer's note; field -> [before, after]. The address is still to be saved."""
    if doc.docstatus != 1 or is_written_before(doc, values):
        return {}
    changes = set_values(doc, {"shop_note": plain(values.note, 1000)})
    # Ours alone, and not to be changed on the form after the submit.
    doc.db_set({"shop_note": doc.shop_note, "shop_content": digest_of(values)})
    address = shipping_address(values)
    if address is None:
        return changes
    if address.action != "unchanged":
        changes[f"address {address.name}"] = [None, sorted(address.changes)]
    shown = {"shipping_address_name": address.name, "shipping_address": get_address_display(address.name)}
    return changes | set_values(doc, shown)
