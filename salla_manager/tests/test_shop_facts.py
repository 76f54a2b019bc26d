"""Currency and VAT that a shop says of itself: behind an installation, each night, and never over a person."""

from __future__ import annotations

from unittest.mock import patch

import frappe

from salla_manager import shop_care
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.tests.factories import SUFFIX
from salla_manager.tests.shop import SimulatedShop
from salla_manager.tests.test_shop_care import ShopCase


class TestShopFacts(ShopCase):
    def setUp(self):
        super().setUp()
        self.shop = SimulatedShop(products=1, customers=1, orders=0, categories=1, brands=1)
        self.shop.salla.state.prices_include_tax = True
        self.patched(
            "salla_manager.adapters.host.client_for", side_effect=lambda store: self.shop.client(store)
        )

    def make(self, merchant, days=None, **state):
        """As an installation makes it; the form would fill in the site's own currency."""
        name = super().make(merchant, days, **state)
        frappe.db.set_value("Store Account", name, "currency", None)
        frappe.db.commit()
        return name

    def values(self, name):
        frappe.db.rollback()
        return frappe.db.get_value(
            "Store Account", name, ["currency", "prices_include_tax", "shop_problem"], as_dict=True
        )

    def test_the_night_fills_what_is_empty(self):
        name = self.make("a", 9)
        shop_care.learn_shops()
        found = self.values(name)
        assert (found.currency, found.prices_include_tax, found.shop_problem or "") == ("SAR", "Yes", "")
        assert self.told.call_count == 0

    def test_what_a_person_set_stays_and_the_difference_is_told_once(self):
        name = self.make("a", 9)
        frappe.db.set_value("Store Account", name, {"currency": "USD", "prices_include_tax": "No"})
        frappe.db.commit()
        for _ in range(2):
            shop_care.learn_shop(name)
        found = self.values(name)
        assert (found.currency, found.prices_include_tax) == ("USD", "No")
        assert "its prices are with VAT" in found.shop_problem
        assert len(self.subjects()) == 1

    def test_what_the_shop_does_not_say_is_open_and_told(self):
        name = self.make("a", 9)
        scopes = self.shop.salla.oauth.scope
        self.shop.salla.oauth.scope = scopes.replace("settings.read", "")
        shop_care.learn_shop(name)
        assert "does not say whether its prices include VAT" in self.values(name).shop_problem
        self.shop.salla.oauth.scope = scopes
        shop_care.learn_shop(name)
        assert self.values(name).prices_include_tax == "Yes"
        assert self.values(name).shop_problem == ""

    def test_a_currency_that_the_hub_lacks_is_named(self):
        name = self.make("a", 9)
        self.shop.salla.state.currency = "XTS"
        shop_care.learn_shop(name)
        assert self.values(name).currency is None
        assert "XTS is not among the Currencies" in self.values(name).shop_problem

    def test_a_store_that_was_switched_off_or_left_is_not_asked(self):
        name = self.make("a", 9)
        frappe.db.set_value("Store Account", name, "app_status", "Uninstalled")
        frappe.db.commit()
        shop_care.learn_shops()
        assert self.shop.calls() == 0

    def test_fresh_tokens_have_the_shop_asked(self):
        hub = FrappeHubStore()
        with patch("salla_manager.adapters.config_store.wake") as wake:
            with hub.transaction():
                store = hub.adopt_store("salla", f"{SUFFIX}-b", {"access_token": "at", "expires": 0})
                wake.assert_not_called()
            assert wake.call_args.args[0] == "salla_manager.shop_care.learn_shop"
            assert wake.call_args.kwargs["store"] == store.name
