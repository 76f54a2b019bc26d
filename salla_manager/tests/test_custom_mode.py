"""Custom Mode from the button to a webhook that is heard, against the simulated store over HTTP."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import requests

import frappe

from salla_manager.adapters import connecting
from salla_manager.adapters.host import build_host
from salla_manager.adapters.pace_store import LIMIT
from salla_manager.adapters.subscriptions import check
from salla_manager.adapters.tokens import read_tokens
from salla_manager.core.model import WebhookRules
from salla_manager.core.pull import request_pull
from salla_manager.tests.factories import SUFFIX, HubCase, sweep
from salla_manager.tests.shop import SimulatedShop
from salla_manager.tests.test_subscriptions import RULES

SETTINGS = "Salla Manager Settings"
HUB = "https://hub.example.com"


class TestCustomMode(HubCase):
    def setUp(self):
        super().setUp()
        self.patched("salla_manager.adapters.alarms.enqueue_create_notification")
        self.patched("salla_manager.adapters.connecting.hub_url", return_value=HUB)
        self.salla = SimulatedShop(products=3, customers=2, orders=1, categories=2, brands=2).salla.start()
        self.addCleanup(self.salla.stop)
        self.salla.state.merchant_id = 990_000_000_000_001
        self.patched(RULES, return_value=WebhookRules(secrets=("w" * 32,)))
        settings = frappe.get_doc(SETTINGS)
        fields = ("salla_client_id", "salla_accounts_url", "salla_api_url", "allow_private_addresses")
        was = {name: settings.get(name) for name in fields}
        self.change(
            {
                "salla_client_id": self.salla.oauth.client_id,
                "salla_accounts_url": self.salla.url,
                "salla_api_url": self.salla.api_url,
                "allow_private_addresses": 1,
            }
        )
        self.addCleanup(self.change, was)
        self.patched("salla_manager.adapters.host.read_secret", return_value=self.salla.oauth.client_secret)

    def change(self, values):
        for name, value in values.items():
            frappe.db.set_single_value(SETTINGS, name, value)
        frappe.db.commit()
        frappe.clear_document_cache(SETTINGS, SETTINGS)

    def consent(self):
        """As a browser follows the link: Salla sends it back with a code."""
        back = requests.get(connecting.begin(""), allow_redirects=False, timeout=10).headers["Location"]
        query = parse_qs(urlsplit(back).query)
        assert back.startswith(f"{HUB}{connecting.CALLBACK}")
        return connecting.finish(query["state"][0], query["code"][0], "")

    def forget(self, store):
        frappe.db.delete(LIMIT, {"name": f"salla store {store}"})
        # The shop's id is a number; by this one the row is known as ours.
        frappe.db.set_value("Store Account", store, "merchant_id", f"{SUFFIX}-custom")
        frappe.db.commit()
        sweep()

    def test_connect_subscribe_repair_and_read(self):
        store = self.consent()
        self.addCleanup(self.forget, store)
        assert read_tokens(store)["access_token"]
        first = check(store)
        assert not first["ok"]
        mended = check(store, repair=True)
        assert mended["ok"], mended["lines"]
        assert check(store) == {"ok": True, "url": mended["url"], "lines": []}
        # Somebody changes one in the portal.
        self.salla.api.webhooks.rows.pop()
        assert not check(store)["ok"]
        assert check(store, repair=True)["ok"]
        assert request_pull(build_host(), store, ["brands"])["queued"] == {"brands": 2}
        # The same shop again is the same store, with new tokens.
        tokens = read_tokens(store)["access_token"]
        assert self.consent() == store
        assert read_tokens(store)["access_token"] != tokens
