"""Methods and rows from outside, as Guest, without roles, as Operator and as Admin: through Frappe's own checks."""

from __future__ import annotations

import json
from urllib.parse import quote

import frappe
from frappe.utils.password import set_encrypted_password

from salla_manager.adapters.secrets import keep_secret, read_secret
from salla_manager.adapters.tokens import save_tokens
from salla_manager.api import operations
from salla_manager.tests.factories import HubCase, make_instance, make_store
from salla_manager.tests.test_permissions import ADMIN, OPERATOR, user_with
from salla_manager.tests.web import API, request

TOKENS = {
    "access_token": "canary-access",
    "refresh_token": "canary-refresh",
    "expires": 4_000_000_000,
    "scope": "",
}
# Method: what it is given.
METHODS = {
    "retry_command": {"name": "none"},
    "cancel_command": {"name": "none"},
    "resend_record": {"name": "none"},
    "process_again": {"name": "none"},
    "pull_now": {"store": "none"},
    "check_connection": {"instance": "none"},
    "pairing_code": {"instance": "none"},
    "rotate_secret": {"instance": "none"},
    "new_secret": {"instance": "none"},
    "close_breaker": {"instance": "none"},
}
# Of the site as a whole.
SITE_METHODS = {"release_parked", "health", "standstill", "adopt_site"}
# Read only: the status for Guest, nobody, operator and admin.
READ_METHODS = {"held_commands": (403, 403, 200, 200)}
ROWS = (
    "Outbound Client Command",
    "External Record",
    "Salla Incoming Log",
    "Manager Nonce",
    "Command ACK Log",
    "Reconciliation",
    "Reconciliation Finding",
)


class TestAccess(HubCase):
    def setUp(self):
        super().setUp()
        self.instance = make_instance()
        self.store = make_store(erp_instance=self.instance)
        self.secret = read_secret("ERP Instance", self.instance, "shared_secret")
        save_tokens(self.store, TOKENS)
        self.headers = {"Guest": {}}
        for who, roles in (("nobody", ()), ("operator", (OPERATOR,)), ("admin", (ADMIN,))):
            self.headers[who] = {"Authorization": f"token {api_key(user_with(*roles))}"}
        frappe.db.commit()

    def call(self, who, method, path, body=None):
        return request(method, quote(path, safe="/?=&%"), json.dumps(body or {}).encode(), self.headers[who])

    def test_methods(self):
        for who, status in (("Guest", 403), ("nobody", 403), ("operator", 404), ("admin", 404)):
            for method, body in METHODS.items():
                with self.subTest(f"{who} {method}"):
                    response = self.call(who, "POST", f"{API}operations.{method}", body)
                    self.assertEqual(response.status_code, status)
                    self.assertEqual(self.call(who, "GET", f"{API}operations.{method}").status_code, 403)
        for who in ("Guest", "nobody"):
            self.assertEqual(self.call(who, "POST", f"{API}operations.release_parked").status_code, 403)
            self.assertEqual(self.call(who, "GET", f"{API}operations.health").status_code, 403)
            self.assertEqual(self.call(who, "GET", f"{API}operations.standstill").status_code, 403)
        for who in ("Guest", "nobody", "operator"):
            self.assertEqual(self.call(who, "POST", f"{API}operations.adopt_site").status_code, 403)
        for method, statuses in READ_METHODS.items():
            for who, status in zip(("Guest", "nobody", "operator", "admin"), statuses, strict=True):
                answered = self.call(who, "GET", f"{API}operations.{method}", {"destination": self.instance})
                self.assertEqual(answered.status_code, status)
        named = {name for name in vars(operations) if getattr(operations, name) in frappe.whitelisted}
        self.assertEqual(named, {*METHODS, *SITE_METHODS, *READ_METHODS})

    def test_only_the_admin_changes_secrets_and_targets(self):
        target = f"/api/resource/ERP Instance/{self.instance}"
        attempts = [
            ("PUT", target, {"url": "http://169.254.169.254"}),
            ("DELETE", target, None),
            ("POST", "/api/resource/ERP Instance", {"title": "x", "url": "https://erp.example.com"}),
            ("PUT", f"/api/resource/Store Account/{self.store}", {"erp_instance": ""}),
            (
                "PUT",
                "/api/resource/Salla Manager Settings/Salla Manager Settings",
                {"allow_private_addresses": 1},
            ),
            ("POST", f"{API}operations.new_secret", {"instance": self.instance}),
            ("POST", f"{API}operations.pairing_code", {"instance": self.instance}),
            ("POST", f"{API}operations.rotate_secret", {"instance": self.instance}),
            (
                "POST",
                "/api/method/run_doc_method",
                {"dt": "ERP Instance", "dn": self.instance, "method": "rotate_secret"},
            ),
            *(("POST", f"/api/resource/{doctype}", {}) for doctype in ROWS),
        ]
        for who in ("Guest", "nobody", "operator"):
            for method, path, body in attempts:
                with self.subTest(f"{who} {method} {path}"):
                    self.assertEqual(self.call(who, method, path, body).status_code, 403)
        self.assertEqual(read_secret("ERP Instance", self.instance, "shared_secret"), self.secret)

    def test_no_way_to_read_a_secret(self):
        for field in ("previous_secret", "pending_secret", "pairing_code"):
            keep_secret("ERP Instance", self.instance, field, f"canary-{field}")
        frappe.db.commit()
        # Frappe takes the arguments of a JSON request from its body.
        everything = {"fields": '["*"]', "limit_page_length": 0}
        instance = {"doctype": "ERP Instance", "name": self.instance}
        store = {"doctype": "Store Account", "name": self.store}
        attempts = [
            (f"resource/ERP Instance/{self.instance}", {}),
            (f"v2/document/ERP Instance/{self.instance}", {}),
            ("resource/ERP Instance", everything),
            (f"resource/Store Account/{self.store}", {}),
            ("resource/Store Account", everything),
            ("resource/__Auth", everything),
            ("resource/Salla Manager Settings/Salla Manager Settings", {}),
            ("method/frappe.client.get_password", {**instance, "fieldname": "shared_secret"}),
            ("method/frappe.client.get_password", {**instance, "fieldname": "pairing_code"}),
            ("method/frappe.client.get_value", {**store, "fieldname": "tokens", "filters": self.store}),
            ("method/frappe.client.get", instance),
            ("method/frappe.client.get", store),
            ("method/frappe.desk.form.load.getdoc", instance),
            ("method/frappe.desk.form.load.getdoc", store),
            ("method/frappe.desk.reportview.get", {**instance, "fields": '["`tabERP Instance`.*"]'}),
        ]
        for who in self.headers:
            for path, body in attempts:
                with self.subTest(f"{who} {path} {body}"):
                    response = self.call(who, "GET", f"/api/{path}", body)
                    if who in ("Guest", "nobody"):
                        self.assertGreaterEqual(response.status_code, 400)
                    text = response.get_data(as_text=True)
                    self.assertNotIn(self.secret, text)
                    self.assertNotIn("canary-", text)
        wildcard = self.call("operator", "GET", "/api/resource/ERP Instance", everything)
        self.assertIn(self.instance, wildcard.get_data(as_text=True))

    def test_rows_are_for_those_with_a_role(self):
        for who, statuses in (("Guest", {403}), ("nobody", {403}), ("operator", {200})):
            for doctype in (*ROWS[:3], "ERP Instance", "Store Account"):
                with self.subTest(f"{who} {doctype}"):
                    self.assertIn(self.call(who, "GET", f"/api/resource/{doctype}").status_code, statuses)


def api_key(user: str) -> str:
    key, secret = frappe.generate_hash(length=15), frappe.generate_hash(length=15)
    frappe.db.set_value("User", user, "api_key", key)
    set_encrypted_password("User", user, secret, "api_secret")
    frappe.clear_cache(user=user)
    return f"{key}:{secret}"
