"""Sales Order: draft, update, comparison note and submit."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import convert_utc_to_system_timezone, flt

from salla_executor.core.model import BusinessError, SavedOrder
from salla_executor.core.texts import Text
from salla_executor.core.values import SalesOrderValues
from salla_executor.erpnext.addresses import shipping_address
from salla_executor.erpnext.documents import differing, money, plain, same, set_values, shown, web_address
from salla_executor.erpnext.errors import refusals
from salla_executor.erpnext.exchange_rates import conversion_rates
from salla_executor.erpnext.order_changes import cancelled_for_amendment, update_lines
from salla_executor.erpnext.order_delivery import moved, take_over
from salla_executor.erpnext.order_digest import digest_of, is_said_before, is_written_before
from salla_executor.erpnext.order_note import note_fields
from salla_executor.erpnext.order_rows import charge_rows, line_rows, replace_rows, said_otherwise
from salla_executor.setup.custom_fields import missing_custom_fields

DOCTYPE = "Sales Order"


def save_sales_order(
    name: str | None, values: SalesOrderValues, cost_center: str, policy: str
) -> tuple[Document, SavedOrder]:
    """policy: what may be done when the shop changes a submitted order, as the core's Settings say."""
    _check_ready()
    with refusals(_("the Sales Order for shop order {0}").format(plain(values.reference))):
        if name is None:
            doc = frappe.new_doc(DOCTYPE)
            return doc, _insert(doc, values, cost_center)
        doc = frappe.get_doc(DOCTYPE, name, for_update=True)
        if doc.docstatus == 0:
            return doc, _update_draft(doc, values, cost_center)
        return _update_final(doc, values, cost_center, policy)


def note_status(doc: Document, status: str, status_name: str | None) -> SavedOrder:
    values = {"shop_status": plain(status), "shop_status_name": plain(status_name)}
    changes = set_values(doc, values)
    if changes:
        # Our own fields on a document in any state.
        doc.db_set({field: doc.get(field) for field in changes})
    return _saved(doc, "updated" if changes else "unchanged", changes)


def submit_sales_order(doc: Document) -> None:
    with refusals(f"{DOCTYPE} {doc.name}"):
        doc.submit()


def flag_sales_order(doc: Document, difference: tuple[Text, ...]) -> None:
    off = flt(doc.shop_total) - doc.grand_total if difference else 0
    flags = {"shop_difference": off, **note_fields(difference)}
    if not all(same(doc, field, doc.get(field), value) for field, value in flags.items()):
        # A note of ours on a document that was saved just now, or is submitted: no hook has to see it.
        doc.db_set(flags)


def follow_amendment(doc: Document, method: str | None = None) -> None:
    """Sales Order after_insert: an amended order takes over the shop order of the cancelled one."""
    if doc.amended_from and doc.get("shop_order"):
        filters = {"document_type": DOCTYPE, "document_name": doc.amended_from}
        frappe.db.set_value("External Reference", filters, "document_name", doc.name)


def free_key(doc: Document, method: str | None = None) -> None:
    """Sales Order before_insert: the key is unique, so the cancelled order gives it up to the amended one.

    Raises PermissionError for an order of a shop that the user may not read: its reference and figures pass on too.
    """
    if doc.amended_from and frappe.db.get_value(DOCTYPE, doc.amended_from, "shop_order"):
        frappe.has_permission(DOCTYPE, "read", doc.amended_from, throw=True)
    key = doc.get("shop_order_key")
    if doc.amended_from and key:
        # What the shop's status asks for is still to be done for the amended one.
        doc.shop_status_done = None
        frappe.db.set_value(
            DOCTYPE, {"name": doc.amended_from, "shop_order_key": key}, "shop_order_key", None
        )


def find_sales_order(source: str, external_id: str) -> str | None:
    # Written out, since each new order asks: Frappe's builds the same statement for longer than it runs.
    statement = "SELECT name FROM `tabSales Order` WHERE shop_order_key = %s AND docstatus < 2"
    rows = frappe.db.sql(statement, order_key(source, external_id))
    return rows[0][0] if rows else None


def order_key(source: str, external_id: str) -> str:
    return hashlib.sha256(json.dumps([source, external_id]).encode()).hexdigest()


def _check_ready() -> None:
    missing = missing_custom_fields(DOCTYPE)
    if missing:
        raise BusinessError(
            "missing_fields",
            _("Fields of this app are missing in ERPNext: {0}. Run `bench migrate` on this site.").format(
                ", ".join(missing)
            ),
            waits_on="migrate",
        )


def _insert(doc: Document, values: SalesOrderValues, cost_center: str) -> SavedOrder:
    doc.flags.is_of_command = True
    changes = _set_content(doc, values, cost_center)
    doc.shop_order_key = order_key(values.source, values.external_id)
    if values.naming_series:
        doc.naming_series = values.naming_series
    doc.insert()
    return _saved(doc, "created", changes)


def _update_draft(doc: Document, values: SalesOrderValues, cost_center: str) -> SavedOrder:
    doc.flags.is_of_command = True
    changes = _set_content(doc, values, cost_center)
    if changes:
        doc.save()
    return _saved(doc, "updated" if changes else "unchanged", changes)


def _update_final(
    doc: Document, values: SalesOrderValues, cost_center: str, policy: str
) -> tuple[Document, SavedOrder]:
    """Submitted or cancelled: the shop's status and the way to the buyer are followed, its lines and money where the
    policy has a way."""
    changes = moved(doc, values)
    if not is_said_before(doc, values):
        changes |= differing(doc, _money_fields(values)) | said_otherwise(doc, values, cost_center)
    if changes:
        return _change_final(doc, values, cost_center, policy, changes)
    live = take_over(doc, values) | set_values(doc, _live_fields(values))
    if live and doc.docstatus == 1:
        doc.save()
    elif live:
        # A cancelled document cannot be saved, and only our own fields are meant.
        doc.db_set({field: doc.get(field) for field in live})
    return doc, _saved(doc, "updated" if live else "unchanged", live)


def _change_final(
    doc: Document,
    values: SalesOrderValues,
    cost_center: str,
    policy: str,
    changes: dict[str, list[Any]],
) -> tuple[Document, SavedOrder]:
    if doc.docstatus == 1 and policy in ("update", "amend") and set(changes) == {"items"}:
        updated = update_lines(doc.name, values)
        if updated:
            if taken := take_over(updated, values):
                updated.save()
            changes |= taken
            updated.db_set({**_shop_figures(values), **_live_fields(values)})
            note = _("Its lines were updated after the submit.")
            return updated, replace(_saved(updated, "updated", changes), note=note)
    if doc.docstatus == 1 and policy == "amend":
        former = doc.name
        amended = cancelled_for_amendment(doc)
        amended.flags.is_of_command = True
        _set_content(amended, values, cost_center)
        amended.insert()
        note = _("It takes the place of {0}, which was cancelled.").format(former)
        return amended, replace(_saved(amended, "created", changes), note=note)
    raise BusinessError("order_not_draft", _final_message(doc, changes), waits_on=f"order:{doc.name}")


def _final_message(doc: Document, changes: dict[str, list[Any]]) -> str:
    parts = ", ".join(_(doc.meta.get_label(field)) for field in changes)
    if doc.docstatus == 1:
        return _(
            "Sales Order {0} is submitted, and the shop changed {1}. Cancel and amend it in ERPNext; the amended"
            " draft takes the change by itself."
        ).format(doc.name, parts)
    return _(
        "Sales Order {0} was cancelled in ERPNext, and the shop changed {1}. Amend it if the order is to go on;"
        " the amended draft takes the change by itself."
    ).format(doc.name, parts)


def _set_content(doc: Document, values: SalesOrderValues, cost_center: str) -> dict[str, list[Any]]:
    """Set what differs, return field -> [before, after].

    What the shop says of the order itself counts when the shop changes it: a draft that a person edited is not
    reset by a mere change of status.
    """
    changes = set_values(doc, _live_fields(values))
    address = shipping_address(values)
    if address and address.action != "unchanged":
        changes[f"address {address.name}"] = [None, sorted(address.changes)]
    is_anew = values.is_resent and bool(doc.get("shop_difference_note")) and not doc.get("shop_accepted_by")
    if is_written_before(doc, values) and not is_anew:
        return changes
    if is_anew:
        # Rows keep what ERPNext has filled in, such as the Item Tax Template of an Item.
        doc.set("items", [])
        doc.set("taxes", [])
    content = _money_fields(values) | _shop_figures(values) | _header(values)
    content |= {"shipping_address_name": address.name if address else None}
    changes |= set_values(doc, content) | _set_rows(doc, values, cost_center)
    doc.shop_content = digest_of(values)
    # Whoever accepted the difference saw other figures.
    doc.shop_accepted_by = None
    doc.ignore_pricing_rule = 1
    doc.disable_rounded_total = 1
    return changes


def _set_rows(doc: Document, values: SalesOrderValues, cost_center: str) -> dict[str, list[Any]]:
    changes = replace_rows(doc, "items", line_rows(values))
    return changes | replace_rows(doc, "taxes", charge_rows(values, cost_center))


def _live_fields(values: SalesOrderValues) -> dict[str, Any]:
    """What ERPNext lets change after the submit."""
    return {
        "shop_status": plain(values.shop_status),
        "shop_status_name": plain(values.shop_status_name),
        "shop_payment_method": plain(values.payment_method),
        "shop_mode_of_payment": values.mode_of_payment,
        "shop_channel": plain(values.channel),
        "shop_url": web_address(values.shop_url),
    }


def _money_fields(values: SalesOrderValues) -> dict[str, Any]:
    return {
        "customer": values.customer,
        "currency": values.currency,
        "apply_discount_on": "Net Total",
        "discount_amount": values.discount_amount,
    }


def _shop_figures(values: SalesOrderValues) -> dict[str, Any]:
    return {
        "shop_total": values.expected.total,
        "shop_tax": values.expected.tax,
        "shop_shipping": values.expected.shipping,
        "shop_cash_on_delivery": values.expected.cash_on_delivery,
        "shop_discount": values.expected.discount,
    }


def _header(values: SalesOrderValues) -> dict[str, Any]:
    order_rate, price_list_rate = conversion_rates(values)
    return {
        "company": values.company,
        "order_type": "Sales",
        "transaction_date": values.transaction_date,
        "delivery_date": values.delivery_date,
        "conversion_rate": order_rate,
        "selling_price_list": values.price_list or None,
        "plc_conversion_rate": price_list_rate,
        "shop_store": values.source,
        "shop_order": values.external_id,
        "shop_reference": plain(values.reference),
        "shop_branch": plain(values.branch),
        "shop_note": plain(values.note, 1000),
        "shop_created_at": _site_time(values),
        "shop_tax_invoice_by": values.tax_invoice_by,
    }


def _site_time(values: SalesOrderValues) -> Any:
    if values.created_at is None:
        return None
    return convert_utc_to_system_timezone(values.created_at).replace(tzinfo=None, microsecond=0)


def _saved(doc: Document, action: str, changes: dict[str, list[Any]]) -> SavedOrder:
    precision = doc.precision("grand_total")
    return SavedOrder(
        DOCTYPE,
        doc.name,
        action,
        {field: [shown(before), shown(after)] for field, (before, after) in changes.items()},
        docstatus=int(doc.docstatus),
        grand_total=money(doc.grand_total, precision),
        net_total=money(doc.net_total, precision),
        total_taxes=money(doc.total_taxes_and_charges, precision),
        line_amounts=tuple(money(row.amount, precision) for row in doc.items),
        status_done=doc.get("shop_status_done") or "",
        is_accepted=bool(doc.get("shop_accepted_by")),
    )
