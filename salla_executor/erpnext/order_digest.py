"""What a Sales Order keeps to know whether a command says something new of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

from frappe.model.document import Document

from salla_executor.core.mapping.order_lines import FEE_LINES
from salla_executor.core.values import SalesOrderValues
from salla_executor.erpnext.documents import shown

# Characters of each of the two parts of a digest.
HALF = 32


def is_said_before(doc: Document, values: SalesOrderValues) -> bool:
    """Of a submitted order: what a person changes in this app's settings later is no change by the shop."""
    kept, digest = doc.shop_content or "", digest_of(values)
    return kept[:HALF] == digest[:HALF] or kept[HALF:] == digest[HALF:]


def is_written_before(doc: Document, values: SalesOrderValues) -> bool:
    kept = doc.get("shop_content")
    return bool(kept) and kept[:HALF] == digest_of(values)[:HALF]


def digest_of(values: SalesOrderValues) -> str:
    """Its first half is of all but what stays changeable after the submit, the second of what the shop says of that."""
    fixed = replace(
        values,
        shop_status="",
        shop_status_name=None,
        payment_method=None,
        mode_of_payment=None,
        channel=None,
        shop_url=None,
        naming_series=None,
        tax_invoice_by=None,
        is_resent=False,
    )
    return _hash(asdict(fixed)) + _hash(_said(values))


def _said(values: SalesOrderValues) -> dict[str, Any]:
    """Lines, in however many rows, and figures. The ERP's Customer and Items stand for the shop's."""
    lines: dict[str, list[Any]] = {}
    for line in values.lines:
        if line.external_id not in FEE_LINES:
            _item, units, amount = lines.get(line.external_id, ("", 0, 0))
            lines[line.external_id] = [
                line.item_code,
                units + line.quantity,
                amount + (line.shop_amount or 0),
            ]
    return {
        "customer": values.customer,
        "currency": values.currency,
        "lines": {key: [item, shown(units), shown(amount)] for key, (item, units, amount) in lines.items()},
        "figures": asdict(values.expected),
    }


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, default=str, sort_keys=True).encode()).hexdigest()[:HALF]
