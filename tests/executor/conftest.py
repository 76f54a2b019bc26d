import pytest
from executor_kit import INSTANCE, NOW, SECRET, Bench

from sandbox.executor_store import Store, default_settings


@pytest.fixture
def bench(tmp_path):
    """An executor without HTTP; its clock stands at NOW."""
    return Bench(Store(tmp_path / "executor.sqlite", default_settings(INSTANCE, SECRET), lambda: NOW))


@pytest.fixture
def shop(bench):
    """A bench that knows product 11."""
    from executor_kit import product

    assert bench.send("product", product()).ack_status == "applied"
    return bench
