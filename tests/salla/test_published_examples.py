"""Salla's published examples, as an accountant and a warehouse keeper read them: each expectation is written by hand
from the file.

They lie beside the project, in the folder that SALLA_EXAMPLES names or in ../shared/reference.
"""

import os
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from salla_manager.core.sku import with_template_code
from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.salla.errors import is_ban, kind_of_401, message_of
from salla_manager.platforms.salla.platform import SALLA

_DEFAULT = Path(__file__).parents[3] / "shared" / "reference" / "salla" / "examples"
EXAMPLES = Path(os.environ.get("SALLA_EXAMPLES") or _DEFAULT)
pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason=f"Salla's examples are not at {EXAMPLES}")
CONTEXT = StoreContext(currency="SAR")
LIGHT, DOCS = "docs_core/order_details__light_default", "docs_api/docs__"


def raw(name):
    return (EXAMPLES / f"{name}.json").read_bytes()


def data(name):
    return load_body(raw(name))["data"]


def payloads(kind, name):
    """Of a single entity or of each row of a list."""
    found = data(name)
    bodies = found if isinstance(found, list) else [found]
    return [payload for body in bodies for payload in SALLA.normalize(kind, body, CONTEXT)]


def shown(payload, names):
    return tuple(getattr(payload, name) for name in names)


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


# file: kind, fields, and their values of each entity in it, in order.
ENTITIES = {
    "docs_core/product_details": (
        "product",
        ("external_id", "sku", "price", "currency", "type", "barcode", "updated_at"),
        [
            (
                "1672932878",
                "23-TD23-32",
                Decimal(100),
                "SAR",
                "product",
                "58636897",
                utc(2024, 3, 6, 10, 50, 32),
            ),
            (
                "1936825372",
                "23-TD23-32",
                Decimal(100),
                "SAR",
                "product",
                "abc01",
                utc(2024, 3, 6, 10, 50, 32),
            ),
            (
                "1298053917",
                "23-TD23-32",
                Decimal(100),
                "SAR",
                "product",
                "abc01",
                utc(2024, 3, 6, 10, 50, 32),
            ),
            ("524016158", "23-TD23-32", Decimal(100), "SAR", "product", "abc01", utc(2024, 3, 6, 10, 50, 32)),
            (
                "1761671455",
                "23-TD23-32",
                Decimal(100),
                "SAR",
                "product",
                "abc01",
                utc(2024, 3, 6, 10, 50, 32),
            ),
        ],
    ),
    f"{DOCS}customers__customer-details__200_1": (
        "customer",
        ("external_id", "name", "phone", "email", "group_id", "updated_at"),
        [
            (
                "2075683582",
                "Ahmed Ali",
                "+967777777777",
                "ahmedali@test.test",
                "11323141",
                utc(2020, 4, 2, 19, 43, 26),
            ),
        ],
    ),
    f"{DOCS}customers__customer-details__200_3": (
        "customer",
        ("external_id", "name", "phone", "email", "updated_at"),
        [("1188233194", "Ali Ahmed", "+966560000000", "ali@email.sa", utc(2025, 3, 17, 9, 18, 35))],
    ),
    f"{DOCS}customers__list-customers__200_1": (
        "customer",
        ("external_id", "name", "phone"),
        [("2075683582", "Ahmed Ali", "+967777777777"), ("2075683581", "Ali Ahmed", "+967777777777")],
    ),
    f"{DOCS}brands__brand-details__200": (
        "brand",
        ("external_id", "name", "logo"),
        [("510571718", "hayat", "https://i.ibb.co/jyqRQfQ/avatar-male.webp")],
    ),
    f"{DOCS}categories__category-details__200_1": (
        "category",
        ("external_id", "name", "parent_id", "status", "updated_at"),
        [("1390018242", "laptops", None, "active", utc(2024, 10, 24, 10, 24, 48))],
    ),
}


@pytest.mark.parametrize("name", ENTITIES)
def test_entities(name):
    kind, names, expected = ENTITIES[name]
    assert [shown(payload, names) for payload in payloads(kind, name)] == expected


def test_the_template_of_four_variants_leaves_them_the_sku():
    """The ids of its colours are of another product, so that only the sizes can be told."""
    product, *variants = with_template_code(payloads("product", "docs_core/product_details"))
    assert (product.options, product.template_code) == (["Color", "Size"], "23-TD23-32-1672932878")
    sizes = [[(option.name, option.value) for option in variant.options] for variant in variants]
    assert sizes == [[("Size", size)] for size in ("Small", "Large", "Small", "Large")]
    assert SALLA.variants_of(data("docs_core/product_details")) == {one.external_id for one in variants}


def order(items):
    """As the client puts it together."""
    body = {**data(LIGHT), "items": data(items), "shipments": []}
    return SALLA.normalize("order", body, CONTEXT)[0]


def test_light_order_completed_by_its_items():
    """The example ignores its own discount: 250 + 13.04 + 39.46 = 302.50."""
    found = order(f"{DOCS}order-items__list-order-items__200_1")
    assert (found.external_id, found.reference, found.status) == ("418149270", "3879219", "completed")
    assert (found.status_id, found.custom_status_id) == ("1298199463", "1633436842")
    assert (found.subtotal, found.total, found.tax.amount) == (
        Decimal(250),
        Decimal("302.50"),
        Decimal("39.46"),
    )
    assert (found.shipping.amount, found.cash_on_delivery) == (Decimal("13.04"), 0)
    assert [(one.code, one.amount) for one in found.discounts] == [("kb123", Decimal(15))]
    # 08:23:05 in Riyadh.
    assert found.created_at == utc(2024, 2, 15, 5, 23, 5)
    assert (found.payment_method, found.currency) == ("mada", "SAR")
    assert (found.customer.external_id, found.customer.phone) == ("1473353380", "+966501724227")
    (line,) = found.items
    assert (line.sku, line.quantity, line.unit_price) == ("sam-ssd-256g", 1, Decimal(150))
    assert (line.discount, line.tax_percent, line.tax, line.total) == (
        0,
        15,
        Decimal("22.50"),
        Decimal("172.50"),
    )
    assert [(option.name, option.value) for option in line.options] == [("size", "256G")]


def test_licence_codes_are_no_goods_and_stay_with_the_shop():
    (line,) = order(f"{DOCS}order-items__list-order-items__200_4").items
    assert (line.name, line.sku, line.type) == ("windows keys", None, "codes")
    assert (line.quantity, line.unit_price, line.tax) == (1, Decimal(100), Decimal(15))
    assert line.total == Decimal(115)


def test_full_order_of_older_apps():
    """60.22 + 40 + 15.03 = 115.25, and 15 % of 100.22 is 15.03."""
    (found,) = payloads("order", "docs_core/order_details__full_deprecated_old_apps")
    assert (found.subtotal, found.shipping.amount, found.tax.amount) == (
        Decimal("60.22"),
        Decimal(40),
        Decimal("15.03"),
    )
    assert (found.total, found.discount_total, found.tax.percent) == (Decimal("115.25"), 0, 15)
    lines = [(one.sku, one.product_id, one.quantity, one.unit_price, one.tax) for one in found.items]
    assert lines == [
        ("6285579005111", "268564496", 1, Decimal("45.22"), Decimal("6.78")),
        ("62230043780581", "762341264", 1, Decimal(15), Decimal("2.25")),
    ]
    assert found.created_at == utc(2022, 10, 17, 15, 58, 7)
    address = found.shipping.address
    assert (found.shipping.company, address.city, address.country_code) == ("لبيه", "أبو ظبي", "AE")
    assert (found.branch_id, found.customer.phone) == ("1790435930", "+966555555555")


def test_rows_of_the_list_of_orders():
    first, second = (
        SALLA.entry("order", str(row["id"]), row, CONTEXT) for row in data("docs_core/orders_list")[:2]
    )
    assert (first.external_id, first.title, first.total) == ("1017120475", "40497536", Decimal(55))
    assert (first.currency, first.created_at) == ("SAR", utc(2022, 6, 16, 11, 48, 20))
    assert (second.title, second.status, second.total) == ("40497469", "ملغي", 0)


def test_variant_that_was_read_by_itself():
    body = {**data(f"{DOCS}product-variants__product-variant-details__200"), "product_id": 7, "name": "Lamp"}
    (found,) = SALLA.normalize("variant", body, CONTEXT)
    assert (found.external_id, found.product_id, found.sku) == ("652911549", "7", "sku-variant-1551119600")
    assert (found.price, found.sale_price, found.currency) == (Decimal("13.50"), None, "SAR")
    assert (found.barcode, found.weight, found.weight_unit) == ("barcode-ABC", 3, "kg")


STATUSES = {
    "200_1": ("863076598", "في انتظار الدفع", "payment_pending", "custom", "1473353380"),
    "200_3": ("1473353380", "بإنتظار الدفع", "payment_pending", "original", None),
}


@pytest.mark.parametrize("name", STATUSES)
def test_statuses_that_the_store_renamed_and_those_it_did_not(name):
    found = payloads("order_status", f"{DOCS}order-status__list-order-statuses__{name}")
    names = ("external_id", "name", "slug", "type", "original_id")
    assert shown(found[0], names) == STATUSES[name]


# file: event, merchant, entity, its id, when it was, and whether the body is enough.
EVENTS = {
    "brand.created": ("596493488", "brand", "190175156", utc(2024, 3, 24, 13, 9, 48), True),
    "category.created": ("1029864349", "category", "1429120554", utc(2021, 6, 30, 11, 21, 57), True),
    "order.shipment.cancelled": ("1305146709", "order", "1427738113", utc(2022, 6, 26, 11, 41, 11), False),
    "order.shipment.creating__trimmed_items": (
        "1305146709",
        "order",
        "1427738113",
        utc(2022, 6, 26, 10, 29, 51),
        False,
    ),
    "order.status.updated": ("193718979", "order", "629263027", utc(2022, 8, 17, 20, 59, 38), False),
    "product.brand.updated": ("546096831", "product", "1234540307", utc(2025, 11, 19, 10, 47, 44), False),
    "product.category.updated": ("546096831", "product", "1234540307", utc(2025, 11, 19, 10, 45, 17), False),
    "product.channels.changed": ("1328842359", "product", "710434693", utc(2024, 11, 18, 10, 21, 36), False),
    "product.created": ("1305146709", "product", "1025569331", utc(2023, 4, 17, 9, 14, 21), True),
    "product.image.updated": ("546096831", "product", "1462551237", utc(2025, 12, 14, 9, 4, 5), False),
    "product.price.updated": ("546096831", "product", "1462551237", utc(2025, 12, 14, 8, 41, 40), False),
    "product.status.updated": ("546096831", "product", "799860060", utc(2025, 11, 17, 12, 32, 59), False),
    "product.tags.updated": ("546096831", "product", "1234540307", utc(2025, 11, 19, 10, 53, 50), False),
    "shipment.creating": ("136409261", "order", "560695738", utc(2023, 1, 29, 18, 16, 38), False),
}


@pytest.mark.parametrize("name", EVENTS)
def test_events_name_the_entity_and_never_an_activity(name):
    merchant, kind, key, at, is_whole = EVENTS[name]
    webhook = SALLA.read_webhook(raw(f"webhooks/docs__{name}"))
    assert (webhook.event, webhook.merchant_id, webhook.occurred_at) == (name.split("__")[0], merchant, at)
    (signal,) = SALLA.signals(webhook)
    assert (signal.entity_type, signal.external_id, signal.action) == (kind, key, "upsert")
    assert (signal.body is not None) == is_whole


def test_a_booking_is_no_goods_and_its_price_is_without_vat():
    webhook = SALLA.read_webhook(raw("webhooks/docs__product.created"))
    (found,) = SALLA.normalize("product", webhook.data, CONTEXT)
    assert (found.type, found.status, found.sku) == ("booking", "hidden", None)
    # 299 before, 343.85 with VAT.
    assert (found.price, found.price_includes_tax, found.tax_percent) == (Decimal(299), False, 15)


NOTHING = {
    "abandoned.cart.purchased": "The order that was made of the cart has its own events.",
    "customer.login": "A login changes nothing about the customer.",
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_nothing_follows_from_says_why(name):
    webhook = SALLA.read_webhook(raw(f"webhooks/docs__{name}"))
    assert (SALLA.signals(webhook), SALLA.app_change(webhook)) == ([], None)
    assert SALLA.ignored_because(webhook.event) == NOTHING[name]


def test_app_events():
    installed = SALLA.read_webhook(raw("auth/app.store.authorize"))
    assert (installed.merchant_id, SALLA.app_change(installed).status) == ("1234509876", "Installed")
    assert installed.tokens["access_token"] not in installed.raw
    paid = SALLA.app_change(SALLA.read_webhook(raw("auth/app.subscription.started"))).plan
    assert (paid.status, paid.until, paid.is_trial) == ("Active", "2022-10-09", False)
    trial = SALLA.app_change(SALLA.read_webhook(raw("auth/app.trial.started"))).plan
    assert (trial.status, trial.until, trial.is_trial) == ("Trial", "2023-07-28", True)
    settings = SALLA.read_webhook(raw("auth/app.settings.updated"))
    assert SALLA.app_change(settings) is None
    assert SALLA.ignored_because(settings.event) == "The app keeps no settings at Salla."


def test_refusals():
    errors = load_body(raw("docs_core/errors"))
    assert message_of(errors["422"]) == "alert.invalid_fields first_name: الاسم الاول للعميل مطلوب"
    assert message_of(errors["oauth_reuse"]) == "invalid_grant"
    told = b'{"error": {"message": "%s"}}' % errors["401_scope"]["error"]["message"].encode()
    assert kind_of_401(told) == "scope"
    assert not is_ban(403, told)
