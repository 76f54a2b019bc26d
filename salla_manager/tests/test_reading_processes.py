"""Separate processes read one simulated store over HTTP at 120 calls a minute: never a 429, and an order gets through."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter

import frappe

from salla_manager.adapters.pace_store import LIMIT
from salla_manager.adapters.sync_store import FrappeSyncStore
from salla_manager.adapters.tokens import save_tokens
from salla_manager.api import backfills
from salla_manager.core.sync_run import SyncRun
from salla_manager.tasks import plan_backfill
from salla_manager.tests.factories import HubCase, make_store
from salla_manager.tests.shop import SimulatedShop

PER_MINUTE, SECONDS = 120, 10
SIZES = {"products": 400, "customers": 60, "orders": 120, "categories": 4, "brands": 2}
# As a worker starts: a process of its own, with its own connections.
PROCESS = """
import json, sys, time
import frappe
site, sites_path, name, store, key, job = sys.argv[1:]
frappe.init(site=site, sites_path=sites_path)
frappe.connect()
from salla_manager import reading
from salla_manager.adapters.host import build_host, client_for
from salla_manager.core.pull import request_pull
from salla_manager.platforms.pace import ORDERS
until, took = time.monotonic() + {seconds}, []
while time.monotonic() < until:
    began = time.monotonic()
    if job == "backfill":
        reading.read_on(name, 2)
        time.sleep(0.2)
    elif job == "pull":
        request_pull(build_host(), store, ["products"], None, 60)
    else:
        client_for(build_host().store.store(store)).in_lane(ORDERS).fetch("order", key)
        time.sleep(1)
    took.append(round(time.monotonic() - began, 2))
    frappe.db.rollback()
print(json.dumps(took))
"""


class TestReadingProcesses(HubCase):
    def setUp(self):
        super().setUp()
        self.salla = SimulatedShop(**SIZES).salla
        self.salla.bucket.limit_to(PER_MINUTE)
        self.statuses = Counter()
        answer = self.salla._answer

        def counted(request):
            response = answer(request)
            self.statuses[response.status_code] += 1
            return response

        self.salla._answer = counted
        self.salla.start()
        self.addCleanup(self.salla.stop)
        was = frappe.db.get_single_value("Salla Manager Settings", "allow_private_addresses")
        self.set_private(1)
        self.addCleanup(self.set_private, was)
        self.store = make_store(base_url=self.salla.api_url)
        save_tokens(self.store, self.salla.oauth.issue())
        frappe.db.commit()
        self.addCleanup(self.forget)

    def set_private(self, value):
        frappe.db.set_single_value("Salla Manager Settings", "allow_private_addresses", value)
        frappe.db.commit()

    def forget(self):
        frappe.db.delete(LIMIT, {"name": f"salla store {self.store}"})
        frappe.db.commit()

    def process(self, name: str, job: str) -> subprocess.Popen[str]:
        code = PROCESS.replace("{seconds}", str(SECONDS))
        key = str(next(iter(self.salla.state.orders)))
        arguments = (frappe.local.site, frappe.local.sites_path, name, self.store, key, job)
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def progress(self, name: str) -> SyncRun:
        frappe.db.rollback()
        return FrappeSyncStore().run(name)

    def test_backfill_pull_and_live_orders_share_the_limit(self):
        name = plan_backfill(self.store)["run"]
        backfills.start(name)
        began = time.monotonic()
        jobs = ("backfill", "backfill", "pull", "order")
        started = [(job, self.process(name, job)) for job in jobs]
        took = {}
        for job, process in started:
            out, errors = process.communicate(timeout=120)
            assert process.returncode == 0, (job, errors[-2000:])
            took.setdefault(job, []).extend(json.loads(out.splitlines()[-1]))
        seconds = time.monotonic() - began
        calls = sum(self.statuses.values())
        longest = max(took["order"])
        print(
            f"\n{len(jobs)} processes, {seconds:.0f} s at {PER_MINUTE} calls a minute: {calls} calls, "
            f"{self.statuses[429]} of them 429; {len(took['order'])} whole orders read, longest {longest} s"
        )
        assert set(self.statuses) == {200}, self.statuses
        # All of what they share was put to use, and the live orders did not wait for the others.
        assert calls >= 0.25 * PER_MINUTE
        assert len(took["order"]) >= 3
        assert sum(step.done for step in self.progress(name).steps) > 0
