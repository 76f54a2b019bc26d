"""This app in a shop: its events in any order, through intake and processing with Salla's own bodies."""

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from hub_kit import MERCHANT, STORE, WEBHOOK_SECRET

from salla_manager.core.intake import receive_webhook
from salla_manager.core.process import process_due_events
from salla_manager.platforms import registry
from sandbox.salla.generate import generate
from sandbox.salla.shop import Shop

SHOP = Shop(replace(generate(orders=0), merchant_id=int(MERCHANT)), WEBHOOK_SECRET)
PLAN = {"item_type": "plan", "plan_name": "Pro", "end_date": "2026-12-31T21:00:00.000000Z"}


class App:
    """The events of one day at Salla, told to the hub."""

    def __init__(self, hub):
        self.hub = hub
        self.host = replace(hub.host, platforms=registry.get)

    def tell(self, event, at, **data):
        """at: HH:MM of the day, in Riyadh. Gives the event's row when it is worked off."""
        delivery = SHOP.webhook(event, data, created_at=f"2026-11-20 {at}:00")
        answer = receive_webhook("salla", delivery.body, delivery.headers, self.host)
        assert answer.http_status == 200
        process_due_events(self.host)
        return self.hub.event(answer.body["event"])

    def authorize(self, at, token="at-1"):
        return self.tell("app.store.authorize", at, access_token=token, refresh_token="rt", expires=2**31)

    @property
    def tokens(self):
        return self.hub.rows.tokens(STORE)


@pytest.fixture
def app(hub):
    hub.client = None
    return App(hub)


def test_an_installation_makes_the_store_or_takes_the_one_of_this_merchant(app):
    assert app.authorize("10:00")["status"] == "Processed"
    assert (app.hub.store.app_status, app.tokens["access_token"]) == ("Installed", "at-1")
    assert app.hub.store.app_changed_at == datetime(2026, 11, 20, 7, 0, tzinfo=timezone.utc)
    assert len(app.hub.rows.rows("store")) == 1


def test_a_removal_drops_the_tokens_and_says_so_and_what_was_taken_is_still_delivered(app):
    app.authorize("10:00")
    app.hub.absorb("product")
    row = app.tell("app.uninstalled", "11:00", id=1)
    assert (row["status"], "removed the app on 2026-11-20" in row["message"]) == ("Processed", True)
    assert (app.tokens, app.hub.store.app_status) == ({}, "Uninstalled")
    assert "install the app again" in app.hub.store.access_problem
    assert app.hub.dispatch().done == 1


def test_a_shop_without_the_app_cannot_be_read_until_it_is_installed_again(app):
    app.authorize("10:00")
    app.tell("app.uninstalled", "11:00", id=1)
    row = app.tell("product.price.updated", "11:05", id=77)
    assert (row["status"], "removed the app" in row["message"]) == ("No Access", True)
    app.hub.client = app.hub.shop
    app.authorize("12:00", "at-2")
    assert "no product 77 any more" in app.hub.event(row["name"])["message"]
    assert app.hub.store.access_problem == ""


def test_tokens_of_before_the_removal_are_not_kept(app):
    app.authorize("10:00")
    app.tell("app.uninstalled", "11:00", id=1)
    row = app.authorize("10:30", "at-late")
    assert (row["status"], "at-late" in str(row)) == ("Stale", False)
    assert app.tokens == {}


def test_a_removal_of_before_the_last_installation_changes_nothing(app):
    app.authorize("12:00")
    assert app.tell("app.uninstalled", "11:00", id=1)["status"] == "Stale"
    assert app.tokens["access_token"] == "at-1"


def test_an_older_installation_does_not_replace_newer_tokens(app):
    app.authorize("12:00", "at-new")
    app.authorize("10:00", "at-old")
    assert app.tokens["access_token"] == "at-new"


@pytest.mark.parametrize("event", ["app.installed", "app.updated"])
def test_an_installation_without_tokens_is_shown(app, event):
    row = app.tell(event, "10:00", id=1, app_name="Hub")
    assert (row["status"], app.hub.store.app_status) == ("Processed", "Installed")


def test_an_update_that_brings_tokens_is_taken(app):
    app.authorize("10:00")
    app.tell("app.updated", "11:00", access_token="at-2", refresh_token="rt-2", expires=2**31)
    assert app.tokens["access_token"] == "at-2"


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("app.trial.started", "Trial"),
        ("app.trial.expired", "Expired"),
        ("app.trial.canceled", "Canceled"),
        ("app.subscription.started", "Active"),
        ("app.subscription.renewed", "Active"),
        ("app.subscription.expired", "Expired"),
        ("app.subscription.canceled", "Canceled"),
    ],
)
def test_the_plan_is_shown(app, event, status):
    row = app.tell(event, "10:00", **PLAN)
    assert row["status"] == "Processed"
    store = app.hub.store
    assert (store.plan, store.plan_status, store.plan_until) == ("Pro", status, "2026-12-31")


def test_a_trial_that_ends_after_the_plan_was_bought_ends_nothing(app):
    app.tell("app.subscription.started", "10:00", **PLAN)
    assert app.tell("app.trial.expired", "11:00", plan_name="Try")["status"] == "Ignored"
    assert app.tell("app.subscription.canceled", "09:00", **PLAN)["status"] == "Stale"
    assert app.hub.store.plan_status == "Active"
    app.tell("app.subscription.canceled", "12:00", **PLAN)
    assert app.hub.store.plan_status == "Canceled"


@pytest.mark.parametrize(
    ("event", "data", "words"),
    [
        ("app.subscription.started", {"item_type": "addon"}, "subscription"),
        ("app.settings.updated", {"settings": {"apiKey": "key-canary"}}, "no settings"),
        ("app.feedback.created", {"id": 1, "rating": 5}, "review"),
    ],
)
def test_what_changes_nothing_is_ignored_in_words(app, event, data, words):
    before = app.hub.store
    row = app.tell(event, "10:00", **data)
    assert (row["status"], words in row["message"]) == ("Ignored", True)
    assert "key-canary" not in row["raw"]
    assert app.hub.store == before
