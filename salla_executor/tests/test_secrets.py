"""The shared secret at rest: encrypted in its place, and what the site says when it cannot be read."""

from __future__ import annotations

from unittest.mock import patch

import frappe
from frappe.utils.password import get_decrypted_password, set_encrypted_password

from salla_executor.contract import new_secret
from salla_executor.encryption import KEY_SETTING, PREVIOUS_KEYS_SETTING, is_envelope
from salla_executor.erpnext.readiness import problems
from salla_executor.erpnext.secrets import SecretError, key_ids, rewrap_secrets
from salla_executor.erpnext.settings import DOCTYPE, read_secrets
from salla_executor.tests.kit import ExecutorTestCase


class TestSecretsAtRest(ExecutorTestCase):
    def tearDown(self):
        frappe.db.rollback()
        frappe.clear_document_cache(DOCTYPE, DOCTYPE)
        super().tearDown()

    def type(self, **values):
        settings = frappe.get_doc(DOCTYPE)
        settings.update(values)
        settings.save()

    def stored(self, fieldname="shared_secret"):
        return get_decrypted_password(DOCTYPE, DOCTYPE, fieldname)

    def test_what_is_typed_is_kept_as_an_envelope(self):
        secret = new_secret()
        self.type(shared_secret=secret)
        assert is_envelope(self.stored())
        assert read_secrets()[0] == secret

    def test_the_previous_one_in_the_place_of_the_current_cannot_be_read(self):
        self.type(previous_secret=new_secret())
        set_encrypted_password(DOCTYPE, DOCTYPE, self.stored("previous_secret"), "shared_secret")
        assert read_secrets() == ()
        assert [problem for problem in problems() if "cannot be read" in problem]

    def test_without_the_master_key_requests_are_refused_and_the_site_says_why(self):
        with patch.dict(frappe.conf):
            frappe.conf.pop(KEY_SETTING)
            assert read_secrets() == ()
            assert [problem for problem in problems() if KEY_SETTING in problem]
            with self.assertRaises(SecretError):
                self.type(shared_secret=new_secret())

    def test_a_new_master_key_takes_over(self):
        secrets, old, fresh = read_secrets(), frappe.conf[KEY_SETTING], "5a" * 31 + "77"
        with patch.dict(frappe.conf, {KEY_SETTING: fresh, PREVIOUS_KEYS_SETTING: old}):
            assert read_secrets() == secrets
            assert rewrap_secrets()["changed"] > 0
        with patch.dict(frappe.conf, {KEY_SETTING: fresh}):
            assert read_secrets() == secrets
            assert len(key_ids()) == 1
