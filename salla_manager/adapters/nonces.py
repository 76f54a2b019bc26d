"""Nonces that were used, in the database: Redis may forget them under memory pressure or on `clear-cache`."""

from __future__ import annotations

import frappe

from salla_manager.adapters.rows import insert_row, key_of
from salla_manager.contract import NONCE_LIFETIME

NONCE = "Manager Nonce"
BATCH = 2000


def remember(instance: str, nonce: str, now: int) -> bool:
    """False if it was used before. Committed at once: a request that fails later must not be repeatable."""
    row = {"name": key_of(instance, nonce), "expires": now + NONCE_LIFETIME}
    try:
        insert_row(NONCE, row)
    except frappe.db.IntegrityError:
        frappe.db.rollback()
        return False
    frappe.db.commit()
    return True


def purge(now: int) -> int:
    """Delete those that no timestamp window lets through any more."""
    total = 0
    while True:
        frappe.db.sql("delete from `tabManager Nonce` where expires < %s limit %s", (now, BATCH))
        (count,) = frappe.db.sql("select row_count()")[0]
        # One huge delete would keep requests waiting.
        frappe.db.commit()
        total += count
        if count < BATCH:
            return total
