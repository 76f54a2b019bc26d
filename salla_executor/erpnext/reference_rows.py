"""Rows of External Reference: which document stands for an entity of a shop, in which revision.

Statements are written out where each command needs them: Frappe's builds the same one for longer than it runs.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import frappe
from frappe.utils import now

from salla_executor.core.model import Reference
from salla_executor.erpnext import waiting
from salla_executor.erpnext.inbox import row_name

KEY = ("source", "entity_type", "external_id")
STATE = (
    "document_type",
    "document_name",
    "revision",
    "generation",
    "content_hash",
    "is_deleted",
    "not_applied",
    "item_code",
)
# One statement makes the row or finds it, and locks it either way; a SELECT first would deadlock two newcomers.
LOCK = f"""
    SET STATEMENT innodb_lock_wait_timeout = 5 FOR
    INSERT INTO `tabExternal Reference` (name, creation, modified, owner, modified_by, source, entity_type,
        external_id)
    VALUES (%(name)s, %(now)s, %(now)s, 'Guest', 'Guest', %(source)s, %(entity_type)s, %(external_id)s)
    ON DUPLICATE KEY UPDATE name = VALUES(name)
    RETURNING {", ".join(STATE)}
"""
FIND = f"SELECT {', '.join(STATE)} FROM `tabExternal Reference` WHERE name = %s"
USABLE = """
    SELECT reference.name, item.name
    FROM `tabExternal Reference` reference JOIN `tabItem` item ON item.name = reference.document_name
    WHERE reference.name IN %(names)s AND reference.document_type = 'Item' AND item.has_variants = 0
        AND reference.entity_type IN ('product', 'variant')
    UNION ALL
    SELECT reference.name, customer.name
    FROM `tabExternal Reference` reference JOIN `tabCustomer` customer ON customer.name = reference.document_name
    WHERE reference.name IN %(names)s AND reference.document_type = 'Customer' AND reference.entity_type = 'customer'
"""


def lock(source: str, entity_type: str, external_id: str) -> Reference:
    """Made where it is new, and locked until the transaction ends. Raises frappe.QueryTimeoutError after 5 s."""
    key = {"source": source, "entity_type": entity_type, "external_id": external_id}
    row = {"name": row_name(source, entity_type, external_id), "now": now(), **key}
    return _reference({**key, **frappe.db.sql(LOCK, row, as_dict=True)[0]})


def find(source: str, entity_type: str, external_id: str) -> Reference | None:
    key = {"source": source, "entity_type": entity_type, "external_id": external_id}
    rows = frappe.db.sql(FIND, row_name(source, entity_type, external_id), as_dict=True)
    return _reference({**key, **rows[0]}) if rows else None


def usable_documents(source: str, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """wanted: (entity type, external id). Items and Customers that an order can name, by what they stand for."""
    names = {row_name(source, *key): key for key in wanted}
    rows = frappe.db.sql(USABLE, {"names": tuple(names)}) if names else ()
    return {names[name]: document for name, document in rows}


def of_document(doctype: str, docname: str) -> list[Reference]:
    filters = {"document_type": ("=", doctype), "document_name": ("=", docname)}
    return [
        _reference(row)
        for row in frappe.get_all("External Reference", filters=filters, fields=[*KEY, *STATE])
    ]


def save(reference: Reference) -> None:
    """The entity was applied, and waits for nobody any more, too."""
    values = {
        "modified": now(),
        "modified_by": frappe.session.user,
        "document_type": reference.doctype,
        "document_name": reference.docname,
        "revision": reference.revision,
        "generation": reference.generation,
        "content_hash": reference.content_hash,
        "is_deleted": reference.is_deleted,
        "not_applied": reference.not_applied,
        **waiting.NOTHING,
    }
    fields = ", ".join(f"`{field}` = %({field})s" for field in values)
    name = row_name(reference.source, reference.entity_type, reference.external_id)
    frappe.db.sql(
        f"UPDATE `tabExternal Reference` SET {fields} WHERE name = %(name)s", {"name": name, **values}
    )


def _reference(row: dict[str, Any]) -> Reference:
    return Reference(
        source=row["source"],
        entity_type=row["entity_type"],
        external_id=row["external_id"],
        doctype=row["document_type"] or "",
        docname=row["document_name"] or "",
        revision=row["revision"] or 0,
        generation=row["generation"] or 0,
        content_hash=row["content_hash"] or "",
        is_deleted=bool(row["is_deleted"]),
        not_applied=row["not_applied"] or "",
        item_code=row["item_code"] or "",
        is_new=not row["document_name"],
    )
