import json
from datetime import datetime, timezone

import pytest

from salla_manager.platforms.port import Signal, WebhookError
from salla_manager.platforms.salla.events import IGNORED, SUBJECTS
from salla_manager.platforms.salla.platform import SALLA

# Every event name of the vendor's page.
EVENTS = [
    "order.created",
    "order.updated",
    "order.status.updated",
    "order.cancelled",
    "order.refunded",
    "order.deleted",
    "order.products.updated",
    "order.payment.updated",
    "order.coupon.updated",
    "order.total.price.updated",
    "order.customer.updated",
    "order.shipping.address.updated",
    "order.shipment.creating",
    "order.shipment.created",
    "order.shipment.cancelled",
    "order.shipment.return.creating",
    "order.shipment.return.created",
    "order.shipment.return.cancelled",
    "product.created",
    "product.deleted",
    "product.price.updated",
    "product.status.updated",
    "product.quantity.low",
    "product.image.updated",
    "product.category.updated",
    "product.brand.updated",
    "product.tags.updated",
    "product.channels.changed",
    "product.updated",
    "product.available",
    "customer.created",
    "customer.updated",
    "customer.login",
    "customer.otp.request",
    "category.created",
    "category.updated",
    "brand.created",
    "brand.updated",
    "brand.deleted",
    "store.branch.created",
    "store.branch.updated",
    "store.branch.setDefault",
    "store.branch.activated",
    "store.branch.deleted",
    "storetax.created",
    "shipment.creating",
    "shipment.created",
    "shipment.cancelled",
    "shipment.updated",
    "shipping.zone.created",
    "shipping.zone.updated",
    "shipping.company.created",
    "shipping.company.updated",
    "shipping.company.deleted",
    "abandoned.cart",
    "abandoned.cart.status.changed",
    "abandoned.cart.purchased",
    "coupon.applied",
    "invoice.created",
    "specialoffer.created",
    "specialoffer.updated",
    "review.added",
    "subscription.created",
    "subscription.charge.succeeded",
    "subscription.charge.failed",
    "app.installed",
    "app.store.authorize",
    "app.updated",
    "app.uninstalled",
    "app.settings.updated",
    "app.trial.started",
    "app.trial.expired",
    "app.trial.canceled",
    "app.subscription.started",
    "app.subscription.renewed",
    "app.subscription.expired",
    "app.subscription.canceled",
    "app.feedback.created",
    "app.store.token",
    "communication.sms.send",
]


def webhook(event, data, merchant=900700600, created_at="Sun Jun 26 2022 12:21:48 GMT+0300"):
    body = {"event": event, "merchant": merchant, "created_at": created_at, "data": data}
    return SALLA.read_webhook(json.dumps(body).encode())


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_mapped_or_ignored_with_a_reason(event):
    read = webhook(event, {"id": 1, "access_token": "at"})
    if event not in SUBJECTS:
        assert SALLA.signals(read) == []
    if event not in SUBJECTS and SALLA.app_change(read) is None:
        assert "not known" not in SALLA.ignored_because(event)
    else:
        assert event not in IGNORED


def test_an_unknown_event_gives_no_signal_and_says_so():
    assert SALLA.signals(webhook("order.teleported", {"id": 1})) == []
    assert "'order.teleported' is not known" in SALLA.ignored_because("order.teleported")


@pytest.mark.parametrize(
    "created_at",
    [
        "Sun Jun 26 2022 12:21:48 GMT+0300",
        "Sun Jun 26 2022 12:21:48 GMT+0300 (Arabian Standard Time)",
        "2022-06-26 12:21:48",
        "2022-06-26T09:21:48.000000Z",
        "2022-06-26T12:21:48+03:00",
    ],
)
def test_all_forms_of_time_become_utc(created_at):
    expected = datetime(2022, 6, 26, 9, 21, 48, tzinfo=timezone.utc)
    assert webhook("order.created", {}, created_at=created_at).occurred_at == expected


@pytest.mark.parametrize("created_at", [None, "", "yesterday", "2022-13-45 99:99:99", 1656235308])
def test_an_unreadable_time_is_none(created_at):
    assert webhook("order.created", {}, created_at=created_at).occurred_at is None


def test_the_status_event_is_about_its_order_not_its_activity(fixture):
    raw = json.dumps(fixture("order_status_updated"), default=str).encode()
    assert b"9007199254740993" in raw
    read = SALLA.read_webhook(raw)
    assert SALLA.signals(read) == [Signal("order", "771203344")]
    assert read.data["id"] == 9007199254740993


def test_ids_above_two_to_the_53_keep_every_digit():
    data = {"id": 9007199254740993}
    assert SALLA.signals(webhook("product.deleted", data)) == [
        Signal("product", "9007199254740993", "delete")
    ]


@pytest.mark.parametrize(
    ("data", "external_id"),
    [
        ({"id": 8, "reference_id": 41, "shipping_number": "84"}, "8"),
        ({"id": 8, "reference_id": 41, "items": [{"id": 1}], "courier_name": None, "order_id": 9}, "9"),
        ({"id": 8, "order": {"id": 10}}, "10"),
    ],
)
def test_a_shipment_event_is_about_the_order(data, external_id):
    assert SALLA.signals(webhook("order.shipment.created", data)) == [Signal("order", external_id)]


def test_a_live_shipment_names_its_order(fixture):
    read = SALLA.read_webhook(json.dumps(fixture("shipment_live"), default=str).encode())
    assert SALLA.signals(read) == [Signal("order", "771203344")]


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("order.created", {}),
        ("order.created", {"id": None}),
        ("order.created", {"id": 0}),
        ("order.created", {"id": True}),
        ("order.created", []),
        ("order.status.updated", {"id": 5, "status": "x"}),
        ("invoice.created", {"id": 5}),
        ("order.shipment.created", {"id": 5, "courier_id": 1, "ship_to": {}}),
        ("product.created", {"id": {}}),
    ],
)
def test_a_missing_id_is_an_error_that_names_the_event(event, data):
    with pytest.raises(WebhookError, match=event):
        SALLA.signals(webhook(event, data))


def test_an_order_has_a_body_only_with_its_lines(order):
    plain = json.loads(json.dumps(order, default=str))
    (signal,) = SALLA.signals(webhook("order.created", plain))
    assert signal.body == plain
    assert SALLA.signals(webhook("order.created", {**plain, "items": []}))[0].body is None
    assert SALLA.signals(webhook("order.shipment.creating", plain))[0].body is None


def test_a_product_has_a_body_only_if_it_is_whole(fixture):
    product = json.loads(json.dumps(fixture("product_variants")["data"], default=str))
    assert SALLA.signals(webhook("product.created", product))[0].body == product
    partial = {
        "id": 4411,
        "sku": "SCARF",
        "price": 150,
        "sale_price": {"amount": 85, "expired_at": "2025-12-01"},
    }
    assert SALLA.signals(webhook("product.price.updated", partial)) == [Signal("product", "4411")]
    without_variants = {key: value for key, value in product.items() if key != "skus"}
    assert SALLA.signals(webhook("product.created", without_variants))[0].body is None


def test_tokens_are_taken_out_of_what_is_kept():
    data = {"access_token": "at-1", "refresh_token": "rt-1", "expires": 1800000000, "scope": "orders.read"}
    read = webhook("app.store.authorize", data, created_at="2026-01-01 10:00:00")
    assert read.tokens == {
        "access_token": "at-1",
        "refresh_token": "rt-1",
        "expires": 1800000000,
        "scope": "orders.read",
    }
    assert "at-1" not in read.raw + str(read.data) + repr(read)
    assert "rt-1" not in read.raw + str(read.data) + repr(read)
    assert json.loads(read.raw)["data"]["access_token"] == "***"
    assert SALLA.read_webhook(read.raw.encode()).tokens is None
    assert SALLA.signals(read) == []


@pytest.mark.parametrize("token", [None, "", ["at-1"], {"a": "at-1"}, True])
def test_an_installation_without_a_token_that_can_be_read_says_so_and_keeps_none(token):
    read = webhook("app.store.authorize", {"access_token": token, "refresh_token": "rt-1"})
    assert read.tokens is None
    assert "at-1" not in read.raw + str(read.data)
    assert "rt-1" not in read.raw + str(read.data)
    with pytest.raises(WebhookError, match="no access token that can be read; the app has to be installed"):
        SALLA.signals(read)


def test_tokens_in_an_event_that_should_have_none_are_not_kept_either():
    read = webhook("app.installed", {"id": 1, "app": {"refresh_token": "rt-1", "access_token": "at-1"}})
    assert read.tokens is None
    assert "t-1" not in read.raw + str(read.data)


def test_a_relative_lifetime_counts_from_the_event():
    data = {"access_token": "at", "refresh_token": "rt", "expires_in": 100}
    read = webhook("app.updated", data, created_at="2026-01-01 03:00:00")
    assert read.tokens["expires"] == int(datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()) + 100


def test_app_updated_without_tokens_brings_none():
    assert webhook("app.updated", {"app_name": "x"}).tokens is None


def test_the_dedupe_hash_tells_contents_apart():
    first = webhook("order.updated", {"id": 1}).dedupe_hash
    assert first == webhook("order.updated", {"id": 1}).dedupe_hash
    others = [
        webhook("order.updated", {"id": 1}, merchant=2),
        webhook("order.created", {"id": 1}),
        webhook("order.updated", {"id": 1, "total": 5}),
        webhook("order.updated", {"id": 1, "subscription_id": 7}),
        webhook("order.updated", {"id": 1, "total": 6, "subscription_id": 7}),
    ]
    assert len({first, *(other.dedupe_hash for other in others)}) == 6


def test_an_app_subscription_is_told_apart_by_its_id():
    one = webhook("app.subscription.started", {"subscription_id": 7, "total": "1"})
    assert one.dedupe_hash == webhook("app.subscription.started", {"subscription_id": 7}).dedupe_hash


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"merchant": 1}', "lacks event"),
        (b'{"event": "order.created"}', "lacks merchant"),
        (b'{"event": 5.5, "merchant": []}', "lacks merchant"),
        (b'{"event": "x", "merchant": 1, "data": NaN}', "NaN"),
        (b'{"event": "x", "merchant": 1, "data": 1e999}', "out of range"),
        (b'{"event": "x", "merchant": 1, "data": ' + b"[" * 40 + b"]" * 40 + b"}", "nested deeper"),
        (b'{"event": "x", "merchant": 1, "data": ' + b"[" * 100000, "nested deeper|not JSON"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_an_unreadable_webhook_names_its_cause(raw, cause):
    with pytest.raises(WebhookError, match=cause):
        SALLA.read_webhook(raw)


def test_half_an_emoji_and_a_repeated_key_do_not_lose_the_event():
    read = SALLA.read_webhook(
        b'{"event":"x","event":"order.created","merchant":1,"data":{"id":3,"n":"\\ud83d"}}'
    )
    assert (read.event, read.data["n"]) == ("order.created", "\ufffd")
