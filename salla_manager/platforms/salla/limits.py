"""Salla's limits: one of the store's plan, and one of all customers' calls from one address.

ref: docs.salla.dev/421125m0 (limits), docs.salla.dev/421127m0 (change log 2.9.1: customers)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from salla_manager.platforms.pace import Pacer, PaceStore, Told

# 500 in ten minutes for all stores together, however Salla counts: 50 at once and 45 a minute.
_CUSTOMERS = (50.0, 0.75)
_DEFAULT_WAIT = 5.0


class Limits:
    """The buckets of one store. now gives Unix seconds."""

    def __init__(self, paces: PaceStore, store: str, now: Callable[[], float]):
        self._store = Pacer(paces, f"salla store {store}")
        self._customers = Pacer(paces, "salla customers", _CUSTOMERS)
        self._now = now

    def take(self, path: str, lane: str) -> float:
        """0: call now. Else the seconds to wait before asking for a place again."""
        is_shared = _is_of_customers(path)
        if is_shared and (wait := self._customers.take(lane, self._now())):
            return wait
        wait = self._store.take(lane, self._now())
        if wait and is_shared:
            self._customers.give_back()
        return wait

    def per_minute(self) -> int:
        """Calls a minute of the store's plan; 0 where no answer has told it yet."""
        return round(self._store.rate() * 60)

    def learn(self, path: str, status: int, headers: Mapping[str, str]) -> float:
        """Take over what an answer says; gives the seconds to wait of a refusal, else 0."""
        wait = self._wait(headers) if is_throttled(status, headers) else None
        if _is_of_customers(path):
            # Whose figures such an answer carries, the store's or the address's, is told nowhere.
            told, pacer = Told(refused_for=wait), self._customers
        else:
            names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
            told = Told(*(_whole(headers, name) for name in names), wait)
            pacer = self._store
        if told != Told():
            pacer.learn(told, self._now())
        return wait or 0.0

    def ban(self) -> float:
        """Salla takes our calls for abuse; gives the seconds to wait. All of the store's calls wait."""
        return self._store.ban(self._now())

    def _wait(self, headers: Mapping[str, str]) -> float:
        given = headers.get("retry-after", "").strip()
        if given.isdigit():
            return max(0.1, float(given))
        try:
            return max(0.1, parsedate_to_datetime(given).timestamp() - self._now())
        except (TypeError, ValueError):
            pass
        reset = _whole(headers, "x-ratelimit-reset")
        return max(0.1, reset - self._now()) if reset is not None else _DEFAULT_WAIT


def is_throttled(status: int, headers: Mapping[str, str]) -> bool:
    """Too many calls; Salla answers 403 for a while where it takes them for abuse."""
    return status == 429 or (status == 403 and "retry-after" in headers)


def _is_of_customers(path: str) -> bool:
    return path.startswith("/customers")


def _whole(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if value.isdigit() and len(value) < 12 else None
