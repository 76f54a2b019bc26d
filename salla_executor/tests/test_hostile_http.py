"""A hostile or broken sender against the real server: exact status and code, bare JSON, nothing written."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

import frappe
from frappe.utils.password import update_password

from salla_executor.contract import DISPATCH_PATH, FORBIDDEN_BODY_KEYS, MAX_BODY, dump_json
from salla_executor.erpnext.inbox import row_name
from salla_executor.setup.integration_user import INTEGRATION_USER
from salla_executor.tests.kit import HttpTestCase, instance_id, sign
from salla_executor.tests.payloads import line, order, product
from salla_executor.tests.wire import Reply, chunked, exchange

HEADERS = ("X-Instance-ID", "X-Timestamp", "X-Nonce", "X-Signature", "X-Idempotency-Key")
USER = "hostile-tests@example.com"
PASSWORD = frappe.generate_hash(length=30)


class HostileCase(HttpTestCase):
    def good(self, **changes: Any) -> tuple[bytes, dict[str, str]]:
        return self.request("upsert_product", product(self.code("A")), **changes)

    def send_raw(self, body: bytes, headers: Any, method: str = "POST", path: str = DISPATCH_PATH) -> Reply:
        pairs = headers.items() if isinstance(headers, dict) else headers
        return exchange(self.base, method, path, pairs, body)

    def refused(self, reply: Reply, status: int, code: str) -> None:
        self.assertEqual((reply.status, reply.ack["ack_status"], reply.code), (status, "rejected", code))
        self.assertNotIn(b"Traceback", reply.body)

    def assert_nothing(self, *headers: dict[str, str]) -> None:
        """No document, no reference, no inbox row, whatever was sent by this test."""
        frappe.db.rollback()
        self.assertFalse(frappe.db.exists("Item", self.code("A")))
        self.assertEqual(frappe.db.count("External Reference", {"source": self.store}), 0)
        self.assertEqual(frappe.db.count("Executor Inbox", {"store_account": self.store}), 0)
        for sent in headers:
            self.assertFalse(
                frappe.db.exists("Executor Inbox", row_name(instance_id(), sent["X-Idempotency-Key"]))
            )


class TestRequests(HostileCase):
    def test_methods(self):
        body, headers = self.good()
        for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE", "FOO"):
            with self.subTest(method):
                self.refused(self.send_raw(body, headers, method), 403, "framework_403")
        self.assertEqual(self.send_raw(body, headers, "HEAD").status, 403)
        self.assertEqual(self.send_raw(body, headers, "OPTIONS").body, b"")
        self.assert_nothing(headers)

    def test_paths_that_are_none(self):
        body, headers = self.good()
        cases = [
            (DISPATCH_PATH.replace("receive", "_receive"), 403),
            (DISPATCH_PATH.replace("receive", "Receive"), 417),
            (DISPATCH_PATH + ";x", 417),
            (DISPATCH_PATH + "%00", 417),
            (DISPATCH_PATH.replace("/api/", "/API/"), 404),
        ]
        for path, status in cases:
            with self.subTest(path):
                self.refused(self.send_raw(body, headers, path=path), status, f"framework_{status}")
        self.assert_nothing(headers)

    def test_paths_that_lead_to_the_same_door(self):
        for path in (
            *(DISPATCH_PATH.replace("/api/", f"/api/{version}/") for version in ("v1", "v2")),
            *(f"{DISPATCH_PATH}{end}" for end in ("/", "/x", "?cmd=frappe.ping", "?sid=x", "?_lang=ar")),
        ):
            with self.subTest(path):
                reply = self.send_raw(*self.good(), path=path)
                self.assertEqual((reply.status, reply.ack["ack_status"]), (200, "applied"))
                frappe.db.rollback()
                item = frappe.get_doc("Item", self.code("A"))
                self.assertEqual(item.owner, INTEGRATION_USER)
                self.store = f"TEST-{frappe.generate_hash(length=10)}"

    def test_content_types_change_nothing(self):
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
            with self.subTest(kind):
                body, headers = self.good()
                reply = self.send_raw(
                    body, {**headers, "Content-Type": kind}, path=f"{DISPATCH_PATH}?cmd=x.y"
                )
                self.assertGreaterEqual(reply.status, 400)
                self.assertEqual(reply.ack["ack_status"], "rejected")
                own = f"{DISPATCH_PATH}?cmd={DISPATCH_PATH.rsplit('/', 1)[1]}"
                self.refused(
                    self.send_raw(body, {**headers, "Content-Type": kind}, path=own), 400, "framework_200"
                )
                self.assert_nothing(headers)
                reply = self.send_raw(body, {**headers, "Content-Type": kind})
                self.assertEqual((reply.status, reply.ack["ack_status"]), (200, "applied"))
                self.store = f"TEST-{frappe.generate_hash(length=10)}"

    def test_names_that_steer_the_framework(self):
        for name in sorted(FORBIDDEN_BODY_KEYS):
            body, headers = self.good()
            stolen = dump_json(
                {**json.loads(body), name: "frappe.ping" if name == "cmd" else "Administrator"}
            )
            with self.subTest(name):
                code = "framework_200" if name == "cmd" else "bad_envelope"
                self.refused(self.send_raw(stolen, sign(stolen, headers["X-Idempotency-Key"])), 400, code)
        self.assert_nothing()

    def test_headers(self):
        body, headers = self.good()
        for name in HEADERS:
            for label, changed in (
                ("doubled", [*headers.items(), (name, headers[name])]),
                ("latin", {**headers, name: b"\xe9\xff"}),
                ("NUL", {**headers, name: headers[name] + "\x00"}),
                ("long", {**headers, name: "a" * 4000}),
            ):
                with self.subTest(f"{label} {name}"):
                    self.refused(self.send_raw(body, changed), 400, "bad_header")
        self.assert_nothing(headers)
        nonce = row_name(instance_id(), headers["X-Nonce"])
        self.assertFalse(frappe.db.exists("Executor Nonce", nonce))

    def test_authorization_of_somebody(self):
        body, headers = self.good()
        for value in ("Basic eDp5", "Basic %%%", "Bearer x", "token a:b", b"Basic \xff"):
            with self.subTest(value):
                reply = self.send_raw(body, {**headers, "Authorization": value})
                self.refused(reply, 401, "framework_401")
        self.assert_nothing(headers)

    def test_headers_that_change_nothing(self):
        for name, value in (
            ("X-Forwarded-For", "1.2.3.4'\"<script>"),
            ("Cookie", "sid=Administrator; user_id=Administrator"),
            ("X-HTTP-Method-Override", "DELETE"),
            ("Content-Encoding", "gzip"),
            ("Authorization", ""),
        ):
            with self.subTest(name):
                body, headers = self.good()
                reply = self.send_raw(body, {**headers, name: value})
                self.assertEqual((reply.status, reply.ack["ack_status"]), (200, "applied"))
                self.store = f"TEST-{frappe.generate_hash(length=10)}"

    def test_sizes_and_lengths(self):
        body, headers = self.good()
        key = headers["X-Idempotency-Key"]
        for size, status, code in ((MAX_BODY, 400, "bad_envelope"), (MAX_BODY + 1, 413, "too_large")):
            blank = b" " * (size - 2) + b"{}"
            with self.subTest(size):
                self.refused(self.send_raw(blank, sign(blank, key)), status, code)
        big = b" " * MAX_BODY + b"{}"
        flow = {**sign(big, key), "Transfer-Encoding": "chunked"}
        self.refused(self.send_raw(chunked(big), flow), 413, "too_large")
        cut = {**headers, "Content-Length": str(len(body) - 5)}
        self.refused(self.send_raw(body, cut), 400, "framework_500")
        self.assertEqual(self.send_raw(body, {**headers, "Content-Length": "-1"}).status, 400)
        self.assert_nothing(headers)
        reply = self.send_raw(chunked(body, 100), {**headers, "Transfer-Encoding": "chunked"})
        self.assertEqual((reply.status, reply.ack["ack_status"]), (200, "applied"))

    def test_bodies(self):
        nested = b'{"a":' * 40 + b"1" + b"}" * 40
        bodies = {
            # body: code where Frappe parses it as JSON, and where it does not
            b"": ("bad_json", "bad_json"),
            b"{": ("framework_500", "bad_json"),
            b"\xff{}": ("framework_500", "bad_json"),
            b"\xef\xbb\xbf{}": ("framework_500", "bad_json"),
            b"[" * 100_000: ("framework_500", "bad_json"),
            b'{"a":' + b"9" * 5000 + b"}": ("framework_500", "bad_json"),
            b'{"a":NaN}': ("bad_json", "bad_json"),
            b'{"a":1e400}': ("bad_json", "bad_json"),
            b'{"a":1,"a":2}': ("bad_json", "bad_json"),
            b'{"a":"\\ud800"}': ("bad_json", "bad_json"),
            nested: ("bad_json", "bad_json"),
            b"[1]": ("bad_envelope", "bad_envelope"),
            b"null": ("framework_417", "bad_envelope"),
            b'"x"': ("framework_417", "bad_envelope"),
        }
        for body, codes in bodies.items():
            for kind, code in zip(("application/json", "text/plain"), codes, strict=True):
                headers = {**sign(body, "k" * 20), "Content-Type": kind}
                with self.subTest(f"{body[:20]!r} {kind}"):
                    self.refused(self.send_raw(body, headers), 400, code)
                    self.assert_nothing(headers)


class TestSessions(HostileCase):
    def setUp(self) -> None:
        super().setUp()
        if not frappe.db.exists("User", USER):
            user = {"doctype": "User", "email": USER, "first_name": "Hostile", "send_welcome_email": 0}
            frappe.get_doc(user).insert().add_roles("Sales User")
        self.enable_user(1)

    def tearDown(self) -> None:
        super().tearDown()
        self.enable_user(0)

    def enable_user(self, is_enabled: int) -> None:
        update_password(USER, PASSWORD if is_enabled else frappe.generate_hash(length=40))
        frappe.db.set_value("User", USER, "enabled", is_enabled)
        frappe.clear_cache(user=USER)
        # The web server is to see it.
        frappe.db.commit()

    def test_a_desk_session_neither_helps_nor_signs(self):
        desk = requests.Session()
        login = {"usr": USER, "pwd": PASSWORD}
        desk.post(f"{self.base}/api/method/login", data=login, timeout=30).raise_for_status()
        body, headers = self.good()
        path = self.base + DISPATCH_PATH
        unsigned = desk.post(path, data=body, headers={**headers, "X-Signature": "0" * 64}, timeout=30)
        self.assertEqual((unsigned.status_code, unsigned.json()["ack_status"]), (401, "rejected"))
        # The first page gives the session its CSRF token, which the request then lacks.
        desk.get(f"{self.base}/app", timeout=30)
        forged = desk.post(path, data=body, headers=headers, timeout=30)
        self.assertEqual((forged.status_code, forged.json()["ack_status"]), (400, "rejected"))
        self.assert_nothing(headers)


class TestParallel(HostileCase):
    def test_two_keys_of_one_order_make_one_order(self):
        self.applied("upsert_product", product(self.code("A")))
        payload = order(self.store, [line(self.code("A"), "1", "100.00")], "115.00", "15.00")
        first, second = (self.request("upsert_order", payload, revision=number) for number in (1, 2))
        copies = [(body, sign(body, headers["X-Idempotency-Key"])) for body, headers in (first, second) * 10]
        with ThreadPoolExecutor(10) as pool:
            replies = list(pool.map(lambda copy: self.send_raw(*copy), copies))
        self.assertLessEqual({reply.status for reply in replies}, {200, 409, 503})
        for body, headers in (first, second):
            again = self.send_raw(body, sign(body, headers["X-Idempotency-Key"]))
            self.assertIn(again.ack["ack_status"], ("applied", "skipped"))
        frappe.db.rollback()
        self.assertEqual(frappe.db.count("Sales Order", {"shop_store": self.store}), 1)
        row = {"source": self.store, "entity_type": "order"}
        self.assertEqual(frappe.db.get_value("External Reference", row, "revision"), 2)

    def test_one_nonce_is_taken_once(self):
        body, _ = self.good()
        headers = sign(body, json.loads(body)["idempotency_key"])
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: self.send_raw(body, headers), range(16)))
        self.assertEqual(sorted(reply.status for reply in replies), [200] + [401] * 15)
        self.assertEqual({reply.code for reply in replies if reply.status == 401}, {"nonce_used"})
