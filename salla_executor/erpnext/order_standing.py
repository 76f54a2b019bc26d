"""How far an order has come in the shop, kept on a draft whose status asks for what a difference holds back."""

from __future__ import annotations

import json
from decimal import Decimal

from frappe.model.document import Document

from salla_executor.core.values import Standing

FIELD = "shop_standing"


def keep(doc: Document, standing: Standing | None) -> None:
    """None: nothing waits."""
    text = _text(standing) if standing else ""
    if text != (doc.get(FIELD) or ""):
        doc.db_set(FIELD, text)


def _text(standing: Standing) -> str:
    """What the order has no field for."""
    returned = {line: str(units) for line, units in standing.returned.items()}
    kept = {"status_id": standing.status_id, "custom_id": standing.custom_id, "returned": returned}
    return json.dumps(kept, ensure_ascii=False)


def kept_on(doc: Document) -> Standing:
    kept = json.loads(doc.get(FIELD) or "{}")
    return Standing(
        doc.shop_status or "",
        doc.shop_status_name or "",
        doc.shop_reference or doc.shop_order,
        kept.get("status_id", ""),
        kept.get("custom_id", ""),
        {line: Decimal(units) for line, units in kept.get("returned", {}).items()},
    )
