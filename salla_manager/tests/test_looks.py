"""Looks for changes on MariaDB against the simulated store: watermarks, when they are due, what the row says."""

from __future__ import annotations

import json
from datetime import timedelta
from unittest.mock import patch

import frappe

from salla_manager import reading
from salla_manager.adapters import look_rows
from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.rows import to_epoch
from salla_manager.adapters.sync_store import FrappeSyncStore, changes_name
from salla_manager.platforms.pace import MemoryPaceStore
from salla_manager.tests.test_backfill import BackfillCase

RUN = "Sync Run"


class TestLooks(BackfillCase):
    def setUp(self):
        super().setUp()
        frappe.db.set_value("Store Account", self.store, "token_expires_at", "2126-01-01")
        frappe.db.commit()

    def look(self):
        """As if the last one were long ago."""
        frappe.db.set_value(RUN, {"name": changes_name(self.store)}, "started", 1)
        frappe.db.commit()
        reading.look(self.store)
        return self.row(changes_name(self.store))

    def is_due(self, after=timedelta()):
        frappe.db.rollback()
        return self.store in look_rows.due_looks(FrappeClock().now() + after)

    def test_a_look_moves_the_watermarks_and_says_what_came(self):
        before = FrappeClock().now()
        row = self.look()
        assert (row.kind, row.status, row.message, row.percent) == ("Changes", "Done", "", 100)
        assert {step["entity_type"] for step in json.loads(row.steps)} >= {"orders", "products", "brands"}
        for entity_type in ("order", "product", "brand"):
            assert FrappeSyncStore().watermark(self.store, entity_type) >= before
        assert FrappeSyncStore().watermark(self.store, "variant") is None

    def test_what_changed_comes_once_and_only_that(self):
        self.look()
        before = self.commands()
        key = next(iter(self.shop.salla.state.orders))
        self.shop.salla.shop.change_order_status(key, "shipped")
        calls = self.shop.calls()
        row = self.look()
        orders = next(step for step in json.loads(row.steps) if step["entity_type"] == "orders")
        assert orders["queued"] == 1
        assert len(set(self.commands().items()) - set(before.items())) == 1
        # The short lists were read within the day.
        assert {step["entity_type"] for step in json.loads(row.steps)} == {"orders", "products", "customers"}
        assert self.shop.calls() - calls < 20

    def test_it_is_due_after_its_minutes_and_for_connected_shops(self):
        assert not self.is_due()
        assert self.is_due(timedelta(minutes=16))
        reading.look(self.store)
        assert not self.is_due(timedelta(minutes=14))
        assert self.is_due(timedelta(minutes=16))
        for values in ({"changes_every": 0}, {"enabled": 0}, {"token_expires_at": None}):
            kept = frappe.db.get_value("Store Account", self.store, list(values), as_dict=True)
            frappe.db.set_value("Store Account", self.store, values)
            frappe.db.commit()
            assert not self.is_due(timedelta(minutes=16)), values
            frappe.db.set_value("Store Account", self.store, dict(kept))
            frappe.db.commit()

    def test_the_sweep_hands_it_over(self):
        frappe.db.set_value("Store Account", self.store, "creation", "2020-01-01", update_modified=False)
        frappe.db.commit()
        with patch("salla_manager.reading.wake") as wake:
            reading.hand_over()
        mine = [call for call in wake.call_args_list if call.kwargs.get("store") == self.store]
        assert [(call.args[0], call.kwargs["queue"]) for call in mine] == [
            ("salla_manager.reading.look", "long")
        ]

    def test_two_workers_look_once(self):
        self.look()
        calls = self.shop.calls()
        reading.look(self.store)
        assert self.shop.calls() == calls
        values = {"started": 1, "lease_until": to_epoch(FrappeClock().now() + timedelta(minutes=1))}
        frappe.db.set_value(RUN, changes_name(self.store), values)
        frappe.db.commit()
        reading.look(self.store)
        assert self.shop.calls() == calls
        assert not self.is_due(timedelta(seconds=30))

    def test_a_look_that_broke_off_says_so_and_begins_there_again(self):
        self.look()
        before = FrappeSyncStore().watermark(self.store, "order")
        self.shop.salla.faults.add("/orders", "error")
        row = self.look()
        assert (row.status, row.lease_until) == ("Failed", 0)
        assert "could not be read to its end" in row.message
        assert FrappeSyncStore().watermark(self.store, "order") == before
        assert FrappeSyncStore().watermark(self.store, "product") > before
        assert self.look().status == "Done"

    def test_a_look_that_the_limit_broke_off_goes_on_by_itself_where_it_stood(self):
        self.look()
        before, keys = self.commands(), list(self.shop.salla.state.orders)
        for key in keys:
            self.shop.salla.shop.change_order_status(key, "shipped")
        began = FrappeClock().now()
        self.shop.salla.faults.add(f"/orders/{keys[3]}", "throttle", retry_after=300)
        row = self.look()
        assert (row.status, row.lease_until, row.percent) == ("Running", 0, 0)
        assert "goes on from there by itself" in row.message
        assert row.due > to_epoch(began)
        assert not self.is_due(timedelta(minutes=4))
        assert self.is_due(timedelta(minutes=6))
        # As after those five minutes.
        self.shop._paces = MemoryPaceStore()
        frappe.db.set_value(RUN, row.name, "due", to_epoch(FrappeClock().now()))
        frappe.db.commit()
        calls = self.shop.calls()
        reading.look(self.store)
        row = self.row(row.name)
        assert (row.status, row.due, json.loads(row.places)) == ("Done", 0, {})
        assert self.shop.calls() - calls < 4 * len(keys)
        after = self.commands()
        assert {after["order", f"{key}"] - before.get(("order", f"{key}"), 0) for key in keys} == {1}

    def test_a_turn_that_ends_for_want_of_a_place_wakes_the_next(self):
        stopped = {
            "ok": False,
            "queued": {},
            "unchanged": {},
            "failed": {},
            "goes_on_after": 0.0,
            "is_limited": True,
        }
        with (
            patch("salla_manager.reading.read_changes", return_value=stopped),
            patch("salla_manager.reading.wake") as wake,
        ):
            row = self.look()
        assert wake.call_args.kwargs["store"] == self.store
        assert 0 < row.due <= to_epoch(FrappeClock().now())

    def test_what_nobody_foresaw_is_logged_and_tried_again(self):
        with patch("salla_manager.reading.read_changes", side_effect=OSError("secret words")):
            row = self.look()
        assert (row.status, "unforeseen OSError" in row.message) == ("Failed", True)
        assert self.look().status == "Done"

    def test_a_shop_without_access_says_so(self):
        with patch("salla_manager.adapters.host.client_for", return_value=None):
            row = self.look()
        assert (row.status, "Connect the store" in row.message) == ("Failed", True)
