"""Wake-ups of background workers. They carry names only, and one that gets lost costs a minute: tasks.py sweeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError

import frappe
from frappe.utils.background_jobs import get_job

# Workers that may be busy with one queue at a time.
SLOTS = 4
# So long the worker that was woken last is trusted to come, or to look again; then one more is woken.
AWAKE, AWAKE_SECONDS = "salla_events_awake", 2


class FrappeJobs:
    def process_events(self) -> None:
        _when_committed(_wake_for_events)

    def dispatch(self, destination: str) -> None:
        base = f"salla_dispatch_{destination}"
        _when_committed(lambda: wake("salla_manager.tasks.take_turn", base, destination=destination))


def _when_committed(work: Callable[[], None]) -> None:
    """Now, or after the commit where a transaction of the hub is open: a job must not outrun its rows."""
    if getattr(frappe.local, "salla_transaction", False):
        frappe.db.after_commit.add(work)
    else:
        work()


def _wake_for_events() -> None:
    if _is_first():
        wake("salla_manager.tasks.process_events", "salla_events")


def _is_first() -> bool:
    """Whether nobody is awake for events; whoever is takes the mark away before it looks for the last time."""
    try:
        key = frappe.cache.make_key(AWAKE)
        return bool(frappe.cache.set(key, 1, nx=True, ex=AWAKE_SECONDS))
    except RedisError:
        return True


def fall_asleep() -> None:
    """From here on events wake somebody; those of before are found by one more look."""
    try:
        frappe.cache.delete(frappe.cache.make_key(AWAKE))
    except RedisError:
        # It ends by itself.
        return


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
