"""How fast a shop is asked: a leaky bucket per limit, shared by all workers, in lanes of different urgency.

What a shop says of its limit in each answer is the truth; the bucket kept here only looks ahead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

ORDERS, STOCK, PRODUCTS, BACKFILL = "orders", "stock", "products", "backfill"
# How full a lane may make the bucket; the rest is kept for those before it.
_SHARES = {ORDERS: 0.9, STOCK: 0.7, PRODUCTS: 0.5, BACKFILL: 0.25}
# A wait that was kept to the end must not be found too short by the last digit of a float.
_SLACK = 1e-6
# Seconds after a ban; twice as long for each that follows, if it comes within BAN_MEMORY of the end of the last.
BAN, LONGEST_BAN, BAN_MEMORY = 180.0, 1800.0, 3600.0


@dataclass(frozen=True)
class Pace:
    """One bucket: `level` of `size` calls were in it at `seen` (Unix seconds), and `rate` leave it per second.

    size 0: the shop has not told its limit, so nothing is held back but until blocked_until (Unix seconds).
    bans: how many the shop has given in a row.
    """

    size: float = 0.0
    rate: float = 0.0
    level: float = 0.0
    seen: float = 0.0
    blocked_until: float = 0.0
    bans: float = 0.0


@dataclass(frozen=True)
class Told:
    """What an answer says: calls per minute, how many of them are left, when there are more (Unix seconds), and,
    if it is a refusal, the seconds to wait."""

    per_minute: int | None = None
    remaining: int | None = None
    reset: float | None = None
    refused_for: float | None = None


# From the pace as it is to the pace as it shall be, and seconds.
Change = Callable[[Pace], tuple[Pace, float]]


class PaceStore(Protocol):
    def change_pace(self, key: str, change: Change) -> float:
        """Apply `change` to the pace of this key (a new Pace where there is none) and keep the result; one at a time
        for this key across workers and hosts, and durable when it returns. Not within a transaction.
        """


def take(pace: Pace, lane: str, now: float) -> tuple[Pace, float]:
    """The bucket with one call more and 0, or as it is and the seconds after which to ask again."""
    pace = _drained(pace, now)
    if now < pace.blocked_until:
        return pace, pace.blocked_until - now
    if not pace.size:
        return pace, 0.0
    room = max(1.0, pace.size * _SHARES[lane]) - pace.level - 1
    if room >= -_SLACK:
        return replace(pace, level=pace.level + 1), 0.0
    return pace, -room / pace.rate


def learn(pace: Pace, told: Told, now: float) -> Pace:
    """The bucket after an answer. It is never taken for emptier than it was: other calls are on their way."""
    pace = _drained(pace, now)
    if told.per_minute:
        pace = replace(pace, size=float(told.per_minute), rate=told.per_minute / 60)
        if told.remaining is not None:
            pace = replace(pace, level=min(pace.size, max(pace.level, pace.size - told.remaining)))
    # An hour at most: a reset in milliseconds would stop the store for ever.
    if told.remaining == 0 and told.reset is not None and now < told.reset <= now + 3600:
        pace = replace(pace, blocked_until=max(pace.blocked_until, told.reset))
    if told.refused_for is not None:
        until = max(pace.blocked_until, now + told.refused_for)
        pace = replace(pace, level=pace.size, blocked_until=until)
    return pace


def banned(pace: Pace, now: float) -> tuple[Pace, float]:
    """The bucket after the shop has shut itself to us for a while that it does not name, and our seconds of waiting."""
    if now < pace.blocked_until:
        # Calls that were under way with the one that was refused first.
        return pace, pace.blocked_until - now
    bans = pace.bans + 1 if now < pace.blocked_until + BAN_MEMORY else 1.0
    wait = min(BAN * 2 ** (bans - 1), LONGEST_BAN)
    return replace(pace, bans=bans, blocked_until=now + wait), wait


def _drained(pace: Pace, now: float) -> Pace:
    # A clock that was set back drains nothing, and must not stop everything until it has caught up.
    passed = max(0.0, now - pace.seen)
    return replace(pace, level=max(0.0, pace.level - passed * pace.rate), seen=now)


class MemoryPaceStore:
    """For one process."""

    def __init__(self) -> None:
        self._paces: dict[str, Pace] = {}
        self._lock = threading.Lock()

    def change_pace(self, key: str, change: Change) -> float:
        with self._lock:
            self._paces[key], seconds = change(self._paces.get(key, Pace()))
            return seconds


class Pacer:
    """One worker's view of one bucket. fixed: (size, rate) of a limit that no answer tells."""

    def __init__(self, store: PaceStore, key: str, fixed: tuple[float, float] | None = None):
        self._store = store
        self._key = key
        self._fixed = fixed

    def take(self, lane: str, now: float) -> float:
        """0: ask now. Else the seconds to wait before asking again for a place."""
        return self._store.change_pace(self._key, lambda pace: take(self._known(pace), lane, now))

    def give_back(self) -> None:
        """The place that was taken is not used after all."""
        self._store.change_pace(self._key, lambda pace: (replace(pace, level=max(0.0, pace.level - 1)), 0.0))

    def rate(self) -> float:
        """Calls per second; 0 while the shop has not told its limit."""
        return self._store.change_pace(self._key, lambda pace: (pace, self._known(pace).rate))

    def learn(self, told: Told, now: float) -> None:
        self._store.change_pace(self._key, lambda pace: (learn(self._known(pace), told, now), 0.0))

    def ban(self, now: float) -> float:
        """Seconds until the shop is asked again."""
        return self._store.change_pace(self._key, lambda pace: banned(self._known(pace), now))

    def _known(self, pace: Pace) -> Pace:
        return replace(pace, size=self._fixed[0], rate=self._fixed[1]) if self._fixed else pace


class Budget:
    """Seconds of waiting that are left."""

    def __init__(self, seconds: float):
        self._left = seconds

    def has(self, seconds: float) -> bool:
        return seconds <= self._left

    def take(self, seconds: float) -> bool:
        if not self.has(seconds):
            return False
        self._left -= seconds
        return True
