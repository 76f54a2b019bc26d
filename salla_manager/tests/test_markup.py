"""What a hostile shop and a hostile ERP say lies as markup in bodies only, which Desk shows as text."""

from __future__ import annotations

import hashlib
import hmac
import json
from itertools import cycle

import frappe

from salla_manager import tasks
from salla_manager.core.model import WebhookRules
from salla_manager.core.transport import HttpAnswer, TransportError
from salla_manager.tests.factories import HubCase, make_instance, make_store
from salla_manager.tests.web import API, request

MARKUP = '"><img src=x onerror=alert(1)>'
SECRET = "a webhook secret of the markup tests"
BODIES = {
    "brand": {"name": MARKUP, "description": MARKUP, "logo": MARKUP},
    "category": {"name": MARKUP, "status": "active"},
    "customer": {"first_name": MARKUP, "last_name": MARKUP, "email": MARKUP, "city": MARKUP, "mobile": "5"},
    "product": {
        "name": MARKUP,
        "sku": MARKUP,
        "price": {"amount": 1, "currency": "SAR"},
        "status": "sale",
        "type": "product",
        "options": [],
        "skus": [],
        "description": MARKUP,
        "mpn": MARKUP,
    },
}
TEXT = ("Data", "Small Text", "Text", "Long Text", "Text Editor", "Link", "Dynamic Link", "Select")


class TestMarkup(HubCase):
    def setUp(self):
        super().setUp()
        self.patched(
            "salla_manager.adapters.store.FrappeHubStore.webhook_rules",
            return_value=WebhookRules(secrets=(SECRET,)),
        )
        self.instance = make_instance()
        doc = frappe.get_doc("ERP Instance", self.instance)
        doc.shared_secret = frappe.generate_hash(length=64)
        doc.save()
        self.merchant = "bench-test-m-1"
        self.store = make_store(erp_instance=self.instance, currency="SAR")

    def test_it_lies_in_bodies_only(self):
        for entity_type, data in BODIES.items():
            self.send(f"{entity_type}.created", {"id": 7, **data})
        # Without a SKU it stands in the SKU Skip Log.
        self.send("product.created", {"id": 8, **BODIES["product"], "sku": ""})
        tasks.process_events()
        post = self.patched("salla_manager.core.transport.HttpTransport.post")
        post.side_effect = self._answering(
            TransportError("timeout", MARKUP), _html(), _ack("failed", 422), _ack("applied")
        )
        for _ in range(3):
            frappe.db.sql(
                "update `tabOutbound Client Command` set due = 1 where store = %s and status = 'Queued'",
                self.store,
            )
            frappe.db.commit()
            tasks.dispatch_to(self.instance)
        found, rows = [], 0
        for doctype in frappe.get_all("DocType", {"module": "Salla Manager", "issingle": 0}, pluck="name"):
            texts = [field.fieldname for field in frappe.get_meta(doctype).fields if field.fieldtype in TEXT]
            for row in frappe.get_all(doctype, fields=["*"]):
                rows += 1
                found += [f"{doctype}.{name}" for name in texts if "<" in str(row.get(name) or "")]
        assert sorted(set(found)) == []
        assert frappe.db.count("External Record", {"store": self.store}) >= 4
        assert frappe.db.count("Command Delivery Attempt", {"erp_instance": self.instance}) >= 4
        assert frappe.db.count("Command ACK Log", {"erp_instance": self.instance}) >= 2
        assert frappe.db.count("SKU Skip Log", {"store": self.store}) == 1

    def send(self, event, data):
        raw = json.dumps({"event": event, "merchant": self.merchant, "data": data}).encode()
        proof = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        response = request("POST", f"{API}webhooks.salla", raw, {"X-Salla-Signature": proof})
        assert response.status_code == 200

    def _answering(self, *answers):
        """One after the other, so that the breaker stays closed."""
        turns = cycle(answers)

        def post(url, body, headers, limits):
            answer = next(turns)
            if isinstance(answer, Exception):
                raise answer
            return answer(json.loads(body))

        return post


def _html():
    return lambda sent: HttpAnswer(200, {"content-type": MARKUP}, MARKUP.encode())


def _ack(status, http_status=200):
    def answer(sent):
        payload = {"erp_doc": {"doctype": MARKUP, "name": MARKUP}, "message": MARKUP, "error_code": MARKUP}
        ack = {"ack_status": status, "ack_payload": payload, "server_time": 1}
        echo = {key: sent[key] for key in ("idempotency_key", "command_id") if key in sent}
        return HttpAnswer(http_status, {}, json.dumps({**ack, **echo}).encode())

    return answer
