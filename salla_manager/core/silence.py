"""Whether a shop has been silent for longer than is normal for it. Pure: what came in the past weeks decides."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
# Hours of a week; which day it begins with does not matter.
WEEK = 168
WEEKS = 8
_LEAST_WEEKS = 2
_IMPROBABLE = 1e-4


@dataclass(frozen=True)
class Activity:
    """active[hour of the week]: in how many of the past `weeks` something came in that hour."""

    weeks: int
    active: tuple[int, ...]


@dataclass(frozen=True)
class Silence:
    """since: of the last webhook. one_in: by the past weeks, of so many such spans one is silent."""

    since: datetime
    hours: int
    one_in: int


def hour_of(moment: datetime) -> int:
    """Whole hours since 1970."""
    return (moment - EPOCH) // HOUR


def learn(hours: Iterable[int], now: datetime) -> Activity:
    """hours: those, since 1970, in which at least one webhook came; only whole weeks before now count."""
    present = hour_of(now)
    seen = {hour for hour in hours if present - WEEKS * WEEK <= hour < present}
    weeks = (present - min(seen)) // WEEK if seen else 0
    active = [0] * WEEK
    for hour in seen:
        if hour >= present - weeks * WEEK:
            active[hour % WEEK] += 1
    return Activity(weeks, tuple(active))


def silence(activity: Activity, since: datetime, now: datetime) -> Silence | None:
    """None where the silence since the last webhook is nothing unusual, or the shop is not known for long enough."""
    if activity.weeks < _LEAST_WEEKS or now - since < HOUR:
        return None
    chance = _chance(activity, since, now)
    if chance > _IMPROBABLE:
        return None
    return Silence(since, (now - since) // HOUR, round(1 / max(chance, 1e-9)))


def _chance(activity: Activity, since: datetime, now: datetime) -> float:
    """That nothing comes in this span, if the hours do not depend on each other."""
    logarithm, at = 0.0, since
    while at < now:
        end = min(EPOCH + HOUR * (hour_of(at) + 1), now)
        logarithm += (end - at) / HOUR * math.log(1 - _share(activity, hour_of(at) % WEEK))
        at = end
    return math.exp(logarithm)


def _share(activity: Activity, hour: int) -> float:
    """How often something comes in this hour: with its neighbours, since a few weeks alone say little, and never 1."""
    counts = activity.active
    around = counts[hour - 1] + 2 * counts[hour] + counts[(hour + 1) % WEEK]
    return around / 4 / (activity.weeks + 1)
