"""Rehearsals on MariaDB: which orders are taken, that nothing is written, and who may ask."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest.mock import patch

import frappe

from salla_manager.adapters.store import FrappeHubStore
from salla_manager.api.rehearsal import rehearse
from salla_manager.core.transport import HttpAnswer
from salla_manager.tests.factories import HubCase, make_instance, make_record, make_store
from salla_manager.tests.test_permissions import OPERATOR, user_with

DAY = datetime(2026, 11, 1, 12, 0, tzinfo=timezone.utc)
ROWS = ("External Record", "Outbound Client Command", "Command Delivery Attempt", "Command ACK Log")


class TestRehearsal(HubCase):
    def setUp(self):
        super().setUp()
        self.instance = make_instance(shared_secret="s" * 64)
        self.store = make_store(erp_instance=self.instance)
        for day in (2, 3, 1):
            mapped = json.dumps({"external_id": f"o-{day}", "items": []})
            changes = {"mapped": mapped, "title": f"R{day}", "source_updated_at": DAY + timedelta(days=day)}
            make_record(self.store, f"o-{day}", "order", **changes)
        make_record(self.store, "p-1", "product", mapped="{}", source_updated_at=DAY + timedelta(days=9))

    def test_newest_orders_of_the_store(self):
        found = FrappeHubStore().newest_records(self.store, "order", 2)
        self.assertEqual([record.title for record in found], ["R3", "R2"])

    def test_operator_rehearses_and_nothing_is_written(self):
        before = {doctype: frappe.db.count(doctype) for doctype in ROWS}
        frappe.set_user(user_with(OPERATOR))
        erp = Erp()
        # Desk sends the number as text.
        with patch("salla_manager.core.transport.HttpTransport.post", side_effect=erp.post):
            done = rehearse(self.store, "2")
        frappe.set_user("Administrator")
        self.assertEqual((done["orders"], done["parts"]), (2, {"Would Apply": 2}))
        self.assertEqual([one["dry_run"] for one in erp.sent[1:]], [True, True])
        frappe.db.rollback()
        self.assertEqual({doctype: frappe.db.count(doctype) for doctype in ROWS}, before)

    def test_others_may_not(self):
        frappe.set_user(user_with())
        with self.assertRaises(frappe.PermissionError):
            rehearse(self.store)


class Erp:
    """Would apply everything; keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def post(self, url: str, body: bytes, headers: Any, limits: Any) -> HttpAnswer:
        envelope = json.loads(body)
        self.sent.append(envelope)
        payload = {"erp_doc": None, "message": "", "versions": {"salla_executor": "1"}}
        ack = {
            "ack_status": "applied",
            "ack_payload": {**payload, "dry_run": envelope.get("dry_run", False)},
            "idempotency_key": envelope["idempotency_key"],
            "command_id": envelope["command_id"],
        }
        return HttpAnswer(200, {}, json.dumps(ack).encode())
