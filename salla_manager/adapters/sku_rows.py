"""A store's SKUs as the workbench shows them."""

from __future__ import annotations

import json
from typing import Any

import frappe

from salla_manager.core.model import Store
from salla_manager.core.workbench import Problem, SkuRow, find_problems
from salla_manager.platforms import registry

_BATCH = 500
SKU_ROWS = """select name as record, entity_type, external_id, title, sku, status, message, erp_document,
    if(entity_type = 'product', external_id, json_value(nullif(mapped, ''), '$.product_id')) as product_id
    from `tabExternal Record` where store = %s and entity_type in ('product', 'variant') and mapped != ''
    and json_value(mapped, '$.status') != 'deleted'"""


def sku_problems(store: str) -> list[Problem]:
    rows = frappe.db.sql(SKU_ROWS, store, as_dict=True)
    return find_problems(SkuRow(**{name: value or "" for name, value in row.items()}) for row in rows)


def shown_problems(store: Store) -> list[dict[str, Any]]:
    """One per row: kind, sku, title, entity_type, external_id, record, status, erp_document, reason, url, beside
    (names), beside_url."""
    problems = sku_problems(store.name)
    wanted = {row.product_id for one in problems for row in (one.row, *one.beside[:1])}
    bodies = _bodies(store.name, wanted)

    def url(row: SkuRow) -> str:
        return registry.get(store.platform).admin_url(
            "product", row.product_id, bodies.get(row.product_id, {})
        )

    return [
        {
            "kind": one.kind,
            "sku": one.row.sku,
            "title": one.row.title,
            "entity_type": one.row.entity_type,
            "external_id": one.row.external_id,
            "record": one.row.record,
            "status": one.row.status,
            "erp_document": one.row.erp_document,
            "reason": one.reason,
            "url": url(one.row),
            "beside": ", ".join(beside.title or beside.external_id for beside in one.beside),
            "beside_url": url(one.beside[0]) if one.beside else "",
        }
        for one in problems
    ]


class FrappeSkipRows:
    """Implements core.skips.SkipRows."""

    def skipped_products(self, store: str) -> list[str]:
        return frappe.db.sql(
            """select distinct if(entity_type = 'product', external_id, json_value(mapped, '$.product_id')) as id
            from `tabExternal Record` where store = %s and status = 'Skipped' and mapped != ''
            and entity_type in ('product', 'variant') having id != '' order by id""",
            store,
            pluck=True,
        )

    def held_orders(self, store: str, limit: int) -> list[str]:
        return frappe.db.sql(
            """select payload from `tabOutbound Client Command`
            where store = %s and entity_type = 'order' and status = 'Held' order by created desc limit %s""",
            (store, limit),
            pluck=True,
        )


def _bodies(store: str, products: set[str]) -> dict[str, dict[str, Any]]:
    """Product id: the shop's own body."""
    found: dict[str, dict[str, Any]] = {}
    ids = sorted(products)
    for start in range(0, len(ids), _BATCH):
        rows = frappe.get_all(
            "External Record",
            {"store": store, "entity_type": "product", "external_id": ("in", ids[start : start + _BATCH])},
            ["external_id", "raw"],
        )
        found |= {row.external_id: json.loads(row.raw) for row in rows if row.raw}
    return found
