"""Rows for the bench tests. What the store commits, `sweep` deletes again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any
from unittest.mock import patch

import frappe
from frappe.tests.utils import FrappeTestCase

from salla_manager.adapters.store import FrappeHubStore
from salla_manager.core.model import Event, OutboundCommand, Record, RecordKey

# The site may be at work meanwhile. Its workers find no command due that is due so late, and a test that claims
# events or frees leases as of so early touches none of the site's own.
NOW = datetime(2126, 11, 20, 12, 0, tzinfo=timezone.utc)
LONG_AGO = datetime(2020, 1, 1, 12, 0, tzinfo=timezone.utc)
SUFFIX = "bench-test"


class HubCase(FrappeTestCase):
    """Frappe rolls back once per class, and the store commits: each test starts and ends without rows."""

    def setUp(self):
        sweep()
        # The site's workers must not work on the rows of a test.
        self.enqueue = self.patched("frappe.enqueue")

    def patched(self, target: str, **options: Any) -> Any:
        patcher = patch(target, **options)
        self.addCleanup(patcher.stop)
        return patcher.start()

    def tearDown(self):
        frappe.set_user("Administrator")
        sweep()


def make_instance(title: str = "A", **values: Any) -> str:
    doc = frappe.get_doc(
        {"doctype": "ERP Instance", "title": f"{SUFFIX} {title}", "url": "http://127.0.0.1:9", **values}
    ).insert()
    frappe.db.commit()
    return str(doc.name)


def make_store(merchant_id: str = "m-1", **values: Any) -> str:
    merchant = f"{SUFFIX}-{merchant_id}"
    doc = frappe.get_doc(
        {
            "doctype": "Store Account",
            "store_name": merchant,
            "platform": "Salla",
            "merchant_id": merchant,
            **values,
        }
    ).insert()
    frappe.db.commit()
    return str(doc.name)


def make_customer(title: str = "A") -> str:
    doc = frappe.get_doc({"doctype": "Customer Account", "account_name": f"{SUFFIX} {title}"}).insert()
    frappe.db.commit()
    return str(doc.name)


def make_connection(customer: str, config: dict[str, Any] | None = None, **values: Any) -> str:
    doc = frappe.get_doc(
        {
            "doctype": "ERP Connection",
            "title": f"{SUFFIX} connection",
            "customer_account": customer,
            "connector_type": "MOCK",
            **values,
        }
    )
    if config is not None:
        doc.config = json.dumps(config)
    doc.insert()
    frappe.db.commit()
    return str(doc.name)


def make_record(store: str, external_id: str, entity_type: str = "product", **changes: Any) -> Record:
    hub = FrappeHubStore()
    with hub.transaction():
        record = replace(hub.lock_record(RecordKey(store, entity_type, external_id)), **changes)
        hub.save_record(record)
    return record


def make_command(record: Record, instance: str, revision: int = 1, **changes: Any) -> str:
    command = OutboundCommand(
        name="",
        command_type=f"upsert_{record.key.entity_type}",
        entity_type=record.key.entity_type,
        store=record.key.store,
        customer_account="",
        erp_instance=instance,
        external_id=record.key.external_id,
        record=record.name,
        idempotency_key=frappe.generate_hash(length=64),
        payload="{}",
        revision=revision,
        created_at=NOW,
        title=record.key.external_id,
    )
    hub = FrappeHubStore()
    with hub.transaction():
        return hub.add_command(replace(command, **changes))


def make_event(dedupe_hash: str, **changes: Any) -> Event:
    event = Event(
        name="",
        platform="salla",
        event="product.updated",
        merchant_id=f"{SUFFIX}-m-1",
        store="",
        raw="{}",
        dedupe_hash=frappe.generate_hash(dedupe_hash, 32),
        received_at=LONG_AGO,
    )
    return replace(event, **changes)


def beside(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Run `work` on a connection of its own; the list gets its result or its exception."""
    site, result = frappe.local.site, []

    def run() -> None:
        frappe.init(site=site)
        frappe.connect()
        try:
            result.append(work())
        except Exception as error:
            result.append(error)
        finally:
            frappe.destroy()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, result


def sweep() -> None:
    frappe.db.rollback()
    stores = frappe.get_all("Store Account", {"merchant_id": ("like", f"{SUFFIX}%")}, pluck="name") or [""]
    instances = frappe.get_all("ERP Instance", {"title": ("like", f"{SUFFIX}%")}, pluck="name") or [""]
    commands = frappe.get_all("Outbound Client Command", {"store": ("in", stores)}, pluck="name") or [""]
    for doctype in ("Command Delivery Attempt", "Command ACK Log"):
        frappe.db.delete(doctype, {"command": ("in", commands)})
    connections = frappe.get_all("ERP Connection", {"title": ("like", f"{SUFFIX}%")}, pluck="name") or [""]
    frappe.db.delete("Command Delivery Attempt", {"erp_connection": ("in", connections)})
    frappe.db.delete("ERP Connection Route", {"parent": ("in", connections)})
    frappe.db.delete("Command Dependency", {"parent": ("in", commands)})
    for doctype in ("Outbound Client Command", "External Record", "SKU Skip Log"):
        frappe.db.delete(doctype, {"store": ("in", stores)})
    runs = frappe.get_all("Reconciliation", {"store": ("in", stores)}, pluck="name") or [""]
    frappe.db.delete("Reconciliation Finding", {"run": ("in", runs)})
    frappe.db.delete("Reconciliation", {"name": ("in", runs)})
    frappe.db.delete("Sync Run", {"store": ("in", stores)})
    frappe.db.delete("Salla Incoming Log", {"merchant_id": ("like", f"{SUFFIX}%")})
    frappe.db.delete("Error Log", {"method": ("like", "%OSError%")})
    frappe.db.delete("Customer Account", {"account_name": ("like", f"{SUFFIX}%")})
    owners = (("Store Account", stores), ("ERP Instance", instances), ("ERP Connection", connections))
    for doctype, names in owners:
        frappe.db.delete(doctype, {"name": ("in", names)})
        frappe.db.delete("__Auth", {"doctype": doctype, "name": ("in", names)})
    frappe.db.commit()
