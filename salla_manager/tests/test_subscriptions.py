"""The check of a store's webhooks: what it compares with, where it stands, and who may ask for it."""

from __future__ import annotations

from unittest.mock import patch

import frappe

from salla_manager import shop_care
from salla_manager.adapters import subscriptions
from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.api import shops
from salla_manager.core.commands import OperatorError
from salla_manager.core.model import SecretsUnreadable, WebhookRules
from salla_manager.platforms.port import ShopError
from salla_manager.tests.factories import SUFFIX, HubCase, make_event, make_store
from salla_manager.tests.test_permissions import ADMIN, OPERATOR, user_with

RULES = "salla_manager.adapters.store.FrappeHubStore.webhook_rules"
URL = "https://hub.example.com/api/method/salla_manager.api.webhooks.salla"


class Client:
    """Differences in turn; the last one stays."""

    def __init__(self, *differences):
        self.differences, self.targets = list(differences), []

    def in_lane(self, lane):
        return self

    def check_webhooks(self, target):
        self.targets.append(target)
        return self.differences.pop(0) if len(self.differences) > 1 else self.differences[0]

    def repair_webhooks(self, target):
        return [f"{line} It is corrected now." for line in self.check_webhooks(target)]


class TestSubscriptions(HubCase):
    def setUp(self):
        super().setUp()
        self.told = self.patched("salla_manager.adapters.alarms.enqueue_create_notification")
        self.patched(RULES, return_value=WebhookRules(secrets=("one", "two")))
        self.patched("salla_manager.adapters.connecting.hub_url", return_value="https://hub.example.com")
        self.store = make_store()
        # Somebody has to be there to be told.
        self.users = {role: user_with(*([role] if role else [])) for role in ("", OPERATOR, ADMIN)}

    def shop(self, *differences):
        client = Client(*differences)
        self.patched("salla_manager.adapters.host.client_for", return_value=client)
        return client

    def value(self, fieldname):
        frappe.db.rollback()
        return frappe.db.get_value("Store Account", self.store, fieldname)

    def test_what_is_found_stands_on_the_store_and_is_told_once(self):
        self.shop(["order.created: it comes unsigned."])
        for _ in range(2):
            answer = subscriptions.check(self.store)
            assert answer == {"ok": False, "url": URL, "lines": ["order.created: it comes unsigned."]}
        assert self.value("webhook_problem") == "order.created: it comes unsigned."
        assert self.value("webhooks_checked_at")
        assert self.told.call_count == 1

    def test_a_repair_is_looked_at_again(self):
        self.shop(["a: wrong."], [])
        answer = subscriptions.check(self.store, repair=True)
        assert answer == {"ok": True, "url": URL, "lines": ["a: wrong. It is corrected now."]}
        assert not self.value("webhook_problem")

    def test_it_compares_with_our_own_address_the_current_secret_and_what_was_heard(self):
        hub = FrappeHubStore()
        with hub.transaction():
            for number, event in enumerate(("order.created", "app.installed", "hub.read")):
                hub.add_event(
                    make_event(
                        f"w{number}",
                        event=event,
                        status="Processed",
                        store=self.store,
                        received_at=FrappeClock().now(),
                    )
                )
        client = self.shop([])
        subscriptions.check(self.store)
        (target,) = client.targets
        assert (target.url, target.secret, target.heard) == (URL, "one", {"order.created"})

    def test_what_stands_in_the_way_is_told(self):
        for change, words in (
            (("salla_manager.adapters.connecting.hub_url", {"return_value": ""}), "Hub URL"),
            ((RULES, {"return_value": WebhookRules()}), "secret"),
            ((RULES, {"side_effect": SecretsUnreadable("No key.")}), "No key"),
            (("salla_manager.adapters.host.client_for", {"return_value": None}), "no access to its shop"),
            (
                (
                    "salla_manager.adapters.host.client_for",
                    {"side_effect": ShopError("offline", "It broke.")},
                ),
                "It broke",
            ),
        ):
            target, options = change
            with self.subTest(words), patch(target, **options), self.assertRaisesRegex(OperatorError, words):
                subscriptions.check(self.store)
        with self.assertRaisesRegex(OperatorError, "no Store Account"):
            subscriptions.check("none")

    def test_the_night_looks_at_every_store_and_one_that_fails_stops_no_other(self):
        self.shop(["a: wrong."])
        other = make_store("m-2")
        mine = {"merchant_id": ("like", f"{SUFFIX}%")}
        enabled = shop_care._enabled
        seen = []

        def check(name):
            seen.append(name)
            raise OSError("x")

        with (
            patch(
                "salla_manager.shop_care._enabled",
                side_effect=lambda where, *a: enabled({**where, **mine}, *a),
            ),
            patch("salla_manager.adapters.subscriptions.check", side_effect=check),
        ):
            shop_care.check_webhooks()
        assert sorted(seen) == sorted([self.store, other])

    def test_who_may(self):
        self.shop([])
        frappe.set_user(self.users[""])
        for action in (shops.check_webhooks, shops.repair_webhooks):
            with self.assertRaises(frappe.PermissionError):
                action(self.store)
        with self.assertRaises(frappe.PermissionError):
            shops.addresses()
        frappe.set_user(self.users[OPERATOR])
        assert shops.check_webhooks(self.store)["ok"]
        assert shops.addresses()["webhook"] == URL
        with self.assertRaises(frappe.PermissionError):
            shops.repair_webhooks(self.store)
        frappe.set_user(self.users[ADMIN])
        assert shops.repair_webhooks(self.store)["ok"]
