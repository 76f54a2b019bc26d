"""The doors for machines: always bare JSON with the right status, and nothing written before the signature held."""

from __future__ import annotations

import hashlib
import hmac
import json
from unittest.mock import patch

import frappe

from salla_manager import contract
from salla_manager.adapters.host import build_host
from salla_manager.adapters.secrets import read_secret
from salla_manager.core.model import WebhookRules
from salla_manager.tests.factories import SUFFIX, HubCase, make_instance, make_store
from salla_manager.tests.web import API, answer, request

WEBHOOK, PULL = f"{API}webhooks.salla", f"{API}client.request_pull"
SECRET = "a webhook secret of the tests"
SETTINGS = "Salla Manager Settings"


class WebCase(HubCase):
    def count(self, doctype):
        frappe.db.rollback()
        return frappe.db.count(doctype)


class TestWebhook(WebCase):
    def setUp(self):
        super().setUp()
        self.patched(
            "salla_manager.adapters.store.FrappeHubStore.webhook_rules",
            return_value=WebhookRules(secrets=(SECRET,)),
        )

    def send(self, body, signature=None, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signature = signature or hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        sent = {"X-Salla-Security-Strategy": "Signature", "X-Salla-Signature": signature, **headers}
        return request("POST", WEBHOOK, raw, sent)

    def event(self, number=1, **more):
        return {
            "event": "brand.updated",
            "merchant": f"{SUFFIX}-m-1",
            "created_at": "2026-11-20 10:00:00",
            "data": {"id": number, "name": "Brand"},
            **more,
        }

    def test_it_is_kept_byte_for_byte_and_a_repeat_is_not(self):
        body = self.event(name="<b>&amp;\u0000ä</b>")
        first, again = self.send(body), self.send(body)
        assert (first.status_code, again.status_code) == (200, 200)
        assert answer(again) == {"ok": True, "event": answer(first)["event"], "duplicate": True}
        raw = frappe.db.get_value("Salla Incoming Log", answer(first)["event"], "raw")
        assert raw == json.dumps(body)

    def test_a_wrong_signature_leaves_nothing(self):
        before = self.count("Salla Incoming Log"), self.count("Error Log")
        response = self.send(self.event(2), signature="0" * 64)
        assert response.status_code == 401
        assert answer(response)["ok"] is False
        assert (self.count("Salla Incoming Log"), self.count("Error Log")) == before

    def test_a_body_with_cmd_is_refused(self):
        response = self.send(self.event(3, cmd="frappe.ping"))
        assert response.status_code == 400
        assert answer(response)["error_code"] == "framework_200"

    def test_what_frappe_refuses_leaves_as_bare_json(self):
        for method, body in (("GET", None), ("PUT", b"{}"), ("POST", b"{broken")):
            response = request(method, WEBHOOK, body)
            with self.subTest(method):
                assert response.status_code in (400, 403)
                assert answer(response)["ok"] is False
                assert b"Traceback" not in response.get_data()

    def test_another_body_than_json_is_answered_too(self):
        for body in (b"", b"[]", b'"text"', b"5", b"\xff\xfe"):
            response = self.send(body)
            with self.subTest(body):
                assert response.status_code in (200, 400)
                assert "ok" in answer(response)
            frappe.db.delete("Salla Incoming Log", {"name": answer(response).get("event", "")})
            frappe.db.commit()

    def test_a_failing_store_asks_the_shop_to_send_again(self):
        with patch(
            "salla_manager.adapters.event_store.EventRows.add_event", side_effect=OSError("secret-word")
        ):
            response = self.send(self.event(4))
        assert response.status_code == 503
        log = frappe.get_last_doc("Error Log")
        assert "OSError" in log.method
        assert "secret-word" not in log.error


class TestPull(WebCase):
    def setUp(self):
        super().setUp()
        self.instance = make_instance()
        self.store = make_store(erp_instance=self.instance)
        self.secret = read_secret("ERP Instance", self.instance, "shared_secret")

    def ask(self, body=None, secret=None, instance=None, nonce=None, shift=0):
        raw = contract.dump_json(body or {"store_id": self.store, "entity_types": ["brands"]})
        now = int(build_host().clock.now().timestamp()) + shift
        headers = contract.signed_headers(
            instance or self.instance, secret or self.secret, raw, "pull-" + "0" * 20, now=now, nonce=nonce
        )
        headers.pop("Content-Type")
        return request("POST", PULL, raw, headers)

    def test_a_store_without_tokens_says_so(self):
        response = self.ask()
        assert response.status_code == 400
        assert "no access to its shop" in answer(response)["message"]

    def test_the_answer_is_bare(self):
        shop = _Shop()
        with patch("salla_manager.adapters.host.client_for", return_value=shop):
            response = self.ask()
        assert response.status_code == 200
        assert answer(response)["queued"] == {"brands": 0}

    def test_a_nonce_is_taken_once(self):
        nonce = contract.new_nonce()
        codes = [answer(self.ask(nonce=nonce))["error_code"] for _ in range(2)]
        assert codes[1] == "nonce_used"
        assert codes[0] != "nonce_used"

    def test_unknown_instance_and_wrong_secret_look_the_same_and_leave_nothing(self):
        before = self.count("Manager Nonce")
        responses = [self.ask(instance="ERP-INSTANCE-9999"), self.ask(secret="0" * 64)]
        assert [response.status_code for response in responses] == [401, 401]
        assert answer(responses[0]) == answer(responses[1])
        assert self.count("Manager Nonce") == before

    def test_a_wrong_clock_is_told_the_time(self):
        response = self.ask(shift=-400)
        assert (response.status_code, answer(response)["error_code"]) == (401, "stale_timestamp")
        assert answer(response)["server_time"] > 0

    def test_a_foreign_store_looks_like_none(self):
        foreign = make_store("m-3", erp_instance=make_instance("B"))
        answers = [self.ask({"store_id": store}) for store in (foreign, "SM-STORE-99999")]
        assert [response.status_code for response in answers] == [403, 403]
        assert {answer(response)["error_code"] for response in answers} == {"unknown_store"}

    def test_both_secrets_hold_while_one_is_replaced(self):
        doc = frappe.get_doc("ERP Instance", self.instance)
        fresh = doc.rotate_secret()
        frappe.db.commit()
        assert fresh != self.secret
        for secret in (self.secret, fresh):
            assert self.ask(secret=secret).status_code == 400
        assert self.ask(secret="1" * 64).status_code == 401


class _Shop:
    def list(self, entity_type, since=None):
        return iter(())
