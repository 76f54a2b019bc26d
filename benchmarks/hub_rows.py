"""The run's own instance, store and rows on the hub's site: made, waited for, deleted."""

from __future__ import annotations

import time

from measure import progress

import frappe
from frappe.utils.background_jobs import get_job

from salla_manager.adapters.jobs import SLOTS

LOG = "Salla Incoming Log"
PATIENCE = 10.0


def make(run: str, url: str, merchant: int) -> tuple[str, str]:
    """Names of an ERP Instance and a Store Account that belong to nobody else."""
    instance = frappe.get_doc({"doctype": "ERP Instance", "title": run, "url": url}).insert()
    store = frappe.get_doc(
        {
            "doctype": "Store Account",
            "store_name": run,
            "platform": "Salla",
            "merchant_id": str(merchant),
            "erp_instance": instance.name,
            "enabled": 1,
        }
    ).insert()
    frappe.db.commit()
    return str(instance.name), str(store.name)


def settle(merchant: int) -> None:
    """Wait until the site's workers are through with the webhooks, so that they do not slow the next block."""
    ends_at = time.monotonic() + PATIENCE
    while time.monotonic() < ends_at:
        frappe.db.rollback()
        is_done = not frappe.db.count(LOG, {"merchant_id": str(merchant), "due": (">", 0)})
        if is_done and not any(_is_open(f"salla_events_{slot}") for slot in range(SLOTS)):
            return
        time.sleep(0.05)


def _is_open(job_id: str) -> bool:
    job = get_job(job_id)
    return bool(job and job.get_status() in ("queued", "started"))


def sweep(run: str, merchant: int) -> None:
    """Delete the run's rows; nothing else on the site refers to them."""
    progress("clean up: hub")
    settle(merchant)
    frappe.db.rollback()
    stores = frappe.get_all("Store Account", {"store_name": run}, pluck="name") or [""]
    instances = frappe.get_all("ERP Instance", {"title": run}, pluck="name") or [""]
    commands = frappe.get_all("Outbound Client Command", {"store": ("in", stores)}, pluck="name") or [""]
    for doctype in ("Command Delivery Attempt", "Command ACK Log"):
        frappe.db.delete(doctype, {"command": ("in", commands)})
    frappe.db.delete("Command Dependency", {"parent": ("in", commands)})
    for doctype in ("Outbound Client Command", "External Record"):
        frappe.db.delete(doctype, {"store": ("in", stores)})
    frappe.db.delete(LOG, {"merchant_id": str(merchant)})
    for doctype, names in (("Store Account", stores), ("ERP Instance", instances)):
        frappe.db.delete(doctype, {"name": ("in", names)})
        frappe.db.delete("__Auth", {"doctype": doctype, "name": ("in", names)})
    frappe.db.commit()
