"""What install and patches leave on a site, the defaults, pairing, log clearing and the request to the hub."""

import json
import re
from unittest.mock import patch

import frappe
from frappe.utils import add_days, now_datetime

from salla_executor import hooks, tasks
from salla_executor.api.operations import check_connection, pair, request_pull, rotate_secret
from salla_executor.contract import new_secret, sign
from salla_executor.erpnext import hub
from salla_executor.erpnext.readiness import problems
from salla_executor.erpnext.settings import DOCTYPE, read_secrets
from salla_executor.install import fill_new_choices
from salla_executor.salla_executor.doctype.executor_inbox.executor_inbox import ExecutorInbox
from salla_executor.setup.custom_fields import (
    CUSTOM_FIELDS,
    INDEXED_FIELDS,
    columns_to_make,
    make_custom_fields,
    missing_custom_fields,
    remove_custom_fields,
)
from salla_executor.setup.defaults import fill_defaults
from salla_executor.setup.integration_user import INTEGRATION_USER, make_roles_and_user
from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.payloads import line, order, product


class TestSetup(ExecutorTestCase):
    def test_custom_fields_exist_with_their_unique_keys(self):
        assert missing_custom_fields() == []
        for doctype, field in (("Sales Order", "shop_order_key"), ("Address", "shop_address_key")):
            assert index_of(doctype, field, unique=True), field
        for doctype, field in INDEXED_FIELDS:
            assert index_of(doctype, field), field

    def test_uninstall_takes_every_field_away_and_the_patch_brings_them_back(self):
        self.addCleanup(make_custom_fields)
        ours = {f"{doctype}.{row['fieldname']}" for doctype, rows in CUSTOM_FIELDS.items() for row in rows}
        remove_custom_fields()
        assert set(missing_custom_fields()) == ours
        assert not frappe.db.exists("Custom Field", {"fieldname": ("like", "shop\\_%")})
        for doctype, field in INDEXED_FIELDS:
            setter = {"doc_type": doctype, "field_name": field, "property": "search_index"}
            assert not frappe.db.exists("Property Setter", setter)
        # What stands in the columns is not lost: whoever installs again finds it.
        make_custom_fields()
        assert (missing_custom_fields(), columns_to_make()) == ([], [])

    def test_missing_field_is_named_and_the_order_waits(self):
        self.applied("upsert_product", product(self.code("A")))
        payload = order(self.store, [line(self.code("A"), "1", "100.00")], "115.00", "15.00")
        fields = {
            **CUSTOM_FIELDS,
            "Sales Order": [*CUSTOM_FIELDS["Sales Order"], {"fieldname": "shop_absent", "fieldtype": "Data"}],
        }
        with patch("salla_executor.setup.custom_fields.CUSTOM_FIELDS", fields):
            answer = self.send("upsert_order", payload)
            assert any("shop_absent" in problem for problem in problems())
        assert (answer.status, answer.payload["error_code"]) == (503, "missing_fields")
        assert "Sales Order.shop_absent" in answer.message

    def test_hooks_and_patches_resolve(self):
        paths = [hooks.after_install, hooks.before_uninstall, *hooks.after_request]
        paths += hooks.scheduler_events["hourly"]
        handlers = [one for events in hooks.doc_events.values() for one in events.values()]
        paths += [path for one in handlers for path in (one if isinstance(one, list) else [one])]
        paths += [path for rows in hooks.additional_timeline_content.values() for path in rows]
        for path in paths:
            assert callable(frappe.get_attr(path)), path
        with open(frappe.get_app_path("salla_executor", "patches.txt")) as file:
            lines = [row.strip() for row in file if row.startswith("execute:")]
        for row in lines:
            import_part = row.removeprefix("execute:").split(";")[0]
            module, names = import_part.removeprefix("from ").split(" import ")
            assert callable(frappe.get_attr(f"{module}.{names}")), row

    def test_choice_that_came_with_an_update_shows_its_default(self):
        with self.settings(barcode_match="", order_policy="Submit when the money agrees"):
            fill_new_choices()
            stored = frappe.db.get_singles_dict(DOCTYPE)
            assert stored.barcode_match == "Ask a person"
            assert stored.order_policy == "Submit when the money agrees"

    def test_integration_user_cannot_log_in(self):
        user = frappe.get_doc("User", INTEGRATION_USER)
        assert [row.role for row in user.roles] == ["Salla Executor Integration"]
        assert not frappe.db.sql("select 1 from __Auth where doctype='User' and name=%s", INTEGRATION_USER)
        with self.assertRaises(frappe.AuthenticationError):
            frappe.utils.password.check_password(INTEGRATION_USER, "admin")

    def test_installing_again_gives_the_integration_user_its_role_back(self):
        frappe.db.delete("Has Role", {"parent": INTEGRATION_USER})
        frappe.db.set_value("User", INTEGRATION_USER, "enabled", 0)
        make_roles_and_user()
        user = frappe.get_doc("User", INTEGRATION_USER)
        assert (user.enabled, [row.role for row in user.roles]) == (1, ["Salla Executor Integration"])

    def test_defaults_are_filled_once(self):
        assert fill_defaults() == []

    def test_settings_refuse_what_cannot_work(self):
        cases = {
            "warehouse": None,
            "manager_base_url": "http://hub.example.com",
            "shared_secret": "short",
            "timezone": "Mars/Base",
            "tax_account": frappe.db.get_value("Account", {"is_group": 1}),
        }
        for field, value in cases.items():
            settings = frappe.get_doc("Salla Executor Settings")
            settings.set(field, value)
            with self.assertRaises(frappe.ValidationError, msg=field):
                settings.save()
            frappe.db.rollback()

    def test_previous_secret_is_taken_until_it_expires(self):
        current = read_secrets()[0]
        for days, expected in ((1, 2), (-1, 1)):
            settings = frappe.get_doc("Salla Executor Settings")
            settings.previous_secret = new_secret()
            settings.previous_secret_expires_at = add_days(now_datetime(), days)
            settings.save()
            assert len(read_secrets()) == expected
            assert read_secrets()[0] == current
        frappe.db.rollback()
        frappe.clear_document_cache("Salla Executor Settings", "Salla Executor Settings")

    def test_inbox_is_cleared_by_age_and_never_below_90_days(self):
        self.applied("upsert_brand", {"external_id": "1", "name": self.code("Old")})
        self.applied("upsert_brand", {"external_id": "2", "name": self.code("Young")})
        age("1", self.store, 200)
        age("2", self.store, 80)
        ExecutorInbox.clear_old_logs(days=30)
        left = frappe.get_all("Executor Inbox", filters={"store_account": self.store}, pluck="external_id")
        assert left == ["2"]

    def test_nonces_are_purged_when_they_expire(self):
        self.send("ping", {}, store_account="", entity_type="")
        before = frappe.db.count("Executor Nonce")
        tasks.purge_nonces()
        assert frappe.db.count("Executor Nonce", {"expires_at": ("<", 1)}) == 0
        assert frappe.db.count("Executor Nonce") > 0
        assert frappe.db.count("Executor Nonce") <= before


class TestRequestPull(ExecutorTestCase):
    def test_signed_as_the_contract_says(self):
        sent = {}

        class Raw:
            def read(self, *_args, **_kwargs):
                return b'{"ok": true, "queued": {"products": 2}, "skipped_missing_sku": 0}'

        def post(_session, url, data, headers, **kwargs):
            sent.update(url=url, data=data, headers=headers, **kwargs)
            return frappe._dict(status_code=200, raw=Raw())

        with patch("requests.Session.post", post):
            answer = request_pull("SM-STORE-00001", ["products"], "2026-01-01 10:00:00", "5")
        headers = sent["headers"]
        expected = sign(read_secrets()[0], headers["X-Timestamp"], headers["X-Nonce"], sent["data"])
        assert headers["X-Signature"] == expected
        assert answer["queued"] == {"products": 2}
        assert not sent["allow_redirects"]
        body = json.loads(sent["data"])
        assert (body["store_id"], body["limit"]) == ("SM-STORE-00001", 5)
        assert re.search(r"T10:00:00[+-]\d\d:\d\d$", body["since"])

    def test_permission_is_needed(self):
        self.addCleanup(frappe.set_user, "Administrator")
        frappe.set_user(INTEGRATION_USER)
        for call in (
            check_connection,
            rotate_secret,
            lambda: pair("x"),
            lambda: request_pull("SM-STORE-00001"),
        ):
            with self.assertRaises(frappe.PermissionError):
                call()

    def test_unknown_entity_is_refused(self):
        with self.assertRaises(frappe.ValidationError):
            request_pull("SM-STORE-00001", ["passwords"])

    def test_addresses_of_hubs(self):
        good = (
            "https://hub.example.com",
            "https://hub.example.com:8443",
            "http://localhost:8000",
            "http://hub.localhost",
        )
        bad = (
            "http://hub.example.com",
            "ftp://localhost",
            "https://user:pw@hub.example.com",
            "https://",
            "hub",
            "https://h/?a=1",
        )
        assert [url for url in good if not hub.is_safe_address(url)] == []
        assert [url for url in bad if hub.is_safe_address(url)] == []


def index_of(doctype: str, field: str, unique: bool = False) -> bool:
    rows = frappe.db.sql(f"show index from `tab{doctype}` where Column_name = %s", field, as_dict=True)
    return any(row.Seq_in_index == 1 and (not unique or not row.Non_unique) for row in rows)


def age(external_id: str, store: str, days: int) -> None:
    filters = {"external_id": external_id, "store_account": store}
    frappe.db.set_value("Executor Inbox", filters, "creation", add_days(now_datetime(), -days))
    frappe.db.commit()
