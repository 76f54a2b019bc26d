from __future__ import annotations

from datetime import timedelta

import pytest
from hub_kit import NOW
from hypothesis import given
from hypothesis import strategies as st

from salla_manager.core import breaker
from salla_manager.core.breaker import Breaker
from salla_manager.core.retry import backoff, retry_after


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 15), (1, 30), (2, 60), (6, 960), (20, 10_800), (10**6, 10_800)]
)
def test_backoff_doubles_up_to_the_cap(failures: int, seconds: float) -> None:
    assert backoff(failures, base=30, cap=21_600, jitter=0.5) == seconds


@given(
    st.integers(-5, 10**6),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 1, exclude_max=True),
)
def test_backoff_stays_within_zero_and_cap(failures: int, base: float, cap: float, jitter: float) -> None:
    assert 0 <= backoff(failures, base, cap, jitter) <= cap


RETRY_AFTER = [
    ("0", 0),
    (" 120 ", 120),
    ("1000000000", 3600),
    ("9" * 5000, 3600),
    ("Fri, 20 Nov 2026 12:02:00 GMT", 120),
    ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
    ("Fri, 20 Nov 2099 11:00:00 GMT", 3600),
    ("Fri, 20 Nov 2026 12:02:00 -0000", 120),
    ("-5", None),
    ("1.5", None),
    ("soon", None),
    ("", None),
    (None, None),
    ("٣٠", None),
]


@pytest.mark.parametrize(("value", "seconds"), RETRY_AFTER)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=40))
def test_retry_after_never_raises(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 3600


def test_the_breaker_opens_at_the_limit_and_not_before() -> None:
    state = Breaker()
    for _ in range(4):
        state = breaker.after_failure(state, NOW, limit=5, seconds=60, reason="refused")
        assert state.state(NOW) == breaker.CLOSED
    state = breaker.after_failure(state, NOW, limit=5, seconds=60, reason="refused")
    assert state == Breaker(5, NOW + timedelta(seconds=60), "refused")
    assert state.state(NOW) == breaker.OPEN
    assert state.state(NOW + timedelta(seconds=60)) == breaker.HALF_OPEN


def test_sporadic_failures_do_not_open_it() -> None:
    state = Breaker()
    for _ in range(20):
        state = breaker.after_failure(state, NOW, limit=5, seconds=60, reason="refused")
        state = breaker.after_success(state)
    assert state == Breaker()


def test_a_configuration_error_opens_it_at_once() -> None:
    assert breaker.opened(Breaker(), NOW, seconds=60, reason="401").state(NOW) == breaker.OPEN


def test_a_probe_is_reserved_and_its_failure_opens_anew() -> None:
    later = NOW + timedelta(seconds=61)
    state = Breaker(5, NOW + timedelta(seconds=60), "refused")
    assert breaker.probing(state, later, seconds=60).state(later) == breaker.OPEN
    again = breaker.after_failure(state, later, limit=5, seconds=60, reason="still")
    assert again == Breaker(6, later + timedelta(seconds=60), "still")
