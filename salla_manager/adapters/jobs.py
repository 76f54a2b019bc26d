"""Wake-ups of background workers. They carry names only, and one that gets lost costs a minute: tasks.py sweeps."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.utils.background_jobs import get_job

# Workers that may be busy with one queue at a time.
SLOTS = 4


class FrappeJobs:
    def process_events(self) -> None:
        _after_commit("salla_manager.tasks.process_events", "salla_events")

    def dispatch(self, erp_instance: str) -> None:
        _after_commit(
            "salla_manager.tasks.take_turn",
            f"salla_dispatch_{erp_instance}",
            erp_instance=erp_instance,
        )


def _after_commit(method: str, base: str, **kwargs: Any) -> None:
    """`wake` now, or after the commit where a transaction of the hub is open: a job must not outrun its rows."""
    if getattr(frappe.local, "salla_transaction", False):
        frappe.db.after_commit.add(lambda: wake(method, base, **kwargs))
    else:
        wake(method, base, **kwargs)


def wake(
    method: str, base: str, *, queue: str = "default", timeout: int | None = None, **kwargs: Any
) -> None:
    """Enqueue unless such a job is waiting already. Running ones do not count: they may have looked before.
    timeout: seconds after which RQ breaks it off; the queue's own where it is left out."""
    try:
        for job_id in (f"{base}_{slot}" for slot in range(SLOTS)):
            job = get_job(job_id)
            status = _status(job)
            if status == "queued":
                return
            if status != "started":
                # RQ would mix the arguments of a finished job into a new one of the same id.
                if job:
                    job.delete()
                frappe.enqueue(method, queue=queue, timeout=timeout, job_id=job_id, **kwargs)
                return
    except Exception as error:
        # Redis is away: the rows are committed and the sweep finds them, so the request must not fail.
        frappe.logger("salla_manager").warning(f"No wake-up for {base}: {type(error).__name__}")


def _status(job: Any) -> str:
    status = job.get_status() if job else ""
    return str(getattr(status, "value", status))
