"""When to try again. Pure: chance and time are passed in."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

RETRY_AFTER_CAP = 3600.0


def backoff(failures: int, base: float, cap: float, jitter: float) -> float:
    """Seconds until the next try: jitter * min(cap, base * 2^failures), full jitter.

    failures: tries that failed before this one, from 0; jitter: 0 <= jitter < 1.
    """
    # 2.0 ** 1024 overflows; the cap has been reached long before.
    ceiling = base * 2.0 ** min(max(failures, 0), 64)
    return max(0.0, min(cap, ceiling) * jitter)


def retry_after(value: str | None, now: datetime, cap: float = RETRY_AFTER_CAP) -> float | None:
    """Seconds that a Retry-After header asks for (delay or HTTP date), within 0 and cap; None if unreadable."""
    text = (value or "").strip()
    if not text.isascii():
        return None
    if text.isdigit():
        # More digits than the cap can have: no need to build the number.
        return cap if len(text) > 9 else min(float(text), cap)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return min(max((moment - now).total_seconds(), 0.0), cap)
