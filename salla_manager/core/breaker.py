"""The circuit breaker of a destination, as pure transitions.

closed --failures reach the limit, or one configuration error--> open --time is up--> half open
half open --probe failed--> open          half open --probe succeeded--> closed
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from salla_manager.core.model import Connection, Instance

CLOSED = "closed"
OPEN = "open"
HALF_OPEN = "half open"


@dataclass(frozen=True)
class Breaker:
    failures: int = 0
    open_until: datetime | None = None
    reason: str = ""

    def state(self, now: datetime) -> str:
        if self.open_until is None:
            return CLOSED
        return OPEN if now < self.open_until else HALF_OPEN


def breaker_of(destination: Instance | Connection) -> Breaker:
    return Breaker(
        destination.consecutive_failures, destination.breaker_open_until, destination.breaker_reason
    )


def after_success(breaker: Breaker) -> Breaker:
    return Breaker()


def after_failure(breaker: Breaker, now: datetime, *, limit: int, seconds: float, reason: str) -> Breaker:
    """One more failure in a row; opens for `seconds` when there are `limit` of them."""
    failures = breaker.failures + 1
    if breaker.open_until is None and failures < limit:
        return Breaker(failures)
    return Breaker(failures, now + timedelta(seconds=seconds), reason)


def opened(breaker: Breaker, now: datetime, *, seconds: float, reason: str) -> Breaker:
    """Open at once, as for a wrong secret or URL, or again after a failed probe."""
    return Breaker(breaker.failures + 1, now + timedelta(seconds=seconds), reason)


def probing(breaker: Breaker, now: datetime, *, seconds: float) -> Breaker:
    """Reserve the probe: others see the breaker open until this probe has told."""
    return Breaker(breaker.failures, now + timedelta(seconds=seconds), breaker.reason)
