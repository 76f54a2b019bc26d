"""Where the shared secret lies: the port `SecretKeeper` on Salla Executor Settings."""

from __future__ import annotations

import time
from typing import Any

import frappe
from frappe.utils import add_to_date, get_datetime_str, now_datetime

from salla_executor.core.model import Gate, NewSecret, Settings
from salla_executor.erpnext.secrets import SecretError, keep_secret, read_secret
from salla_executor.erpnext.settings import DOCTYPE, read_gate, read_settings

# How long the former secret is taken once the hub has used the new one: for commands that were on their way.
OVERLAP_HOURS = 24
LOCK = "select value from `tabSingles` where doctype = %s and field = 'shared_secret' for update"


class FrappeSecretKeeper:
    """For one request."""

    def __init__(self) -> None:
        self._gate: Gate | None = None
        self._settings: Settings | None = None

    def now(self) -> int:
        return int(time.time())

    def gate(self) -> Gate:
        self._gate = self._gate or read_gate()
        return self._gate

    def settings(self) -> Settings:
        self._settings = self._settings or read_settings(self.gate())
        return self._settings

    def store_secret(self, new: NewSecret) -> bool:
        if not _is_locked_with(new.replaces):
            return False
        keep_secret(DOCTYPE, DOCTYPE, "shared_secret", new.secret)
        keep_secret(DOCTYPE, DOCTYPE, "previous_secret", new.previous)
        values: dict[str, Any] = {"previous_secret_expires_at": None}
        if new.instance_id:
            values |= {"instance_id": new.instance_id, "manager_base_url": new.hub_url}
        self._write(values)
        return True

    def end_rotation(self) -> None:
        if _is_locked_with(self.gate().secrets[0]):
            ends = add_to_date(now_datetime(), hours=OVERLAP_HOURS)
            # As text: a Single would keep a moment in a form that Desk cannot read.
            self._write({"previous_secret_expires_at": get_datetime_str(ends)})

    def _write(self, values: dict[str, Any]) -> None:
        # Not `modified`: it would refuse the save of someone who has the form open.
        frappe.db.set_single_value(DOCTYPE, values, update_modified=False)
        frappe.clear_document_cache(DOCTYPE, DOCTYPE)
        # Before anybody is told of it: a crash must not forget what the other side then counts on.
        frappe.db.commit()
        self._gate = self._settings = None


def _is_locked_with(secret: str) -> bool:
    """On a fresh view, and locked until the transaction ends; not where another secret is current."""
    frappe.db.rollback()
    frappe.db.sql(LOCK, DOCTYPE)
    if _current() == secret:
        return True
    frappe.db.rollback()
    return False


def _current() -> str:
    try:
        return read_secret(DOCTYPE, DOCTYPE, "shared_secret")
    except SecretError:
        # As in the settings: what cannot be read counts as none, and pairing mends it.
        return ""
