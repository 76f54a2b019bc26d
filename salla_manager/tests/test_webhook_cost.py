"""What a webhook costs: few statements, and no lock of others to wait for."""

from __future__ import annotations

import json
import threading
import time
from unittest.mock import patch

import frappe

from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.request_host import build_request_host
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.core.intake import receive_webhook
from salla_manager.core.model import RecordKey, WebhookRules
from salla_manager.platforms.salla.signature import SIGNATURE, STRATEGY, sign
from salla_manager.tests.factories import SUFFIX, HubCase, beside, make_event, make_record, make_store
from salla_manager.tests.web import API, request

SECRET = "a webhook secret of the cost tests"
# The time, what it is held against, its store, and the row itself.
STATEMENTS = 4
HELD_SECONDS = 3


class TestWebhookCost(HubCase):
    def setUp(self):
        super().setUp()
        self.store = make_store("a")

    def webhook(self, number, secret=SECRET):
        body = {
            "event": "product.updated",
            "merchant": f"{SUFFIX}-a",
            "created_at": "2026-01-01 12:00:00",
            "data": {"id": number, "name": "Cup", "mark": frappe.generate_hash(length=12)},
        }
        raw = json.dumps(body).encode()
        return raw, {STRATEGY: "Signature", SIGNATURE: sign(secret, raw)}

    def test_statements(self):
        secrets = FrappeHubStore().webhook_rules("salla").secrets
        if not secrets:
            self.skipTest("the site has no webhook secret")
        raw, headers = self.webhook(1, secrets[0])
        asked = []
        sql = frappe.db.sql

        def counting(query, *args, **options):
            asked.append(str(query).split(None, 1)[0].lower())
            return sql(query, *args, **options)

        host_jobs = patch("salla_manager.adapters.request_host.RequestJobs.process_events")
        with host_jobs, patch.object(frappe.db, "sql", counting):
            assert receive_webhook("salla", raw, headers, build_request_host()).http_status == 200
        frappe.db.commit()
        assert asked == ["select", "select", "select", "insert"], asked
        assert len(asked) == STATEMENTS

    def test_it_is_answered_while_others_hold_what_it_is_about(self):
        self.patched(
            "salla_manager.adapters.store.FrappeHubStore.webhook_rules",
            return_value=WebhookRules(secrets=(SECRET,)),
        )
        self.patched("salla_manager.adapters.jobs.wake")
        make_record(self.store, "1")
        holds, go_on = threading.Event(), threading.Event()

        def hold():
            hub = FrappeHubStore()
            with hub.transaction():
                frappe.db.sql(
                    "select value from `tabSingles` where doctype = 'Salla Manager Settings' for update"
                )
                hub.lock_store(self.store)
                hub.lock_record(RecordKey(self.store, "product", "1"))
                hub.add_event(make_event("held", merchant_id=f"{SUFFIX}-a", received_at=FrappeClock().now()))
                # As a worker that claims what is due, and is slow to say so.
                hub.due_events(FrappeClock().now(), 50)
                holds.set()
                go_on.wait(HELD_SECONDS)
                raise InterruptedError

        thread, _ = beside(hold)
        assert holds.wait(10)
        took = []
        for number in range(5):
            raw, headers = self.webhook(number)
            began = time.monotonic()
            response = request("POST", f"{API}webhooks.salla", raw, headers)
            took.append(time.monotonic() - began)
            assert response.status_code == 200
        is_held = thread.is_alive()
        go_on.set()
        thread.join(10)
        assert is_held
        assert max(took) < 1, took
