"""The connection test names the real cause."""

import pytest
from woo_kit import BASE, Shop, Wire, client

from salla_manager.platforms.woocommerce.check import check_connection
from sandbox.woocommerce.auth import ApiKey
from sandbox.woocommerce.faults import Cache


@pytest.fixture
def shop():
    return Shop(products=3, variations=0, orders=4)


def failed(rows):
    return {row.step: row.message for row in rows if not row.ok}


def only(rows, step, *words):
    """This step failed and no other, and its message says all of it."""
    found = failed(rows)
    assert list(found) == [step]
    for word in words:
        assert word in found[step]


def test_all_is_well(shop):
    rows = check_connection(shop.client)
    assert failed(rows) == {}
    assert [row.step for row in rows] == [
        "Address",
        "REST API",
        "Orders",
        "Products",
        "Filter by change",
        "Cache",
        "Clock",
        "Version",
    ]
    said = {row.step: row.message for row in rows}
    assert said["Orders"] == f"{len(shop.state.orders)} orders can be read."
    assert "WooCommerce 10.4.2, orders in order tables" in said["Version"]


def test_a_header_that_is_dropped_is_told_from_a_wrong_key(shop):
    shop.woo.surroundings.strips_authorization = True
    only(check_connection(shop.client), "Orders", "drops the header Authorization", "CGIPassAuth On")


def test_with_the_key_in_the_url_such_a_shop_is_read(shop):
    shop.woo.surroundings.strips_authorization = True
    assert failed(check_connection(shop.new_client(query_auth=True))) == {}


def test_an_unknown_key(shop):
    wrong = shop.new_client(keys={"consumer_key": "ck_mistyped"})
    only(check_connection(wrong), "Orders", "does not know this consumer key", "Make a new key")


def test_a_wrong_secret(shop):
    wrong = shop.new_client(keys={"consumer_secret": "cs_mistyped"})
    only(check_connection(wrong), "Orders", "Consumer secret is invalid.", "its secret is not")


def test_no_secret_is_ever_said(shop):
    shop.woo.surroundings.strips_authorization = True
    wrong = shop.new_client(keys={"consumer_secret": "cs_mistyped"})
    assert "cs_mistyped" not in str(check_connection(wrong))


def test_a_key_that_may_only_write(shop):
    shop.woo.key.permissions = "write"
    only(check_connection(shop.client), "Orders", "does not have read permissions", "to Read")


def test_a_user_who_may_not_see_orders(shop):
    shop.woo.key.may_view = False
    only(check_connection(shop.client), "Orders", "403", "shop manager or administrator")


def test_a_user_who_manages_nothing_does_no_harm(shop):
    shop.woo.key.is_manager = False
    rows = check_connection(shop.client)
    assert failed(rows) == {}
    assert "not shown to this key's user" in rows[-1].message


def test_a_proxy_that_hides_https(shop):
    shop.woo.surroundings.hides_tls = True
    assert "X-Forwarded-Proto" in failed(check_connection(shop.client))["Orders"]


def test_wordpress_without_woocommerce(shop):
    shop.woo.surroundings.is_inactive = True
    only(check_connection(shop.client), "REST API", "Activate the plugin WooCommerce")


def test_plain_permalinks_are_found_out_and_used(shop):
    shop.woo.surroundings.has_plain_permalinks = True
    rows = check_connection(shop.client)
    assert failed(rows) == {}
    assert "plain permalinks" in rows[1].message


def test_another_web_page_is_no_shop():
    found, _ = client((404, "<!DOCTYPE html><html>Not Found</html>", {"content-type": "text/html"}))
    only(check_connection(found), "REST API", "404 with a web page", "start page of the WordPress site")


@pytest.mark.parametrize("status", [403, 406, 501])
def test_a_firewall(shop, status):
    shop.woo.faults.add("/orders", "html", status=status)
    only(check_connection(shop.client), "Orders", f"{status} with a web page", "firewall or security plugin")


def test_a_challenge_that_says_200(shop):
    shop.woo.faults.add("/orders", "html", status=200)
    only(check_connection(shop.client), "Orders", "200 with a web page", "firewall or security plugin")


def test_maintenance(shop):
    page = "<html><body>Briefly unavailable for scheduled maintenance.</body></html>"
    found, _ = client((200, page, {"content-type": "text/html"}))
    only(check_connection(found), "REST API", "maintenance mode")


def test_a_password_of_the_web_server():
    headers = {"content-type": "text/html", "www-authenticate": 'Basic realm="staging"'}
    found, _ = client((401, "<html>", headers))
    only(check_connection(found), "REST API", "wants a password")


def test_warnings_of_php(shop):
    shop.woo.faults.add("/orders", "notice")
    only(check_connection(shop.client), "Orders", "warnings of PHP", "WP_DEBUG_DISPLAY")


def test_a_redirect_names_where_to(shop):
    shop.woo.faults.add("/", "redirect", message="https://www.elsewhere.example/wp-json/")
    only(check_connection(shop.client), "REST API", "sends elsewhere: https://www.elsewhere.example/wp-json/")


@pytest.mark.parametrize(
    ("kind", "words"), [("tls", "certificate"), ("dns", "It was dns"), ("refused", "It was refused")]
)
def test_what_keeps_a_call_from_arriving(kind, words):
    found, _ = client(kind)
    only(check_connection(found), "Address", words)


def test_plain_http_to_a_public_address_is_never_tried():
    wire = Wire((200, "{}"))
    found = Shop(products=1, orders=0).new_client(url="http://shop.example.com", transport=wire)
    only(check_connection(found), "Address", "no https address")
    assert wire.sent == []


def test_missing_keys():
    found = Shop(products=1, orders=0).new_client(keys={"consumer_secret": ""})
    only(check_connection(found), "Address", "Consumer key and secret are missing")


def test_a_shop_that_does_not_know_the_filter():
    old = Shop(products=3, variations=0, orders=4, version="5.2.0")
    found = failed(check_connection(old.client))
    assert "older than 5.8" in found["Filter by change"]
    assert "older than 5.8" in found["Version"]


def test_a_cache_that_ignores_the_question(shop):
    class Constant(Cache):
        """By path alone, as one that was told to ignore parameters."""

        def answer(self, request, fresh):
            request.environ["QUERY_STRING"] = ""
            return super().answer(type(request)(request.environ), fresh)

    shop.woo.surroundings.cache = Constant(now=shop.clock)
    check_connection(shop.client)
    found = failed(check_connection(shop.client))
    assert "x-litespeed-cache: hit" in found["Cache"]
    assert "cache answers without looking" in found["Filter by change"]


def test_a_cache_by_address_never_hits(shop):
    shop.woo.surroundings.cache = Cache(now=shop.clock)
    for _ in range(2):
        assert failed(check_connection(shop.client)) == {}


@pytest.mark.parametrize(("seconds", "words"), [(300, "300 seconds ahead of"), (-90, "90 seconds behind")])
def test_a_wrong_clock(shop, seconds, words):
    shop.woo.surroundings.seconds_ahead = seconds
    only(check_connection(shop.client), "Clock", words, "NTP")


def test_a_key_of_another_site_is_another_key(shop):
    shop.woo.keys.append(ApiKey("ck_other", "cs_other", "read"))
    other = shop.new_client(keys={"consumer_key": "ck_other", "consumer_secret": "cs_other"})
    assert failed(check_connection(other)) == {}
    assert BASE in check_connection(other)[0].message
