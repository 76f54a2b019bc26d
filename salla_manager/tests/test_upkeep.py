"""Retention, wake-ups, the sweep, and that every path in hooks, patches and scripts leads somewhere."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from unittest.mock import MagicMock, patch

from redis.exceptions import RedisError

import frappe
from frappe.modules.patch_handler import get_all_patches
from frappe.utils import add_days, now_datetime

from salla_manager import hooks, install, tasks
from salla_manager.adapters import jobs
from salla_manager.adapters.nonce_store import purge_nonces
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.core.model import CommandStatus
from salla_manager.tests.factories import (
    LONG_AGO,
    HubCase,
    make_command,
    make_event,
    make_instance,
    make_record,
    make_store,
)

COMMAND, EVENT = "Outbound Client Command", "Salla Incoming Log"


def age(doctype: str, name: str, days: int) -> None:
    moment = add_days(now_datetime(), -days)
    frappe.db.set_value(doctype, name, {"creation": moment, "modified": moment}, update_modified=False)
    frappe.db.commit()


class TestRetention(HubCase):
    def setUp(self):
        super().setUp()
        self.instance = make_instance()
        self.record = make_record(make_store(), "p-1")

    def test_only_finished_commands_are_deleted(self):
        statuses = ("Queued", "Waiting", "Held", "Dead", "Done", "Superseded", "Cancelled")
        names = {status: make_command(self.record, self.instance, status=status) for status in statuses}
        for name in names.values():
            age(COMMAND, name, 400)
        young = make_command(self.record, self.instance, status=CommandStatus.DONE)
        _controller(COMMAND).clear_old_logs(days=180)
        left = {status for status, name in names.items() if frappe.db.exists(COMMAND, name)}
        assert left == {"Queued", "Waiting", "Held", "Dead"}
        assert frappe.db.exists(COMMAND, young)

    def test_only_finished_events_are_deleted(self):
        hub = FrappeHubStore()
        statuses = ("Received", "Failed", "Unknown Store", "No Access", "Processed", "Ignored", "Stale")
        names = {}
        for status in statuses:
            with hub.transaction():
                names[status], _ = hub.add_event(make_event(status, status=status))
            age(EVENT, names[status], 400)
        _controller(EVENT).clear_old_logs(days=90)
        left = {status for status, name in names.items() if frappe.db.exists(EVENT, name)}
        assert left == {"Received", "Failed", "Unknown Store", "No Access"}

    def test_payloads_of_finished_commands_are_blanked(self):
        done = make_command(self.record, self.instance, status=CommandStatus.DONE)
        dead = make_command(self.record, self.instance, status=CommandStatus.DEAD)
        for name in (done, dead):
            age(COMMAND, name, 400)
        tasks.daily()
        assert [frappe.db.get_value(COMMAND, name, "payload") for name in (done, dead)] == ["", "{}"]

    def test_each_log_of_the_hook_can_be_cleared(self):
        for doctype, days in hooks.default_log_clearing_doctypes.items():
            with self.subTest(doctype):
                assert callable(_controller(doctype).clear_old_logs)
                assert days >= 90


class TestNonces(HubCase):
    def test_they_outlive_their_window_and_not_much_more(self):
        hub, now = FrappeHubStore(), LONG_AGO
        nonce = frappe.generate_hash(length=20)
        assert hub.remember_nonce("A", nonce, now + timedelta(seconds=660))
        purge_nonces(now + timedelta(seconds=659))
        assert not hub.remember_nonce("A", nonce, now)
        assert hub.remember_nonce("B", nonce, now + timedelta(seconds=1))
        purge_nonces(now + timedelta(seconds=661))
        assert hub.remember_nonce("A", nonce, now)
        purge_nonces(now + timedelta(seconds=661))


class TestWakeUps(HubCase):
    def wake(self, *states):
        found = [MagicMock(get_status=MagicMock(return_value=state)) if state else None for state in states]
        found += [None] * (jobs.SLOTS - len(found))
        self.enqueue.reset_mock()
        with patch("salla_manager.adapters.jobs.get_job", side_effect=found):
            jobs.wake("m", "base")
        return [call.kwargs["job_id"] for call in self.enqueue.call_args_list]

    def test_a_waiting_job_is_enough(self):
        assert self.wake("queued") == []
        assert self.wake("started", "queued") == []

    def test_a_running_job_is_not(self):
        assert self.wake("started") == ["base_1"]
        assert self.wake() == ["base_0"]
        assert self.wake("finished") == ["base_0"]

    def test_workers_have_an_end(self):
        assert self.wake(*["started"] * jobs.SLOTS) == []

    def test_redis_away_is_no_failure(self):
        with patch("salla_manager.adapters.jobs.get_job", side_effect=ConnectionError):
            jobs.wake("m", "base")

    def test_within_a_transaction_the_job_waits_for_the_commit(self):
        hub = FrappeHubStore()
        with patch("salla_manager.adapters.jobs.wake") as wake:
            with hub.transaction():
                jobs.FrappeJobs().dispatch("I")
                wake.assert_not_called()
            wake.assert_called_once()
            jobs.fall_asleep()
            jobs.FrappeJobs().process_events()
            assert wake.call_count == 2

    def test_who_is_awake_is_not_woken_again_until_it_says_so(self):
        jobs.fall_asleep()
        with patch("salla_manager.adapters.jobs.wake") as wake:
            for _ in range(3):
                jobs.FrappeJobs().process_events()
            assert wake.call_count == 1
            jobs.fall_asleep()
            jobs.FrappeJobs().process_events()
            assert wake.call_count == 2
        left = frappe.cache.pttl(frappe.cache.make_key(jobs.AWAKE))
        assert 0 < left <= 1000 * jobs.AWAKE_SECONDS

    def test_without_a_cache_everybody_wakes(self):
        with (
            patch("salla_manager.adapters.jobs.wake") as wake,
            patch.object(frappe.cache, "set", side_effect=RedisError),
            patch.object(frappe.cache, "delete", side_effect=RedisError),
        ):
            jobs.FrappeJobs().process_events()
            jobs.fall_asleep()
        wake.assert_called_once()

    def test_it_looks_once_more_after_it_has_said_that_it_sleeps(self):
        happened = []

        def look(*_):
            happened.append("look")
            # What came before the mark was gone has woken nobody.
            return MagicMock(events={"Processed": 1} if len(happened) == 3 else {})

        with (
            patch("salla_manager.tasks.process.process_due_events", side_effect=look),
            patch("salla_manager.tasks.fall_asleep", side_effect=lambda: happened.append("sleep")),
        ):
            assert tasks.process_events() == {"Processed": 1}
        assert happened == ["look", "sleep", "look", "look"]


class TestSweep(HubCase):
    def test_a_failing_step_does_not_stop_the_others(self):
        with (
            patch("salla_manager.tasks.free_leases", side_effect=OSError("x")),
            patch("salla_manager.tasks.release_parked") as released,
            patch("salla_manager.tasks.dispatch_due") as dispatched,
            patch("salla_manager.tasks.process_events") as processed,
        ):
            tasks.every_minute()
        for step in (released, dispatched, processed):
            step.assert_called_once()


class TestPaths(HubCase):
    def test_hooks(self):
        events = hooks.scheduler_events
        paths = [hooks.after_install, hooks.before_uninstall, *hooks.after_request]
        paths += [path for name in ("daily_long", "hourly", "hourly_long") for path in events[name]]
        paths += [path for cron in events["cron"].values() for path in cron]
        for path in paths:
            assert callable(frappe.get_attr(path)), path

    def test_jobs(self):
        for source in ("adapters/jobs.py", "api/operations.py", "tasks.py"):
            text = (_app() / source).read_text()
            for path in re.findall(r'"(salla_manager\.tasks\.\w+)"', text):
                assert callable(frappe.get_attr(path)), path

    def test_patches(self):
        for patch_line in get_all_patches():
            if patch_line.startswith("salla_manager."):
                assert callable(import_module(patch_line.split()[0]).execute)

    def test_buttons(self):
        names = set()
        for script in _app().rglob("*.js"):
            text = script.read_text()
            if "salla_manager.api.operations." not in text:
                continue
            names |= set(re.findall(r"salla_manager\.api\.operations\.(\w+)", text))
            names |= set(re.findall(r'(?:each\(list|run\(frm), "(\w+)"', text))
            names |= set(re.findall(r'call\("(\w+)", frm\)', text))
        assert len(names) > 6
        for name in names:
            assert frappe.get_attr(f"salla_manager.api.operations.{name}") in frappe.whitelisted, name

    def test_installing_again_changes_nothing(self):
        before = frappe.db.get_singles_dict("Salla Manager Settings")
        install.after_install()
        assert frappe.db.get_singles_dict("Salla Manager Settings") == before


def _app() -> Path:
    return Path(frappe.get_app_path("salla_manager"))


def _controller(doctype: str):
    return frappe.model.base_document.get_controller(doctype)
