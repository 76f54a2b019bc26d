from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hub_kit import FakeExecutor, Hub

from sandbox.history import History

SIZES = {"products": 48, "customers": 22, "orders": 24, "categories": 6, "brands": 3}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with one store that points to one ERP Instance."""
    hub = Hub(str(tmp_path / "hub.db")).pair()
    yield hub
    hub.rows.close()


@pytest.fixture
def bare_hub(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(str(tmp_path / "hub.db"))
    yield hub
    hub.rows.close()


@pytest.fixture
def executor() -> Iterator[FakeExecutor]:
    executor = FakeExecutor()
    yield executor
    executor.stop()


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A store that is read without a socket, in small pages."""
    with closing(_history(tmp_path / "history.db")) as history:
        yield history


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[History]:
    """The same at 120 calls a minute."""
    with closing(_history(tmp_path / "slow.db", per_minute=120)) as history:
        yield history


def _history(path: Path, **options: Any) -> History:
    history = History(str(path), **SIZES, **options)
    history.salla.api.per_page_cap, history.salla.api.orders_per_page_cap = 15, 8
    return history
