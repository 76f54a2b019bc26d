"""A broken or hostile hub: every answer becomes a sentence for the person who pressed the button."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from unittest.mock import patch

import frappe

from salla_executor.erpnext.hub import request_pull
from salla_executor.tests.kit import ExecutorTestCase

OK = {"ok": True, "queued": {"brands": 1}, "skipped_missing_sku": 0}
DEEP = b'{"a":' + b"[" * 50_000
# What the hub sends: status, headers, body; and what is told.
ANSWERS = [
    (502, {}, b"<html>Bad Gateway</html>", "status 502 and no JSON"),
    (200, {}, b"", "no JSON"),
    (200, {}, b"[1]", "no JSON"),
    (200, {}, b"\xff", "no JSON"),
    (200, {}, DEEP, "no JSON"),
    (200, {}, b'{"ok": true, "x": "' + b"y" * 200_000, "no JSON"),
    (200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 5_000_000), "no JSON"),
    (302, {"Location": "http://127.0.0.1:1/"}, b"", "status 302 and no JSON"),
    (200, {}, json.dumps({"message": OK}).encode(), "did not take"),
    (200, {}, b'{"ok": "true"}', "did not take"),
    (403, {}, b'{"ok": false, "message": "<img src=x onerror=alert(1)>"}', "&lt;img src=x"),
    (200, {"Transfer-Encoding": "chunked"}, b"zz\r\nnot a chunk", "cannot be reached"),
]


class TestHub(ExecutorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.requests: list[str] = []
        case = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                case.requests.append(self.path)
                self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, body, _ = case.answer
                self.send_response(status)
                if "Transfer-Encoding" not in headers:
                    headers = {"Content-Length": str(len(body)), **headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def ask(self) -> dict:
        # Not the site's own settings: others may be using them.
        url = f"http://127.0.0.1:{self.server.server_port}"
        settings = frappe._dict(manager_base_url=url, instance_id="ERP-INSTANCE-TEST")
        with (
            patch("salla_executor.erpnext.hub.frappe.get_cached_doc", return_value=settings),
            patch("salla_executor.erpnext.hub.read_secrets", return_value=("s" * 64,)),
        ):
            return request_pull("SM-STORE-00001", ["brands"], "", 5)

    def test_answers_that_are_none(self):
        for self.answer in ANSWERS:
            with (
                self.subTest(str(self.answer)[:60]),
                self.assertRaisesRegex(frappe.ValidationError, self.answer[3]),
            ):
                self.ask()
        self.assertEqual(len(self.requests), len(ANSWERS))

    def test_an_answer(self):
        self.answer = (200, {}, json.dumps(OK).encode(), "")
        self.assertEqual(self.ask(), OK)
