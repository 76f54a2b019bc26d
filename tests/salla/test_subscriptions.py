"""Our subscriptions at Salla: told apart, repaired, and those of others left alone."""

import pytest

from salla_manager.core.transport import Limits
from salla_manager.platforms.port import ShopError, WebhookTarget
from salla_manager.platforms.salla.client import SallaClient
from salla_manager.platforms.salla.events import SUBJECTS
from salla_manager.platforms.salla.subscriptions import EVENTS

URL = "https://hub.example.com/api/method/salla_manager.api.webhooks.salla"
SECRET = "secret-canary-of-the-app"
TARGET = WebhookTarget(URL, SECRET)
SIGNED = {"strategy": "signature", "secret": SECRET}


@pytest.fixture
def client(salla):
    token = salla.oauth.issue()["access_token"]
    return SallaClient(
        lambda refused=None: token, base_url=salla.api_url, http=Limits(allow_private_addresses=True)
    )


@pytest.fixture
def hooks(salla):
    """All as it should be, and two of somebody else."""
    for event in EVENTS:
        salla.api.webhooks.add(event, URL, security=SIGNED)
    for event in ("order.created", "customer.login"):
        salla.api.webhooks.add(event, "https://other.example.com/hook", rule="price > 5")
    return salla.api.webhooks


def of(hooks, event, url=URL):
    return [row for row in hooks.rows if (row["event"], row["url"]) == (event, url)]


def test_what_is_wanted_is_what_changes_an_entity_once():
    assert {"order.created", "order.status.updated", "product.deleted", "invoice.created"} <= set(EVENTS)
    assert not {"product.updated", "shipment.created", "order.shipment.creating"} & set(EVENTS)
    assert set(EVENTS) < SUBJECTS.keys()


def test_all_is_well(client, hooks):
    assert client.check_webhooks(TARGET) == []
    before = [dict(row) for row in hooks.rows]
    assert client.repair_webhooks(TARGET) == []
    assert hooks.rows == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 1}, "its version is 1, not 2"),
        ({"version": "1"}, "its version is 1, not 2"),
        ({"rule": "payment_method = mada"}, "its rule 'payment_method = mada' drops events in silence"),
        ({"security": {"strategy": "", "secret": None}}, "it comes unsigned, so it is refused here"),
        ({"security": {"strategy": "signature", "secret": "old"}}, "it has another secret"),
        ({"security": {"strategy": "token", "secret": "old"}}, "it has another secret"),
    ],
)
def test_each_fault_is_told_and_repaired(client, hooks, change, words):
    (row,) = of(hooks, "brand.updated")
    row.update(change)
    (told,) = client.check_webhooks(TARGET)
    assert told.startswith("brand.updated: ")
    assert words in told
    (done,) = client.repair_webhooks(TARGET)
    assert done == f"{told} It is corrected now."
    assert client.check_webhooks(TARGET) == []
    assert (row["version"], row["rule"], row["security"]) == (2, "", SIGNED)


@pytest.mark.parametrize(
    "change", [{"security": {"strategy": "token", "secret": SECRET}}, {"url": URL + "/"}]
)
def test_what_does_no_harm_is_no_fault(client, hooks, change):
    of(hooks, "brand.updated")[0].update(change)
    assert client.check_webhooks(TARGET) == []


def test_a_missing_one_is_subscribed_with_its_proof(client, hooks):
    hooks.rows.remove(of(hooks, "order.created")[0])
    (told,) = client.check_webhooks(TARGET)
    assert told == "order.created: not subscribed, and never come from this shop yet."
    assert client.repair_webhooks(TARGET) == [f"{told} It is subscribed now."]
    (row,) = of(hooks, "order.created")
    assert row["security"] == SIGNED
    assert len(of(hooks, "order.created", "https://other.example.com/hook")) == 1


def test_where_subscribing_takes_no_security_an_update_brings_it(client, hooks, salla):
    hooks.takes_security_on_subscribe = False
    hooks.rows.clear()
    (told,) = client.repair_webhooks(TARGET)
    assert told.startswith(", ".join(EVENTS))
    assert all(row["security"] == SIGNED for row in hooks.rows)
    assert client.check_webhooks(TARGET) == []


def test_one_that_comes_without_a_subscription_is_not_missed(client, hooks):
    hooks.rows.remove(of(hooks, "order.created")[0])
    assert client.check_webhooks(WebhookTarget(URL, SECRET, frozenset({"order.created"}))) == []


def test_a_shop_that_is_heard_by_the_portal_s_list_needs_none(client, salla):
    salla.api.webhooks.add("order.created", "https://other.example.com/hook")
    assert client.check_webhooks(WebhookTarget(URL, SECRET, frozenset({"order.updated"}))) == []
    (told,) = client.check_webhooks(TARGET)
    assert told.startswith(", ".join(EVENTS))


def test_those_that_only_the_portal_switches_on_are_told(client, hooks):
    hooks.rows.remove(of(hooks, "order.created")[0])
    hooks.portal_managed = {"order.created"}
    (told,) = client.repair_webhooks(TARGET)
    assert "The event type is disabled" in told
    assert "Tick the event in the Store Events" in told


def test_doubles_and_those_of_no_use_are_removed_by_id_and_others_stay(client, hooks):
    hooks.add("brand.updated", URL, security=SIGNED)
    hooks.add("customer.login", URL, security=SIGNED)
    told = client.check_webhooks(TARGET)
    assert any(words.startswith("brand.updated: subscribed more than once") for words in told)
    assert any(words.startswith("customer.login: nothing is done with this event") for words in told)
    client.repair_webhooks(TARGET)
    assert client.check_webhooks(TARGET) == []
    assert (len(of(hooks, "brand.updated")), len(of(hooks, "customer.login"))) == (1, 0)
    others = [row for row in hooks.rows if row["url"] != URL]
    assert [(row["event"], row["rule"]) for row in others] == [
        ("order.created", "price > 5"),
        ("customer.login", "price > 5"),
    ]


def test_all_pages_are_read(client, hooks, salla):
    salla.api.per_page_cap = 4
    assert client.check_webhooks(TARGET) == []


def test_a_secret_that_is_not_told_is_not_judged(client, hooks):
    hooks.tells_security = False
    assert client.check_webhooks(TARGET) == []
    hooks.tells_security = True
    of(hooks, "brand.updated")[0]["security"] = {"strategy": "signature", "secret": "****"}
    assert client.check_webhooks(TARGET) == []


@pytest.mark.parametrize("url", ["http://localhost:8000/hook", "https://test.example.com/hook"])
def test_an_address_that_salla_refuses_is_told_first(client, salla, url):
    told = client.repair_webhooks(WebhookTarget(url, SECRET))
    assert "Salla takes no address with localhost or test." in told[0]
    assert "cannot be repaired from here" in told[0]
    assert all("لابد أن يكون الرابط" in words for words in told[1:])
    assert salla.api.webhooks.rows == []


def test_without_the_scope_nothing_is_guessed(client, salla):
    salla.oauth.scope = "orders.read"
    with pytest.raises(ShopError, match=r"webhooks\.read") as caught:
        client.check_webhooks(TARGET)
    assert caught.value.kind == "forbidden"


def test_an_outage_in_the_middle_stops_and_a_second_run_ends_it(client, hooks, salla):
    hooks.rows[:] = [row for row in hooks.rows if row["url"] != URL]
    salla.faults.add("/webhooks/subscribe", "error", times=1)
    with pytest.raises(ShopError):
        client.repair_webhooks(TARGET)
    client.repair_webhooks(TARGET)
    assert client.check_webhooks(TARGET) == []


def test_no_words_hold_the_secret(client, hooks):
    of(hooks, "brand.updated")[0]["security"] = {"strategy": "signature", "secret": "old-canary"}
    told = " ".join([*client.check_webhooks(TARGET), *client.repair_webhooks(TARGET), repr(TARGET)])
    assert "canary" not in told
