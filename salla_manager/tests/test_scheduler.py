"""A changed time zone does not put the sweep to sleep."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import frappe
from frappe.tests.utils import FrappeTestCase
from frappe.utils import get_datetime, now_datetime

from salla_manager.setup.scheduler import wake

SWEEP = {"method": "salla_manager.tasks.every_minute"}


class TestScheduler(FrappeTestCase):
    def tearDown(self) -> None:
        frappe.db.rollback()

    def ran(self, at: datetime | None, created: datetime) -> None:
        frappe.db.set_value("Scheduled Job Type", SWEEP, {"last_execution": at, "creation": created})

    def last(self) -> datetime:
        return get_datetime(frappe.db.get_value("Scheduled Job Type", SWEEP, "last_execution"))

    def test_a_job_from_the_future_ran_just_now(self) -> None:
        for at in (None, now_datetime() + timedelta(hours=2)):
            self.ran(at, now_datetime() + timedelta(hours=2))
            wake()
            self.assertLess(abs(self.last() - now_datetime()), timedelta(minutes=1))

    def test_a_job_of_the_past_is_left_alone(self) -> None:
        past = now_datetime() - timedelta(hours=1)
        self.ran(past, past)
        wake()
        self.assertEqual(self.last(), past)

    def test_the_zone_that_was_just_saved_counts(self) -> None:
        now = now_datetime()
        self.ran(now, now)
        wake(frappe._dict(time_zone="America/Anchorage"))
        anchorage = datetime.now(ZoneInfo("America/Anchorage")).replace(tzinfo=None)
        self.assertLess(abs(self.last() - anchorage), timedelta(minutes=1))

    def test_saving_system_settings_calls_it(self) -> None:
        self.ran(None, now_datetime() + timedelta(hours=2))
        frappe.get_doc("System Settings").save()
        self.assertLess(abs(self.last() - now_datetime()), timedelta(minutes=1))
