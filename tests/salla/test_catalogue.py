import pytest

from salla_manager.payloads import dump_payload
from salla_manager.platforms.port import NormalizeError, StoreContext
from salla_manager.platforms.salla.platform import SALLA


def normalize_all(kind, body, **context):
    return SALLA.normalize(kind, body, StoreContext(**{"currency": "SAR", **context}))


def test_a_product_with_its_variants(fixture):
    product, red, blue = normalize_all("product", fixture("product_variants")["data"])
    values = dump_payload(product)
    assert {key: values[key] for key in ("external_id", "sku", "name", "status", "barcode", "brand_id")} == {
        "external_id": "4411",
        "sku": "SCARF",
        "name": "Scarf",
        "status": "sale",
        "barcode": "6280000000017",
        "brand_id": "401",
    }
    assert (values["price"], values["sale_price"], values["tax_percent"]) == ("138.00", "115.00", "15")
    assert values["price_includes_tax"] is True
    assert values["images"] == ["https://cdn.test/m.jpg", "https://cdn.test/b.jpg"]
    assert (values["options"], values["category_ids"]) == (["Colour", "Size"], ["301"])
    assert (red.product_id, red.name, red.sku) == ("4411", "Scarf - Red / L", "SCARF-RED")
    assert [(option.name, option.value) for option in red.options] == [("Colour", "Red"), ("Size", "L")]
    assert (str(red.price), str(red.sale_price), red.price_includes_tax) == ("138.00", "115.00", True)
    # No SKU, no price of its own, and one value that no option has: nothing is made up.
    assert (blue.sku, blue.price, blue.sale_price, blue.weight) == (None, None, None, None)
    assert [(option.name, option.value) for option in blue.options] == [("Colour", "Blue")]


def product(**values):
    return {"id": 1, "name": "P", "price": {"amount": 100, "currency": "SAR"}, **values}


@pytest.mark.parametrize(
    ("values", "price", "sale"),
    [
        ({}, "100.00", None),
        ({"sale_price": {}}, "100.00", None),
        ({"sale_price": {"amount": 0}}, "100.00", None),
        ({"sale_price": 80}, "100.00", "80.00"),
        ({"sale_price": {"amount": 80}, "sale_end": "2020-01-01"}, "100.00", None),
        ({"sale_price": {"amount": 80, "expired_at": "2020-01-01"}}, "100.00", None),
        ({"sale_price": 80, "sale_start": "2999-01-01"}, "100.00", None),
        ({"sale_price": 120}, "100.00", None),
        ({"price": 80, "regular_price": 100, "currency": "SAR"}, "100.00", "80.00"),
        ({"price": 0}, "0.00", None),
    ],
)
def test_regular_and_sale_price(normalize, values, price, sale):
    made = dump_payload(normalize("product", product(**values)))
    assert (made["price"], made["sale_price"]) == (price, sale)


@pytest.mark.parametrize(
    ("before", "taxed", "of_store", "expected"),
    [
        (100, 115, True, False),
        (86.96, 100, False, True),
        (100, 100, True, True),
        (None, None, True, True),
        (None, None, None, False),
    ],
)
def test_whether_the_price_contains_tax(normalize, before, taxed, of_store, expected):
    body = product(pre_tax_price=str(before), taxed_price=str(taxed))
    assert normalize("product", body, prices_include_tax=of_store).price_includes_tax is expected


@pytest.mark.parametrize(
    ("values", "percent"),
    [
        ({"with_tax": False, "tax_reason_code": "VATEX-SA-32"}, "0"),
        ({"tax": {"amount": "6.78"}, "pre_tax_price": {"amount": "45.22"}}, "15"),
        ({"tax": {"amount": "44.85"}, "pre_tax_price": {"amount": 299}}, "15"),
        ({"tax": {"amount": 0}, "pre_tax_price": {"amount": 100}}, None),
        ({}, None),
    ],
)
def test_tax_percent(normalize, values, percent):
    assert dump_payload(normalize("product", product(**values)))["tax_percent"] == percent


def test_a_default_sku_of_a_simple_product_is_no_variant():
    body = product(
        sku="A", options=[], skus=[{"id": 9, "sku": "A", "price": {"amount": 1}, "related_option_values": []}]
    )
    assert len(normalize_all("product", body)) == 1


@pytest.mark.parametrize(
    ("given", "kind"), [("group_products", "bundle"), ("codes", "codes"), (None, "product")]
)
def test_product_types(normalize, given, kind):
    assert normalize("product", product(type=given)).type == kind


def test_what_a_bundle_holds_in_both_words_for_the_quantity(normalize):
    holds = [{"id": 7, "sku": "A", "name": "Cup", "quantity_in_group": 2}, {"id": "8", "quantity": "1"}]
    made = dump_payload(normalize("product", product(type="group_products", consisted_products=holds)))
    assert made["components"] == [
        {"external_id": "7", "sku": "A", "quantity": "2"},
        {"external_id": "8", "sku": None, "quantity": "1"},
    ]


@pytest.mark.parametrize(
    ("part", "field"),
    [({"id": 7}, "quantity"), ({"quantity": 1}, "external_id"), ({"id": 7, "quantity": 0}, "quantity")],
)
def test_a_bundle_with_a_part_that_says_too_little_is_not_sent_as_something_else(normalize, part, field):
    with pytest.raises(NormalizeError, match=rf"components\.0\.{field}"):
        normalize("product", product(type="group_products", consisted_products=[part]))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"id": 1}, "name: the shop gives none"),
        ({"name": "x"}, "external_id: the shop gives none"),
        (product(type="spaceship"), "type: Input should be"),
        (product(status="exploded"), "status: Input should be"),
    ],
)
def test_what_a_product_lacks_is_named(normalize, body, problem):
    with pytest.raises(NormalizeError) as caught:
        normalize("product", body)
    assert caught.value.problems[0].startswith(problem)


@pytest.mark.parametrize("empty", [[], {}, None, "null", ""])
def test_empty_fields_of_any_shape(normalize, empty):
    keys = (
        "options",
        "skus",
        "categories",
        "brand",
        "images",
        "main_image",
        "weight",
        "sale_price",
        "updated_at",
        "urls",
    )
    made = normalize("product", product(**dict.fromkeys(keys, empty)))
    assert (made.brand_id, made.images, made.updated_at, made.weight) == (None, [], None, None)


def test_a_variant_alone_needs_its_product(normalize, fixture):
    body = fixture("product_variants")["data"]["skus"][0]
    with pytest.raises(NormalizeError, match="product_id: the shop gives none; name: the shop gives none"):
        normalize("variant", body)
    assert normalize("variant", {**body, "product": {"id": 4411, "name": "Scarf"}}).product_id == "4411"


def test_a_category_brings_those_within_it():
    tree = {
        "id": 1,
        "name": "A",
        "parent_id": 0,
        "sort_order": "7",
        "status": "active",
        "update_at": "2026-01-01 03:00:00",
    }
    leaf = {"id": 3, "name": "C", "status": False, "sub_categories": ["string"]}
    tree["sub_categories"] = [
        {"id": 2, "name": "B", "parent_id": 1, "status": "hidden", "sub_categories": [leaf]}
    ]
    made = normalize_all("category", tree)
    assert [(row.external_id, row.parent_id, row.status, row.sort_order) for row in made] == [
        ("1", None, "active", 7),
        ("2", "1", "hidden", None),
        ("3", "2", "hidden", None),
    ]
    assert made[0].updated_at.isoformat() == "2026-01-01T00:00:00+00:00"


def test_a_brand(normalize):
    made = normalize(
        "brand", {"id": 5, "name": " درر ", "description": "null", "logo": "https://x/l.png", "status": True}
    )
    assert (made.external_id, made.name, made.description, made.logo) == ("5", "درر", None, "https://x/l.png")


def test_statuses_of_the_platform_and_of_the_store(fixture):
    rows = [made for row in fixture("statuses")["data"] for made in normalize_all("order_status", row)]
    keys = ("external_id", "slug", "type", "original_id", "parent_id", "is_active")
    assert [tuple(getattr(row, key) for key in keys) for row in rows] == [
        ("566146469", "under_review", "original", None, None, True),
        ("610000002", "completed", "custom", "1298199463", None, False),
        ("610000003", "delivering", "custom", None, "610000002", True),
    ]


def test_a_status_without_slug_takes_its_originals(normalize):
    row = {"id": 7, "name": "x", "original": {"id": 989286562}}
    assert (normalize("order_status", row).slug, normalize("order_status", row).type) == (
        "restored",
        "custom",
    )


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"id": 1, "full_name": "A B", "first_name": "C"}, "A B"),
        ({"id": 1, "first_name": "A", "last_name": "null"}, "A"),
        ({"id": 1, "name": "N"}, "N"),
    ],
)
def test_names_of_customers(normalize, body, name):
    assert normalize("customer", body).name == name


def test_a_customer(normalize):
    made = normalize(
        "customer",
        {
            "id": 3,
            "first_name": "Ali",
            "last_name": "Saleh",
            "mobile": 777123456,
            "mobile_code": "967",
            "email": "ali@example.com",
            "country": "السعودية",
            "city": "Riyadh",
            "location": "null",
            "groups": [{"id": 12}, 13],
            "is_blocked": True,
            "lang": "ar",
        },
    )
    assert (made.phone, made.status, made.group_id, made.language) == ("+967777123456", "blocked", "12", "ar")
    assert [(place.line1, place.city, place.country_code) for place in made.addresses] == [
        (None, "Riyadh", "SA")
    ]


def test_a_nameless_customer_is_refused(normalize):
    with pytest.raises(NormalizeError, match="customer 3: name: the shop gives none"):
        normalize("customer", {"id": 3, "email": "a@b.test"})


def test_an_unknown_entity_type_is_refused(normalize):
    with pytest.raises(NormalizeError, match="Salla has no invoice"):
        normalize("invoice", {"id": 1})
