"""The database's clock: leases of several hosts must agree on the time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import frappe


class FrappeClock:
    def __init__(self) -> None:
        (row,) = frappe.db.sql("select utc_timestamp(6)")
        self._origin: datetime = row[0].replace(tzinfo=timezone.utc)
        self._started = time.monotonic()

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=time.monotonic() - self._started)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
