"""How many held commands of one ERP Instance may go on: so many a minute, with a part kept for orders. Pure.

Kept is one moment per instance: until when its releases are spoken for. Each one moves it on by its share of a minute,
and it may lie a minute ahead at most; so a minute's worth may go at once, and no more than that a minute.
"""

from __future__ import annotations

from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
# What is neither an order nor waited for by one leaves the rest to those.
COMMON_SHARE = 0.75
TURN = "Goes on in its turn: no more than"


def spoken_until(
    kept: datetime | None, now: datetime, per_minute: int, *, is_urgent: bool
) -> datetime | None:
    """The moment to keep where one more may go now, None where it may not. per_minute > 0."""
    each = MINUTE / per_minute
    # At least one, however few a minute.
    room = max(MINUTE if is_urgent else MINUTE * COMMON_SHARE, each)
    following = max(kept or now, now) + each
    return following if following <= now + room else None


def turn_reason(per_minute: int, instance: str) -> str:
    return f"{TURN} {per_minute} held commands a minute are let go to {instance}."


def is_turn(reason: str) -> bool:
    return reason.startswith(TURN)
