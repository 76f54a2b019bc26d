"""A shop's limit on MariaDB: workers on connections of their own never ask faster than it allows together."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from unittest.mock import patch

import frappe

from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.host import build_host, client_for
from salla_manager.adapters.pace_store import LIMIT, FrappePaceStore
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.tokens import save_tokens
from salla_manager.core.transport import HttpAnswer
from salla_manager.platforms.pace import BACKFILL, ORDERS, Pace, Pacer, Told, take
from salla_manager.platforms.port import ShopError
from salla_manager.tests.factories import HubCase, beside, make_store

PER_MINUTE = 240
# What a backfill alone may have in the bucket.
SHARE = PER_MINUTE // 4
SECONDS = 4
TOKENS = {"access_token": "a", "refresh_token": "r", "expires": 4_000_000_000, "scope": ""}


class LimitedShop:
    """A transport to a store that takes PER_MINUTE calls at once and each minute, and refuses what is beyond."""

    def __init__(self):
        self.statuses, self.highest = [], 0.0
        self.level, self.seen = 0.0, time.monotonic()
        self.lock = threading.Lock()

    def get(self, url, headers, limits):
        with self.lock:
            now = time.monotonic()
            self.level = max(0.0, self.level - (now - self.seen) * PER_MINUTE / 60)
            self.seen = now
            is_taken = self.level + 1 <= PER_MINUTE
            self.level += is_taken
            self.highest = max(self.highest, self.level)
            left = int(PER_MINUTE - self.level)
            status = 200 if is_taken else 429
            self.statuses.append(status)
        told = {"x-ratelimit-limit": str(PER_MINUTE), "x-ratelimit-remaining": str(left)}
        return HttpAnswer(status, told, json.dumps({"data": {"id": 1}}).encode())


class TestPace(HubCase):
    def setUp(self):
        super().setUp()
        self.store = make_store()
        self.key = f"salla store {self.store}"
        save_tokens(self.store, TOKENS)
        frappe.db.commit()
        self.shop = LimitedShop()
        self.patched("salla_manager.adapters.host._transport", return_value=self.shop)
        self.addCleanup(self.forget)

    def forget(self):
        frappe.db.delete(LIMIT, {"name": self.key})
        frappe.db.commit()

    def read(self, lane, seconds, most=1000):
        """As a worker does: one read after the other; gives the seconds that each took."""
        client = client_for(build_host().store.store(self.store)).in_lane(lane)
        took, end = [], time.monotonic() + seconds
        while time.monotonic() < end and len(took) < most:
            began = time.monotonic()
            client.fetch("brand", "1")
            took.append(time.monotonic() - began)
        return took

    def test_two_workers_share_the_limit_and_an_order_goes_before_them(self):
        # The first answer says what the limit is.
        self.read(ORDERS, 1, most=1)
        backfills = [beside(lambda: self.read(BACKFILL, SECONDS)) for _ in range(2)]
        time.sleep(SECONDS / 2)
        thread, orders = beside(lambda: self.read(ORDERS, SECONDS, most=12))
        for one, _ in (*backfills, (thread, orders)):
            one.join(30)
        both = [took for _, result in backfills for took in result[0]]
        assert set(self.shop.statuses) == {200}
        # Together what one alone could have had, each waited, and neither was left out.
        assert SHARE <= len(both) <= SHARE + (SECONDS + 2) * PER_MINUTE / 60
        assert self.shop.highest <= PER_MINUTE
        assert all(max(result[0]) > 0.1 and len(result[0]) > 5 for _, result in backfills)
        assert len(orders[0]) == 12
        assert max(orders[0]) < 0.5

    def test_a_new_worker_knows_what_another_was_told(self):
        thread, _ = beside(lambda: Pacer(FrappePaceStore(), self.key).learn(Told(refused_for=60), self.now()))
        thread.join(10)
        client = client_for(build_host().store.store(self.store))
        with self.assertRaisesRegex(ShopError, "no place for it now"):
            client.fetch("brand", "1")
        assert self.shop.statuses == []
        row = frappe.db.get_value(LIMIT, self.key, ["held_until", "blocked_until"], as_dict=True)
        assert row.blocked_until > self.now() + 50
        assert row.held_until > frappe.utils.now_datetime()

    def test_the_first_two_make_one_row(self):
        key, started = f"{self.key} new", threading.Barrier(4)
        self.addCleanup(lambda: frappe.db.delete(LIMIT, {"name": key}))

        def count():
            started.wait()
            return [
                FrappePaceStore().change_pace(key, lambda pace: (replace(pace, level=pace.level + 1), 0.0))
                for _ in range(10)
            ]

        workers = [beside(count) for _ in range(4)]
        for thread, _ in workers:
            thread.join(20)
        assert [result[0] for _, result in workers] == [[0.0] * 10] * 4
        frappe.db.rollback()
        assert frappe.db.get_value(LIMIT, key, "level") == 40

    def test_nothing_of_the_callers_is_committed_or_lost_unseen(self):
        paces, change = FrappePaceStore(), lambda pace: take(pace, ORDERS, self.now())
        frappe.db.set_value("Store Account", self.store, "store_name", "changed")
        with self.assertRaisesRegex(RuntimeError, "in the middle of a transaction"):
            paces.change_pace(self.key, change)
        frappe.db.rollback()
        with FrappeHubStore().transaction(), self.assertRaisesRegex(RuntimeError, "in the middle"):
            paces.change_pace(self.key, change)
        assert paces.change_pace(self.key, change) == 0

    def test_no_row_stays_locked_and_times_keep_their_digits(self):
        pace = Pace(720.0, 12.0, 3.25, 1_795_000_000.123456, 1_795_000_060.5)
        FrappePaceStore().change_pace(self.key, lambda _: (pace, 0.0))
        thread, result = beside(
            lambda: FrappePaceStore().change_pace(self.key, lambda found: (found, float(found == pace)))
        )
        thread.join(5)
        assert result == [1.0]

    def test_the_time_is_the_databases(self):
        with patch("time.time", return_value=0.0):
            self.read(ORDERS, 1, most=1)
        assert abs(frappe.db.get_value(LIMIT, self.key, "seen") - self.now()) < 5

    def now(self):
        return FrappeClock().now().timestamp()
