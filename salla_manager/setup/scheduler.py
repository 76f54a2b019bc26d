"""Scheduled jobs that would sleep for hours: Frappe keeps their last run as a time of the site's zone, so a zone
further west (the setup wizard chooses one) moves the next run into the future."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import frappe
from frappe.query_builder.functions import Coalesce
from frappe.utils import get_system_timezone

JOBS = "Scheduled Job Type"


def wake(doc: Any = None, method: str | None = None) -> None:
    """System Settings on_update, and after_migrate: jobs of ours that ran in the future ran just now."""
    # The saved document before the cache, which may still hold the old zone.
    zone = (doc.get("time_zone") if doc else None) or get_system_timezone()
    now = datetime.now(ZoneInfo(zone)).replace(tzinfo=None)
    jobs = frappe.qb.DocType(JOBS)
    late = (jobs.method.like("salla_manager.%")) & (Coalesce(jobs.last_execution, jobs.creation) > now)
    frappe.qb.update(jobs).set(jobs.last_execution, now).where(late).run()
