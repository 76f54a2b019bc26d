"""Hostile webhooks and pulls through Frappe's whole application: exact status, bare JSON, nothing but what is told."""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor

import frappe

from salla_manager import contract
from salla_manager.adapters.host import build_host
from salla_manager.adapters.secrets import read_secret
from salla_manager.core.model import WebhookRules
from salla_manager.tests.factories import SUFFIX, HubCase, make_instance, make_store
from salla_manager.tests.web import API, answer, request

WEBHOOK, PULL = f"{API}webhooks.salla", f"{API}client.request_pull"
LOG, SECRET = "Salla Incoming Log", "a webhook secret of the hostile tests"
MERCHANT = f"{SUFFIX}-m-1"
SIGNED = ("X-Instance-ID", "X-Timestamp", "X-Nonce", "X-Signature", "X-Idempotency-Key")
MARKUP = ("<script>alert(1)</script>", '"<img src=x onerror=alert(1)>"')


def proof(raw: bytes) -> str:
    return hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()


class TestHostileWebhook(HubCase):
    def setUp(self):
        super().setUp()
        self.patched(
            "salla_manager.adapters.store.FrappeHubStore.webhook_rules",
            return_value=WebhookRules(secrets=(SECRET,)),
        )
        self.kept = []

    def tearDown(self):
        frappe.db.delete(LOG, {"name": ("in", [*self.kept, ""])})
        frappe.db.commit()
        super().tearDown()

    def send(self, body, method="POST", path=WEBHOOK, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = request(method, path, raw, {"X-Salla-Signature": proof(raw), **headers})
        if method != "HEAD" and response.get_data():
            self.kept.append(answer(response).get("event") or "")
        return response

    def event(self, **more):
        data = {"id": frappe.generate_hash(length=8), "name": "Brand"}
        return {"event": "brand.updated", "merchant": MERCHANT, "data": data, **more}

    def row(self, response):
        return frappe.db.get_value(LOG, answer(response)["event"], "*", as_dict=True)

    def test_names_that_no_column_holds_are_kept_as_unreadable(self):
        for name in ("x" * 141, "x" * 65_536, *MARKUP, "a\nb"):
            for field in ("event", "merchant"):
                with self.subTest(f"{field} {name[:20]}"):
                    response = self.send(self.event(**{field: name}))
                    row = self.row(response)
                    self.assertEqual((response.status_code, row.status), (200, "Failed"))
                    self.assertEqual((row.event, row.merchant_id, row.store), ("", "", None))
                    self.assertNotIn("<", row.message)

    def test_values_of_another_kind_are_kept(self):
        for field, values in (
            ("event", (["like", "%"], {}, 7, True, None)),
            ("merchant", (["like", "%"], {"name": "x"}, True, 0, None)),
            ("data", ([1], "x", None, 5, {"id": ["like", "%"]}, {"id": "x" * 300}, {"id": MARKUP[0]})),
            ("created_at", ({}, 10**19, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")),
        ):
            for value in values:
                with self.subTest(f"{field} {str(value)[:40]}"):
                    response = self.send(self.event(**{field: value}))
                    self.assertEqual(response.status_code, 200)
                    self.assertNotIn("%", self.row(response).store or "")

    def test_a_merchant_is_no_pattern(self):
        store = make_store()
        for merchant in ("%", f"{SUFFIX}%", f"{MERCHANT}' or '1'='1", MERCHANT.upper() + "x"):
            with self.subTest(merchant):
                row = self.row(self.send(self.event(merchant=merchant)))
                self.assertEqual((row.status, row.store), ("Unknown Store", None))
        self.assertEqual(self.row(self.send(self.event())).store, store)

    def test_names_that_steer_the_framework_are_only_content(self):
        for name in sorted(contract.FORBIDDEN_BODY_KEYS - {"cmd"}):
            with self.subTest(name):
                response = self.send(self.event(**{name: "Administrator"}))
                self.assertEqual((response.status_code, self.row(response).owner), (200, "Guest"))

    def test_what_is_not_signed_leaves_nothing(self):
        raw = json.dumps(self.event()).encode()
        right = proof(raw)
        for headers in (
            {},
            {"X-Salla-Signature": ""},
            {"X-Salla-Signature": f"{right},{right}"},
            {"X-Salla-Signature": right[:-1]},
            {"X-Salla-Signature": right, "X-Salla-Security-Strategy": "none"},
            {"X-Salla-Signature": right, "X-Salla-Security-Strategy": "<script>"},
            {"X-Salla-Signature": right, "X-Salla-Security-Strategy": "Token"},
            {"X-Salla-Security-Strategy": "Token", "Authorization": "wrong"},
            {"X-Salla-Signature": right, "Authorization": "Basic eDp5"},
        ):
            with self.subTest(str(headers)[:80]):
                response = request("POST", WEBHOOK, raw, headers)
                self.assertEqual((response.status_code, answer(response)["ok"]), (401, False))
        self.assertEqual(frappe.db.count(LOG, {"merchant_id": ("like", f"{SUFFIX}%")}), 0)

    def test_methods_and_paths(self):
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            for path in (WEBHOOK, PULL):
                with self.subTest(f"{method} {path}"):
                    response = self.send(self.event(), method, path)
                    self.assertEqual(response.status_code, 403)
                    self.assertEqual(answer(response)["error_code"], "framework_403")
        for name, status in (("_receive", 403), ("zid", 417)):
            response = self.send(self.event(), path=f"{API}webhooks.{name}")
            self.assertEqual((response.status_code, answer(response)["ok"]), (status, False))
        self.assertEqual(frappe.db.count(LOG, {"merchant_id": ("like", f"{SUFFIX}%")}), 0)

    def test_one_delivery_twenty_times_at_once_is_one_row(self):
        make_store()
        raw = json.dumps(self.event()).encode()
        site = frappe.local.site

        def deliver(_):
            frappe.init(site=site)
            frappe.connect()
            try:
                return request("POST", WEBHOOK, raw, {"X-Salla-Signature": proof(raw)})
            finally:
                frappe.destroy()

        with ThreadPoolExecutor(5) as pool:
            responses = list(pool.map(deliver, range(20)))
        self.assertEqual({response.status_code for response in responses}, {200})
        self.assertEqual(sum(not answer(response)["duplicate"] for response in responses), 1)
        rows = frappe.get_all(LOG, {"merchant_id": MERCHANT}, ["duplicates"])
        self.assertEqual([row.duplicates for row in rows], [19])


class TestHostilePull(HubCase):
    def setUp(self):
        super().setUp()
        self.instance = make_instance()
        self.store = make_store(erp_instance=self.instance)
        self.secret = read_secret("ERP Instance", self.instance, "shared_secret")
        self.patched("salla_manager.adapters.host.client_for", return_value=_EmptyShop())

    def ask(self, body, **changes):
        raw = body if isinstance(body, bytes) else contract.dump_json(body)
        now = int(build_host().clock.now().timestamp())
        headers = contract.signed_headers(self.instance, self.secret, raw, "pull-" + "0" * 20, now=now)
        headers.pop("Content-Type")
        return request("POST", PULL, raw, {**headers, **changes})

    def assert_refused(self, response, status, code):
        self.assertEqual((response.status_code, answer(response)["error_code"]), (status, code))
        self.assertIs(answer(response)["ok"], False)

    def test_fields_of_another_kind(self):
        for change in (
            *({"entity_types": value} for value in (5, True, {}, "products", [["like", "%"]], ["<script>"])),
            *(
                {"since": value}
                for value in (5, False, {}, ["like", "%"], "yesterday", "0001-01-01T00:00:00+14:00")
            ),
            *({"limit": value} for value in (0, -1, 10**19, "1", True, [])),
        ):
            with self.subTest(str(change)):
                errors = frappe.db.count("Error Log", {"method": ("like", "request_pull%")})
                self.assert_refused(self.ask({"store_id": self.store, **change}), 400, "bad_pull")
                self.assertEqual(frappe.db.count("Error Log", {"method": ("like", "request_pull%")}), errors)
        self.assertEqual(frappe.db.count("Outbound Client Command", {"store": self.store}), 0)

    def test_a_store_is_no_pattern(self):
        for store in (
            ["like", "%"],
            ["!=", "x"],
            "%",
            0,
            True,
            None,
            {"name": self.store},
            "x" * 65_536,
            *MARKUP,
        ):
            with self.subTest(str(store)[:40]):
                self.assert_refused(self.ask({"store_id": store}), 403, "unknown_store")

    def test_bodies(self):
        for body, code in (
            (b'{"store_id":NaN}', "bad_json"),
            (b'{"store_id":1,"store_id":2}', "bad_json"),
            (b'{"store_id":"\\ud800"}', "bad_json"),
            (b"[1]", "bad_pull"),
            (b"{", "framework_500"),
            (b"[" * 100_000, "framework_500"),
            (b'"x"', "framework_417"),
            (b'{"cmd":"frappe.ping"}', "framework_200"),
        ):
            with self.subTest(str(body[:30])):
                self.assert_refused(self.ask(body), 400, code)
        large = b'{"store_id":"' + b"x" * contract.MAX_BODY + b'"}'
        self.assert_refused(self.ask(large), 413, "too_large")

    def test_headers(self):
        body = {"store_id": self.store}
        for name in SIGNED:
            with self.subTest(name):
                self.assert_refused(self.ask(body, **{name: ""}), 400, "missing_header")
                self.assert_refused(self.ask(body, **{name: "x, x"}), 400, "bad_header")
        for instance in (self.instance.lower(), "ERP-INSTANCE-9999"):
            self.assert_refused(self.ask(body, **{contract.HEADER_INSTANCE: instance}), 401, "unauthorized")


class _EmptyShop:
    def list(self, entity_type, since=None):
        return iter(())
