"""Whatever value stands wherever in a signed payload: a verdict, never a crash, and a small answer."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from executor_kit import NOW, command, customer, line, order, product, sign_body, signed, variant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salla_executor.contract import dump_json
from salla_executor.core.answer import MOST, bounded

ODD = [
    *(None, True, 0, -1, 10**18, [], {}, [1], {"a": 1}, ["like", "%"], ["!=", "x"]),
    *("", " ", "-1", "NaN", "Infinity", "1E+5", "0.000001", "999999999999", "true", "%", "١٢"),
    *("<script>alert(1)</script>", '"<img src=x onerror=alert(1)>"', "a\u0000b", "a\nb", "\u202eabc\u200f"),
    *("'; DROP TABLE `tabItem`; -- %s", "{{ 7*7 }}", "قهوة", "😀", "x" * 141, "y" * 256, "z" * 65_536),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1899-01-01T00:00:00Z"),
]
ADDRESS = {"external_id": "1", "name": "Sara", "line1": "Road 1", "city": "Riyadh", "country_code": "SA"}
FULL = {
    "product": product(
        sale_price="9",
        barcode="1",
        brand_id="1",
        category_ids=["1"],
        images=["https://a.b/c.png"],
        weight="1",
    ),
    "variant": variant(barcode="2"),
    "customer": customer(addresses=[ADDRESS]),
    "category": {
        "external_id": "1",
        "name": "Cups",
        "parent_id": None,
        "sort_order": 1,
        "image": "https://a.b/",
    },
    "brand": {"external_id": "1", "name": "Acme", "description": "x"},
    "order_status": {"external_id": "1", "name": "New", "slug": "new", "sort_order": 1},
    "order": order(
        items=[line(note="n", options=[{"name": "a", "value": "b"}])], shipping={"address": ADDRESS}
    ),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in pairs:
        yield (*path, name)
        yield from places(child, (*path, name))


def damaged(payload: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    payload = copy.deepcopy(payload)
    holder: Any = payload
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    return payload


def check(shop, entity_type: str, payload: dict[str, Any], revision: int) -> None:
    sent = command(entity_type, payload, revision=revision, idempotency_key=f"odd-{entity_type}-{revision}")
    ack = shop.post(*signed(sent))
    told = f"{entity_type} {str(payload)[:300]} {ack.payload}"
    assert (ack.http_status, ack.payload["error_code"]) != (503, "internal"), told
    assert ack.http_status in (200, 422, 503), told
    assert len(ack.body()) < 64 * 1024
    assert not set(ack.payload["message"]) & set("<>")


@pytest.mark.parametrize("entity_type", FULL)
def test_one_odd_value(shop, entity_type):
    revision = 10
    for number, path in enumerate(places(FULL[entity_type])):
        # A third of the values at each place, another third at the next.
        for value in ODD[number % 3 :: 3]:
            revision += 1
            check(shop, entity_type, damaged(FULL[entity_type], path, value), revision)
    assert shop.store.errors == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_several_odd_values(shop, data):
    entity_type = data.draw(st.sampled_from(sorted(FULL)))
    payload = FULL[entity_type]
    for _ in range(3):
        path = data.draw(st.sampled_from(sorted(places(payload), key=str)))
        payload = damaged(payload, path, data.draw(st.sampled_from(ODD)))
        if not list(places(payload)):
            return
    sent = command(entity_type, payload, revision=data.draw(st.integers(1, 2**40)))
    ack = shop.post(*signed(sent))
    assert (ack.http_status, ack.payload["error_code"]) != (503, "internal"), ack.payload
    assert shop.store.errors == []


@pytest.mark.parametrize("field", ["store_account", "customer_account", "command_id", "command_type"])
@pytest.mark.parametrize("text", ["<b>", "a\u0000", "a\nb", "x" * 141, ["like", "%"], 7, True, {}])
def test_envelope_texts(bench, field, text):
    body, headers = signed(command("product", product()))
    body = dump_json({**json.loads(body), field: text})
    ack = bench.post(body, sign_body(body, headers["X-Idempotency-Key"]))
    assert (ack.http_status, ack.payload["error_code"]) == (400, "bad_envelope")
    assert bench.counts("inbox", "documents", "refs") == {"inbox": 0, "documents": 0, "refs": 0}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200)
    | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")),
    headers=st.dictionaries(
        st.sampled_from(["X-Instance-ID", "X-Timestamp", "X-Nonce", "X-Signature", "X-Idempotency-Key"]),
        st.text(max_size=80),
    ),
)
def test_any_headers_and_any_body_are_refused(bench, body, headers):
    _, proper = signed(command("product", product()))
    for sent in (headers, proper | headers):
        ack = bench.post(body, sent)
        assert (ack.ack_status, ack.http_status // 100) == ("rejected", 4)
        assert json.loads(ack.body())["ack_payload"]["error_code"]
    signed_well = sign_body(body, "any-body-key", now=NOW)
    ack = bench.post(body, signed_well)
    assert (ack.ack_status, ack.http_status) == ("rejected", 400)
    assert bench.counts("inbox", "documents") == {"inbox": 0, "documents": 0}


def test_an_answer_is_bounded_and_plain():
    rows = [f"<b>{number}</b> " + "x" * 900 for number in range(2000)]
    payload = {
        "message": "<i>" + "m" * 9000,
        "error_code": None,
        "changes": {"items": [rows, rows], "a": [None, 1]},
        "documents": [{"doctype": "Contact", "name": "C", "changes": {"a": [None, rows]}}] * 60,
    }
    small = bounded(payload)
    assert len(dump_json(small)) < 2 * MOST
    assert (len(small["message"]), small["message"][:3]) == (4000, "‹i›")
    assert small["changes"]["a"] == ["…", "…"]
    assert small["documents"][0] == {"doctype": "Contact", "name": "C"}
    assert small["documents"][-1] == "… 10 more"
    fitting = {
        "message": "ok",
        "changes": {"price": [None, "1.50"], "on": [False, True], "rows": [[], ["a"]]},
    }
    assert bounded(fitting) == fitting
