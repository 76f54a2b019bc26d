"""A slice of `make fuzz`: whatever is wrong with a request, it is refused with a bare ack and leaves nothing."""

import random

import pytest

from scripts.bad_requests import KINDS, Refused, run


def test_some_hundred_bad_requests_leave_nothing():
    executor = run(300, 20261120)
    assert sum(executor.statuses.values()) >= 300


@pytest.mark.parametrize("kind", dict.fromkeys(KINDS), ids=lambda kind: kind.__name__)
def test_each_kind_is_refused(kind, tmp_path):
    executor, rng = Refused(tmp_path / "executor.sqlite"), random.Random(7)
    for _ in range(30):
        executor.check(kind(rng))
    executor.check_rows()
