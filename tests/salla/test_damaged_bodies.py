"""Whatever value turns up wherever: a payload or a NormalizeError, never another exception."""

import copy
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salla_manager.payloads import dump_payload
from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import NormalizeError, StoreContext
from salla_manager.platforms.salla.platform import SALLA

FIXTURES = Path(__file__).parent / "fixtures"
ODD = [
    *(
        None,
        True,
        False,
        0,
        -1,
        10**19,
        10**12,
        "",
        "null",
        "x",
        "٥",
        [],
        {},
        [None],
        [[]],
        {"amount": []},
        "1e30",
    ),
    *(Decimal("1e15"), Decimal("99999999999.99"), "\u0000", "a" * 600, {"amount": {"amount": "9" * 30}}),
]


def load(name):
    return load_body((FIXTURES / f"{name}.json").read_bytes())["data"]


def bodies():
    shipment = load_body((FIXTURES / "shipment_live.json").read_bytes())["data"]
    return {
        "order": {**load("order_light"), "items": load("order_items"), "shipments": [shipment]},
        "product": load("product_variants"),
        "customer": load("order_light")["customer"],
        "order_status": load("statuses")[1],
    }


BODIES = bodies()


def paths(value, path=()):
    """Every place in a body."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield (*path, key)
        yield from paths(child, (*path, key))


def damaged(body, path, value):
    body = copy.deepcopy(body)
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return body


def check(kind, body):
    try:
        payloads = SALLA.normalize(kind, body, StoreContext(currency="SAR"))
    except NormalizeError:
        return
    for payload in payloads:
        json.dumps(dump_payload(payload))


@pytest.mark.parametrize("kind", BODIES)
def test_one_damaged_place(kind):
    for path in paths(BODIES[kind]):
        for value in ODD:
            check(kind, damaged(BODIES[kind], path, value))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_several_damaged_places(data):
    kind = data.draw(st.sampled_from(sorted(BODIES)))
    body = BODIES[kind]
    for _ in range(3):
        path = data.draw(st.sampled_from(sorted(paths(body), key=str)))
        body = damaged(body, path, data.draw(st.sampled_from(ODD)))
        if not list(paths(body)):
            break
    check(kind, body)
