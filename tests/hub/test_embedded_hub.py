"""The embedded hub over real HTTP: webhook in, command out, pull answered, outage healed."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from hub_kit import INSTANCE, SECRET, FakeExecutor, FakePlatform, FakeShop, body

from salla_manager import contract
from salla_manager.core.model import Settings
from salla_manager.core.outbox import absorb
from salla_manager.payloads import parse_payload
from salla_manager.platforms import registry
from sandbox.hub import EmbeddedHub

MERCHANT = "1305146709"


@pytest.fixture
def shop() -> FakeShop:
    return FakeShop()


@pytest.fixture
def embedded(
    tmp_path: Path, shop: FakeShop, executor: FakeExecutor, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EmbeddedHub]:
    monkeypatch.setattr(registry, "get", {"salla": FakePlatform()}.__getitem__)
    settings = Settings(breaker_probe_seconds=0.05, retry_backoff_seconds=0.05)
    hub = EmbeddedHub(
        tmp_path / "hub.db",
        settings=settings,
        webhook_secrets=("w",),
        client_for=lambda store: shop,
        sweep_seconds=0.02,
    )
    hub.add_instance(executor.url, SECRET)
    with hub:
        yield hub


def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def send(hub: EmbeddedHub, event: str, **data: object) -> requests.Response:
    raw = json.dumps({"event": event, "merchant": MERCHANT, "data": data}).encode()
    proof = hmac.new(b"w", raw, hashlib.sha256).hexdigest()
    return requests.post(hub.webhook_url, data=raw, headers={"X-Proof": proof}, timeout=5)


def test_a_webhook_becomes_one_effect(embedded: EmbeddedHub, executor: FakeExecutor) -> None:
    assert send(embedded, "product.updated", **body("product")).json()["ok"]
    store = embedded.add_store(MERCHANT, erp_instance=INSTANCE)
    until(lambda: embedded.counts()["command"] == {"Done": 1})
    assert (store.name, store.customer_account) == ("SM-STORE-00001", "CUST-0001")
    assert executor.orders == [("product", "1", 1)]
    until(embedded.is_idle)


def test_a_toggle_holds_and_releases(embedded: EmbeddedHub, executor: FakeExecutor) -> None:
    embedded.add_store(MERCHANT, erp_instance=INSTANCE)
    embedded.set_toggle("upsert_product", False)
    send(embedded, "product.updated", **body("product"))
    until(lambda: embedded.counts()["command"] == {"Held": 1})
    embedded.set_toggle("upsert_product", True)
    until(lambda: embedded.counts()["command"] == {"Done": 1})
    embedded.set_toggle("upsert_product", False, INSTANCE)
    send(embedded, "product.updated", **body("product", price="12"))
    until(lambda: embedded.counts()["command"] == {"Done": 1, "Held": 1})
    assert executor.calls == 1


def test_an_outage_is_survived(embedded: EmbeddedHub, executor: FakeExecutor) -> None:
    embedded.add_store(MERCHANT, erp_instance=INSTANCE)
    url = executor.url
    embedded.add_instance("http://127.0.0.1:9", SECRET, INSTANCE)
    for number in range(12):
        send(embedded, "brand.updated", **body("brand", external_id=str(number)))
    until(lambda: (instance := embedded.store.instance(INSTANCE)) and instance.breaker_open_until)
    assert executor.calls == 0
    embedded.add_instance(url, SECRET, INSTANCE)
    until(lambda: embedded.counts()["command"] == {"Done": 12})
    assert sorted(executor.effects.values()) == [1] * 12


def test_a_signed_pull_over_http(embedded: EmbeddedHub, shop: FakeShop, executor: FakeExecutor) -> None:
    store = embedded.add_store(MERCHANT, erp_instance=INSTANCE)
    shop.has("brand", body("brand"))
    raw = contract.dump_json({"store_id": store.name, "entity_types": ["brands"]})
    headers = contract.signed_headers(INSTANCE, SECRET, raw, "pull-0001", now=int(time.time()))
    answer = requests.post(embedded.url + contract.PULL_PATH, data=raw, headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["queued"]) == (200, {"brands": 1})
    until(lambda: executor.orders == [("brand", "1", 1)])
    assert requests.post(embedded.url + "/api/method/other", timeout=5).status_code == 404
    assert requests.get(embedded.webhook_url, timeout=5).status_code == 405


def test_it_goes_on_where_it_stopped(embedded: EmbeddedHub, executor: FakeExecutor) -> None:
    embedded.stop()
    absorb(
        parse_payload("product", body("product")),
        embedded.add_store(MERCHANT, erp_instance=INSTANCE),
        embedded.host,
    )
    assert embedded.counts()["command"] == {"Queued": 1}
    embedded.start()
    until(lambda: embedded.counts()["command"] == {"Done": 1})
