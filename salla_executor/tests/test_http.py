"""The real path: HTTP, gunicorn, Frappe's request handling. Skipped where the site's web server does not run."""

import json
from concurrent.futures import ThreadPoolExecutor

import requests

import frappe

from salla_executor.contract import DISPATCH_PATH
from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import HttpTestCase, sign
from salla_executor.tests.payloads import line, order, product, variant

RECEIVE = DISPATCH_PATH


class TestHttp(HttpTestCase):
    def post(
        self, body: bytes, headers: dict, path: str = RECEIVE, method: str = "POST"
    ) -> requests.Response:
        return requests.request(method, self.base + path, data=body, headers=headers, timeout=30)

    def test_bare_answer(self):
        body, headers = self.request("upsert_product", product(self.code("A")))
        answer = self.post(body, headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        assert set(answer.json()) == {"ack_status", "ack_payload", "idempotency_key", "command_id"}, (
            answer.text
        )
        assert answer.json()["ack_payload"]["erp_doc"] == {"doctype": "Item", "name": self.code("A")}
        assert answer.headers["Cache-Control"] == "no-store"

    def test_answers_of_the_framework_are_bare_too(self):
        body, headers = self.request("upsert_product", product(self.code("A")))
        injected = json.dumps({"cmd": "frappe.ping", **json.loads(body)}).encode()
        cases = [
            ("POST", RECEIVE, b"{not json", 400),
            ("POST", RECEIVE, b"[1]", 401),
            ("POST", RECEIVE, injected, 400),
            ("GET", RECEIVE, b"", 403),
            ("PUT", RECEIVE, body, 403),
            ("DELETE", RECEIVE, body, 403),
            ("POST", RECEIVE.replace("receive", "other"), body, 417),
            ("POST", RECEIVE.replace("/api/", "/api/v1/"), b"{", 400),
            ("POST", RECEIVE.replace("/api/", "/api/v2/"), b"{", 400),
        ]
        for method, path, raw, status in cases:
            answer = self.post(raw, headers, path, method)
            assert answer.status_code == status, f"{method} {path} {answer.text[:300]}"
            assert answer.json()["ack_status"] == "rejected", answer.text[:300]
            assert "exc" not in answer.json()
        assert not frappe.db.exists("Item", self.code("A"))

    def test_bad_authorization_is_bare(self):
        body, headers = self.request("upsert_product", product(self.code("A")))
        answer = self.post(body, {**headers, "Authorization": "Basic eDp5"})
        assert (answer.status_code, answer.json()["ack_status"]) == (401, "rejected")

    def test_parallel_copies_of_one_key_make_one_order(self):
        self.applied("upsert_product", product(self.code("A")))
        payload = order(self.store, [line(self.code("A"), "1", "100.00")], "115.00", "15.00")
        body, headers = self.request("upsert_order", payload)
        key = headers["X-Idempotency-Key"]
        requests_ = [(body, sign(body, key)) for _ in range(12)]
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda request: self.post(*request), requests_))
        statuses = {answer.status_code for answer in answers}
        assert statuses <= {200, 409}, [answer.text for answer in answers]
        fresh = [answer for answer in answers if answer.ok and "repeat" not in answer.json()["ack_payload"]]
        assert len(fresh) == 1
        frappe.db.rollback()
        assert frappe.db.count("Sales Order", {"shop_store": self.store}) == 1

    def settled(self, requests_):
        """All at once; what is put off comes again, as the hub does it."""
        with ThreadPoolExecutor(len(requests_)) as pool:
            answers = list(pool.map(lambda request: self.post(*request), requests_))
        for (body, headers), answer in zip(requests_, answers, strict=True):
            if answer.status_code in (409, 503):
                answer = self.post(body, sign(body, headers["X-Idempotency-Key"]))
            assert answer.status_code == 200, answer.text
        frappe.db.rollback()

    def test_parallel_first_submits_of_an_item(self):
        """ERPNext makes the Bin of an item at its first submit, and two of them at once do not see each other's."""
        self.applied("upsert_product", product(self.code("A")))
        lines = [line(self.code("A"), "1", "100.00")]
        with self.settings(order_policy=SUBMIT):
            requests_ = [
                self.request("upsert_order", order(f"{self.store}-{n}", lines, "115.00", "15.00"))
                for n in range(6)
            ]
            self.settled(requests_)
        self.assertEqual(frappe.db.count("Sales Order", {"shop_store": self.store, "docstatus": 1}), 6)
        reserved = frappe.db.get_value("Bin", {"item_code": self.code("A")}, "reserved_qty")
        self.assertEqual(reserved, 6)

    def test_parallel_variants_share_their_values(self):
        template, size = self.code("T"), self.code("Size")
        self.applied("upsert_product", product(template, options=["Size", size], price=None))
        requests_ = [
            self.request(
                "upsert_variant",
                variant(self.code(f"T{n}"), f"p-{template}", {"Size": str(n), size: f"{self.store}-{n % 2}"}),
            )
            for n in range(8)
        ]
        self.settled(requests_)
        assert frappe.db.count("Item", {"variant_of": template}) == 8
        assert frappe.db.count("Item Attribute Value", {"parent": size}) == 2

    def test_parallel_orders_of_one_new_customer(self):
        self.applied("upsert_product", product(self.code("A")))
        lines = [line(self.code("A"), "1", "100.00")]
        buyer = order(self.store, lines, "115.00", "15.00")["customer"]
        requests_ = [
            self.request("upsert_order", order(f"{self.store}-{n}", lines, "115.00", "15.00", customer=buyer))
            for n in range(6)
        ]
        self.settled(requests_)
        assert frappe.db.count("Sales Order", {"shop_store": self.store}) == 6
        assert frappe.db.count("Customer", {"customer_name": buyer["name"]}) == 1
