"""An Item that is none of our business, with our apps installed and without.

Without: for one insert, this process believes that our apps are not installed, so that none of their hooks is called.
Both sides read the hooks afresh and off the clock, from the apps themselves, as in developer mode: the cache that
other processes of the site share is neither asked nor written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from client_run import ClientRun
from measure import interleave, row, statements

import frappe

OURS = ("salla_executor", "salla_manager")
# Two per cent are less than one round wanders.
ROUNDS, LIMIT = 300, 1.02


def rows(run: ClientRun) -> list[dict[str, Any]]:
    installed = frappe.get_installed_apps()
    others = [app for app in installed if app not in OURS]
    if others == installed:
        raise SystemExit("none of our apps is installed on this site")
    cases = {"with": lambda: _insert(run, installed), "without": lambda: _insert(run, others)}
    with patch.dict(frappe.local.conf, developer_mode=1):
        for name, case in cases.items():
            case()()
            if ("salla_executor" in str(frappe.get_doc_hooks())) != (name == "with"):
                raise SystemExit(f"our hooks were not as they have to be for the side {name}")
        sql = {name: statements(frappe.db, case) for name, case in cases.items()}
        times = interleave("unrelated Item", cases, ROUNDS)
    forget_hooks()
    return [
        row(
            "insert of an unrelated Item",
            times["with"],
            times["without"],
            base_label="without our apps",
            sql=(sql["with"], sql["without"]),
            limit=LIMIT,
        )
    ]


def _insert(run: ClientRun, apps: list[str]) -> Callable[[], Any]:
    frappe.set_user("Administrator")
    code = run.unit().mark
    doc = frappe.get_doc(
        {"doctype": "Item", "item_code": code, "item_group": run.settings.item_group, "stock_uom": "Nos"}
    )
    forget_hooks()
    with patch.object(frappe, "get_installed_apps", lambda **_: apps):
        # Kept by the process from here on.
        frappe.get_doc_hooks()

    def work() -> None:
        doc.insert()
        frappe.db.commit()

    return work


def forget_hooks() -> None:
    """What of them this process keeps; not the cache that the site shares."""
    frappe.local.request_cache.clear()
    if hasattr(frappe.local, "doc_events_hooks"):
        del frappe.local.doc_events_hooks
