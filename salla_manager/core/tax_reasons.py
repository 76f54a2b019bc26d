"""Why a line of an order bears no VAT: shops say so on the product and not on the line."""

from __future__ import annotations

import json
from typing import TypeVar

from salla_manager.core.model import RecordKey, Store
from salla_manager.core.ports import HubStore
from salla_manager.payloads import OrderLine, OrderPayload, Payload

P = TypeVar("P", bound=Payload)


def with_tax_reasons(payload: P, store: Store, rows: HubStore) -> P:
    """An order whose lines without VAT have the reason code of their product, where it is known; others as they are."""
    if not isinstance(payload, OrderPayload):
        return payload
    wanted = {line.product_id for line in payload.items if _lacks_reason(line)}
    reasons = {
        product: _reason_of(RecordKey(store.name, "product", product), rows) for product in wanted if product
    }
    if not any(reasons.values()):
        return payload
    items = [
        line.model_copy(update={"tax_reason_code": reasons.get(line.product_id or "")})
        if _lacks_reason(line)
        else line
        for line in payload.items
    ]
    return payload.model_copy(update={"items": items})


def _lacks_reason(line: OrderLine) -> bool:
    return not line.tax_reason_code and not line.tax and line.tax_percent == 0


def _reason_of(key: RecordKey, rows: HubStore) -> str | None:
    record = rows.find_record(key)
    return json.loads(record.mapped).get("tax_reason_code") if record and record.mapped else None
