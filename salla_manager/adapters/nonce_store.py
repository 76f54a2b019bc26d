"""Nonces that were used, in the database: Redis may forget them under memory pressure or on `clear-cache`."""

from __future__ import annotations

from datetime import datetime

import frappe

from salla_manager.adapters.rows import changed_rows, insert_row, is_duplicate, key_of, to_epoch

NONCE = "Manager Nonce"
BATCH = 2000


class NonceRows:
    def remember_nonce(self, instance: str, nonce: str, expires_at: datetime) -> bool:
        try:
            insert_row(NONCE, {"name": key_of(instance, nonce), "expires": to_epoch(expires_at)})
        except Exception as error:
            frappe.db.rollback()
            if is_duplicate(error):
                return False
            raise
        # At once: a request that fails later must not be repeatable.
        frappe.db.commit()
        return True


def purge_nonces(now: datetime) -> int:
    """Delete those that no timestamp window lets through any more."""
    total = 0
    while True:
        frappe.db.sql("delete from `tabManager Nonce` where expires < %s limit %s", (to_epoch(now), BATCH))
        count = changed_rows()
        # One huge delete would keep requests waiting.
        frappe.db.commit()
        total += count
        if count < BATCH:
            return total
