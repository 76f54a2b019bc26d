"""Reconciliation, SKUs and the pace of releases on real tables."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from unittest.mock import patch

import frappe

from salla_manager import reconciling
from salla_manager.adapters.health import read_held
from salla_manager.adapters.host import build_host
from salla_manager.adapters.reconcile_store import FrappeReconcileStore
from salla_manager.adapters.sku_rows import shown_problems
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.api import reconciliation, skus
from salla_manager.core import outbox
from salla_manager.core.drain import spoken_until, turn_reason
from salla_manager.core.model import CommandStatus, RecordKey
from salla_manager.core.reconcile import LIFE_SIGN, ReconcileError, enqueue_missing, reconcile
from salla_manager.core.reconciliation import Reconciliation, RunKey, RunStatus, Tally
from salla_manager.core.standing import Finding, State
from salla_manager.payloads import parse_payload
from salla_manager.platforms.port import Page
from salla_manager.salla_manager.report.shop_reconciliation import shop_reconciliation
from salla_manager.salla_manager.report.sku_workbench import sku_workbench
from salla_manager.tests.factories import (
    NOW,
    HubCase,
    beside,
    make_command,
    make_event,
    make_instance,
    make_record,
    make_store,
)

DAY = date(2026, 11, 20)
PAGE = 60


class Shop:
    """Order rows as Salla lists them, and products for `fetch`."""

    def __init__(self, orders=(), products=()):
        self.orders = [
            (
                str(number),
                {
                    "id": number,
                    "reference_id": f"R{number}",
                    "total": {"amount": Decimal(total), "currency": "SAR"},
                    "date": {"date": "2026-11-20 10:00:00.000000", "timezone": "Asia/Riyadh"},
                },
            )
            for number, total in orders
        ]
        self.products = dict(products)

    def in_lane(self, lane):
        return self

    def orders_of(self, day, cursor=""):
        begin = int(cursor or 0)
        end = begin + PAGE
        rows = self.orders[begin:end]
        return Page(rows, len(self.orders), PAGE, str(end) if end < len(self.orders) else None)

    def fetch(self, entity_type, external_id):
        return self.products.get(external_id)


class MissingCase(HubCase):
    def setUp(self):
        super().setUp()
        self.instance = make_instance()
        self.store = make_store(erp_instance=self.instance)
        self.rows = FrappeReconcileStore()
        self.key = RunKey(self.store, "order", DAY)

    def host(self, shop):
        return replace(build_host(), client_for=lambda store: shop)

    def order(self, number, total="10.00", **changes):
        mapped = json.dumps({"external_id": str(number), "total": total, "currency": "SAR", "status": "new"})
        return make_record(self.store, str(number), "order", mapped=mapped, title=f"R{number}", **changes)


class TestReconciliation(MissingCase):
    def test_a_day_is_compared_with_the_tables(self):
        applied = {"status": "Applied", "revision": 1, "applied_revision": 1, "erp_document": "SO-1"}
        self.order(1, **applied)
        self.order(2, "9.00", **applied)
        held = self.order(3, status="Queued", revision=1)
        name = make_command(held, self.instance, status=CommandStatus.HELD, reason="It is off.")
        FrappeHubStore().save_record(replace(held, last_command=name))
        frappe.db.commit()
        run = reconcile(self.host(Shop([(n, "10") for n in range(1, 5)])), self.rows, self.key)
        assert (run.status, run.tally.at_shop, run.tally.received, run.tally.applied) == ("Done", 4, 3, 2)
        found = {one.external_id: one for one in self.rows.findings(self.key)}
        assert {number: one.state for number, one in found.items()} == {
            "2": State.DIFFERENT,
            "3": State.HELD,
            "4": State.MISSING,
        }
        assert (found["3"].reason, found["3"].command) == ("It is off.", name)
        assert (found["2"].shop_total, found["2"].hub_total, found["2"].erp_document) == (
            "10.00",
            "9.00",
            "SO-1",
        )
        kept = self.rows.find_reconciliation(self.key)
        assert (kept.key, kept.token, kept.tally, kept.finished_at) == (
            self.key,
            run.token,
            run.tally,
            run.finished_at,
        )

    def test_it_may_be_done_again_and_what_is_missing_is_asked_for_once(self):
        shop = Shop([(n, "10") for n in range(1, 150)])
        for _ in range(2):
            run = reconcile(self.host(shop), self.rows, self.key)
            assert (run.tally.of(State.MISSING), run.tally.page, run.tally.pages) == (149, 3, 3)
            assert frappe.db.count("Reconciliation Finding", {"run": self.key.name}) == 149
        assert enqueue_missing(self.host(shop), self.rows, self.key) == 149
        assert enqueue_missing(self.host(shop), self.rows, self.key) == 0
        events = frappe.get_all(
            "Salla Incoming Log", {"store": self.store}, ["event", "status", "duplicates"]
        )
        assert {(row.event, row.status) for row in events} == {("hub.read", "Received")}
        assert len(events) == 149

    def test_an_event_that_is_stuck_is_named(self):
        raw = json.dumps({"entity_type": "order", "external_id": "7", "occasion": "x"})
        event = make_event("a", event="hub.read", raw=raw, store=self.store, status="Failed", message="No.")
        hub = FrappeHubStore()
        with hub.transaction():
            name, _ = hub.add_event(event)
        reconcile(self.host(Shop([(7, "10")])), self.rows, self.key)
        [finding] = self.rows.findings(self.key)
        assert finding.reason == f"The shop told of it, but its event {name} is Failed. No."

    def test_a_run_that_was_broken_off_is_marked_and_taken_over(self):
        hub, now = FrappeHubStore(), NOW
        first, second = (Reconciliation(self.key, token, started_at=now) for token in ("a", "b"))
        with hub.transaction():
            assert self.rows.begin_reconciliation(first, now, LIFE_SIGN)
            assert self.rows.save_reconciliation(
                replace(first, tally=Tally(at_shop=1)), [Finding("1", State.MISSING)], now
            )
        with hub.transaction():
            assert not self.rows.begin_reconciliation(second, now + LIFE_SIGN / 2, LIFE_SIGN)
            assert self.rows.interrupt_reconciliations(now + LIFE_SIGN, LIFE_SIGN) >= 1
        assert self.rows.find_reconciliation(self.key).status == RunStatus.INTERRUPTED
        with hub.transaction():
            assert self.rows.begin_reconciliation(second, now + LIFE_SIGN, LIFE_SIGN)
            assert not self.rows.save_reconciliation(first, [Finding("1", State.MISSING)], now)
        assert self.rows.findings(self.key) == []

    def test_two_runs_at_once_are_one(self):
        host = self.host(Shop([(1, "10")]))
        with host.store.transaction():
            assert self.rows.begin_reconciliation(Reconciliation(self.key, "a"), host.clock.now(), LIFE_SIGN)
        thread, result = beside(lambda: reconcile(self.host(Shop()), FrappeReconcileStore(), self.key))
        thread.join(20)
        assert isinstance(result[0], ReconcileError)

    def test_ids_that_differ_in_case_are_two(self):
        self.order("A1", status="Applied", revision=1, applied_revision=1)
        assert [one.external_id for one in self.rows.standings(self.store, "order", ["a1", "A1"])] == ["A1"]

    def test_what_the_shop_has_no_more_is_walked_page_by_page(self):
        names = [make_record(self.store, str(number), "customer").name for number in range(5)]
        seen, after = [], ""
        while page := self.rows.standings_after(self.store, "customer", after, 2):
            seen += [one.record for one in page]
            after = page[-1].record
        assert seen == sorted(names)

    def test_the_night_asks_for_yesterday_and_for_what_is_open(self):
        now = datetime(2026, 11, 24, 22, 0, tzinfo=timezone.utc)
        for day, missing in ((20, 1), (21, 0), (23, 0)):
            frappe.get_doc(
                {
                    "doctype": "Reconciliation",
                    "name": f"{self.store} order 2026-11-{day}",
                    "store": self.store,
                    "entity_type": "order",
                    "day": f"2026-11-{day}",
                    "status": "Done",
                    "missing": missing,
                }
            ).db_insert()
        host = self.host(Shop())
        host.clock.now = lambda: now
        with (
            patch("salla_manager.reconciling.build_host", return_value=host),
            patch("salla_manager.reconciling.enqueue") as enqueue,
        ):
            reconciling.nightly()
        asked = {call.args[0].day for call in enqueue.call_args_list if call.args[0].store == self.store}
        assert asked == {date(2026, 11, 24), date(2026, 11, 20)}

    def test_the_report_shows_a_run_to_an_operator(self):
        reconcile(self.host(Shop([(1, "10"), (2, "10")])), self.rows, self.key)
        as_user("Salla Manager Operator")
        columns, rows, message, _, summary = shop_reconciliation.execute(
            {"store": self.store, "entity_type": "order", "day": str(DAY)}
        )
        assert {row["state"] for row in rows} == {State.MISSING}
        assert {card["label"]: card["value"] for card in summary}["Missing"] == 2
        assert "title" in {column["fieldname"] for column in columns}
        assert message.startswith("As of ")

    def test_who_may_not_look_may_not_begin(self):
        as_user("Blogger")
        for action in (reconciliation.start, reconciliation.enqueue_missing, skus.recheck_all):
            with self.assertRaises(frappe.PermissionError):
                action(self.store)
        with self.assertRaises(frappe.PermissionError):
            skus.recheck(self.store, "product", "1")
        with self.assertRaises(frappe.PermissionError):
            shop_reconciliation.execute({"store": self.store})

    def test_a_day_that_is_none_is_told(self):
        with self.assertRaises(frappe.ValidationError):
            reconciliation.start(self.store, "order", "yesterday")

    def test_old_runs_go_with_their_findings(self):
        reconcile(self.host(Shop([(1, "10")])), self.rows, self.key)
        frappe.db.sql(
            "update `tabReconciliation` set modified = %s where name = %s",
            (frappe.utils.add_days(None, -100), self.key.name),
        )
        frappe.db.commit()
        frappe.get_doc("Reconciliation", self.key.name).clear_old_logs(90)
        assert not frappe.db.exists("Reconciliation", self.key.name)
        assert not frappe.db.count("Reconciliation Finding", {"run": self.key.name})


def as_user(role: str) -> None:
    email = f"{frappe.scrub(role)}-missing@example.com"
    if not frappe.db.exists("User", email):
        frappe.get_doc(
            {
                "doctype": "User",
                "email": email,
                "first_name": role,
                "send_welcome_email": 0,
                "roles": [{"role": role}],
            }
        ).insert()
        frappe.db.commit()
    frappe.set_user(email)


class TestSkus(MissingCase):
    def absorb(self, external_id, sku, shop=None):
        host = self.host(shop)
        values = {"external_id": external_id, "name": f"Oud {external_id}", "sku": sku, "price": "10.00"}
        values |= {"currency": "SAR", "raw": {"urls": {"admin": f"/products/{external_id}"}}}
        return outbox.absorb(parse_payload("product", values), host.store.store(self.store), host)

    def test_what_differs_in_space_or_unseen_marks_is_one_and_accents_are_not(self):
        assert self.absorb("1", "OUD 1").status == "Queued"
        for number, sku in enumerate(["oud  1", "OUD\u00a01", "\u200fOUD 1"], start=2):
            assert self.absorb(str(number), sku).kind == "duplicate", sku
        assert self.absorb("9", "ÓUD 1").status == "Queued"

    def test_the_workbench_lists_them_with_links(self):
        for number, sku in (("1", "A 1"), ("2", "a  1"), ("3", None), ("4", "A1")):
            self.absorb(number, sku)
        rows = shown_problems(FrappeHubStore().store(self.store))
        assert [(row["kind"], row["external_id"]) for row in rows] == [
            ("Missing", "3"),
            ("Spelling", "2"),
            ("Alike", "1"),
            ("Alike", "4"),
        ]
        assert (rows[1]["url"], rows[1]["beside_url"]) == (
            "https://s.salla.sa/products/2",
            "https://s.salla.sa/products/1",
        )
        as_user("Salla Manager Operator")
        _, shown, _, _, summary = sku_workbench.execute({"store": self.store, "kind": "Missing"})
        assert [row["external_id"] for row in shown] == ["3"]
        assert [card["value"] for card in summary] == [1, 0, 1, 2]

    def test_a_mended_one_goes_at_once_and_what_a_crash_left_goes_with_the_sweep(self):
        for number in ("1", "2", "3"):
            self.absorb(number, "A")
        body = {"id": 3, "name": "Oud", "sku": "C", "price": {"amount": 10, "currency": "SAR"}}
        with patch("salla_manager.api.skus.build_host", lambda: self.host(Shop(products=[("3", body)]))):
            assert skus.recheck(self.store, "product", "3")["status"] == "Queued"
        self.absorb("1", "Z")
        hub = FrappeHubStore()
        assert hub.find_record(RecordKey(self.store, "product", "2")).status == "Skipped"
        outbox.release_skipped(self.host(None))
        assert hub.find_record(RecordKey(self.store, "product", "2")).status == "Queued"

    def test_the_sweep_finds_them_by_index(self):
        frappe.db.sql("analyze table `tabExternal Record`")
        plan = frappe.db.sql(
            "explain select name from `tabExternal Record` where sku_key = 'x' and store = 'y' for update",
            as_dict=True,
        )
        assert "sku_key" in (plan[0].possible_keys or "")


class TestPace(MissingCase):
    def test_two_workers_share_one_pace(self):
        hub, now = FrappeHubStore(), NOW

        def take(hub):
            with hub.transaction():
                return hub.move_release(
                    self.instance, lambda kept: spoken_until(kept, now, 4, is_urgent=True)
                )

        mine = [take(hub) for _ in range(2)]
        thread, result = beside(lambda: [take(FrappeHubStore()) for _ in range(4)])
        thread.join(20)
        assert mine + result[0] == [True] * 4 + [False] * 2

    def test_the_form_of_an_erp_can_be_saved_meanwhile(self):
        doc = frappe.get_doc("ERP Instance", self.instance)
        hub = FrappeHubStore()
        with hub.transaction():
            assert hub.move_release(self.instance, lambda kept: NOW + timedelta(minutes=1))
        doc.title = f"{doc.title} 2"
        doc.save()

    def test_what_is_held_is_counted_by_type(self):
        record = make_record(self.store, "1")
        for number, reason in enumerate(["It is off.", turn_reason(300, self.instance)]):
            make_command(record, self.instance, revision=number + 1, status=CommandStatus.HELD, reason=reason)
        assert read_held(self.instance) == {self.instance: {"upsert_product": {"held": 2, "in_turn": 1}}}
