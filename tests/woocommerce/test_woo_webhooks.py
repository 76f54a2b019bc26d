"""Webhooks are hints: proved, taken for what changed, and looked up in the shop."""

import json

import pytest
from woo_kit import Shop

from salla_manager.platforms.port import ShopError, SignatureError, WebhookError, WebhookTarget
from salla_manager.platforms.woocommerce import signature
from salla_manager.platforms.woocommerce.platform import WOOCOMMERCE
from salla_manager.platforms.woocommerce.webhooks import TOPICS
from sandbox.woocommerce.webhooks import signature as signed_by_the_shop

SECRET = "s" * 40
TARGET = WebhookTarget("https://hub.example.com/api/webhooks/1", SECRET)


def webhook(topic="order.updated", source="https://Shop.example.com/store/", **body):
    headers = {"X-WC-Webhook-Topic": topic, "x-wc-webhook-source": source}
    return WOOCOMMERCE.read_webhook(json.dumps({"id": 5, **body}).encode(), headers)


def test_the_signature_is_the_shops():
    raw = b'{"id":5}'
    assert signature.sign(SECRET, raw) == signed_by_the_shop(SECRET, raw)
    headers = {"x-wc-webhook-signature": signature.sign(SECRET, raw)}
    WOOCOMMERCE.check_signature(headers, raw, ("new" * 12, SECRET))


@pytest.mark.parametrize(
    ("headers", "secrets", "words"),
    [
        ({}, (SECRET,), "is missing"),
        ({"X-WC-Webhook-Signature": "AAAA"}, (SECRET,), "does not fit"),
        ({"X-WC-Webhook-Signature": "é"}, (SECRET,), "does not fit"),
        ({"X-WC-Webhook-Signature": signature.sign("", b"{}")}, ("",), "No webhook secret"),
    ],
)
def test_what_cannot_be_proved_is_refused(headers, secrets, words):
    with pytest.raises(SignatureError, match=words):
        WOOCOMMERCE.check_signature(headers, b"{}", secrets)


@pytest.mark.parametrize("raw", [b"webhook_id=4", b"webhook_id=4\n"])
def test_a_ping_is_one(raw):
    assert WOOCOMMERCE.is_ping(raw)


@pytest.mark.parametrize("raw", [b"webhook_id=4&x=1", b'{"webhook_id": 4}', b"webhook_id=", b""])
def test_nothing_else_is_a_ping(raw):
    assert not WOOCOMMERCE.is_ping(raw)


def test_what_is_kept_is_read_again_without_headers():
    first = webhook(date_modified_gmt="2026-11-20T10:00:00")
    again = WOOCOMMERCE.read_webhook(first.raw.encode())
    assert again == first
    assert (first.event, first.merchant_id) == ("order.updated", "shop.example.com/store")
    assert first.occurred_at.isoformat() == "2026-11-20T10:00:00+00:00"


def test_the_same_content_is_the_same_and_another_is_not():
    hashes = {
        webhook().dedupe_hash,
        webhook().dedupe_hash,
        webhook(status="completed").dedupe_hash,
        webhook(topic="order.created").dedupe_hash,
        webhook(source="https://other.example.com").dedupe_hash,
    }
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("raw", "headers", "words"),
    [
        (b"[]", {}, "not a JSON object"),
        (b"{", {}, "not JSON"),
        (b"{}", {"X-WC-Webhook-Topic": "order.updated"}, "lacks its source"),
        (b"{}", {"X-WC-Webhook-Source": "https://a.example"}, "lacks its topic"),
        (
            b"{}",
            {"X-WC-Webhook-Topic": "<b>", "X-WC-Webhook-Source": "https://a.example"},
            "none of WooCommerce",
        ),
    ],
)
def test_what_cannot_be_read_says_why(raw, headers, words):
    with pytest.raises(WebhookError, match=words):
        WOOCOMMERCE.read_webhook(raw, headers)


@pytest.mark.parametrize(
    ("topic", "body", "wanted"),
    [
        ("order.created", {}, [("order", "5")]),
        ("order.deleted", {}, [("order", "5")]),
        ("customer.updated", {}, [("customer", "5")]),
        ("product.restored", {}, [("product", "5")]),
        ("product.updated", {"type": "variation", "parent_id": 4}, [("product", "4")]),
        # Only one of them is known here.
        ("product.deleted", {}, [("product", "5"), ("variant", "5")]),
        ("coupon.created", {}, []),
        ("action.woocommerce_add_to_cart", {}, []),
    ],
)
def test_whatever_it_says_is_looked_up_in_the_shop(topic, body, wanted):
    found = WOOCOMMERCE.signals(webhook(topic, **body))
    assert [(one.entity_type, one.external_id) for one in found] == wanted
    # A hook bears no time, so an old one may be sent again: neither a body nor a deletion is believed.
    assert {(one.action, one.body) for one in found} <= {("upsert", None)}


def test_without_an_id_nothing_can_be_looked_up():
    with pytest.raises(WebhookError, match="lacks the id"):
        WOOCOMMERCE.signals(webhook(id=None))


def test_what_is_ignored_says_why():
    assert "discount" in WOOCOMMERCE.ignored_because("coupon.updated")
    assert "not known" in WOOCOMMERCE.ignored_because("review.created")


# subscriptions


@pytest.fixture
def shop():
    return Shop(products=1, variations=0, orders=0)


def test_what_is_not_subscribed_is_named(shop):
    told = shop.client.check_webhooks(TARGET)
    assert told == [f"{topic}: there is no webhook of this topic." for topic in TOPICS]
    assert "order.restored" in TOPICS


def test_a_key_that_may_only_read_says_what_a_person_does():
    shop = Shop(products=1, variations=0, orders=0)

    class Both:
        """GET by the simulated shop, anything else refused as the shop refuses a key that only reads."""

        def get(self, url, headers, limits):
            return shop.transport.get(url, headers, limits)

        def send(self, method, url, body, headers, limits):
            from salla_manager.core.transport import HttpAnswer

            told = {
                "code": "woocommerce_rest_authentication_error",
                "message": "The API key provided does not have write permissions.",
                "data": {"status": 401},
            }
            return HttpAnswer(401, {"content-type": "application/json"}, json.dumps(told).encode())

    told = shop.new_client(transport=Both()).repair_webhooks(TARGET)
    assert told[0] == "order.created: there is no webhook of this topic."
    assert TARGET.url in told[1]
    assert "Read/Write" in told[1]
    assert len(told) == 2


def test_one_that_was_switched_off_is_named(shop):
    for topic in TOPICS:
        shop.woo.webhooks.add(topic, TARGET.url, SECRET)
    assert shop.client.check_webhooks(TARGET) == []
    next(iter(shop.woo.webhooks.held.values())).status = "disabled"
    assert shop.client.check_webhooks(TARGET) == ["order.created: it is disabled."]


def test_a_secret_that_woocommerce_would_alter_is_refused(shop):
    (told,) = shop.client.check_webhooks(WebhookTarget(TARGET.url, "a&amp;b" * 8))
    assert "letters and digits" in told


def test_a_key_that_may_not_see_webhooks_is_no_fault_of_the_shop(shop):
    shop.woo.key.is_manager = False
    (told,) = shop.client.check_webhooks(TARGET)
    assert "may not see the shop's webhooks" in told
    shop.woo.faults.add("/webhooks", "error", times=9)
    with pytest.raises(ShopError):
        shop.client.check_webhooks(TARGET)
