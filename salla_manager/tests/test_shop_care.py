"""Tokens are renewed in time, and what presses is told once."""

from __future__ import annotations

import time
from datetime import timedelta
from unittest.mock import patch

import frappe

from salla_manager import shop_care
from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.tokens import read_tokens, save_tokens
from salla_manager.core.silence import EPOCH, HOUR, hour_of
from salla_manager.platforms.port import ShopError
from salla_manager.tests.factories import SUFFIX, HubCase, make_event, make_store
from salla_manager.tests.test_permissions import OPERATOR, user_with

DAY = 24 * 3600


def tokens(days, **state):
    ends = int(time.time() + days * DAY)
    return {"access_token": "at", "refresh_token": "rt", "expires": ends, "scope": "", **state}


class ShopCase(HubCase):
    def setUp(self):
        super().setUp()
        self.told = self.patched("salla_manager.adapters.alarms.enqueue_create_notification")
        # Somebody has to be there to be told.
        user_with(OPERATOR)
        # The site's own stores are looked after by the site.
        enabled = shop_care._enabled

        def only_ours(where, *args):
            return enabled({**where, "merchant_id": ("like", f"{SUFFIX}%")}, *args)

        self.patched("salla_manager.shop_care._enabled", side_effect=only_ours)

    def make(self, merchant, days=None, **state):
        name = make_store(merchant)
        if days is not None:
            save_tokens(name, tokens(days, **state))
            frappe.db.commit()
        return name

    def value(self, name, fieldname):
        frappe.db.rollback()
        return frappe.db.get_value("Store Account", name, fieldname)

    def subjects(self):
        return [call.args[1]["subject"] for call in self.told.call_args_list]


class TestTokens(ShopCase):
    def test_what_ends_soon_is_renewed_the_soonest_first_and_one_that_fails_stops_no_other(self):
        far, soon, sooner = self.make("a", 9), self.make("b", 2), self.make("c", 1)
        asked = []

        class Fake:
            def __init__(self, name):
                self.name = name

            def refresh_ahead(self, before):
                asked.append(self.name)
                if self.name == sooner:
                    raise ShopError("offline", "It broke.")
                return True

        with patch("salla_manager.shop_care.tokens_of", Fake):
            assert shop_care.renew_tokens() == 1
        assert asked == [sooner, soon]
        assert far not in asked

    def test_a_copy_of_the_hub_renews_nothing(self):
        self.make("a", 1)
        with (
            patch("salla_manager.adapters.config_store.standstill_of", return_value="It is a copy."),
            patch("salla_manager.shop_care.renew_tokens") as renew,
        ):
            shop_care.hourly()
        renew.assert_not_called()


class TestAccess(ShopCase):
    def test_an_end_that_comes_near_is_told_once_and_taken_back(self):
        name = self.make("a", 2)
        for _ in range(3):
            shop_care.watch_access()
        assert "ends in 4" in self.value(name, "access_alarm")
        assert len(self.subjects()) == 1
        save_tokens(name, tokens(14))
        frappe.db.commit()
        shop_care.watch_access()
        assert self.value(name, "access_alarm") == ""

    def test_a_lost_chain_is_told_with_the_way_back(self):
        self.make("a", 9, is_revoked=True)
        shop_care.watch_access()
        (subject,) = self.subjects()
        assert "install the app again" in subject

    def test_what_waited_goes_on_when_the_access_is_good_again(self):
        name = self.make("a", 9)
        hub = FrappeHubStore()
        with hub.transaction():
            event, _ = hub.add_event(
                make_event("n", status="No Access", merchant_id=f"{SUFFIX}-a", store=name)
            )
        shop_care.watch_access()
        frappe.db.rollback()
        assert frappe.db.get_value("Salla Incoming Log", event, "status") == "Received"
        assert read_tokens(name)["access_token"] == "at"

    def test_what_came_in_the_moment_the_store_was_made_is_found(self):
        name, hub, events = self.make("a"), FrappeHubStore(), {}
        with hub.transaction():
            for status in ("Unknown Store", "No Access"):
                event = make_event(status, status=status, merchant_id=f"{SUFFIX}-a")
                events[status], _ = hub.add_event(event)
        shop_care.watch_access()
        frappe.db.rollback()
        found = {
            status: frappe.db.get_value("Salla Incoming Log", event, ["status", "store"])
            for status, event in events.items()
        }
        # Without tokens what has to be read from the shop would only be parked again.
        assert found == {"Unknown Store": ("Received", name), "No Access": ("No Access", None)}


class TestSilence(ShopCase):
    def setUp(self):
        super().setUp()
        self.store = self.make("a")
        self.now = FrappeClock().now()

    def hear(self, hours_ago):
        hub = FrappeHubStore()
        with hub.transaction():
            for ago in hours_ago:
                at = EPOCH + HOUR * (hour_of(self.now) - ago) + timedelta(minutes=1)
                hub.add_event(
                    make_event(
                        f"s{ago}",
                        status="Processed",
                        store=self.store,
                        merchant_id=f"{SUFFIX}-a",
                        received_at=at,
                    )
                )

    def test_a_busy_shop_that_falls_silent_is_told_once_and_its_return_is_seen(self):
        self.hear(range(24, 4 * 168))
        shop_care.learn_habits()
        for _ in range(3):
            shop_care.watch_silence()
        assert "No webhook for 2" in self.value(self.store, "silence")
        assert self.value(self.store, "silent_since")
        assert len(self.subjects()) == 1
        self.hear([0])
        shop_care.watch_silence()
        assert (self.value(self.store, "silence"), self.value(self.store, "silent_since")) == ("", None)

    def test_a_shop_that_is_rarely_heard_is_left_alone(self):
        self.hear([30, 400, 600])
        shop_care.learn_habits()
        shop_care.watch_silence()
        assert not self.value(self.store, "silence")

    def test_what_the_hub_asked_for_itself_is_no_sign_of_life(self):
        self.hear(range(24, 4 * 168))
        hub = FrappeHubStore()
        with hub.transaction():
            hub.add_event(
                make_event(
                    "own",
                    event="hub.read",
                    status="Processed",
                    store=self.store,
                    merchant_id=f"{SUFFIX}-a",
                    received_at=self.now,
                )
            )
        shop_care.learn_habits()
        shop_care.watch_silence()
        assert self.value(self.store, "silence")
