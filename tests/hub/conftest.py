from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_kit import FakeExecutor, Hub


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
