"""Why a line of an order bears no VAT: shops say so on the product and not on the line."""

from __future__ import annotations

import json
from typing import TypeVar

from salla_manager.core.model import Record, RecordKey
from salla_manager.core.ports import HubStore
from salla_manager.payloads import OrderLine, OrderPayload, Payload

P = TypeVar("P", bound=Payload)


def with_tax_reasons(payload: P, before: Record, rows: HubStore) -> P:
    """An order whose lines without VAT have the reason code of their product, where it is known; others as they are.

    before: the order's own record. What was sent of a line before holds, since what a product says later is no change of
    the order by the shop.
    """
    if not isinstance(payload, OrderPayload):
        return payload
    lacking = [line for line in payload.items if _lacks_reason(line)]
    if not lacking:
        return payload
    reasons = _reasons_sent(before)
    for line in lacking:
        if line.external_id not in reasons:
            reasons[line.external_id] = _reason_of(before.key.store, line.product_id, rows)
    if not any(reasons.values()):
        return payload
    items = [
        line.model_copy(update={"tax_reason_code": reasons[line.external_id]})
        if _lacks_reason(line)
        else line
        for line in payload.items
    ]
    return payload.model_copy(update={"items": items})


def _lacks_reason(line: OrderLine) -> bool:
    return not line.tax_reason_code and _bears_none(line)


def _bears_none(line: OrderLine) -> bool:
    return not line.tax and line.tax_percent == 0


def _reasons_sent(before: Record) -> dict[str, str | None]:
    """Line -> its reason or None, of lines without VAT that were sent."""
    if not (before.revision and before.mapped):
        return {}
    lines = map(OrderLine.model_validate, json.loads(before.mapped)["items"])
    return {line.external_id: line.tax_reason_code for line in lines if _bears_none(line)}


def _reason_of(store: str, product: str | None, rows: HubStore) -> str | None:
    record = rows.find_record(RecordKey(store, "product", product)) if product else None
    return json.loads(record.mapped).get("tax_reason_code") if record and record.mapped else None
