"""What a Store Account says of this app in the shop. The epoch columns decide, the others are for people."""

from __future__ import annotations

from typing import Any

import frappe

from salla_manager.adapters.rows import from_epoch, plain, shown, to_epoch
from salla_manager.adapters.secrets import keep_secret
from salla_manager.core.model import Store

STORE = "Store Account"


class AppRows:
    def lock_store(self, name: str) -> Store | None:
        frappe.db.get_value(STORE, {"name": ("=", name)}, "name", for_update=True)
        return self.store(name)

    def save_app(self, store: Store) -> None:
        values = {
            "app_status": store.app_status,
            "app_changed": to_epoch(store.app_changed_at),
            "app_changed_at": shown(store.app_changed_at),
            "plan": plain(store.plan, 140),
            "plan_status": store.plan_status,
            "plan_until": frappe.utils.getdate(store.plan_until) if store.plan_until else None,
            "plan_changed": to_epoch(store.plan_changed_at),
        }
        self._set(store.name, values)

    def save_facts(self, store: Store) -> None:
        known = store.currency and frappe.db.exists("Currency", {"name": ("=", store.currency)})
        says = {True: "Yes", False: "No", None: ""}[store.prices_include_tax]
        self._set(store.name, {"currency": store.currency if known else None, "prices_include_tax": says})

    def drop_tokens(self, store: str, reason: str) -> None:
        keep_secret(STORE, store, "tokens", "")
        self._set(store, {"token_expires_at": None, "token_scope": "", "token_error": plain(reason)})

    def _set(self, store: str, values: dict[str, Any]) -> None:
        # Not `modified`: it would refuse the save of someone who has the form open.
        frappe.db.set_value(STORE, store, values, update_modified=False)
        frappe.clear_document_cache(STORE, store)


def app_of(row: Any) -> dict[str, Any]:
    """The fields of core's Store that lie here, out of a row of Store Account."""
    return {
        "access_problem": row.token_error or "",
        "app_status": row.app_status or "",
        "app_changed_at": from_epoch(row.app_changed),
        "plan": row.plan or "",
        "plan_status": row.plan_status or "",
        "plan_until": row.plan_until.isoformat() if row.plan_until else "",
        "plan_changed_at": from_epoch(row.plan_changed),
    }
