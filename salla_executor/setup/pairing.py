"""Connecting this site to a hub, and the state of the connection."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.query_builder.functions import Count
from frappe.utils import add_to_date, now_datetime

from salla_executor.erpnext.readiness import problems
from salla_executor.erpnext.secrets import read_secret
from salla_executor.erpnext.settings import DOCTYPE
from salla_executor.setup.defaults import fill_defaults

# How long the hub may still sign with the secret it had.
OVERLAP_HOURS = 24


def pair(instance_id: str, manager_url: str, secret: str, company: str | None = None) -> dict[str, Any]:
    filled = fill_defaults(company)
    settings = frappe.get_doc(DOCTYPE)
    before = read_secret(DOCTYPE, DOCTYPE, "shared_secret")
    if secret and secret != before:
        settings.shared_secret = secret
        if before:
            settings.previous_secret = before
            settings.previous_secret_expires_at = add_to_date(now_datetime(), hours=OVERLAP_HOURS)
    settings.instance_id = instance_id
    settings.manager_base_url = manager_url
    settings.is_enabled = 1
    settings.save()
    return {"instance_id": instance_id, "filled": filled, "problems": problems()}


def status() -> dict[str, Any]:
    settings = frappe.get_doc(DOCTYPE)
    since = add_to_date(now_datetime(), days=-1)
    inbox = frappe.qb.DocType("Executor Inbox")
    counts = (
        frappe.qb.from_(inbox)
        .select(inbox.status, Count("*"))
        .where(inbox.creation > since)
        .groupby(inbox.status)
        .run()
    )
    last = frappe.get_all("Executor Inbox", fields=["creation"], order_by="creation desc", limit=1)
    return {
        "instance_id": settings.instance_id or "",
        "is_enabled": bool(settings.is_enabled),
        "company": settings.company or "",
        "manager_base_url": settings.manager_base_url or "",
        "problems": problems(),
        "answers_of_24_hours": dict(counts),
        "last_command_at": str(last[0].creation) if last else None,
        "references": frappe.db.count("External Reference"),
    }
