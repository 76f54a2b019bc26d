"""Shared secrets and tokens: kept encrypted, replaced safely, shown nowhere."""

from __future__ import annotations

from datetime import timedelta

import frappe
from frappe.utils import add_days, now_datetime

from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.tokens import FrappeTokenStore, save_tokens
from salla_manager.tests.factories import NOW, SUFFIX, HubCase, beside, make_instance, make_store

TOKENS = {
    "access_token": "access-canary-1",
    "refresh_token": "refresh-canary-1",
    "expires": 4_000_000_000,
    "scope": "offline_access",
}


class TestSharedSecret(HubCase):
    def test_one_is_made_and_never_stored_in_the_clear(self):
        name = make_instance()
        instance = FrappeHubStore().instance(name)
        assert len(instance.secret) == 64
        assert instance.secret not in str(frappe.db.get_value("ERP Instance", name, "*"))

    def test_saving_the_form_keeps_it(self):
        name = make_instance()
        before = FrappeHubStore().instance(name).secret
        doc = frappe.get_doc("ERP Instance", name)
        doc.title = f"{SUFFIX} renamed"
        doc.save()
        doc.shared_secret = ""
        doc.save()
        assert FrappeHubStore().instance(name).secret == before
        assert doc.previous_secret_until is None

    def test_the_one_before_is_taken_for_some_days(self):
        name = make_instance()
        first = FrappeHubStore().instance(name).secret
        fresh = frappe.get_doc("ERP Instance", name).rotate_secret()
        instance = FrappeHubStore().instance(name)
        assert (instance.secret, instance.previous_secret) == (fresh, first)
        frappe.db.set_value("ERP Instance", name, "previous_secret_until", add_days(now_datetime(), -1))
        assert FrappeHubStore().instance(name).previous_secret == ""

    def test_two_instances_never_share_one(self):
        secret = frappe.generate_hash(length=40)
        make_instance(shared_secret=secret)
        with self.assertRaisesRegex(frappe.ValidationError, "Each one needs its own"):
            make_instance("B", shared_secret=secret)

    def test_a_short_one_is_refused(self):
        with self.assertRaisesRegex(frappe.ValidationError, "at least 32"):
            make_instance(shared_secret="short")

    def test_a_url_that_is_none_is_refused(self):
        for url in (
            "erp.example.com",
            "ftp://erp.example.com",
            "https://u:p@erp.example.com",
            "https://e/?a=1",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://x:99999",
            "https://exa mple.com",
            "https://a.b\\c",
            "https://a.b/<b>",
        ):
            with self.subTest(url), self.assertRaises(frappe.ValidationError):
                make_instance(url=url)


class TestTokens(HubCase):
    def setUp(self):
        super().setUp()
        self.store = make_store()

    def tokens(self):
        return FrappeTokenStore(self.store)

    def test_they_come_back_and_lie_nowhere_in_the_clear(self):
        save_tokens(self.store, {**TOKENS, "refresh_problem": "no answer came"})
        assert self.tokens().load() == {**TOKENS, "refresh_problem": "no answer came"}
        row = str(frappe.db.get_value("Store Account", self.store, "*"))
        stored = str(frappe.db.sql("select password from `__Auth` where name = %s", self.store))
        for canary in ("access-canary", "refresh-canary"):
            assert canary not in row
            assert canary not in stored

    def test_saving_the_form_keeps_them(self):
        save_tokens(self.store, TOKENS)
        doc = frappe.get_doc("Store Account", self.store)
        doc.store_name = f"{SUFFIX} renamed"
        doc.save()
        assert self.tokens().load()["access_token"] == "access-canary-1"

    def test_a_saved_successor_survives_the_rollback_of_its_caller(self):
        save_tokens(self.store, TOKENS)
        frappe.db.commit()
        store = self.tokens()
        store.save({**store.load(), "refresh_token": "refresh-canary-2"})
        frappe.db.rollback()
        assert self.tokens().load()["refresh_token"] == "refresh-canary-2"

    def test_an_older_chain_does_not_overwrite_a_new_installation(self):
        save_tokens(self.store, TOKENS)
        frappe.db.commit()
        store = self.tokens()
        old = store.load()
        save_tokens(self.store, {**TOKENS, "refresh_token": "of-the-new-installation"})
        frappe.db.commit()
        store.save({**old, "is_revoked": True})
        assert self.tokens().load() == {**TOKENS, "refresh_token": "of-the-new-installation"}

    def test_one_worker_refreshes_at_a_time(self):
        save_tokens(self.store, TOKENS)
        frappe.db.commit()
        store = self.store
        seen = []

        def refresh():
            mine = FrappeTokenStore(store)
            with mine.lock():
                tokens = mine.load()
                seen.append(tokens["refresh_token"])
                mine.save({**tokens, "refresh_token": tokens["refresh_token"] + "+"})

        threads = [beside(refresh) for _ in range(4)]
        for thread, _ in threads:
            thread.join(20)
        assert [result for _, result in threads] == [[None]] * 4
        assert len(set(seen)) == 4

    def test_a_merchant_is_adopted_once(self):
        hub = FrappeHubStore()
        with hub.transaction():
            first = hub.adopt_store("salla", f"{SUFFIX}-new", TOKENS)
            again = hub.adopt_store("salla", f"{SUFFIX}-new", {**TOKENS, "access_token": "second"})
        assert first == again
        assert FrappeTokenStore(first.name).load()["access_token"] == "second"


class TestBreaker(HubCase):
    def test_it_is_kept_without_touching_a_form_that_is_open(self):
        name = make_instance()
        doc = frappe.get_doc("ERP Instance", name)
        hub = FrappeHubStore()
        hub.save_breaker(name, 3, NOW + timedelta(seconds=60), "No route <b>")
        instance = hub.instance(name)
        assert (instance.consecutive_failures, instance.breaker_open_until) == (
            3,
            NOW + timedelta(seconds=60),
        )
        assert frappe.db.get_value("ERP Instance", name, "breaker_status") == "Open"
        doc.save()
        hub.save_breaker(name, 0, None, "")
        assert hub.instance(name).breaker_open_until is None
