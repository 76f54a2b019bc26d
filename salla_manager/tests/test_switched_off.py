"""Events of a kind that the Store Account has off are kept, and go on when it is switched on."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import frappe

from salla_manager.adapters.host import build_host
from salla_manager.core import process
from salla_manager.core.model import EventStatus
from salla_manager.tests.factories import LONG_AGO, HubCase, make_event, make_store

LOG = "Salla Incoming Log"


class TestSwitchedOff(HubCase):
    def test_kept_while_off_and_due_once_on(self):
        store = make_store(read_orders=0)
        raw = '{"event": "order.created", "merchant": 1, "data": {"id": 900}}'
        hub = build_host().store
        event = replace(make_event("off"), event="order.created", raw=raw, store=store, received_at=LONG_AGO)
        with hub.transaction():
            name, _ = hub.add_event(event)
        with patch.object(type(build_host().clock), "now", return_value=LONG_AGO):
            process.process_due_events(build_host())
        self.assertEqual(self.status(name), (EventStatus.SWITCHED_OFF, 0))
        doc = frappe.get_doc("Store Account", store)
        doc.read_orders = 1
        doc.save()
        self.assertEqual(frappe.db.get_value(LOG, name, ["status", "due"]), (EventStatus.RECEIVED, 1))

    def status(self, name):
        frappe.db.rollback()
        return frappe.db.get_value(LOG, name, ["status", "due"])
