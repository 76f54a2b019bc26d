"""Backfills on MariaDB against the simulated store: plan, turns, kills, buttons."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import frappe

from salla_manager import reading, tasks
from salla_manager.adapters.clock import FrappeClock
from salla_manager.adapters.health import read_health
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.adapters.sync_store import FrappeSyncStore, changes_name
from salla_manager.api import backfills, operations
from salla_manager.core import backfill
from salla_manager.core.backfill import LEASE
from salla_manager.core.sync_run import RunStatus, SyncRun
from salla_manager.setup import backfill as terminal
from salla_manager.tests.factories import HubCase, beside, make_store
from salla_manager.tests.shop import Killed, SimulatedShop
from salla_manager.tests.test_permissions import OPERATOR, user_with

SIZES = {"products": 24, "customers": 10, "orders": 12, "categories": 4, "brands": 2}
RUN = "Sync Run"


class BackfillCase(HubCase):
    def setUp(self):
        super().setUp()
        self.told = self.patched("salla_manager.adapters.alarms.enqueue_create_notification")
        self.shop = SimulatedShop(**SIZES)
        self.patched(
            "salla_manager.adapters.host.client_for", side_effect=lambda store: self.shop.client(store)
        )
        # Without an ERP Instance its commands are held, so that no worker of the site takes them.
        self.store = make_store()
        self.runs = FrappeSyncStore()

    def plan(self, *plurals):
        return self.planned(self.store, *plurals)["run"]

    def planned(self, store, *plurals):
        """As the worker does it."""
        with patch("frappe.publish_realtime"):
            return tasks.plan_backfill(store, list(plurals) or None)

    def begin(self, *plurals):
        name = self.plan(*plurals)
        backfills.start(name)
        return name

    def row(self, name):
        frappe.db.rollback()
        return frappe.get_doc(RUN, name)

    def commands(self):
        """How many commands each entity has."""
        frappe.db.rollback()
        rows = frappe.db.sql(
            """select entity_type, external_id, count(*) from `tabOutbound Client Command` where store = %s
            group by entity_type, external_id""",
            self.store,
        )
        return {(entity_type, external_id): count for entity_type, external_id, count in rows}

    def assert_everything_came_once(self):
        state, commands = self.shop.salla.state, self.commands()
        assert set(commands.values()) == {1}
        for kind, there in (("order", state.orders), ("customer", state.customers), ("brand", state.brands)):
            assert {f"{key}" for key in there} <= {key for found, key in commands if found == kind}, kind
        records = frappe.db.count("External Record", {"store": self.store, "entity_type": "product"})
        assert records == len(state.products)


class TestBackfill(BackfillCase):
    def test_the_plan_is_a_row_with_counts_and_calls(self):
        figures = self.planned(self.store)
        totals = {kind: row["total"] for kind, row in figures["entities"].items()}
        assert (totals["product"], totals["customer"], totals["order"]) == (24, 10, 12)
        row = self.row(figures["run"])
        assert (row.status, row.kind, row.store, row.percent) == ("Planned", "Backfill", self.store, 0)
        assert (row.calls, row.calls_left) == (figures["calls"], figures["calls_left"])
        assert figures["calls"] > 12 * 3
        assert [step["entity_type"] for step in json.loads(row.steps)][-1] == "order"
        assert self.commands() == {}

    def test_it_comes_to_its_end_and_a_second_one_queues_nothing(self):
        name = self.begin()
        run = reading.read_on(name, 1e9)
        row = self.row(name)
        assert (run.status, row.status, row.percent, row.calls_left) == ("Done", "Done", 100, 0)
        assert row.started_at
        assert row.finished_at >= row.started_at
        assert (row.lease_token, row.lease_until) == ("", 0)
        self.assert_everything_came_once()
        assert self.runs.watermark(self.store, "order") == run.started_at
        before = self.commands()
        again = reading.read_on(self.begin(), 1e9)
        assert [step.queued for step in again.steps] == [0] * 6
        assert self.commands() == before

    def test_a_turn_ends_and_the_next_one_is_handed_over(self):
        name = self.begin("products")
        self.enqueue.reset_mock()
        with patch.object(reading, "TURN_SECONDS", 0.0):
            reading.read_on(name, 0.0)
            assert self.row(name).status == "Running"
        reading.take_turn(name)
        assert self.row(name).status == "Done"
        self.enqueue.assert_not_called()

    def test_a_kill_costs_a_page_and_nothing_twice(self):
        name = self.begin()
        planned = self.shop.calls()
        self.shop.kill_at(20)
        with self.assertRaises(Killed):
            reading.read_on(name, 1e9)
        frappe.db.rollback()
        arrived = len(self.commands())
        assert arrived
        assert reading.read_on(name, 1e9) is None
        assert name not in self.runs.due_runs(FrappeClock().now())
        # Its lease ends.
        assert name in self.runs.due_runs(FrappeClock().now() + LEASE + timedelta(seconds=1))
        frappe.db.set_value(RUN, name, "lease_until", 1, update_modified=False)
        frappe.db.commit()
        assert reading.read_on(name, 1e9).status == "Done"
        self.assert_everything_came_once()
        # The page it was on, and of an order what had been read.
        assert self.shop.calls() - planned <= self.row(name).calls + 1 + 3 + 3

    def test_pause_resume_and_cancel_while_a_worker_reads(self):
        name = self.begin("orders")

        def press(button):
            def before(path):
                if path.startswith("/orders/items"):
                    self.shop.salla.before = lambda path: None
                    # On a connection of its own: this one is in the middle of its work.
                    thread, result = beside(lambda: button(name))
                    thread.join(20)
                    assert result == [None], result

            self.shop.salla.before = before

        press(backfills.pause)
        run = reading.read_on(name, 1e9)
        assert (run.status, run.message) == (RunStatus.PAUSED, backfill.PAUSED)
        done = self.row(name).percent
        assert 0 < done < 100
        self.told.assert_not_called()
        backfills.start(name)
        assert self.row(name).message == ""
        press(backfills.cancel)
        assert reading.read_on(name, 1e9).status == RunStatus.CANCELLED
        row = self.row(name)
        assert (row.status, bool(row.finished_at)) == ("Cancelled", True)
        with self.assertRaisesRegex(frappe.ValidationError, "is Cancelled"):
            backfills.start(name)

    def test_one_open_run_per_store_also_at_once(self):
        with FrappeHubStore().transaction():
            assert self.runs.open_runs(self.store) == []
            planning, result = beside(
                lambda: backfill.plan(tasks.build_host(), FrappeSyncStore(), self.store)
            )
            planning.join(1.5)
            planned = SyncRun("", self.store, RunStatus.PLANNED, (), FrappeClock().now())
            mine = self.runs.add_run(planned)
        planning.join(20)
        assert f"{mine} of {self.store} is Planned" in str(result[0])
        assert [run.name for run in self.runs.open_runs(self.store)] == [mine]
        with patch("frappe.publish_realtime") as said:
            assert tasks.plan_backfill(self.store) == {}
        assert "Finish or cancel it first" in said.call_args.args[1]
        with self.assertRaisesRegex(frappe.ValidationError, "Finish or cancel it first"):
            backfills.plan(self.store)

    def test_what_needs_a_person_pauses_and_is_told_once(self):
        name = self.begin("products")
        self.shop.salla.oauth.scope = ""
        reading.read_on(name, 1e9)
        row = self.row(name)
        assert (row.status, "Resume it then." in row.message) == ("Paused", True)
        assert self.told.call_count == 1
        assert reading.read_on(name, 1e9) is None
        assert self.told.call_count == 1

    def test_what_nobody_foresaw_pauses_instead_of_repeating_itself(self):
        name = self.begin("products")
        with patch.object(FrappeSyncStore, "queued_commands", side_effect=OSError("secret words")):
            reading.read_on(name, 1e9)
        row = self.row(name)
        assert (row.status, row.message.split(" stopped")[0]) == ("Paused", "An unforeseen OSError")
        assert "secret" not in row.message
        backfills.start(name)
        frappe.db.set_value(RUN, name, "lease_until", 1, update_modified=False)
        frappe.db.commit()
        assert reading.read_on(name, 1e9).status == "Done"

    def test_a_shop_that_is_away_is_tried_again_by_itself(self):
        name = self.begin("products")
        self.shop.salla.faults.add("/products", "error")
        run = reading.read_on(name, 1e9)
        now = FrappeClock().now()
        assert (run.status, run.due_at > now) == (RunStatus.RUNNING, True)
        assert name not in self.runs.due_runs(now)
        assert name in self.runs.due_runs(now + timedelta(minutes=2))
        self.enqueue.reset_mock()
        reading.take_turn(name)
        self.enqueue.assert_not_called()

    def test_the_sweep_hands_over_what_is_due(self):
        name = self.begin("products")
        with patch("salla_manager.reading.wake") as wake:
            reading.hand_over()
            backfills.pause(name)
            reading.hand_over()
        mine = [call for call in wake.call_args_list if call.kwargs.get("name") == name]
        assert [(call.args[0], call.kwargs["queue"]) for call in mine] == [
            ("salla_manager.reading.take_turn", "long")
        ]
        assert mine[0].kwargs["timeout"] > reading.TURN_SECONDS

    def test_it_reads_no_further_than_the_erp_follows(self):
        name = self.begin("products")
        with patch.object(FrappeSyncStore, "queued_commands", return_value=500):
            run = reading.read_on(name, 1e9)
        assert (run.status, "500 commands" in run.message) == (RunStatus.RUNNING, True)

    def test_the_terminal_plans_begins_and_reads_to_the_end(self):
        planned = terminal.act(self.store, "plan", ["brands"], None, True)
        assert planned["status"] == "Planned"
        ended = terminal.act(self.store, None, None, None, True)
        assert (ended["run"], ended["status"], ended["failed"]) == (planned["run"], "Done", 0)
        assert terminal.act(self.store, "status", None, None, True)["run"] == planned["run"]


class TestCost(BackfillCase):
    def test_a_product_costs_little_more_than_in_a_pull(self):
        """A look by entity whether it is known; by page a checkpoint; once the lease, and until when it was read."""
        with patch("frappe.publish_realtime"), self.counted() as pulled:
            tasks.pull_store(self.store, ["products"])
        other = make_store("m-2")
        name = self.planned(other, "products")["run"]
        backfills.start(name)
        with self.counted() as read:
            assert reading.read_on(name, 1e9).status == "Done"
        assert 0 < read[0] - pulled[0] <= 2.0 * SIZES["products"] + 60, (read, pulled)

    @contextmanager
    def counted(self):
        count, sql = [0], frappe.db.sql

        def counting(*args, **kwargs):
            count[0] += 1
            return sql(*args, **kwargs)

        with patch.object(frappe.db, "sql", counting):
            yield count


class TestRights(BackfillCase):
    def test_a_user_without_role_may_nothing(self):
        name = self.plan("brands")
        frappe.set_user(user_with())
        for action in (
            lambda: backfills.plan(self.store),
            lambda: backfills.start(name),
            lambda: backfills.pause(name),
            lambda: backfills.cancel(name),
        ):
            with self.assertRaises(frappe.PermissionError):
                action()
        frappe.set_user("Administrator")
        assert self.row(name).status == "Planned"

    def test_the_operator_may_press_the_buttons_and_change_nothing(self):
        frappe.set_user(user_with(OPERATOR))
        name = self.begin("brands")
        backfills.pause(name)
        with self.assertRaises(frappe.ValidationError):
            frappe.client.set_value(RUN, name, "percent", 100)
        for right in ("create", "delete", "export", "import"):
            assert not frappe.has_permission(RUN, right), right
        backfills.cancel(name)

    def test_an_open_run_stays(self):
        name = self.plan("brands")
        with self.assertRaises(frappe.ValidationError):
            frappe.delete_doc(RUN, name)

    def test_old_runs_go_and_the_row_of_changes_stays(self):
        name = self.plan("brands")
        backfills.cancel(name)
        reading.look(self.store)
        old = frappe.utils.add_days(None, -400)
        frappe.db.sql("update `tabSync Run` set modified = %s where store = %s", (old, self.store))
        frappe.db.commit()
        frappe.get_doc(RUN, name).clear_old_logs(365)
        assert frappe.get_all(RUN, {"store": self.store}, pluck="kind") == ["Changes"]

    def test_a_shop_that_cannot_be_counted_says_why(self):
        self.shop.salla.faults.add("/brands", "error")
        with patch("frappe.publish_realtime") as said:
            assert tasks.plan_backfill(self.store, ["brands"]) == {}
        assert "Salla answered 500" in said.call_args.args[1]
        with (
            patch("salla_manager.adapters.host.client_for", return_value=None),
            self.assertRaisesRegex(frappe.ValidationError, "Connect the store"),
        ):
            backfills.plan(self.store, ["brands"])

    def test_the_button_has_a_worker_count_and_whoever_pressed_it_is_shown_the_plan(self):
        calls = self.shop.calls()
        backfills.plan(self.store, '["brands"]', "2026-01-01")
        job = self.enqueue.call_args
        assert (job.args[0], job.kwargs["queue"]) == ("salla_manager.tasks.plan_backfill", "long")
        assert self.shop.calls() == calls
        asked = {name: job.kwargs[name] for name in ("store", "entity_types", "since")}
        with patch("frappe.publish_realtime") as shown:
            figures = tasks.plan_backfill(**asked)
        assert shown.call_args.args == ("salla_backfill_planned", figures)
        assert shown.call_args.kwargs["user"] == frappe.session.user
        assert (figures["store"], list(figures["entities"])) == (self.store, ["brand"])
        for wrong in ({"entity_types": ["stars"]}, {"since": "yesterday"}):
            with self.assertRaises(frappe.ValidationError):
                backfills.plan(self.store, **wrong)

    def test_status_names_open_backfills_and_failed_looks(self):
        def mine():
            frappe.db.rollback()
            return {row.kind: row for row in read_health()["readings"] if row.store == self.store}

        reading.look(self.store)
        assert mine() == {}
        name = self.begin("brands")
        backfills.pause(name)
        frappe.db.set_value(
            RUN, changes_name(self.store), {"status": "Failed", "message": "The shop is away."}
        )
        frappe.db.commit()
        found = mine()
        assert (found["Backfill"].name, found["Backfill"].status) == (name, "Paused")
        assert found["Changes"].message == "The shop is away."


class TestPull(BackfillCase):
    def test_a_pull_that_cannot_begin_is_told(self):
        with (
            patch("salla_manager.adapters.host.client_for", return_value=None),
            patch("frappe.publish_realtime") as said,
        ):
            assert tasks.pull_store(self.store) == {"ok": False}
        assert "Connect the store" in said.call_args.args[1]

    def test_desk_and_terminal_take_the_same_way(self):
        operations.pull_now(self.store, ["brands"])
        job = self.enqueue.call_args
        assert (job.args[0], job.kwargs["queue"]) == ("salla_manager.tasks.pull_store", "long")
        with patch("frappe.publish_realtime"):
            answer = tasks.pull_store(self.store, ["brands"])
        assert answer["queued"] == {"brands": 2}
