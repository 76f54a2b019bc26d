"""How fast a WooCommerce shop is asked. It tells no limit of its own, so one is set; a refusal is honoured all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from salla_manager.platforms.pace import Pacer, PaceStore, Told

PER_MINUTE = 240
_LONGEST_WAIT = 3600.0
_DEFAULT_WAIT = 10.0


class Limits:
    """The bucket of one store. now gives Unix seconds."""

    def __init__(self, paces: PaceStore, store: str, now: Callable[[], float], per_minute: int = PER_MINUTE):
        self._per_minute = max(1, per_minute)
        # As much at once as ten seconds give.
        fixed = (max(4.0, self._per_minute / 6), self._per_minute / 60)
        self._pacer = Pacer(paces, f"woocommerce store {store}", fixed)
        self._now = now

    def take(self, lane: str) -> float:
        """0: call now. Else the seconds to wait before asking for a place again."""
        return self._pacer.take(lane, self._now())

    def per_minute(self) -> int:
        return self._per_minute

    def learn(self, status: int, headers: Mapping[str, str]) -> float:
        """The seconds to wait of a refusal, else 0."""
        if status != 429 and not (status == 503 and headers.get("retry-after", "").strip()):
            return 0.0
        wait = self._wait(headers.get("retry-after", "").strip())
        self._pacer.learn(Told(refused_for=wait), self._now())
        return wait

    def _wait(self, given: str) -> float:
        if given.isdigit():
            return min(max(0.1, float(given)), _LONGEST_WAIT)
        try:
            return min(max(0.1, parsedate_to_datetime(given).timestamp() - self._now()), _LONGEST_WAIT)
        except (TypeError, ValueError):
            return _DEFAULT_WAIT
