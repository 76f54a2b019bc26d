"""The money guard on the Sales Order itself: what the shop says beside what stands here, and no submit before a person
has accepted a difference. For drafts that people edit; commands compare by the core."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt

from salla_executor.core.mapping.order_lines import CASH_ON_DELIVERY, SHIPPING
from salla_executor.core.model import Settings
from salla_executor.core.texts import Text
from salla_executor.erpnext.order_fees import fee_charges, fee_lines
from salla_executor.erpnext.order_note import note_fields, note_of
from salla_executor.erpnext.sales_orders import order_key
from salla_executor.erpnext.settings import read_settings
from salla_executor.erpnext.texts import said

# Lines that stand for a charge of the shop, by what the core calls them.
FEE_FIELDS = {SHIPPING: "shop_shipping", CASH_ON_DELIVERY: "shop_cash_on_delivery"}

# Written by commands and by an acceptance alone. An amended order has those of the shop, and is judged anew.
SHOP_FIELDS = (
    *("shop_store", "shop_order", "shop_content"),
    *("shop_total", "shop_tax", "shop_shipping", "shop_cash_on_delivery", "shop_discount"),
)
GUARD_FIELDS = (
    *("shop_order_key", "shop_difference", "shop_difference_note", "shop_difference_texts"),
    *("shop_accepted_by", "shop_status_done", "shop_standing"),
)


def compare_again(doc: Document, method: str | None = None) -> None:
    """Sales Order validate: a person who mends the draft ends the difference, one who changes it makes one.

    An acceptance holds for the money that was accepted, and for no other.
    """
    if doc.flags.is_of_command:
        return
    keep_own_fields(doc)
    before = doc.get_doc_before_save()
    if not doc.get("shop_order"):
        return
    is_changed = before is None or _money(before) != _money(doc)
    if doc.docstatus and not is_changed:
        return
    tolerance = _settings(doc).money_tolerance
    off = [row for row in figures(doc) if abs(row["off"]) > tolerance and row["counts"]]
    doc.shop_difference = flt(doc.shop_total) - flt(doc.grand_total) if off else 0
    if is_changed:
        doc.shop_accepted_by = None
    if is_changed or not (off and doc.shop_difference_note):
        doc.update(note_fields(tuple(_sentence(row, doc.currency) for row in off)))


def keep_own_fields(doc: Document, method: str | None = None) -> None:
    """Sales Order before_update_after_submit, and of each validate: Frappe takes read-only fields from clients too."""
    if doc.flags.is_of_command:
        return
    before = doc.get_doc_before_save()
    if before and before.get("shop_order"):
        # Tasks of the amended order are closed with those of this one.
        doc.amended_from = before.amended_from
    known = before or _former(doc)
    for field in SHOP_FIELDS + GUARD_FIELDS:
        doc.set(field, known.get(field))


def _former(doc: Document) -> dict[str, Any]:
    """What a new document may take over: nothing, unless it amends another."""
    if not doc.get("amended_from"):
        return {}
    former = frappe.db.get_value(doc.doctype, doc.amended_from, SHOP_FIELDS, as_dict=True) or {}
    key = former.get("shop_order") and order_key(former["shop_store"], former["shop_order"])
    # The cancelled order gave its key up before the insert; it has none where another took it.
    return {**former, "shop_order_key": key if doc.get("shop_order_key") == key else None}


def refuse_unaccepted(doc: Document, method: str | None = None) -> None:
    """Sales Order before_submit."""
    if doc.get("shop_difference_note") and not doc.get("shop_accepted_by"):
        frappe.throw(
            _(
                "The money of this order differs from the shop's. Correct the draft, or press Accept the Difference:"
                "<br>{0}"
            ).format(frappe.utils.escape_html(note_of(doc)).replace("\n", "<br>")),
            title=_("Not the shop's money"),
        )


def comparison(doc: Document) -> dict[str, list[dict[str, Any]]]:
    """figures and lines, each with label, shop, erp and off, in the order's currency."""
    lines = [
        {
            "label": f"{row.idx}. {row.item_code} × {flt(row.qty):g}",
            "shop": flt(row.shop_amount),
            "erp": flt(row.amount),
            "off": flt(row.amount - flt(row.shop_amount), 2),
        }
        for row in doc.items
    ]
    rows = [{**row, "label": said(row["label"])} for row in figures(doc)]
    return {"figures": rows, "lines": lines}


def figures(doc: Document) -> list[dict[str, Any]]:
    """counts: whether a difference in it is one; finer prices than money has move coins to the discount."""
    fees = dict.fromkeys(FEE_FIELDS, 0.0)
    for name, row in fee_charges(doc, _settings(doc)):
        fees[name] += flt(row.tax_amount_after_discount_amount)
    vat = flt(doc.total_taxes_and_charges) - sum(fees.values())
    for row in fee_lines(doc):
        fees[row.shop_line] += flt(row.amount)
    net = flt(doc.shop_total) - flt(doc.shop_tax) - flt(doc.shop_shipping) - flt(doc.shop_cash_on_delivery)
    rows = [
        (Text("Goods after discount"), net, flt(doc.grand_total) - vat - sum(fees.values()), True),
        (Text("Discount in it"), doc.shop_discount, _discount(doc), False),
        *((Text(name), doc.get(field), fees[name], True) for name, field in FEE_FIELDS.items()),
        (Text("VAT"), doc.shop_tax, vat, True),
        (Text("Total"), doc.shop_total, doc.grand_total, True),
    ]
    return [
        {
            "label": label,
            "shop": flt(says),
            "erp": flt(has, 2),
            "off": flt(flt(has) - flt(says), 2),
            "counts": counts,
        }
        for label, says, has, counts in rows
        if flt(says) or flt(has, 2)
    ]


def _money(doc: Document) -> tuple[str, dict[str, float]]:
    return doc.currency, {row["label"]: row["erp"] for row in figures(doc) if row["counts"]}


def _discount(doc: Document) -> float:
    in_rates = sum(max(flt(row.price_list_rate) - flt(row.rate), 0) * flt(row.qty) for row in doc.items)
    return in_rates + flt(doc.discount_amount)


def _settings(doc: Document) -> Settings:
    return read_settings().of(doc.shop_store)


def _sentence(row: dict[str, Any], currency: str) -> Text:
    return Text(
        "{0}: {1} {2} in the shop, {3} here.",
        *(row["label"], f"{row['shop']:.2f}", currency, f"{row['erp']:.2f}"),
    )
