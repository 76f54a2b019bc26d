import copy
from pathlib import Path

import pytest

from salla_manager.platforms.body import load_body
from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.salla.platform import SALLA
from sandbox.salla.server import SimulatedSalla

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def fixture():
    """The parsed body of a fixture by name."""
    return lambda name: load_body((FIXTURES / f"{name}.json").read_bytes())


@pytest.fixture
def order(fixture):
    """A whole order as the client puts it together."""
    return {**fixture("order_light")["data"], "items": fixture("order_items")["data"], "shipments": []}


@pytest.fixture
def normalize():
    """The first payload of a body."""
    return lambda kind, body, **context: SALLA.normalize(
        kind, copy.deepcopy(body), StoreContext(**{"currency": "SAR", **context})
    )[0]


@pytest.fixture
def salla():
    with SimulatedSalla() as server:
        yield server
