"""Products, variations, categories and statuses as odd shops have them."""

from decimal import Decimal

import pytest
from woo_kit import BASE, Shop

from salla_manager.platforms.port import NormalizeError, StoreContext
from salla_manager.platforms.woocommerce.platform import WOOCOMMERCE

CONTEXT = StoreContext(currency="SAR", prices_include_tax=True, weight_unit="kg")
PARENT = {"external_id": "7", "name": "Ring", "options": ["Size", "Colour"], "status": "sale"}


def product(context=CONTEXT, **values):
    body = {
        "id": 7,
        "name": "Ring",
        "type": "simple",
        "status": "publish",
        "sku": "R-1",
        "regular_price": "10",
    }
    return WOOCOMMERCE.normalize("product", {**body, **values}, context)[0]


def variation(parent=PARENT, **values):
    body = {"id": 71, "parent_id": 7, "status": "publish", "sku": "R-1-S", "regular_price": "10"}
    context = StoreContext(currency="SAR", parent=parent)
    return WOOCOMMERCE.normalize("variant", {**body, "attributes": [], **values}, context)[0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, "product"),
        ({"virtual": True}, "service"),
        ({"virtual": True, "downloadable": True}, "digital"),
        ({"type": "external"}, "service"),
        ({"type": "grouped"}, "service"),
        # Its parts are lines of the order; as a bundle they would leave the warehouse twice.
        ({"type": "bundle"}, "service"),
        ({"type": "booking", "virtual": True}, "booking"),
        ({"type": "subscription"}, "product"),
        ({"type": "a-plugins-own"}, "product"),
    ],
)
def test_what_of_it_stands_on_a_shelf(values, kind):
    assert product(**values).type == kind


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, "sale"),
        ({"stock_status": "outofstock"}, "out"),
        ({"status": "draft"}, "hidden"),
        ({"status": "private"}, "hidden"),
        ({"status": "trash"}, "deleted"),
        ({"status": True}, "sale"),
    ],
)
def test_whether_it_is_sold(values, status):
    assert product(**values).status == status


@pytest.mark.parametrize(
    ("values", "price", "sale_price"),
    [
        ({}, "10.00", None),
        ({"sale_price": "8", "on_sale": True}, "10.00", "8.00"),
        # Not yet, or not any more.
        ({"sale_price": "8", "on_sale": False}, "10.00", None),
        ({"regular_price": "", "price": ""}, None, None),
        ({"regular_price": "", "price": "12.5", "type": "bundle"}, "12.50", None),
        ({"regular_price": "", "price": "12.5", "type": "variable"}, None, None),
        ({"regular_price": "0", "price": "0"}, "0.00", None),
    ],
)
def test_prices_are_texts(values, price, sale_price):
    found = product(**values)
    assert [str(value) if value is not None else None for value in (found.price, found.sale_price)] == [
        price,
        sale_price,
    ]
    assert (found.price_includes_tax, found.currency) == (True, "SAR")


def test_names_are_as_people_read_them():
    assert product(name="Salt &amp;amp; Pepper &#8211; <b>XL</b>").name == "Salt & Pepper – XL"


def test_stock_of_any_shape_disturbs_nothing():
    for stock in (None, 3, Decimal("2.5"), "7", True):
        assert product(manage_stock="parent", stock_quantity=stock).sku == "R-1"


def test_barcode_brand_weight_and_tax():
    found = product(
        global_unique_id="6281234567890",
        brands=[{"id": 3, "name": "Oud House"}],
        weight="0.5",
        tax_status="none",
        images=[{"src": "https://shop.example.com/a.jpg"}, {"src": ""}],
    )
    assert (found.barcode, found.brand_id, found.weight, found.weight_unit, found.tax_percent) == (
        "6281234567890",
        "3",
        Decimal("0.5"),
        "kg",
        0,
    )
    assert found.images == ["https://shop.example.com/a.jpg"]
    # No product tells the shop's unit.
    assert product(StoreContext(), weight="0.5").weight is None


def test_only_what_tells_variations_apart_is_an_option():
    attributes = [
        {"name": "Size", "variation": True, "options": ["S", "L"]},
        {"name": "Material", "variation": False, "options": ["Gold"]},
    ]
    assert product(type="variable", attributes=attributes).options == ["Size"]
    assert product(type="simple", attributes=attributes).options == []


def test_a_variation_has_its_product_s_name_and_a_value_for_each_option():
    found = variation(attributes=[{"name": "colour", "option": "Gold"}])
    assert (found.product_id, found.name) == ("7", "Ring - Any / Gold")
    assert [(one.name, one.value) for one in found.options] == [("Size", "Any"), ("Colour", "Gold")]


@pytest.mark.parametrize("status", ["hidden", "deleted"])
def test_a_variation_is_sold_no_more_than_its_product(status):
    assert variation({**PARENT, "status": status}).status == status


def test_a_variation_whose_product_nobody_knows_is_called_by_its_values():
    assert variation(parent=None, attributes=[{"name": "Size", "option": "S"}], name="S").name == "S"


def test_a_variation_that_comes_as_a_product_is_one():
    body = {"id": 71, "type": "variation", "parent_id": 7, "name": "Ring - S", "status": "publish"}
    (found,) = WOOCOMMERCE.normalize("product", body, CONTEXT)
    assert (found.external_id, found.product_id) == ("71", "7")
    assert WOOCOMMERCE.product_of(body) == "7"
    assert WOOCOMMERCE.product_of({"id": 7, "parent_id": 0}) == ""


def test_ids_of_variations_are_no_variations():
    assert (
        len(WOOCOMMERCE.normalize("product", {"id": 7, "name": "Ring", "variations": [71, 72]}, CONTEXT)) == 1
    )


def test_categories_and_statuses():
    (category,) = WOOCOMMERCE.normalize(
        "category", {"id": 9, "name": "Oud &amp; Musk", "parent": 0, "menu_order": 3}, CONTEXT
    )
    assert (category.name, category.parent_id, category.sort_order) == ("Oud & Musk", None, 3)
    seen = WOOCOMMERCE.seen_status("being-packed")
    assert (seen.external_id, seen.name, seen.type) == ("being-packed", "Being packed", "custom")
    assert WOOCOMMERCE.seen_status("on-hold").name == "On hold"


def test_what_is_nested_too_deep_fails_alone():
    value = body = {"id": 7, "name": "Ring"}
    for _ in range(40):
        value["meta"] = value = {}
    with pytest.raises(NormalizeError, match="nested deeper") as caught:
        WOOCOMMERCE.normalize("product", body, CONTEXT)
    assert caught.value.external_id == "7"


def test_an_entry_of_a_list_leads_to_the_shop_s_administration():
    shop = Shop(products=2, variations=0, orders=2)
    (key, row), *_ = shop.client.entries("order").rows
    entry = WOOCOMMERCE.entry("order", key, row, CONTEXT)
    order = shop.state.orders[int(key)]
    assert (entry.title, entry.status, entry.currency) == (order.number, order.status, "SAR")
    assert entry.changed_at == order.modified
    assert entry.url == f"{BASE}/wp-admin/post.php?post={key}&action=edit"
    assert WOOCOMMERCE.admin_url("order", "1", {"_links": {"self": [{"href": "javascript:/wp-json/"}]}}) == ""
