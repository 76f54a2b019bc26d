"""WooCommerce's webhooks through Frappe's whole application: right ones are hints, hostile ones leave nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import frappe

from salla_manager import contract, tasks
from salla_manager.tests.factories import SUFFIX
from salla_manager.tests.web import API, answer, request
from salla_manager.tests.woo import WEBHOOK_SECRET, WooCase

LOG = "Salla Incoming Log"
MARKUP = ("<script>alert(1)</script>", '"<img src=x onerror=alert(1)>"')


def proof(raw: bytes, secret: str = WEBHOOK_SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


class TestWooWebhooks(WooCase):
    def setUp(self):
        super().setUp()
        self.path = f"{API}webhooks.woocommerce?store={self.store}"
        self.kept = []
        self.errors = frappe.db.count("Error Log")

    def tearDown(self):
        assert frappe.db.count("Error Log") == self.errors, "A webhook left a row in Error Log."
        frappe.db.delete(LOG, {"name": ("in", [*self.kept, ""])})
        frappe.db.commit()
        super().tearDown()

    def send(self, body, topic="order.updated", path="", **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Source": "https://another.example.com/",
            "X-WC-Webhook-Signature": proof(raw),
            **headers,
        }
        response = request("POST", path or self.path, raw, sent)
        if response.get_data():
            self.kept.append(answer(response).get("event") or "")
        return response

    def row(self, response):
        return frappe.db.get_value(LOG, answer(response)["event"], "*", as_dict=True)

    def rows(self):
        frappe.db.rollback()
        return frappe.db.count(LOG, {"store": self.store})

    def test_a_hint_is_kept_for_its_store_and_the_shop_is_read(self):
        key = next(iter(self.woo.state.orders))
        # What it says is not believed.
        response = self.send({"id": key, "status": "refunded", "total": "0.01"})
        row = self.row(response)
        self.assertEqual((response.status_code, row.store, row.status), (200, self.store, "Received"))
        self.assertEqual((row.event, row.merchant_id), ("order.updated", f"{SUFFIX}-woo"))
        tasks.process_events()
        self.assertEqual(self.row(response).status, "Processed")
        order = frappe.get_doc("External Record", {"store": self.store, "entity_type": "order"})
        self.assertEqual((order.external_id, self.woo.calls[f"/orders/{key}"]), (str(key), 1))
        self.assertNotIn("0.01", order.mapped)

    def test_the_same_delivery_again_is_counted(self):
        body = {"id": 1, "date_modified_gmt": "2026-11-20T10:00:00"}
        first, second = (answer(self.send(body)) for _ in range(2))
        self.assertEqual((first["duplicate"], second["duplicate"], self.rows()), (False, True, 1))

    def test_the_ping_of_a_new_webhook_is_answered_and_leaves_nothing(self):
        for path in (self.path, f"{API}webhooks.woocommerce", f"{API}webhooks.woocommerce?store=none"):
            with self.subTest(path):
                form = "application/x-www-form-urlencoded"
                response = request("POST", path, b"webhook_id=7", {}, form)
                self.assertEqual((response.status_code, answer(response)["ok"]), (200, True))
        self.assertEqual(self.rows(), 0)

    def test_what_is_not_signed_by_this_store_leaves_nothing(self):
        raw = b'{"id":1}'
        for headers in (
            {"X-WC-Webhook-Signature": ""},
            {"X-WC-Webhook-Signature": proof(raw)[:-2]},
            {"X-WC-Webhook-Signature": proof(raw, "another" * 8)},
            {"X-WC-Webhook-Signature": proof(raw, "")},
            {"X-WC-Webhook-Signature": hmac.new(WEBHOOK_SECRET.encode(), raw, hashlib.sha256).hexdigest()},
        ):
            with self.subTest(str(headers)[:60]):
                response = self.send(raw, **headers)
                self.assertEqual((response.status_code, answer(response)["ok"]), (401, False))
        for store in (
            "",
            "none",
            "%",
            self.store.lower(),
            f"{self.store} ",
            "x" * 5000,
            *MARKUP,
            "a%00b",
            "%ff",
        ):
            with self.subTest(store[:30]):
                response = self.send(raw, path=f"{API}webhooks.woocommerce?store={store}")
                self.assertEqual((response.status_code, answer(response)["ok"]), (401, False))
        self.assertEqual(self.rows(), 0)

    def test_a_store_without_a_webhook_secret_takes_none(self):
        doc = self.doc()
        doc.webhook_secret = ""
        doc.save()
        frappe.db.commit()
        for secret in ("", WEBHOOK_SECRET):
            response = self.send(b'{"id":1}', **{"X-WC-Webhook-Signature": proof(b'{"id":1}', secret)})
            self.assertEqual(response.status_code, 401)

    def test_bodies_of_another_kind_never_fail(self):
        for body in (
            {},
            {"id": None},
            {"id": ["like", "%"]},
            {"id": {"name": "x"}},
            {"id": "x" * 70_000},
            {"id": MARKUP[0]},
            {"id": 10**30},
            {"id": 1, "date_modified_gmt": {}},
            {"id": 1, "date_modified_gmt": "9999-12-31T23:59:59"},
            [1],
            *({name: "Administrator", "id": 3} for name in sorted(contract.FORBIDDEN_BODY_KEYS - {"cmd"})),
        ):
            with self.subTest(str(body)[:50]):
                response = self.send(body)
                self.assertEqual(response.status_code, 200)
                self.assertEqual(self.row(response).owner, "Guest")
                self.assertNotIn("<", self.row(response).message or "")

    def test_topics_of_another_kind_never_fail(self):
        for topic in (
            "",
            "order",
            "x" * 300,
            *MARKUP,
            "action.woocommerce_add_to_cart",
            "coupon.updated",
            "order.like%",
        ):
            with self.subTest(topic[:30]):
                response = self.send({"id": 5}, topic)
                self.assertEqual(response.status_code, 200)
        tasks.process_events()
        frappe.db.rollback()
        left = frappe.get_all(LOG, {"store": self.store}, pluck="status")
        self.assertEqual(set(left) - {"Failed", "Ignored"}, set())

    def test_what_is_no_json_is_refused_or_kept_as_unreadable(self):
        for raw in (b"{", b"\xff\xfe", b'"x"', b"", b"[" * 100_000, b'{"id":NaN}', b'{"cmd":"frappe.ping"}'):
            with self.subTest(str(raw[:20])):
                self.assertIn(self.send(raw).status_code, (200, 400))
        large = b'{"id":"' + b"x" * 1024 * 1024 + b'"}'
        self.assertEqual(self.send(large).status_code, 413)

    def test_methods(self):
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            response = request(method, self.path, b'{"id":1}', {})
            self.assertEqual((response.status_code, answer(response)["error_code"]), (403, "framework_403"))

    def test_subscriptions_are_made_in_the_shop(self):
        from salla_manager.adapters.subscriptions import check

        self.patched("salla_manager.adapters.connecting.hub_url", return_value="https://hub.example.com")
        found = check(self.store)
        self.assertFalse(found["ok"])
        self.assertEqual(found["url"], f"https://hub.example.com{self.path}")
        self.woo.key.permissions = "read_write"
        check(self.store, repair=True)
        self.assertTrue(check(self.store)["ok"], check(self.store))
