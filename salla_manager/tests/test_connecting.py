"""Connect to Salla: what was begun in one session ends in that one only, once, at our own address."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import frappe

from salla_manager.adapters import connecting
from salla_manager.adapters.tokens import read_tokens
from salla_manager.api import shops
from salla_manager.core.connect import ConnectError
from salla_manager.platforms.salla.accounts import Merchant
from salla_manager.tests.factories import SUFFIX, HubCase, make_store
from salla_manager.tests.test_permissions import ADMIN, OPERATOR, user_with
from salla_manager.tests.web import request

MERCHANT = f"{SUFFIX}-connect"
TOKENS = {"access_token": "at-1", "refresh_token": "rt-1", "expires": 4_000_000_000, "scope": "orders.read"}
CALLBACK = f"https://hub.example.com{connecting.CALLBACK}"


class Service:
    def __init__(self):
        self.codes = []

    def authorize_url(self, redirect_url, state):
        return f"https://accounts.example.com/auth?redirect_uri={redirect_url}&state={state}"

    def redeem(self, code, redirect_url):
        self.codes.append((code, redirect_url))
        return TOKENS

    def merchant(self, access_token):
        return Merchant(MERCHANT, "Oud House")


class TestConnecting(HubCase):
    def setUp(self):
        super().setUp()
        self.service = Service()
        self.patched("salla_manager.adapters.connecting.accounts", return_value=self.service)
        self.patched("salla_manager.adapters.connecting.hub_url", return_value="https://hub.example.com")
        self.session = self.patched("salla_manager.adapters.connecting._session", return_value="mine")

    def begin(self, store=""):
        url = connecting.begin(store)
        query = parse_qs(urlsplit(url).query)
        assert query["redirect_uri"] == [CALLBACK]
        return query["state"][0]

    def test_a_consent_makes_the_store_once(self):
        state = self.begin()
        assert state.isalnum()
        name = connecting.finish(state, "code", "")
        frappe.db.rollback()
        store = frappe.get_doc("Store Account", name)
        assert (store.merchant_id, store.store_name, store.app_status) == (MERCHANT, "Oud House", "Installed")
        assert read_tokens(name)["access_token"] == "at-1"
        with self.assertRaises(ConnectError):
            connecting.finish(state, "code", "")
        assert self.service.codes == [("code", CALLBACK)]

    def test_another_session_cannot_end_it_nor_use_it_later(self):
        state = self.begin()
        self.session.return_value = "another"
        with self.assertRaises(ConnectError):
            connecting.finish(state, "code", "")
        self.session.return_value = "mine"
        with self.assertRaises(ConnectError):
            connecting.finish(state, "code", "")
        assert self.service.codes == []

    def test_a_state_of_nobody_does_nothing(self):
        for state in ("", "0" * 48, "*", "a" * 10_000):
            with self.subTest(state[:9]), self.assertRaises(ConnectError):
                connecting.finish(state, "code", "")
        assert self.service.codes == []

    def test_it_expires(self):
        state = self.begin()
        seconds = frappe.cache.ttl(connecting._key(state))
        assert 0 < seconds <= connecting.MINUTES * 60

    def test_a_no_of_the_merchant_is_told(self):
        with self.assertRaisesRegex(ConnectError, "access_denied"):
            connecting.finish(self.begin(), "", "access_denied")

    def test_the_consent_of_another_shop_is_not_taken(self):
        store = make_store("other")
        with self.assertRaisesRegex(ConnectError, "Oud House"):
            connecting.finish(self.begin(store), "code", "")
        assert read_tokens(store) is None

    def test_without_our_own_address_it_is_not_begun(self):
        self.patched("salla_manager.adapters.connecting.hub_url", return_value="")
        with self.assertRaisesRegex(frappe.ValidationError, "Hub URL"):
            connecting.begin("")

    def test_only_who_may_make_stores_may_begin(self):
        for who in (user_with(), user_with(OPERATOR)):
            frappe.set_user(who)
            with self.assertRaises(frappe.PermissionError):
                shops.connect_to_salla()
        frappe.set_user(user_with(ADMIN))
        assert shops.connect_to_salla().startswith("https://accounts.example.com/")

    def test_a_guest_gets_words_and_leaves_nothing(self):
        before = frappe.db.count("Store Account")
        response = request("GET", f"{connecting.CALLBACK}?state=<b>&code=x&error=canary")
        assert response.status_code == 400
        text = response.get_data(as_text=True)
        assert "Log in to this hub" in text
        assert "canary" not in text
        assert frappe.db.count("Store Account") == before
