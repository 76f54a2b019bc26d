"""On the hub's site, in the bench's Python: a run's own instance and store, workers that die, and what they left."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import frappe
from frappe.utils.background_jobs import get_queue

from chaos.bench_names import merchant
from chaos.bench_site import connected, health, last_errors, serve
from chaos.points import MortalJobs, MortalRows, MortalTransport, Trap
from salla_manager import tasks
from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.host import build_host
from salla_manager.adapters.rows import to_epoch
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.core.host import Host
from salla_manager.core.model import CommandStatus, Settings
from salla_manager.core.outbox import absorb, wake
from salla_manager.payloads import parse_payload

COMMAND, LOG = "Outbound Client Command", "Salla Incoming Log"
PATIENCE = 60


class MortalFrappeStore(MortalRows, FrappeHubStore):
    def settings(self) -> Settings:
        # Twenty executors that die in a row are this section's doing; the breaker has tests of its own.
        return replace(super().settings(), breaker_failures=10_000)


def mortal_host(trap: Trap) -> Host:
    rows = MortalFrappeStore()
    rows.trap = trap
    return replace(build_host(), store=rows, jobs=MortalJobs(trap), transport=MortalTransport(trap))


def strike(site: str, store: str, entity_type: str, payload: dict[str, Any], point: str) -> int | None:
    """A worker of its own takes the entity in and runs the dispatch job; its exit code, -9 where it was killed."""
    worker = multiprocessing.get_context("fork").Process(
        target=_work, args=(site, store, entity_type, payload, point)
    )
    worker.start()
    worker.join(PATIENCE)
    if worker.exitcode is None:
        worker.kill()
        worker.join()
        return None
    return worker.exitcode


def _work(site: str, store: str, entity_type: str, payload: dict[str, Any], point: str) -> None:
    with connected(site):
        host = mortal_host(Trap(point, external_id=payload["external_id"]))
        known = host.store.store(store)
        assert known is not None
        wake([absorb(parse_payload(entity_type, payload), known, host)], host)
        with patch.object(tasks, "build_host", lambda: host):
            tasks.dispatch_to(known.erp_instance)


def take(site: str, store: str, entity_type: str, payload: dict[str, Any]) -> str:
    """As the shop's next telling of it: taken in, nobody woken; the status it then has."""
    with connected(site):
        host = mortal_host(Trap())
        known = host.store.store(store)
        assert known is not None
        return absorb(parse_payload(entity_type, payload), known, host).status


def make(site: str, mark: str, url: str = "", instance: str = "", api_url: str = "") -> dict[str, str]:
    """A Store Account of the run's own, and an ERP Instance unless one is given."""
    with connected(site):
        if not instance:
            made = frappe.get_doc({"doctype": "ERP Instance", "title": mark, "url": url}).insert()
            instance = str(made.name)
        values = {"store_name": mark, "platform": "Salla", "merchant_id": merchant(mark), "base_url": api_url}
        store = frappe.get_doc(
            {"doctype": "Store Account", **values, "erp_instance": instance, "currency": "SAR", "enabled": 1}
        ).insert()
        frappe.db.commit()
        found = FrappeHubStore().instance(instance)
        assert found is not None
        return {"instance": instance, "secret": found.secret, "store": str(store.name)}


def commands(site: str, store: str) -> list[list[Any]]:
    """[entity type, external id, status, attempts] of each command."""
    with connected(site):
        rows = frappe.get_all(COMMAND, {"store": store}, ["entity_type", "external_id", "status", "attempts"])
        return [list(row.values()) for row in rows]


def acks(site: str, store: str) -> list[list[Any]]:
    """[external id, ack status, answered from the inbox] of each."""
    with connected(site):
        rows = frappe.db.sql(
            """select command.external_id, ack.ack_status, ack.payload like '%%"repeat":true%%'
            from `tabCommand ACK Log` ack join `tabOutbound Client Command` command on command.name = ack.command
            where command.store = %s""",
            store,
        )
        return [[external_id, status, bool(repeat)] for external_id, status, repeat in rows]


def records(site: str, store: str) -> list[str]:
    with connected(site):
        return frappe.get_all("External Record", {"store": store}, pluck="external_id")


def queue(site: str, store: str) -> dict[str, int]:
    """What is still to be done: events, commands by status, jobs in RQ."""
    with connected(site):
        open_commands = frappe.db.sql(
            f"select status, count(*) from `tab{COMMAND}` where store = %s and status in %s group by status",
            (store, tuple(CommandStatus.OPEN)),
        )
        events = frappe.db.count(LOG, {"store": store, "due": (">", 0)})
        jobs = sum(len(get_queue(name)) for name in ("short", "default", "long"))
        return {"events": events, "jobs": jobs, **{status: int(count) for status, count in open_commands}}


def left(site: str, store: str, limit: int = 5) -> list[str]:
    """Some of what is still to be done, with the seconds until it is due and the reason."""
    with connected(site):
        now = to_epoch(FrappeClock().now())
        events = frappe.get_all(LOG, {"store": store, "due": (">", 0)}, ["event", "status", "due", "message"])
        fields = ["command_type as event", "status", "due", "reason as message"]
        where = {"store": store, "status": ("in", CommandStatus.OPEN)}
        rows = [*events, *frappe.get_all(COMMAND, where, fields)]
        return [
            f"{row.event}, {row.status}, due in {(row.due - now) // 10**6} s: {(row.message or '')[:200]}"
            for row in rows[:limit]
        ]


def sweep(site: str, mark: str) -> list[str]:
    """Remove the run's rows; names of its stores."""
    with connected(site):
        stores = frappe.get_all("Store Account", {"store_name": mark}, pluck="name")
        for store in stores:
            names = frappe.get_all(COMMAND, {"store": store}, pluck="name")
            for start in range(0, len(names), 1000):
                batch = names[start : start + 1000]
                for doctype in ("Command Delivery Attempt", "Command ACK Log"):
                    frappe.db.delete(doctype, {"command": ("in", batch)})
                frappe.db.delete("Command Dependency", {"parent": ("in", batch)})
                frappe.db.delete(COMMAND, {"name": ("in", batch)})
                # Locks of a shared site are not held for long.
                frappe.db.commit()
            for doctype in ("External Record", "SKU Skip Log", LOG):
                frappe.db.delete(doctype, {"store": store})
            frappe.db.delete("Store Account", {"name": store})
            frappe.db.delete("__Auth", {"doctype": "Store Account", "name": store})
        for instance in frappe.get_all("ERP Instance", {"title": mark}, pluck="name"):
            frappe.db.delete("ERP Instance", {"name": instance})
            frappe.db.delete("__Auth", {"doctype": "ERP Instance", "name": instance})
        frappe.db.commit()
        return stores


if __name__ == "__main__":
    serve(
        {
            "make": make,
            "strike": strike,
            "take": take,
            "commands": commands,
            "acks": acks,
            "records": records,
            "queue": queue,
            "left": left,
            "health": health,
            "last_errors": last_errors,
            "sweep": sweep,
        }
    )
