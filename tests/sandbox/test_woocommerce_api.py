"""The simulated WooCommerce store answers as WooCommerce does: keys, pages, filters, dates, shapes."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from woocommerce_kit import NOON, Site

from sandbox.woocommerce.auth import ApiKey
from sandbox.woocommerce.orders import add_order


@pytest.fixture
def shop():
    return Site()


@pytest.fixture
def site():
    return Site


def refusal(answer):
    return answer.status_code, answer.json["code"], answer.json["message"]


# Who may ask

CANNOT_VIEW = "woocommerce_rest_cannot_view"
NO_KEY = (401, CANNOT_VIEW, "Sorry, you cannot list resources.")


@pytest.mark.parametrize("auth", [None, ("ck_nobody", "cs_x"), ("", "")])
def test_nobody_known_may_not_view(shop, auth):
    assert refusal(shop.ask("orders", auth=auth)) == NO_KEY


@pytest.mark.parametrize("auth", ["basic", "query"])
def test_a_key_is_taken_from_header_or_query(shop, auth):
    assert shop.ask("orders", auth=auth).status_code == 200


def test_a_wrong_secret_is_named(shop):
    answer = shop.ask("orders", auth=(shop.woo.consumer_key, "cs_wrong"))
    assert refusal(answer) == (401, "woocommerce_rest_authentication_error", "Consumer secret is invalid.")


def test_a_key_that_may_only_write_is_named(shop):
    shop.woo.key.permissions = "write"
    words = "The API key provided does not have read permissions."
    assert refusal(shop.ask("products")) == (401, "woocommerce_rest_authentication_error", words)


def test_a_user_without_the_capability_is_refused_with_403(shop):
    shop.woo.keys.append(ApiKey("ck_customer", "cs_customer", may_view=False))
    answer = shop.ask("orders", auth=("ck_customer", "cs_customer"))
    assert refusal(answer) == (403, CANNOT_VIEW, "Sorry, you cannot list resources.")


def test_system_status_needs_a_manager(shop):
    assert shop.ask("system_status").json["environment"]["version"] == "10.4.2"
    shop.woo.key.is_manager = False
    assert shop.ask("system_status").status_code == 403
    assert shop.ask("products").status_code == 200


def test_a_key_of_another_namespace_since_11_1(site):
    other = site(version="11.1.0")
    answer = other.ask("posts", root="/wp-json/wp/v2/")
    assert answer.status_code == 401
    assert "cannot be used to access this endpoint" in answer.json["message"]


# Pages


def test_pages_bounds_are_told_in_the_error_envelope(shop):
    answer = shop.ask("orders", per_page=101, page=0)
    assert answer.status_code == 400
    assert answer.json["code"] == "rest_invalid_param"
    assert answer.json["message"] == "Invalid parameter(s): page, per_page"
    bounds = "per_page must be between 1 (inclusive) and 100 (inclusive)"
    assert answer.json["data"]["params"]["per_page"] == bounds
    assert answer.json["data"]["details"]["per_page"]["code"] == "rest_out_of_bounds"


@pytest.mark.parametrize(
    "query", [{"per_page": "x"}, {"orderby": "colour"}, {"order": "up"}, {"modified_after": "yesterday"},
              {"status": "lost"}, {"include": "a"}]
)  # fmt: skip
def test_other_wrong_parameters_are_refused_by_name(shop, query):
    answer = shop.ask("orders", **query)
    assert answer.status_code == 400
    assert answer.json["message"] == f"Invalid parameter(s): {next(iter(query))}"


def test_counts_and_links_of_a_list(shop):
    answer = shop.ask("orders", per_page=4, page=2)
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("15", "4")
    assert 'page=1>; rel="prev"' in answer.headers["Link"]
    assert 'page=3>; rel="next"' in answer.headers["Link"]
    assert "first" not in answer.headers["Link"]
    last = shop.ask("orders", per_page=4, page=4)
    assert len(last.json) == 3
    assert "next" not in last.headers["Link"]


def test_a_page_beyond_the_end_is_empty(shop):
    answer = shop.ask("orders", page=99)
    assert (answer.status_code, answer.json) == (200, [])


def test_rows_that_nobody_may_read_make_short_pages(shop):
    keys = list(shop.state.orders)
    shop.state.hidden.update(keys[2:5])
    answer = shop.ask("orders", per_page=5, orderby="id", order="asc")
    assert [row["id"] for row in answer.json] == keys[:2]
    assert answer.headers["X-WP-Total"] == "15"


def test_without_a_tiebreaker_rows_repeat_and_vanish(site):
    old, new = site(products=60, version="9.8.0"), site(products=60, version="10.4.0")
    for orderby in ("date", "modified"):
        walks = [
            [key for page in range(1, 7) for key in one.ids("products", page=page, orderby=orderby)]
            for one in (old, new)
        ]
        assert len(set(walks[0])) < 60 == len(walks[0])
        assert len(set(walks[1])) == 60
    by_id = [key for page in range(1, 7) for key in old.ids("products", page=page, orderby="id", order="asc")]
    assert by_id == list(old.state.products)


def test_include_exclude_and_offset(shop):
    keys = list(shop.state.products)
    assert shop.ids("products", include=f"{keys[3]},{keys[1]}", orderby="id", order="asc") == [
        keys[1],
        keys[3],
    ]
    rest = shop.ids("products", exclude=keys[0], orderby="id", order="asc", offset=2, per_page=2)
    assert rest == keys[3:5]


def test_fields_are_left_out(shop):
    row = shop.ask("orders", _fields="id,status,billing.email", per_page=1).json[0]
    assert set(row) == {"id", "status", "billing"}
    assert set(row["billing"]) == {"email"}


# Dates


def changed(shop, key, moment):
    shop.at = moment
    shop.shop.rename(key, "Changed")


def test_filters_are_exclusive_to_the_second(shop):
    key = next(iter(shop.state.products))
    changed(shop, key, NOON + timedelta(seconds=10, milliseconds=900))
    gmt = {"dates_are_gmt": "true"}
    assert shop.ids("products", modified_after="2026-11-20T12:00:09", **gmt) == [key]
    assert shop.ids("products", modified_after="2026-11-20T12:00:10", **gmt) == []
    assert key not in shop.ids("products", modified_before="2026-11-20T12:00:10", per_page=100, **gmt)
    assert shop.ids(
        "products", modified_after="2026-11-20T12:00:09", modified_before="2026-11-20T12:00:11", **gmt
    ) == [key]


def test_without_dates_are_gmt_the_sites_time_counts(shop):
    key = next(iter(shop.state.products))
    changed(shop, key, NOON + timedelta(minutes=5))
    assert shop.ids("products", modified_after="2026-11-20T15:01:00") == [key]
    assert shop.ids("products", modified_after="2026-11-20T15:05:00") == []
    row = shop.ask(f"products/{key}").json
    assert row["date_modified"] == "2026-11-20T15:05:00"
    assert row["date_modified_gmt"] == "2026-11-20T12:05:00"


def test_a_zone_in_the_value_is_wrong_by_the_offset(shop):
    key = next(iter(shop.state.products))
    changed(shop, key, NOON + timedelta(minutes=5))
    query = {"dates_are_gmt": "true", "modified_after": "2026-11-20T12:01:00Z"}
    # Turned into 15:01 of the site, then compared with 12:05 GMT.
    assert shop.ids("products", **query) == []


def test_a_zone_with_summer_time(site):
    new_york = site(
        zone=ZoneInfo("America/New_York"), zone_name="America/New_York", currency="USD", country="US"
    )
    key = next(iter(new_york.state.products))
    for moment, local in (
        (datetime(2026, 7, 1, 12, tzinfo=timezone.utc), "2026-07-01T08:00:00"),
        (datetime(2026, 12, 1, 12, tzinfo=timezone.utc), "2026-12-01T07:00:00"),
    ):
        changed(new_york, key, moment)
        assert new_york.ask(f"products/{key}").json["date_modified"] == local


def test_a_far_future_shows_whether_the_filter_is_known(site):
    query = {"modified_after": "2099-01-01T00:00:00", "dates_are_gmt": "true", "per_page": 1}
    assert site().ask("orders", **query).headers["X-WP-Total"] == "0"
    assert site(version="5.7.2").ask("orders", **query).headers["X-WP-Total"] == "15"


def test_a_row_without_a_date_is_in_no_window(site):
    odd = site(is_odd=True)
    (draft,) = [row for row in odd.state.orders.values() if row.status == "checkout-draft"]
    assert odd.ask(f"orders/{draft.id}").json["date_modified_gmt"] is None
    found = odd.ids("orders", modified_after="2000-01-01T00:00:00", per_page=100)
    assert found
    assert draft.id not in found


# What each version has


@pytest.mark.parametrize(
    ("path", "before", "since"),
    [("variations", "10.2.3", "10.3.0"), ("refunds", "8.9.9", "9.0.0"), ("products/brands", "9.5.0", "9.6.0"),
     ("products", "3.4.9", "3.5.0")],
)  # fmt: skip
def test_collections_by_version(site, path, before, since):
    assert refusal(site(version=before).ask(path))[:2] == (404, "rest_no_route")
    assert site(version=since).ask(path).status_code == 200


def test_what_any_leaves_out_depends_on_the_version(site):
    def statuses(version, **values):
        one = site(version=version, **values)
        for status in ("auto-draft", "checkout-draft", "trash"):
            add_order(one.state, [], status=status)
        return {row["status"] for row in one.ask("orders", per_page=100).json}

    assert {"auto-draft", "checkout-draft"} <= statuses("10.3.0")
    assert "auto-draft" not in statuses("10.3.0", has_order_tables=False)
    assert "auto-draft" not in statuses("10.4.0")
    assert "checkout-draft" not in statuses("10.7.0")
    assert "trash" not in statuses("10.7.0")


# Shapes

# What readers of the documentation's examples expect to find.
LINE_KEYS = {"id", "name", "product_id", "variation_id", "quantity", "subtotal", "subtotal_tax", "total", "total_tax",
             "taxes", "meta_data", "sku", "price"}  # fmt: skip
ORDER_KEYS = {"id", "number", "status", "currency", "date_created_gmt", "date_modified_gmt", "discount_total", "total",
              "shipping_total", "shipping_tax", "cart_tax", "total_tax", "prices_include_tax", "customer_id", "billing",
              "shipping", "payment_method", "payment_method_title", "customer_note", "line_items", "tax_lines",
              "shipping_lines", "fee_lines", "coupon_lines", "refunds", "meta_data"}  # fmt: skip
PRODUCT_KEYS = {"id", "name", "type", "status", "sku", "price", "regular_price", "sale_price", "tax_status",
                "tax_class", "manage_stock", "stock_quantity", "categories", "brands", "images", "attributes",
                "variations", "parent_id", "weight", "virtual", "permalink", "date_modified_gmt"}  # fmt: skip


def test_bodies_have_the_keys_of_the_documentation(shop):
    variation = next(iter(shop.state.variations.values()))
    product = shop.ask(f"products/{variation.parent_id}").json
    assert set(product) >= PRODUCT_KEYS
    assert product["type"] == "variable"
    assert variation.id in product["variations"]
    nested = shop.ask(f"products/{variation.parent_id}/variations/{variation.id}").json
    assert PRODUCT_KEYS - {
        "name",
        "type",
        "categories",
        "brands",
        "images",
        "variations",
        "parent_id",
    } <= set(nested)
    order = shop.ask("orders", per_page=1).json[0]
    assert set(order) >= ORDER_KEYS
    assert set(order["line_items"][0]) >= LINE_KEYS
    assert shop.ask("taxes/1").json["rate"] == "15.0000"
    assert shop.ask("data/currencies/current").json["code"] == "SAR"
    assert {"email", "billing", "role"} <= set(shop.ask("customers").json[0])


def test_the_collection_of_variations_names_the_parent(shop):
    rows = shop.ask("variations", per_page=100, orderby="id", order="asc").json
    assert [row["id"] for row in rows] == list(shop.state.variations)
    assert all(row["parent_id"] == shop.state.variations[row["id"]].parent_id for row in rows)
    nested = shop.ask(f"products/{rows[0]['parent_id']}/variations").json
    assert "parent_id" not in nested[0]


def test_by_sku_a_shop_finds_variations_too(shop):
    variation = next(row for row in shop.state.variations.values() if row.sku)
    (found,) = shop.ask("products", sku=variation.sku).json
    assert (found["id"], found["type"], found["parent_id"]) == (
        variation.id,
        "variation",
        variation.parent_id,
    )


@pytest.mark.parametrize(
    ("path", "code"),
    [("products/1", "woocommerce_rest_product_invalid_id"), ("orders/1", "woocommerce_rest_shop_order_invalid_id"),
     ("products/categories/1", "woocommerce_rest_term_invalid"), ("nothing", "rest_no_route")],
)  # fmt: skip
def test_what_is_not_there_is_404(shop, path, code):
    answer = shop.ask(path)
    assert (answer.status_code, answer.json["code"]) == (404, code)


def test_the_index_is_for_anybody(shop):
    index = shop.ask("", auth=None, root="/wp-json/").json
    assert "wc/v3" in index["namespaces"]
    assert (index["gmt_offset"], index["timezone_string"]) == ("3", "Asia/Riyadh")


def test_the_report_of_orders_names_each_status(site):
    told = site(is_odd=True).ask("reports/orders/totals").json
    assert {"slug": "packed", "name": "Packed", "total": 1} in told
    assert {"pending", "on-hold", "completed"} <= {row["slug"] for row in told}


def test_odd_shops_have_odd_values(site):
    odd = site(is_odd=True)
    stocks = [row["stock_quantity"] for row in odd.ask("products", per_page=100).json]
    assert "12" in stocks
    assert 2.5 in stocks
    assert "parent" in [row["manage_stock"] for row in odd.ask("variations", per_page=100).json]
    orders = odd.ask("orders", per_page=100).json
    packed = next(row for row in orders if row["status"] == "packed")
    assert packed["number"] == "A-0001"
    lines = [line for row in orders for line in row["line_items"]]
    assert [(line["product_id"], line["sku"]) for line in lines if line["name"] == "Gone for good"] == [
        (0, None)
    ]
    assert 1.25 in [line["quantity"] for line in lines]


def test_the_same_seed_gives_the_same_store(site):
    first, second = site(seed=3).ask("orders", per_page=50).json, site(seed=3).ask("orders", per_page=50).json
    assert first == second
    assert first != site(seed=4).ask("orders", per_page=50).json
