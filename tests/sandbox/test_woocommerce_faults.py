"""What goes wrong around a WooCommerce store can each be met in the simulated one."""

import gzip
import json
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import pytest
import requests
from woocommerce_kit import NOON, Site

from sandbox.woocommerce.auth import ApiKey
from sandbox.woocommerce.faults import Cache
from sandbox.woocommerce.server import SimulatedWoo


@pytest.fixture
def shop():
    return Site()


# Between reader and shop


def test_a_stripped_header_is_as_no_key_and_the_query_still_works(shop):
    shop.woo.surroundings.strips_authorization = True
    assert shop.ask("orders").json["code"] == "woocommerce_rest_cannot_view"
    assert shop.ask("orders", auth="query").status_code == 200


def test_behind_a_proxy_that_hides_tls_no_key_counts(shop):
    shop.woo.surroundings.hides_tls = True
    assert [shop.ask("orders", auth=auth).status_code for auth in ("basic", "query")] == [401, 401]


def test_with_plain_permalinks_only_rest_route_works(shop):
    shop.woo.surroundings.has_plain_permalinks = True
    for path in ("orders", ""):
        answer = shop.ask(path)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert shop.ask("", root="/", rest_route="/wc/v3/orders", per_page=2).headers["X-WP-Total"] == "15"
    assert "wc/v3" in shop.ask("", root="/", rest_route="/", auth=None).json["namespaces"]


def test_wordpress_without_woocommerce(shop):
    shop.woo.surroundings.is_inactive = True
    assert shop.ask("orders").json["code"] == "rest_no_route"
    assert "wc/v3" not in shop.ask("", root="/wp-json/").json["namespaces"]


def test_answers_come_gzipped_unasked(shop):
    shop.woo.surroundings.compresses = True
    answer = shop.ask("orders", per_page=3)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.data))) == 3


def test_the_sites_clock_may_be_wrong(shop):
    shop.woo.surroundings.seconds_ahead = 300
    said = parsedate_to_datetime(shop.ask("orders").headers["Date"])
    assert (said - NOON).total_seconds() == 300


# Caches


def test_a_cache_serves_what_was_and_says_its_age(shop):
    shop.woo.surroundings.cache = Cache(now=lambda: shop.at.timestamp())
    key = next(iter(shop.state.products))
    before = shop.ask(f"products/{key}").json
    shop.shop.rename(key, "New name")
    shop.at = NOON.replace(minute=10)
    again = shop.ask(f"products/{key}")
    assert again.json == before
    assert (again.headers["Age"], again.headers["X-LiteSpeed-Cache"]) == ("600", "hit")
    assert shop.ask(f"products/{key}", _cb="x1").json["name"] == "New name"


def test_a_cache_gives_one_users_answer_to_another(shop):
    shop.woo.surroundings.cache = Cache("cloudflare", now=lambda: shop.at.timestamp())
    shop.woo.keys.append(ApiKey("ck_customer", "cs_customer", may_view=False))
    mine = shop.ask("orders").json
    others = [shop.ask("orders", auth=auth) for auth in (("ck_customer", "cs_customer"), None)]
    assert [answer.json for answer in others] == [mine, mine]
    assert others[0].headers["CF-Cache-Status"] == "HIT"


def test_woocommerces_own_cache_stands_aside_when_told(shop):
    shop.woo.surroundings.cache = Cache("woocommerce")
    marks = [shop.ask("orders").headers.get("X-WC-Cache") for _ in range(2)]
    assert marks == ["MISS", "HIT"]
    assert "X-WC-Cache" not in shop.ask("orders", _skip_cache="true").headers


def test_a_cache_keeps_no_refusal(shop):
    shop.woo.surroundings.cache = Cache()
    assert shop.ask("orders", auth=None).status_code == 401
    assert shop.ask("orders").status_code == 200


# Faults of a single answer


@pytest.mark.parametrize("status", [200, 403, 406, 501, 503])
def test_a_firewalls_page(shop, status):
    shop.woo.faults.add("/orders", "html", status=status)
    answer = shop.ask("orders")
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert shop.ask("orders").status_code == 200


@pytest.mark.parametrize("retry_after", [None, 30])
def test_too_many_requests(shop, retry_after):
    shop.woo.faults.add("/orders", "throttle", retry_after=retry_after)
    answer = shop.ask("orders")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (429, retry_after and "30")


def test_server_errors_and_refusals(shop):
    shop.woo.faults.add("/orders", "error", status=502)
    shop.woo.faults.add("/products", "refuse", status=400, message="woocommerce_odd: Not so.")
    assert shop.ask("orders").status_code == 502
    assert shop.ask("products").json == {
        "code": "woocommerce_odd",
        "message": "Not so.",
        "data": {"status": 400},
    }


def test_words_of_php_before_the_json_and_answers_that_break_off(shop):
    shop.woo.faults.add("/orders", "notice")
    answer = shop.ask("orders")
    assert answer.mimetype == "application/json"
    assert answer.json_module.loads(answer.data[answer.data.index(b"[") :])
    assert answer.data.startswith(b"<br />")
    shop.woo.faults.add("/orders", "cut")
    half = shop.ask("orders")
    assert half.headers["X-WP-Total"] == "15"
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        json.loads(half.data)


def test_a_redirect_to_another_host(shop):
    shop.woo.faults.add("/", "redirect", message="https://www.shop.example.com/")
    answer = shop.ask("orders")
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://www.shop.example.com/")


def test_slow_and_dripping_answers(shop):
    shop.woo.faults.add("/data", "slow", seconds=0.05)
    began = time.monotonic()
    shop.ask("data/currencies/current")
    assert time.monotonic() - began >= 0.05
    shop.woo.faults.add("/data", "drip", seconds=0.01)
    began = time.monotonic()
    assert json.loads(shop.ask("data/currencies/current").data)["code"] == "SAR"
    assert time.monotonic() - began >= 0.02


def test_there_are_no_other_faults(shop):
    with pytest.raises(ValueError, match="There is no fault 'earthquake'"):
        shop.woo.faults.add("/", "earthquake")


# Drift


def walk(shop, query, on_page):
    found, page = [], 1
    while True:
        answer = shop.ask("products", page=page, per_page=5, **query)
        found += [row["id"] for row in answer.json]
        if page >= int(answer.headers["X-WP-TotalPages"]):
            return found
        page += 1
        on_page(page)


def test_what_is_deleted_while_paging_makes_a_row_vanish(shop):
    keys = list(shop.state.products)
    by_id = {"orderby": "id", "order": "asc"}
    found = walk(shop, by_id, lambda page: page == 2 and shop.shop.delete_product(keys[0]))
    assert set(keys) - set(found) == {keys[5]}


def test_what_is_new_while_paging_makes_a_row_come_twice(shop):
    keys = list(shop.state.products)
    shop.at = NOON.replace(hour=13)
    found = walk(shop, {}, lambda page: page == 2 and shop.shop.new_product("Fresh", "9.99", "FRESH"))
    assert len(found) == len(set(found)) + 1
    assert set(found) == set(keys)


def test_a_row_that_is_touched_leaves_its_window(shop):
    keys = list(shop.state.products)
    shop.at = NOON.replace(hour=13)
    window = {
        "modified_before": "2026-11-20T13:00:00",
        "dates_are_gmt": "true",
        "orderby": "id",
        "order": "asc",
    }
    found = walk(shop, window, lambda page: page == 2 and shop.shop.rename(keys[1], "Touched"))
    assert keys[5] not in found


def test_the_store_can_change_behind_any_answer(shop):
    keys = list(shop.state.products)
    seen = []

    def change(path):
        seen.append(path)
        if len(seen) == 1:
            shop.shop.delete_product(keys[0])

    shop.woo.after = change
    assert shop.ids("products", orderby="id", order="asc")[0] == keys[0]
    assert shop.ids("products", orderby="id", order="asc")[0] == keys[1]
    assert seen == ["/products"] * 2


# Over a socket


def test_it_answers_over_http_and_counts_calls():
    with SimulatedWoo() as woo:
        auth = (woo.consumer_key, woo.consumer_secret)
        answer = requests.get(f"{woo.url}/wp-json/wc/v3/orders", auth=auth, timeout=10)
        assert len(answer.json()) == 10
        said = parsedate_to_datetime(answer.headers["Date"])
        assert abs((said - datetime.now(timezone.utc)).total_seconds()) < 5
        requests.get(f"{woo.url}/wp-json/", timeout=10)
        assert woo.calls == {"/orders": 1, "/": 1}


def test_a_certificate_that_nobody_trusts(tmp_path):
    from sandbox.woocommerce.certificates import self_signed

    with SimulatedWoo(certificate=self_signed(tmp_path)) as woo:
        assert woo.url.startswith("https://")
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{woo.url}/wp-json/", timeout=10)
        trusted = requests.get(f"{woo.url}/wp-json/", timeout=10, verify=str(tmp_path / "certificate.pem"))
        assert trusted.json()["name"] == "Sandbox Store"


def test_a_site_may_lie_in_a_folder():
    with SimulatedWoo(folder="/shop") as woo:
        assert woo.url.endswith("/shop")
        auth = (woo.consumer_key, woo.consumer_secret)
        assert requests.get(f"{woo.url}/wp-json/wc/v3/orders", auth=auth, timeout=10).status_code == 200
        assert woo.calls == {"/orders": 1}
