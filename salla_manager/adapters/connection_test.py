"""Test Connection of a shop: asked step by step, kept on the Store Account with its time."""

from __future__ import annotations

import json
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime

from salla_manager.adapters.connectors import last_test
from salla_manager.adapters.host import build_host
from salla_manager.adapters.rows import plain
from salla_manager.core.connector_views import StepView, TestView
from salla_manager.core.pull import source_of
from salla_manager.core.refusals import words_of
from salla_manager.platforms.port import ShopError
from salla_manager.platforms.woocommerce.check import CLOCK, check_connection

STORE = "Store Account"


def run(name: str) -> TestView:
    """Commits. Raises PullError where there is nothing to ask with."""
    host = build_host()
    store, client = source_of(host, name)
    steps = _of_woocommerce(client) if store.platform == "woocommerce" else _of_access(client)
    ok = not any(step["state"] == "failed" for step in steps)
    values = {
        "test_result": "Passed" if ok else "Failed",
        "tested_at": now_datetime(),
        "test_steps": json.dumps(steps, ensure_ascii=False),
    }
    frappe.db.set_value(STORE, name, values, update_modified=False)
    if ok and host.store.adopt_events(store.platform, store.merchant_id, name):
        host.jobs.process_events()
    # The shop was asked for it, whatever becomes of the caller.
    frappe.db.commit()
    return last_test(frappe.get_doc(STORE, name))


def _of_woocommerce(client: Any) -> list[StepView]:
    rows = check_connection(client)
    # A wrong clock costs nothing: changes are asked for in the shop's own time.
    return [
        _step(row.step, row.ok, row.message, "warning" if row.step == CLOCK else "failed") for row in rows
    ]


def _of_access(client: Any) -> list[StepView]:
    try:
        info = client.store_info()
    except ShopError as error:
        return [_step("Access", False, words_of(error), "failed")]
    return [_step("Access", True, _("{0} can be read.").format(info.get("name") or _("The shop")), "failed")]


def _step(check: str, ok: bool, message: str, otherwise: Any) -> StepView:
    return {"check": check, "state": "ok" if ok else otherwise, "message": plain(message)}
