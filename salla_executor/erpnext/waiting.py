"""What waits for a person here: kept on the External Reference of each entity whose command could not be applied."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.query_builder.functions import Count, Max, Min
from frappe.utils import add_to_date, now, now_datetime

from salla_executor.erpnext.documents import plain

DOCTYPE = "External Reference"
# The hub asks again at least once an hour; what it does not ask for any more was cancelled there.
FORGOTTEN_AFTER_DAYS = 7

# Plain comparisons: a newer revision that was applied meanwhile waits for nothing.
NOTE = """
    INSERT INTO `tabExternal Reference` (name, creation, modified, owner, modified_by, source, entity_type, external_id,
        waits_on, waits_message, waits_since, candidates, shop_title)
    VALUES (%(name)s, %(now)s, %(now)s, 'Guest', 'Guest', %(source)s, %(entity_type)s, %(external_id)s,
        %(waits_on)s, %(message)s, %(now)s, %(candidates)s, %(title)s)
    ON DUPLICATE KEY UPDATE
        modified = IF(
            %(revision)s = 0 OR (COALESCE(revision, 0), COALESCE(generation, 0)) < (%(revision)s, %(generation)s),
            %(now)s, modified),
        waits_since = IF(modified = %(now)s AND NOT (waits_on <=> %(waits_on)s), %(now)s, waits_since),
        waits_message = IF(modified = %(now)s, %(message)s, waits_message),
        candidates = IF(modified = %(now)s, %(candidates)s, candidates),
        shop_title = IF(modified = %(now)s, %(title)s, shop_title),
        waits_on = IF(modified = %(now)s, %(waits_on)s, waits_on)
"""
CLEAR = """
    UPDATE `tabExternal Reference`
    SET waits_on = NULL, waits_message = NULL, waits_since = NULL, candidates = NULL, shop_title = NULL
    WHERE name = %(name)s AND waits_on IS NOT NULL
"""
# What a reference holds once its command was applied.
NOTHING = {
    "waits_on": None,
    "waits_message": None,
    "waits_since": None,
    "candidates": None,
    "shop_title": None,
}


def note_wait(row: dict[str, Any]) -> None:
    """row: name, source, entity_type, external_id, revision, generation, waits_on, message, candidates, title."""
    frappe.db.sql(NOTE if row["waits_on"] else CLEAR, {**row, "now": now()})


def title_of(payload: dict[str, Any]) -> str:
    """What a person knows the entity by, of a payload that may not fit its model."""
    words = (payload.get("name") or payload.get("reference"), payload.get("sku"))
    return plain(" · ".join(str(word) for word in words if word))


def waiting() -> list[dict[str, Any]]:
    """One row per cause, the largest first: waits_on, count, message (of the latest), since, asked (last time)."""
    table = frappe.qb.DocType(DOCTYPE)
    causes = (
        frappe.qb.from_(table)
        .select(
            table.waits_on,
            Count("*").as_("count"),
            Min(table.waits_since).as_("since"),
            Max(table.modified).as_("asked"),
        )
        .where(table.waits_on.isnotnull())
        .groupby(table.waits_on)
        .orderby(Count("*"), order=frappe.qb.desc)
        .limit(100)
        .run(as_dict=True)
    )
    for cause in causes:
        cause["message"] = frappe.db.get_value(
            DOCTYPE, {"waits_on": ("=", cause["waits_on"])}, "waits_message", order_by="modified desc"
        )
    return causes


def forget() -> None:
    """Clear what the hub has not asked for in a week."""
    table = frappe.qb.DocType(DOCTYPE)
    query = frappe.qb.update(table)
    for field, value in NOTHING.items():
        query = query.set(table[field], value)
    before = add_to_date(now_datetime(), days=-FORGOTTEN_AFTER_DAYS)
    query.where(table.waits_on.isnotnull() & (table.modified < before)).run()
