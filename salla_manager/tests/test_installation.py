"""App events on MariaDB, through the same intake and processing."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import datetime, timezone

import frappe

from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.host import build_host
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.tokens import read_tokens
from salla_manager.core.intake import receive_webhook
from salla_manager.core.model import WebhookRules
from salla_manager.core.process import process_due_events
from salla_manager.tests.factories import LONG_AGO, SUFFIX, HubCase

SECRET = "a webhook secret of the tests"
MERCHANT = f"{SUFFIX}-app"


class LongAgo(FrappeClock):
    """So early that no worker of the site takes the events of a test, and the test none of the site's."""

    def now(self):
        return LONG_AGO


class TestApp(HubCase):
    def setUp(self):
        super().setUp()
        self.patched(
            "salla_manager.adapters.store.FrappeHubStore.webhook_rules",
            return_value=WebhookRules(secrets=(SECRET,)),
        )
        self.host = replace(build_host(), clock=LongAgo())

    def tell(self, event, at, **data):
        body = {"event": event, "merchant": MERCHANT, "created_at": f"2019-12-31 {at}:00", "data": data}
        raw = json.dumps(body).encode()
        proof = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"X-Salla-Security-Strategy": "Signature", "X-Salla-Signature": proof}
        answer = receive_webhook("salla", raw, headers, self.host)
        process_due_events(self.host)
        frappe.db.rollback()
        return frappe.get_doc("Salla Incoming Log", answer.body["event"])

    def authorize(self, at):
        return self.tell(
            "app.store.authorize", at, access_token="at-1", refresh_token="rt-1", expires=4_000_000_000
        )

    @property
    def store(self):
        return frappe.get_doc("Store Account", {"merchant_id": MERCHANT})

    def test_installed_removed_and_installed_again(self):
        self.authorize("10:00")
        name = self.store.name
        assert (self.store.app_status, read_tokens(name)["access_token"]) == ("Installed", "at-1")
        assert FrappeHubStore().store(name).app_changed_at == datetime(2019, 12, 31, 7, tzinfo=timezone.utc)
        self.tell("app.uninstalled", "11:00", id=1)
        assert (self.store.app_status, read_tokens(name)) == ("Uninstalled", None)
        assert "removed the app on 2019-12-31" in self.store.token_error
        assert not self.store.token_expires_at
        waiting = self.tell("product.price.updated", "11:05", id=77)
        assert waiting.status == "No Access"
        assert self.authorize("10:30").status == "Stale"
        self.tell("app.store.authorize", "12:00", access_token="at-2", refresh_token="rt-2", expires=2**31)
        assert (self.store.app_status, self.store.token_error) == ("Installed", "")
        waiting.reload()
        assert waiting.status != "No Access"

    def test_the_plan(self):
        self.authorize("10:00")
        plan = {"item_type": "plan", "plan_name": "Pro <b>", "end_date": "2026-12-31T21:00:00.000000Z"}
        self.tell("app.subscription.started", "10:01", **plan)
        store = self.store
        assert (store.plan, store.plan_status, str(store.plan_until)) == ("Pro ‹b›", "Active", "2026-12-31")
        assert self.tell("app.trial.expired", "10:02", id=2).status == "Ignored"
        self.tell("app.subscription.canceled", "10:03", **plan)
        assert self.store.plan_status == "Canceled"
