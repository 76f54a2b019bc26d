from dataclasses import replace
from datetime import timedelta

import pytest

from salla_manager.core.model import Store
from salla_manager.platforms import registry
from salla_manager.platforms.port import Look, Met, ShopError
from salla_manager.platforms.salla.api import Budget
from salla_manager.platforms.salla.client import HTTP, SallaClient
from sandbox.salla import api, bodies


class Provider:
    """Tokens of a simulated store, without keeping them anywhere."""

    def __init__(self, salla):
        self.salla = salla
        self.current = salla.oauth.issue()
        self.refused = []

    def __call__(self, refused=None):
        if refused is not None:
            self.refused.append(refused)
            form = {"grant_type": "refresh_token", "refresh_token": self.current["refresh_token"]}
            form |= {"client_id": self.salla.oauth.client_id, "client_secret": self.salla.oauth.client_secret}
            self.current = self.salla.oauth.answer(form)[1]
        return self.current["access_token"]


@pytest.fixture
def provider(salla):
    return Provider(salla)


class Clock:
    """Unix seconds that pass only while somebody sleeps."""

    def __init__(self):
        self.now = 1_800_000_000.0
        self.sleeps = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.sleeps.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sleeps(clock):
    return clock.sleeps


QUICK = replace(HTTP, total=1.0, allow_private_addresses=True)


@pytest.fixture
def client(salla, provider, clock):
    return SallaClient(
        provider, base_url=salla.api_url, sleep=clock.sleep, now=clock, http=QUICK, max_wait=30, fetch_wait=3
    )


def ids(rows):
    return [row["id"] for row in rows]


def test_lists_follow_the_shops_own_page_count(salla, client):
    salla.api.per_page_cap = 7
    assert ids(client.list("product")) == list(salla.state.products)
    pages = [query for _, path, query in salla.log.entries if path.endswith("/products")]
    assert [f"page={number}" in query for number, query in enumerate(pages, start=1)] == [True] * 4
    assert all("per_page=60" in query for query in pages)


def test_orders_come_whole(salla, client):
    salla.api.orders_per_page_cap = 4
    orders = list(client.list("order"))
    assert sorted(ids(orders)) == sorted(salla.state.orders)
    for order in orders:
        known = salla.state.orders[order["id"]]
        assert ids(order["items"]) == [line.id for line in known.lines]
        assert bool(order["shipments"]) == known.is_shippable


def test_changed_orders_stop_at_the_time_asked_for(salla, client):
    keys = list(salla.state.orders)
    changed = [keys[3], keys[0], keys[7]]
    since = salla.state.now()
    for key in changed:
        salla.shop.change_order_status(key, "shipped")
    salla.log.clear()
    assert ids(client.list("order", since=since)) == changed[::-1]
    assert salla.log.counts()["/admin/v2/orders/items"] == 3


def test_an_order_that_was_changed_shortly_before_is_within_the_overlap(salla, client):
    key = next(iter(salla.state.orders))
    salla.shop.change_order_status(key, "shipped")
    assert ids(client.list("order", since=salla.state.now() + timedelta(minutes=20))) == [key]
    assert ids(client.list("order", since=salla.state.now() + timedelta(minutes=40))) == []


def test_products_are_walked_until_a_page_of_known_ones(salla, client, monkeypatch):
    monkeypatch.setattr("salla_manager.platforms.salla.client.PER_PAGE", 5)
    salla.api.per_page_cap = 5
    known = set(list(salla.state.products)[2:])

    def meet(key, changed_at):
        return Met.OLD if int(key) in known else Met.NEW

    found = client.changes("product", Look(salla.state.now(), meet))
    assert ids(found) == list(salla.state.products)[:2]
    # Two new ones and the five that say that nothing else is new.
    assert salla.log.counts()["/admin/v2/products"] == 2


def test_categories_come_as_a_tree(salla, client):
    roots = list(client.list("category"))
    assert ids(roots) == [key for key, row in salla.state.categories.items() if row["parent_id"] == 0]
    assert all("sub_categories" in root for root in roots)


def test_children_are_read_where_they_are_not_embedded(salla, client, monkeypatch):
    def bare(state, row):
        """Neither children nor parent, as some answers are."""
        return {"id": row["id"], "name": row["name"], "sort_order": row["sort_order"]}

    def children(resources, request, key):
        rows = resources.state.categories.values()
        return {"data": [bare(resources.state, row) for row in rows if str(row["parent_id"]) == key]}

    monkeypatch.setattr(bodies, "category", bare)
    routes = [(pattern, children if "children" in pattern else handler) for pattern, handler in api.ROUTES]
    monkeypatch.setattr(api, "ROUTES", routes)
    found = {row["id"]: str(row.get("parent_id", 0)) for row in client.list("category")}
    assert found == {key: str(row["parent_id"]) for key, row in salla.state.categories.items()}


@pytest.mark.parametrize("kind", ["product", "customer", "category", "brand", "order", "order_status"])
def test_fetch_one(salla, client, kind):
    listed = next(iter(client.list(kind)))
    assert client.fetch(kind, str(listed["id"])) == listed
    assert client.fetch(kind, "1") is None


def test_a_sku_is_found_in_products_and_variants(salla, client):
    simple = next(row for row in salla.state.products.values() if row["sku"] and not row["skus"])
    varied = next(row for row in salla.state.products.values() if row["skus"])
    assert client.find_by_sku(simple["sku"])["id"] == simple["id"]
    assert client.find_by_sku(varied["skus"][1]["sku"])["id"] == varied["id"]
    assert client.find_by_sku("no such/sku?&") is None


def test_store_and_settings(salla, client):
    assert client.store_info()["id"] == salla.state.merchant_id
    assert client.prices_include_tax() is False
    salla.state.prices_include_tax = True
    assert client.prices_include_tax() is True


def test_an_expired_token_is_refreshed_once(salla, client, provider):
    salla.oauth.expire()
    assert next(client.list("brand"))
    assert len(provider.refused) == 1


def test_a_token_that_stays_refused_is_not_refreshed_again(salla, client, provider):
    salla.faults.add("/brands", "revoked", times=None)
    with pytest.raises(ShopError) as caught:
        next(client.list("brand"))
    assert (caught.value.kind, len(provider.refused)) == ("unauthorized", 1)


def test_a_missing_scope_is_no_reason_to_refresh(salla, client, provider):
    salla.oauth.scope = salla.oauth.scope.replace("brands.read", "")
    with pytest.raises(ShopError, match=r"brands\.read") as caught:
        next(client.list("brand"))
    assert (caught.value.kind, provider.refused) == ("forbidden", [])
    assert "scopes" in caught.value.step


@pytest.mark.parametrize(
    ("message", "kind", "step", "refreshes"),
    [
        ("The access token is invalid", "unauthorized", "Connect the store again", 1),
        ("invalid_grant", "unauthorized", "install the app again", 0),
        ("The User is not exists.", "unauthorized", "Somebody else", 0),
        ("حسابك غير مفعل", "unauthorized", "not active", 0),
        ("The access token should have access to one of those scopes: x", "forbidden", "scopes", 0),
    ],
)
def test_five_kinds_of_401(salla, client, provider, message, kind, step, refreshes):
    salla.faults.add("/brands", "refuse", times=None, status=401, message=message)
    with pytest.raises(ShopError, match=message) as caught:
        client.fetch("brand", "1")
    assert (caught.value.kind, len(provider.refused)) == (kind, refreshes)
    assert step in caught.value.step


def test_a_403_that_names_no_scope_is_a_ban_that_ends(salla, client, provider, clock):
    salla.faults.add("/brands", "abuse", times=2)
    for wait in (180, 360):
        with pytest.raises(ShopError, match="abuse") as caught:
            client.fetch("brand", "1")
        assert (caught.value.kind, caught.value.retry_after) == ("throttled", wait)
        calls = len(salla.log.entries)
        with pytest.raises(ShopError) as caught:
            client.fetch("order", "1")
        assert (caught.value.kind, len(salla.log.entries)) == ("throttled", calls)
        clock.now += wait
    assert client.fetch("brand", "1") is None
    assert provider.refused == []


def test_a_403_that_names_a_scope_is_for_a_person(salla, client):
    salla.faults.add("/brands", "refuse", status=403, message="This app lacks the scope brands.read")
    with pytest.raises(ShopError) as caught:
        client.fetch("brand", "1")
    assert (caught.value.kind, "missing scope" in caught.value.step) == ("forbidden", True)
    assert client.fetch("brand", "1") is None


def test_a_refusal_names_its_fields_in_the_shops_words(salla, client):
    with pytest.raises(ShopError, match="بيانات غير صحيحة order_id: حقل رقم الطلب مطلوب") as caught:
        client._api.get("/orders/items", {}, Budget(0))
    assert (caught.value.kind, caught.value.is_retryable) == ("refused", False)


def test_without_the_scope_for_shipments_an_order_is_still_read(salla, client):
    salla.oauth.scope = salla.oauth.scope.replace("shipping.read", "")
    order = client.fetch("order", str(next(iter(salla.state.orders))))
    assert order["items"]
    assert order["shipments"] == []


def test_a_list_waits_as_long_as_it_is_told_and_no_longer(salla, client, sleeps):
    salla.faults.add("/brands", "throttle", retry_after=7, times=3)
    assert len(list(client.list("brand"))) == 3
    assert sleeps == [7, 7, 7]
    salla.faults.add("/brands", "throttle", retry_after=20, times=None)
    with pytest.raises(ShopError) as caught:
        list(client.list("brand"))
    assert (caught.value.kind, caught.value.retry_after, sleeps) == ("throttled", 20, [7, 7, 7, 20])


def test_without_a_header_a_list_waits_a_little(salla, client, sleeps):
    salla.faults.add("/brands", "throttle")
    list(client.list("brand"))
    assert sleeps == [5]


def test_a_fetch_waits_shortly_and_not_longer(salla, client, sleeps):
    salla.faults.add("/brands", "throttle", retry_after=2)
    assert client.fetch("brand", str(next(iter(salla.state.brands))))
    salla.faults.add("/brands", "throttle", retry_after=4)
    with pytest.raises(ShopError) as caught:
        client.fetch("brand", "1")
    assert (caught.value.kind, caught.value.is_retryable, sleeps) == ("throttled", True, [2])
    assert (caught.value.http_status, caught.value.retry_after) == (429, 4)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "error"}, "offline"),
        ({"kind": "error", "status": 503}, "offline"),
        ({"kind": "html"}, "unreadable"),
    ],
)
def test_an_outage_is_told_from_nonsense(salla, client, fault, kind):
    salla.faults.add("/products", **fault)
    with pytest.raises(ShopError) as caught:
        client.fetch("product", str(next(iter(salla.state.products))))
    assert (caught.value.kind, caught.value.is_retryable) == (kind, True)


def test_a_dripping_answer_ends_at_the_deadline(salla, client):
    salla.faults.add("/products", "drip", seconds=0.3)
    with pytest.raises(ShopError, match="did not answer in time") as caught:
        list(client.list("product"))
    assert caught.value.kind == "offline"


def test_a_silent_shop_is_offline(salla, provider):
    client = SallaClient(provider, base_url=salla.api_url, http=replace(QUICK, read=0.2))
    salla.faults.add("/products", "slow", seconds=0.6)
    with pytest.raises(ShopError) as caught:
        next(client.list("product"))
    assert caught.value.kind == "offline"


def test_a_shop_at_a_private_address_is_not_read_unless_that_is_allowed(salla, provider):
    client = SallaClient(provider, base_url=salla.api_url)
    with pytest.raises(ShopError, match="not an https URL") as caught:
        client.fetch("brand", "1")
    assert (caught.value.kind, salla.log.entries) == ("refused", [])


def test_a_list_that_breaks_off_does_not_end_silently(salla, client):
    salla.api.per_page_cap = 10
    rows = client.list("product")
    got = [next(rows)["id"] for _ in range(10)]
    salla.faults.add("/products", "error")
    with pytest.raises(ShopError):
        next(rows)
    assert len(got) == 10


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("error", {"status": 404}),
        ("error", {"status": 410}),
        ("refuse", {"status": 410, "message": "This version is no longer available"}),
        ("refuse", {"status": 404, "message": "The route admin/v2/products could not be found."}),
    ],
)
def test_an_interface_that_ended_is_told_and_nothing_is_taken_for_deleted(salla, client, fault, options):
    """Pain 17: the version of a platform's interface ends. Only the shop's own word says that an entity is gone."""
    key = str(next(iter(salla.state.products)))
    salla.faults.add("/products", fault, times=None, **options)
    for read in (lambda: client.fetch("product", key), lambda: list(client.list("product"))):
        with pytest.raises(ShopError, match="/products") as caught:
            read()
        assert not caught.value.is_retryable
        assert "update this app" in caught.value.step


def test_an_entity_that_the_shop_says_is_gone_is_none(client):
    assert client.fetch("product", "999") is None


def test_the_registry_makes_a_client(salla, provider):
    store = Store("SM-STORE-00001", "Salla", "1", base_url=salla.api_url)
    assert len(list(registry.client(store, provider, http=QUICK).list("brand"))) == 3
    assert registry.get("salla").name == "salla"
    with pytest.raises(registry.UnknownPlatform, match="no platform 'zid'"):
        registry.get("zid")
