"""How a shop is asked: the key, the pace, pages that shrink, windows, and what makes an entity whole."""

import gzip
import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from woo_kit import Shop, client

from salla_manager.platforms import registry
from salla_manager.platforms.port import Look, Met, ShopError
from salla_manager.platforms.woocommerce.platform import WOOCOMMERCE
from salla_manager.platforms.woocommerce.site import merchant_id, site_url

ROWS = json.dumps([{"id": 1, "status": "publish"}])


@pytest.fixture
def shop():
    return Shop(products=12, variations=6, orders=8, customers=4)


def asked(wire):
    return [parse_qs(urlsplit(url).query) for url, _ in wire.sent]


@pytest.mark.parametrize(
    ("typed", "url", "known_as"),
    [
        ("shop.example.com", "https://shop.example.com", "shop.example.com"),
        (" https://Shop.Example.com/ ", "https://shop.example.com", "shop.example.com"),
        ("https://example.com/store/", "https://example.com/store", "example.com/store"),
        ("https://example.com/wp-json/wc/v3/", "https://example.com", "example.com"),
        (
            "https://example.com/store/wp-admin/admin.php?page=wc",
            "https://example.com/store",
            "example.com/store",
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("https://example.com/?x=1", "https://example.com/?x=1", "example.com/?x=1"),
        ("https://me:word@example.com", "https://me:word@example.com", "example.com"),
    ],
)
def test_an_address_is_taken_as_people_paste_it(typed, url, known_as):
    assert (site_url(typed), merchant_id(typed)) == (url, known_as)


def test_the_key_goes_in_the_header_and_no_cache_is_asked_twice_the_same():
    shop, wire = client((200, "[]"))
    shop.page("product")
    shop.page("product")
    (first, headers), (second, _) = wire.sent
    assert headers["Authorization"] == "Basic Y2tfMTpjc19zZWNyZXQ="
    assert headers["Cache-Control"] == "no-cache"
    assert "cs_secret" not in first
    assert parse_qs(urlsplit(first).query)["_cb"] != parse_qs(urlsplit(second).query)["_cb"]


def test_the_key_goes_in_the_url_only_where_that_was_wished():
    shop, wire = client((200, "[]"), query_auth=True)
    shop.page("product")
    url, headers = wire.sent[0]
    assert parse_qs(urlsplit(url).query)["consumer_secret"] == ["cs_secret"]
    assert "Authorization" not in headers


def test_a_url_in_an_error_tells_no_key():
    shop, _ = client("blocked", query_auth=True)
    with pytest.raises(ShopError) as caught:
        shop.page("product")
    assert "consumer_secret=***" in str(caught.value)
    assert "cs_secret" not in str(caught.value)


def test_lists_are_walked_by_id_in_the_largest_pages_with_all_decimals():
    shop, wire = client((200, "[]"))
    shop.page("order", "0.0|")
    (query,) = asked(wire)
    wanted = {"orderby": "id", "order": "asc", "per_page": "100", "page": "1", "status": "any", "dp": "6"}
    assert {name: query[name][0] for name in wanted} == wanted


def test_a_page_that_is_too_much_is_asked_for_in_parts_and_grows_again():
    slow = (500, "<html>", {"content-type": "text/html"})
    good = (200, ROWS, {"x-wp-total": "1000", "x-wp-totalpages": "20"})
    shop, wire = client("timeout", slow, good)
    page = shop.page("product")
    assert [query["per_page"] for query in asked(wire)] == [["100"], ["50"], ["25"]]
    sizes = []
    while page.cursor and len(sizes) < 12:
        wire.sent.clear()
        page = shop.page("product", page.cursor)
        sizes += [int(query["per_page"][0]) for query in asked(wire)]
    assert sizes[:3] == [25, 25, 25]
    # It grows where the place in the list allows for it.
    assert 50 in sizes
    assert sizes == sorted(sizes)


def test_a_shop_that_is_away_is_no_question_of_size():
    shop, wire = client("refused")
    with pytest.raises(ShopError) as caught:
        shop.page("product")
    assert (len(wire.sent), caught.value.kind) == (1, "offline")


def test_a_short_page_is_not_the_end():
    shop, _ = client((200, ROWS, {"x-wp-total": "150", "x-wp-totalpages": "2"}))
    assert shop.page("product").cursor == "100.150"


def test_without_its_headers_a_list_ends_behind_an_empty_page():
    shop, _ = client((200, ROWS), (200, "[]"))
    page = shop.page("product")
    assert page.cursor == "100.-1"
    assert shop.page("product", page.cursor).cursor is None


def test_where_only_links_tell_they_are_followed():
    headers = {"link": '<https://shop.example.com/wp-json/wc/v3/products?page=2>; rel="next"'}
    shop, _ = client((200, ROWS, headers), (200, ROWS, {"link": '<…?page=1>; rel="prev"'}))
    page = shop.page("product")
    assert (page.cursor, shop.page("product", page.cursor).cursor) == ("100.-1", None)


def test_where_the_count_fell_the_walk_goes_back():
    shop, _ = client((200, ROWS, {"x-wp-total": "298", "x-wp-totalpages": "3"}))
    # Two rows vanished since the page before: the last two of the first page may be others now.
    assert shop.page("product", "100.300").cursor == "0.298"


def test_what_the_shop_asks_to_wait_is_waited_within_limits():
    refusal = (429, "<html>", {"content-type": "text/html", "retry-after": "7"})
    shop, wire = client(refusal, (200, "[]"))
    assert shop.page("product").rows == []
    assert len(wire.sent) == 2
    shop, _ = client((503, "", {"retry-after": "900"}))
    with pytest.raises(ShopError) as caught:
        shop.page("product")
    assert (caught.value.kind, caught.value.retry_after) == ("throttled", 900)


def test_no_more_calls_a_minute_than_were_set():
    slept = []
    shop, wire = client((200, "[]"), calls_per_minute=60, sleep=slept.append, now=lambda: sum(slept))
    for _ in range(30):
        shop.page("product")
    # Some at once, then one a second.
    assert len(wire.sent) == 30
    assert 20 <= sum(slept) <= 30
    assert shop.calls_per_minute() == 60


@pytest.mark.parametrize(
    "broken", [b'[{"id": 1}', b'{"id": 1}', b"<br />\n<b>Notice</b>: x [1]", gzip.compress(b"[]")[:9]]
)
def test_what_is_no_list_is_an_error_and_no_empty_list(broken):
    headers = {"content-encoding": "gzip"} if broken[:2] == b"\x1f\x8b" else {}
    shop, _ = client((200, broken, headers))
    with pytest.raises(ShopError) as caught:
        shop.page("product")
    assert caught.value.is_retryable


def test_what_comes_compressed_unasked_is_read():
    shop, _ = client((200, gzip.compress(ROWS.encode()), {"content-encoding": "gzip"}))
    assert [key for key, _ in shop.page("product").rows] == ["1"]


def test_a_bomb_is_not_unpacked():
    shop, _ = client((200, gzip.compress(b" " * (17 * 1024 * 1024)), {"content-encoding": "gzip"}))
    with pytest.raises(ShopError, match="more than"):
        shop.page("product")


def test_one_row_that_is_nested_too_deep_spoils_no_other(shop):
    first, second, *_ = shop.state.products.values()
    deep = value = {}
    for _ in range(40):
        value["a"] = value = {}
    first.odd = {"meta_data": [{"key": "x", "value": deep}]}
    keys = [key for key, _ in shop.client.page("product").rows]
    assert {str(first.id), str(second.id)} <= set(keys)


def test_a_page_of_a_firewall_is_no_proof_of_absence():
    shop, _ = client((404, "<html>", {"content-type": "text/html"}))
    with pytest.raises(ShopError):
        shop.fetch("order", "1")


# what makes an entity whole


def test_a_product_comes_with_its_variations(shop):
    parent = next(product for product in shop.state.products.values() if product.variation_ids)
    body = shop.client.fetch("product", str(parent.id))
    assert [row["id"] for row in body["variations"]] == parent.variation_ids
    assert {row["parent_id"] for row in body["variations"]} == {parent.id}


def test_a_variation_is_found_by_its_id_and_by_its_sku(shop):
    key, variation = next(iter(shop.state.variations.items()))
    body = shop.client.fetch("variant", str(key))
    assert (body["id"], body["parent_id"]) == (key, variation.parent_id)
    assert shop.client.fetch("product", str(key))["id"] == variation.parent_id
    variation.sku = "ONLY-HERE"
    assert shop.client.find_by_sku(" ONLY-HERE ")["id"] == variation.parent_id
    assert shop.client.find_by_sku("nowhere") is None


@pytest.mark.parametrize("version", ["10.4.2", "8.9.1"])
def test_orders_come_with_what_was_given_back(version):
    shop = Shop(products=4, variations=0, orders=5, customers=2, version=version)
    order = list(shop.state.orders.values())[1]
    line = order.lines[0]
    shop.shop.refund(order.id, units={line.id: 1})
    page, cursor = None, ""
    while cursor is not None:
        page = shop.client.page("order", cursor)
        cursor = page.cursor
    for body in (dict(page.rows)[str(order.id)], shop.client.fetch("order", str(order.id))):
        (payload,) = registry.get("woocommerce").normalize("order", body, _context())
        assert [one.returned for one in payload.items] == [1] + [0] * (len(order.lines) - 1)


@pytest.mark.parametrize("version", ["10.4.2", "8.9.1"])
def test_money_alone_that_was_given_back_is_told_with_its_time_however_the_order_is_read(version):
    shop = Shop(products=4, variations=0, orders=5, customers=2, version=version)
    order = list(shop.state.orders.values())[1]
    shop.shop.refund(order.id, amount=Decimal("1.00"))
    page, cursor = None, ""
    while cursor is not None:
        page = shop.client.page("order", cursor)
        cursor = page.cursor
    bodies = (dict(page.rows)[str(order.id)], shop.client.fetch("order", str(order.id)))
    told = {
        registry.get("woocommerce").normalize("order", body, _context())[0].given_back_at for body in bodies
    }
    assert len(told) == 1
    assert None not in told


def _context():
    from salla_manager.platforms.port import StoreContext

    return StoreContext(currency="SAR")


def test_carts_are_no_orders(shop):
    first, second, *_ = shop.state.orders.values()
    first.status, second.status = "checkout-draft", "auto-draft"
    shop.state.version = "8.0.0"
    keys = [key for key, _ in shop.client.entries("order").rows]
    assert str(first.id) not in keys
    assert str(second.id) not in keys
    assert shop.client.fetch("order", str(first.id)) is None


def test_brands_came_late(shop):
    shop.state.version = "9.0.0"
    assert shop.client.page("brand").rows == []


def test_statuses_of_the_shop_itself_are_among_them(shop):
    shop.state.custom_statuses.append("being-packed")
    found = {row["slug"]: row["type"] for _, row in shop.client.page("order_status").rows}
    assert (found["being-packed"], found["processing"]) == ("custom", "original")


# windows


def changes(shop, since, cursor="", meet=lambda key, changed: Met.NEW):
    """(ids, cursors of the pages, end)"""
    cursors, ends = [], []
    look = Look(since, meet, cursor, cursors.append, on_end=ends.append)
    ids = [row["id"] for row in shop.client.changes("order", look)]
    return ids, cursors, ends


def test_a_window_is_naive_gmt_and_frozen_at_the_shops_clock(shop):
    begin = shop.clock.now()
    shop.clock.sleep(7200)
    order = next(iter(shop.state.orders.values()))
    shop.shop.change_order_status(order.id, "completed")
    shop.woo.surroundings.seconds_ahead = 3600
    shop.clock.sleep(60)
    ids, _, (end,) = changes(shop, begin)
    assert order.id in ids
    first, trash = shop.queries("/orders")
    assert first["modified_after"] == (begin - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S")
    assert (first["dates_are_gmt"], first["orderby"], first.get("modified_before")) == ("true", "id", None)
    # By its own clock, which is an hour ahead.
    assert end - shop.clock.now() == timedelta(hours=1)
    assert (trash["status"], trash["modified_before"]) == ("trash", end.strftime("%Y-%m-%dT%H:%M:%S"))


def test_a_look_that_broke_off_goes_on_in_the_same_window(shop):
    shop.client.site.largest = 5
    begin = shop.clock.now() - timedelta(days=900)
    ids, cursors, _ = changes(shop, begin)
    assert len(ids) == len(shop.state.orders)
    shop.clock.sleep(3600)
    again = shop.new_client()
    again.site.largest = 5
    shop.client = again
    shop.woo.log.clear()
    rest, _, (end,) = changes(shop, begin, cursors[0])
    assert rest == ids[5:]
    assert end < shop.clock.now() - timedelta(minutes=59)


def test_what_is_known_in_this_version_is_left_out_but_for_the_second_it_was_read_in(shop):
    orders = list(shop.state.orders.values())
    since = shop.clock.now()
    orders[0].modified = since - timedelta(minutes=5)
    orders[1].modified = since
    seen = []

    def meet(key, changed):
        seen.append(key)
        return Met.OLD

    ids, _, _ = changes(shop, since, meet=meet)
    # The second one may have changed once more within that second.
    assert (orders[0].id in ids, orders[1].id in ids) == (False, True)
    assert str(orders[0].id) in seen


def test_the_bin_is_looked_into_as_well(shop):
    begin = shop.clock.now()
    shop.clock.sleep(3600)
    order, product = next(iter(shop.state.orders.values())), next(iter(shop.state.products.values()))
    order.status = product.status = "trash"
    order.modified = product.modified = shop.clock.now() - timedelta(seconds=5)
    ids, _, _ = changes(shop, begin)
    assert order.id in ids
    found = list(shop.client.changes("product", Look(begin)))
    assert product.id in [row["id"] for row in found]


def test_variations_have_their_own_window_where_the_shop_lists_them(shop):
    begin = shop.clock.now()
    shop.clock.sleep(3600)
    variation = next(iter(shop.state.variations.values()))
    variation.modified = shop.clock.now() - timedelta(seconds=5)
    found = list(shop.client.changes("product", Look(begin)))
    assert [(row["id"], row["parent_id"]) for row in found if row.get("parent_id")] == [
        (variation.id, variation.parent_id)
    ]


def test_of_customers_the_newest_are_read_down_to_known_ones(shop):
    shop.client.site.largest = 1
    newest = max(shop.state.customers)
    look = Look(
        datetime(2026, 1, 1, tzinfo=timezone.utc),
        lambda key, changed: Met.NEW if key == str(newest) else Met.OLD,
    )
    assert [row["id"] for row in shop.client.changes("customer", look)] == [newest]
    assert len(shop.queries("/customers")) == 2


def test_a_day_of_orders_is_asked_for_with_room_for_any_zone(shop):
    shop.client.orders_of(date(2026, 11, 20))
    query = shop.queries("/orders")[-1]
    assert (query["after"], query["before"]) == ("2026-11-19T09:59:59", "2026-11-21T14:00:01")
    assert "line_items" not in query["_fields"]


def test_unsettled_orders_are_the_open_ones_and_the_recent_ones(shop):
    old = shop.clock.now() - timedelta(days=30)
    orders = list(shop.state.orders.values())
    for order in orders:
        order.created, order.status = old, "completed"
    orders[0].status = "on-hold"
    orders[1].created = shop.clock.now() - timedelta(days=1)
    found, cursor = [], ""
    while cursor is not None:
        page = shop.client.unsettled(cursor)
        found += [key for key, _ in page.rows]
        cursor = page.cursor
    assert found == [str(orders[0].id), str(orders[1].id)]


def test_an_unchanged_list_is_read_by_what_tells_a_change(shop):
    first = shop.client.page("product")
    changed = next(product for product in shop.state.products.values() if product.regular_price)
    changed.regular_price += 1
    shop.woo.log.clear()
    stamp = WOOCOMMERCE.stamp
    known = {key: stamp("product", row) for key, row in first.rows}
    page = shop.client.page(
        "product",
        known=lambda light: frozenset(key for key, row in light.rows if known[key] == stamp("product", row)),
    )
    assert page.same == set(known) - {str(changed.id)}
    assert dict(page.rows)[str(changed.id)]["regular_price"] == str(changed.regular_price)
    light, whole = shop.queries("/products")
    assert "description" not in light["_fields"]
    assert (whole["include"], whole.get("_fields")) == (str(changed.id), None)
