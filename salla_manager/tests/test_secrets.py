"""Shared secrets and tokens: kept encrypted, replaced safely, shown nowhere."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import frappe
from frappe.utils import add_days, now_datetime
from frappe.utils.password import get_decrypted_password, set_encrypted_password

from salla_manager.adapters.secrets import SecretError, encryption, key_ids, read_secret, rewrap_secrets
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.tokens import FrappeTokenStore, save_tokens
from salla_manager.core import readiness
from salla_manager.core.model import SecretsUnreadable
from salla_manager.erp.encryption import KEY_SETTING, PREVIOUS_KEYS_SETTING, is_envelope
from salla_manager.tests.factories import (
    NOW,
    SUFFIX,
    HubCase,
    beside,
    make_command,
    make_instance,
    make_record,
    make_store,
)

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


class TestAtRest(HubCase):
    def stored(self, name, fieldname="shared_secret"):
        return get_decrypted_password("ERP Instance", name, fieldname)

    def test_what_frappe_keeps_is_an_envelope(self):
        name = make_instance(shared_secret="canary-of-the-shared-secret-0001")
        assert is_envelope(self.stored(name))
        assert "canary" not in frappe.get_doc("ERP Instance", name).get_password("shared_secret")

    def test_a_row_put_in_the_place_of_another_cannot_be_read(self):
        first, second = make_instance(), make_instance("B")
        set_encrypted_password("ERP Instance", second, self.stored(first), "shared_secret")
        instance = FrappeHubStore().instance(second)
        assert instance.secret == ""
        assert "cannot be read" in instance.secret_problem
        assert FrappeHubStore().instance(first).secret

    def test_a_command_of_an_instance_that_cannot_be_read_is_held_and_goes_on(self):
        name = make_instance()
        store = make_store(erp_instance=name)
        command = make_command(make_record(store, "1"), name)
        good = self.stored(name)
        set_encrypted_password("ERP Instance", name, good[:-2] + "AA", "shared_secret")
        frappe.db.commit()
        hub = FrappeHubStore()
        gate = readiness.closed_gate(hub, hub.store(store), hub.command(command))
        assert "cannot be read" in gate
        set_encrypted_password("ERP Instance", name, good, "shared_secret")
        assert readiness.closed_gate(hub, hub.store(store), hub.command(command)) == ""

    def test_without_a_master_key_nothing_is_kept_and_the_reason_says_what_to_do(self):
        with without_key(), self.assertRaisesRegex(SecretError, "salla master-key --make"):
            make_instance()

    def test_a_webhook_that_cannot_be_verified_for_want_of_the_key_is_asked_for_again(self):
        hub = FrappeHubStore()
        with without_key(), self.assertRaisesRegex(SecretsUnreadable, "ENCRYPTION_MASTER_KEY"):
            hub.webhook_rules("salla")
        with without_key():
            # Nobody else needs them.
            assert hub.settings().retry_max_attempts

    def test_a_new_master_key_takes_over_and_the_old_one_is_not_needed_any_more(self):
        name = make_instance()
        secret, old = FrappeHubStore().instance(name).secret, frappe.conf[KEY_SETTING]
        fresh = "5a" * 31 + "77"
        with patch.dict(frappe.conf, {KEY_SETTING: fresh, PREVIOUS_KEYS_SETTING: old}):
            assert FrappeHubStore().instance(name).secret == secret
            assert rewrap_secrets()["changed"] > 0
            assert rewrap_secrets()["changed"] == 0
            assert list(key_ids()) == [encryption().current_id]
        with patch.dict(frappe.conf, {KEY_SETTING: fresh}):
            assert FrappeHubStore().instance(name).secret == secret
        frappe.db.rollback()

    def test_a_moved_site_takes_its_secrets_along_when_told_its_old_name(self):
        name = make_instance()
        secret = FrappeHubStore().instance(name).secret
        with patch.object(frappe.local, "site", "moved.example.com"):
            assert "cannot be read" in FrappeHubStore().instance(name).secret_problem
        with patch.object(frappe.local, "site", "moved.example.com"), self.assertRaises(SecretError):
            rewrap_secrets("another.example.com")
        before = frappe.local.site
        with patch.object(frappe.local, "site", "moved.example.com"):
            rewrap_secrets(before)
            assert FrappeHubStore().instance(name).secret == secret
        frappe.db.rollback()

    def test_what_an_older_version_kept_is_encrypted(self):
        name = make_instance()
        set_encrypted_password("ERP Instance", name, "kept-by-an-older-version-of-this-app", "shared_secret")
        assert rewrap_secrets()["changed"] == 1
        assert FrappeHubStore().instance(name).secret == "kept-by-an-older-version-of-this-app"

    def test_what_is_typed_into_the_settings_is_an_envelope_too(self):
        settings = frappe.get_doc("Salla Manager Settings")
        settings.salla_client_secret = "canary-of-the-client-secret"
        settings.save()
        stored = get_decrypted_password(settings.doctype, settings.name, "salla_client_secret")
        assert is_envelope(stored)
        assert (
            read_secret(settings.doctype, settings.name, "salla_client_secret")
            == "canary-of-the-client-secret"
        )
        frappe.db.rollback()

    def test_a_form_opened_before_cannot_empty_what_nobody_types(self):
        store = make_store()
        form = frappe.get_doc("Store Account", store)
        save_tokens(store, TOKENS)
        form.tokens = ""
        form.save()
        assert FrappeTokenStore(store).load()["access_token"] == "access-canary-1"


@contextmanager
def without_key():
    kept = {
        name: frappe.conf.pop(name) for name in (KEY_SETTING, PREVIOUS_KEYS_SETTING) if name in frappe.conf
    }
    try:
        yield
    finally:
        frappe.conf.update(kept)


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
