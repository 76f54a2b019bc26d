"""A store's calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# +03:00 all along, so it needs no zone database.
RIYADH = timezone(timedelta(hours=3))


def zone_of(name: str) -> tzinfo:
    """Riyadh's where the name is empty or not known here."""
    try:
        return ZoneInfo(name) if name else RIYADH
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return RIYADH


def day_of(moment: datetime, zone: str) -> date:
    return moment.astimezone(zone_of(zone)).date()
