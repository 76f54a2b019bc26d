"""FrappeHubStore on real tables, with real second connections."""

from __future__ import annotations

import inspect
import time
from dataclasses import replace
from datetime import timedelta

import frappe

from salla_manager.adapters import dispatch_store
from salla_manager.adapters.dispatch_store import CANDIDATES, QUEUES
from salla_manager.adapters.rows import from_epoch, retrying, to_epoch
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.core.model import (
    AckRow,
    Attempt,
    CommandStatus,
    CommandUpdate,
    EventStatus,
    RecordKey,
    Skip,
)
from salla_manager.core.ports import HubStore
from salla_manager.tests.factories import (
    LONG_AGO,
    NOW,
    HubCase,
    beside,
    make_command,
    make_event,
    make_instance,
    make_record,
    make_store,
)

UNTIL = NOW + timedelta(seconds=90)


class StoreCase(HubCase):
    def setUp(self):
        super().setUp()
        self.hub = FrappeHubStore()
        self.instance = make_instance()
        self.store = make_store(erp_instance=self.instance)

    def lease(self, token="t", limit=10, now=NOW, until=UNTIL):
        with self.hub.transaction():
            return self.hub.lease_due_commands(self.instance, now, limit, token, until)

    def command_for(self, external_id="p-1", **changes):
        record = make_record(self.store, external_id)
        return make_command(record, self.instance, **changes)


class TestEvents(StoreCase):
    def test_a_repeat_is_counted_and_not_stored(self):
        event = make_event("a")
        with self.hub.transaction():
            first, is_new = self.hub.add_event(event)
            again, is_new_again = self.hub.add_event(event)
        assert (first, True, False) == (again, is_new, is_new_again)
        assert frappe.db.get_value("Salla Incoming Log", first, "duplicates") == 1

    def test_a_claimed_event_is_not_given_twice(self):
        with self.hub.transaction():
            name, _ = self.hub.add_event(make_event("b"))
        with self.hub.transaction():
            first = [event.name for event in self.hub.due_events(LONG_AGO, 1000)]
        with self.hub.transaction():
            second = [event.name for event in self.hub.due_events(LONG_AGO, 1000)]
            later = [event.name for event in self.hub.due_events(LONG_AGO + timedelta(minutes=3), 1000)]
        assert name in first
        assert name not in second
        assert name in later

    def test_two_workers_claim_different_events_without_waiting(self):
        with self.hub.transaction():
            for index in range(4):
                self.hub.add_event(make_event(f"c{index}"))

        def claim():
            hub = FrappeHubStore()
            with hub.transaction():
                return [event.name for event in hub.due_events(LONG_AGO, 2)]

        with self.hub.transaction():
            mine = {event.name for event in self.hub.due_events(LONG_AGO, 2)}
            thread, result = beside(claim)
            thread.join(10)
        assert (len(mine), len(result[0])) == (2, 2)
        assert not mine & set(result[0])

    def test_a_finished_event_is_left_alone_and_a_retried_one_comes_back(self):
        with self.hub.transaction():
            name, _ = self.hub.add_event(make_event("d"))
            self.hub.finish_event(
                name, EventStatus.FAILED, "no", attempts=1, due_at=LONG_AGO + timedelta(minutes=1)
            )
        with self.hub.transaction():
            assert name not in [event.name for event in self.hub.due_events(LONG_AGO, 1000)]
            (found,) = (
                e for e in self.hub.due_events(LONG_AGO + timedelta(minutes=1), 1000) if e.name == name
            )
            self.hub.finish_event(name, EventStatus.FAILED, "no", attempts=2)
            later = self.hub.due_events(LONG_AGO + timedelta(days=1), 1000)
        assert (found.attempts, found.status, found.received_at) == (1, "Failed", LONG_AGO)
        assert name not in [event.name for event in later]

    def test_events_of_an_unknown_store_are_adopted_when_it_is_made(self):
        event = make_event("e", merchant_id="bench-test-m-2", status=EventStatus.UNKNOWN_STORE)
        with self.hub.transaction():
            name, _ = self.hub.add_event(event)
            assert name not in [event.name for event in self.hub.due_events(LONG_AGO, 1000)]
        store = make_store("m-2")
        with self.hub.transaction():
            (found,) = (event for event in self.hub.due_events(LONG_AGO, 1000) if event.name == name)
        assert (found.store, found.status) == (store, "Received")


class TestRecords(StoreCase):
    def test_values_come_back_exactly(self):
        moment = NOW + timedelta(microseconds=123457)
        kept = make_record(
            self.store,
            "p-1",
            raw='{"a": "<b>\\u0000ä"}',
            mapped="{}",
            sku="SKU-1",
            revision=3,
            source_updated_at=moment,
            observed_at=moment,
        )
        assert self.hub.find_record(kept.key) == kept

    def test_ids_that_the_collation_takes_for_one_are_two(self):
        names = {make_record(self.store, external_id).name for external_id in ("abc", "ABC", "äbc", "abc ")}
        assert len(names) == 4

    def test_an_id_that_is_markup_is_refused(self):
        for external_id in ("<img src=x>", "", "x" * 141):
            with self.subTest(external_id), self.assertRaises(ValueError):
                make_record(self.store, external_id)

    def test_two_workers_that_meet_a_new_entity_get_one_row_one_after_the_other(self):
        key = RecordKey(self.store, "product", "race")

        def lock():
            hub = FrappeHubStore()
            with hub.transaction():
                record = hub.lock_record(key)
                hub.save_record(replace(record, revision=record.revision + 1))
                return record.name

        with self.hub.transaction():
            record = self.hub.lock_record(key)
            # Where the database keeps snapshots apart, the second has to look anew.
            thread, result = beside(lambda: retrying(lock))
            time.sleep(0.3)
            assert result == []
            self.hub.save_record(replace(record, revision=1))
        thread.join(10)
        assert result == [record.name]
        frappe.db.rollback()
        assert self.hub.find_record(key).revision == 2

    def test_a_sku_is_found_without_case_but_with_its_accents(self):
        mine = make_record(self.store, "p-1", sku="Café-1")
        make_record(self.store, "p-2", sku="Cafe-1")
        with self.hub.transaction():
            found = self.hub.records_with_sku(self.store, " cafÉ-1 ")
        assert [record.name for record in found] == [mine.name]

    def test_a_skip_is_one_row_that_is_resolved_and_reopened(self):
        skip = Skip(self.store, "product", "p-1", "Shirt", "It has no SKU.")
        key = RecordKey(self.store, "product", "p-1")
        with self.hub.transaction():
            self.hub.add_skip(skip)
            self.hub.add_skip(skip)
            assert self.hub.resolve_skip(key)
            assert not self.hub.resolve_skip(key)
            self.hub.add_skip(skip)
        rows = frappe.get_all("SKU Skip Log", {"store": self.store}, ["resolved", "occurrences"])
        assert [(row.resolved, row.occurrences) for row in rows] == [(0, 3)]

    def test_one_command_per_idempotency_key(self):
        record = make_record(self.store, "p-1")
        first = make_command(record, self.instance, idempotency_key="k" * 64)
        again = make_command(record, self.instance, idempotency_key="k" * 64, waits_for=(record.name,))
        assert first == again
        assert self.hub.command(first).waits_for == ()
        assert first.startswith("SM-COMMAND-")

    def test_a_newer_revision_supersedes_what_is_not_being_sent(self):
        record = make_record(self.store, "p-1")
        sending = make_command(record, self.instance, 1)
        self.lease()
        older = make_command(record, self.instance, 2, status=CommandStatus.DEAD)
        newer = make_command(record, self.instance, 3, status=CommandStatus.HELD)
        again = make_command(record, self.instance, 3, generation=1)
        with self.hub.transaction():
            count = self.hub.supersede_commands(record.key, 3, "Newer.", 1)
        states = {name: self.hub.command(name).status for name in (sending, older, newer, again)}
        assert count == 2
        assert states == {sending: "Sending", older: "Superseded", newer: "Superseded", again: "Queued"}


class TestLeases(StoreCase):
    def test_two_workers_lease_different_commands_without_waiting(self):
        names = {self.command_for(f"p-{index}") for index in range(6)}

        def lease():
            hub = FrappeHubStore()
            with hub.transaction():
                return {c.name for c in hub.lease_due_commands(self.instance, NOW, 10, "other", UNTIL)}

        with self.hub.transaction():
            mine = {c.name for c in self.hub.lease_due_commands(self.instance, NOW, 1, "mine", UNTIL)}
            thread, result = beside(lease)
            thread.join(10)
        assert len(mine) == 1
        assert not mine & result[0]
        assert names == mine | result[0] | {c.name for c in self.lease("rest")}

    def test_a_lane_gives_its_lowest_revision_and_nothing_while_that_is_sent(self):
        record = make_record(self.store, "p-1")
        second = make_command(record, self.instance, 2)
        first = make_command(record, self.instance, 1, due_at=NOW)
        assert [command.name for command in self.lease("a")] == [first]
        assert self.lease("b") == []
        with self.hub.transaction():
            self.hub.return_lease(self.hub.command(first), "a", CommandUpdate(CommandStatus.DONE))
        assert [command.name for command in self.lease("c")] == [second]

    def test_two_workers_cannot_hold_one_lane(self):
        record = make_record(self.store, "p-1")
        for revision in (1, 2):
            make_command(record, self.instance, revision)

        def lease():
            hub = FrappeHubStore()

            def once():
                with hub.transaction():
                    return hub.lease_due_commands(self.instance, NOW, 10, "other", UNTIL)

            return retrying(once)

        with self.hub.transaction():
            (mine,) = self.hub.lease_due_commands(self.instance, NOW, 10, "mine", UNTIL)
            thread, result = beside(lease)
            time.sleep(0.3)
        thread.join(10)
        assert (mine.revision, result) == (1, [[]])

    def test_the_database_itself_keeps_a_lane_to_one(self):
        record = make_record(self.store, "p-1")
        make_command(record, self.instance, 1)
        second = make_command(record, self.instance, 2)
        (first,) = self.lease()
        lane = frappe.db.get_value("Outbound Client Command", second, "lane")
        with self.hub.transaction():
            assert not dispatch_store._take(second, lane, "other", UNTIL)
            assert self.hub.return_lease(first, "t", CommandUpdate(CommandStatus.DONE))
            assert dispatch_store._take(second, lane, "other", UNTIL)

    def test_busy_lanes_at_the_head_do_not_hide_the_rest(self):
        records = [make_record(self.store, f"p-{index}") for index in range(8)]
        for record in records:
            make_command(record, self.instance, 1)
        assert len(self.lease("a")) == 8
        for record in records:
            make_command(record, self.instance, 2)
        free = self.command_for("free", created_at=NOW + timedelta(seconds=1))
        found = self.lease("b", limit=1, now=NOW + timedelta(seconds=1))
        assert [command.name for command in found] == [free]

    def test_only_what_is_due_and_of_this_instance(self):
        self.command_for("p-1", due_at=NOW + timedelta(microseconds=1))
        other = make_instance("B")
        make_command(make_record(self.store, "p-2"), other)
        assert self.lease() == []
        with self.hub.transaction():
            due = self.hub.destinations_with_due_commands(NOW)
        assert other in due
        assert self.instance not in due

    def test_who_lost_the_lease_leaves_an_attempt_and_nothing_else(self):
        name = self.command_for()
        (command,) = self.lease("old", until=LONG_AGO)
        with self.hub.transaction():
            self.hub.free_expired_leases(LONG_AGO + timedelta(seconds=1))
        (again,) = self.lease("new")
        done = CommandUpdate(CommandStatus.DONE)
        with self.hub.transaction():
            assert not self.hub.record_outcome(command, "old", _attempt(name, "old"), None, done)
        assert self.hub.command(name).status == "Sending"
        ack = AckRow(name, self.instance, "applied", NOW, {"erp_doc": {"doctype": "Item", "name": "I-1"}})
        with self.hub.transaction():
            assert self.hub.record_outcome(again, "new", _attempt(name, "new"), ack, done)
        assert self.hub.command(name).status == "Done"
        assert frappe.db.count("Command Delivery Attempt", {"command": name}) == 2
        assert frappe.db.get_value("Command ACK Log", {"command": name}, "erp_document") == "I-1"

    def test_a_lease_that_runs_is_not_freed(self):
        self.command_for()
        self.lease(until=LONG_AGO)
        with self.hub.transaction():
            self.hub.free_expired_leases(LONG_AGO)
        assert self.lease() == []

    def test_the_lease_reads_its_index(self):
        # The optimizer takes any way through a table of ten rows.
        for index in range(60):
            self.command_for(f"p-{index}", status=CommandStatus.DONE if index % 3 else CommandStatus.QUEUED)
        frappe.db.sql("analyze table `tabOutbound Client Command`")
        for column, index in QUEUES.items():
            query = "explain " + CANDIDATES.format(column=column, index=index)
            plan = frappe.db.sql(query, (self.instance, to_epoch(NOW), ("",), 10), as_dict=True)
            assert [row.key for row in plan] == [index]
            assert "filesort" not in (plan[0].Extra or "")


class TestParked(StoreCase):
    def test_pages_go_on_behind_the_last(self):
        names = [self.command_for(f"p-{index}", status=CommandStatus.HELD) for index in range(5)]
        mine = []
        after = ""
        while page := self.hub.parked_commands(CommandStatus.HELD, 2, after):
            after = page[-1].name
            mine += [command.name for command in page if command.store == self.store]
        assert mine == names

    def test_what_waits_for_a_record_is_found_until_it_waits_no_more(self):
        customer = make_record(self.store, "c-1", "customer")
        name = self.command_for("o-1", status=CommandStatus.WAITING, waits_for=(customer.name,))
        assert [c.name for c in self.hub.waiting_for_record(customer.name)] == [name]
        with self.hub.transaction():
            update = CommandUpdate(CommandStatus.QUEUED, waits_for=())
            assert self.hub.update_command(name, CommandStatus.WAITING, update)
            assert not self.hub.update_command(name, CommandStatus.WAITING, update)
        assert self.hub.waiting_for_record(customer.name) == []
        assert self.hub.command(name).waits_for == ()

    def test_a_command_without_address_gets_one_once(self):
        record = make_record(self.store, "p-1")
        name = make_command(record, "", status=CommandStatus.HELD)
        with self.hub.transaction():
            assert self.hub.address_command(name, self.instance, "", "n" * 64)
            assert not self.hub.address_command(name, self.instance, "", "n" * 64)
        command = self.hub.command(name)
        assert (command.erp_instance, command.idempotency_key) == (self.instance, "n" * 64)


class TestTransaction(StoreCase):
    def test_an_exception_leaves_nothing(self):
        key = RecordKey(self.store, "product", "gone")
        with self.assertRaises(ZeroDivisionError), self.hub.transaction():
            self.hub.lock_record(key)
            raise ZeroDivisionError
        assert self.hub.find_record(key) is None

    def test_a_deadlock_is_done_again(self):
        calls = []

        def work():
            calls.append(1)
            if len(calls) < 3:
                raise frappe.QueryDeadlockError(1213)
            return "done"

        assert (retrying(work), len(calls)) == ("done", 3)

    def test_another_error_is_not(self):
        calls = []

        def work():
            calls.append(1)
            raise ValueError("no")

        with self.assertRaises(ValueError):
            retrying(work)
        assert len(calls) == 1

    def test_times_keep_their_microseconds(self):
        moment = NOW + timedelta(microseconds=1)
        assert from_epoch(to_epoch(moment)) == moment
        assert from_epoch(to_epoch(None)) is None


def _attempt(command: str, token: str) -> Attempt:
    return Attempt(
        command=command,
        erp_instance="",
        number=1,
        idempotency_key="k",
        started_at=NOW,
        latency_ms=5,
        status="SUCCESS",
        http_status=200,
        attempt_key=f"{token}:0",
    )


class TestPort(HubCase):
    def test_every_method_of_the_port_has_its_arguments(self):
        for name, asked in inspect.getmembers(HubStore, inspect.isfunction):
            if name.startswith("_"):
                continue
            with self.subTest(name):
                made = inspect.signature(getattr(FrappeHubStore, name))
                assert list(made.parameters) == list(inspect.signature(asked).parameters)
