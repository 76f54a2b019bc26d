"""The night walks the products and customers of a Salla store, and reads again what changed unseen."""

from __future__ import annotations

import json
from datetime import timedelta
from unittest.mock import patch

import frappe

from salla_manager import reconciling
from salla_manager.adapters.reconcile_store import FrappeReconcileStore
from salla_manager.core.pull import request_pull
from salla_manager.core.reconcile import LIFE_SIGN
from salla_manager.core.reconciliation import Reconciliation, RunKey, Tally
from salla_manager.tests.test_backfill import BackfillCase


class TestNightWalk(BackfillCase):
    def setUp(self):
        super().setUp()
        self.shop.salla.shop.tells_all = False

    def asked(self):
        frappe.db.rollback()
        rows = frappe.get_all("Salla Incoming Log", {"store": self.store, "event": "hub.read"}, pluck="raw")
        return {(told["entity_type"], told["external_id"]) for told in map(json.loads, rows)}

    def test_what_changed_unseen_is_read_again_and_nothing_else(self):
        request_pull(reconciling.build_host(), self.store, ["products", "customers"])
        # Salla's times have whole seconds, and the store was made in this one.
        later = self.shop.salla.state.now() + timedelta(hours=1)
        self.shop.salla.state.now = lambda: later
        product, customer = (
            next(iter(rows)) for rows in (self.shop.salla.state.products, self.shop.salla.state.customers)
        )
        self.shop.salla.shop.rename(product, "اسم جديد")
        self.shop.salla.shop.change_customer(customer, first_name="نورة")
        told = reconciling.walk(self.store)
        self.assertEqual(self.asked(), {("product", str(product)), ("customer", str(customer))})
        self.assertEqual([told[kind]["different"] for kind in ("products", "customers")], [1, 1])
        row = frappe.get_all(
            "Reconciliation Finding", {"external_id": str(product), "state": "Different"}, ["reason"]
        )
        self.assertIn("which the hub has not seen", row[0].reason)

    def test_the_night_hands_it_over_beside_yesterdays_orders(self):
        with (
            patch("salla_manager.adapters.host.client_for", return_value=object()),
            patch("salla_manager.reconciling.enqueue_walk") as walk,
            patch("salla_manager.reconciling.enqueue") as enqueue,
        ):
            reconciling.nightly()
        self.assertIn(self.store, [call.args[0] for call in walk.call_args_list])
        self.assertIn(self.store, [call.args[0].store for call in enqueue.call_args_list])

    def test_a_walk_that_was_broken_off_is_handed_over_again_where_it_stood(self):
        key = RunKey(self.store, "customer")
        rows, host = FrappeReconcileStore(), reconciling.build_host()
        old = host.clock.now() - LIFE_SIGN - timedelta(seconds=1)
        run = Reconciliation(
            key, "killed", started_at=old, tally=Tally(at_shop=15, page=1), cursor="2.24.24.0"
        )
        with host.store.transaction():
            assert rows.begin_reconciliation(run, old, LIFE_SIGN)
        with patch("salla_manager.reconciling.enqueue_walk") as walk:
            reconciling.mark_interrupted()
        self.assertIn(((self.store,), {"goes_on": True}), [tuple(call) for call in walk.call_args_list])
        calls = self.shop.calls()
        told = reconciling.walk(self.store, goes_on=True)
        self.assertEqual(told["customers"]["status"], "Done")
        self.assertIn("went on from there", told["customers"]["message"])
        self.assertLess(self.shop.calls() - calls, 8)
        self.assertEqual(rows.find_reconciliation(key).started_at, old)
