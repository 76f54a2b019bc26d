"""Dry runs: what would be, told in full; nothing of it is left in the database, in Redis or in the queues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import patch

import frappe
from frappe.desk.form import assign_to
from frappe.email.doctype.notification import notification as notifications
from frappe.model.document import Document
from frappe.utils.redis_wrapper import RedisWrapper

from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.payloads import address, customer, line, order, product, variant

TABLES = (
    *(
        "Sales Order",
        "Sales Order Item",
        "Sales Taxes and Charges",
        "Customer",
        "Contact",
        "Address",
        "Dynamic Link",
    ),
    *("Item", "Item Price", "Item Group", "Brand", "Item Attribute", "UOM", "Bin", "Version", "Comment"),
    *("External Reference", "Executor Inbox", "Error Log", "Email Queue", "ToDo", "Shop Order Status"),
)


class TestDryRun(ExecutorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.applied("upsert_product", product(self.code("A")))
        self.lines = [line(self.code("A"), "2", "50.00")]
        self.payload = order(
            self.store, self.lines, "115.00", "15.00", shipping={"amount": "0", "address": address()}
        )

    def test_would_be_documents_are_told_and_nothing_is_left(self):
        before = counts()
        with self.settings(order_policy=SUBMIT):
            answer = self.send("upsert_order", self.payload, dry_run=True)
            after = counts()
            again = self.applied("upsert_order", self.payload)
        assert (answer.status, answer.verdict, answer.payload["dry_run"]) == (200, "applied", True)
        assert answer.payload["docstatus"] == 1, answer.ack
        kinds = [(one["doctype"], one["action"]) for one in answer.payload["documents"]]
        assert {("Customer", "created"), ("Contact", "created"), ("Sales Order", "created")} <= set(kinds)
        assert answer.payload["changes"]["shop_total"][1] == "115"
        assert after == before
        # The number of its series was given back.
        assert again.payload["erp_doc"] == answer.payload["erp_doc"]

    def test_every_command_leaves_nothing(self):
        sku = self.code("A")
        self.applied("upsert_product", product(self.code("T"), options=["Colour"]))
        commands = [
            ("upsert_category", {"external_id": "1", "name": self.code("Cups")}),
            ("upsert_brand", {"external_id": "1", "name": self.code("Brand")}),
            ("upsert_order_status", {"external_id": "1", "name": "New", "slug": "new"}),
            (
                "upsert_product",
                product(self.code("NEW"), barcode=self.code("BC"), weight="1", weight_unit="kg"),
            ),
            ("upsert_product", product(sku, name="Renamed", price="7.00")),
            ("upsert_variant", variant(self.code("V"), f"p-{self.code('T')}", {"Colour": self.code("Red")})),
            ("upsert_customer", customer(self.store, addresses=[address()])),
            ("upsert_order", self.payload),
        ]
        before = counts()
        for command_type, payload in commands:
            answer = self.send(command_type, payload, dry_run=True)
            assert (answer.verdict, answer.payload["dry_run"]) == ("applied", True), answer.ack
            assert answer.payload["documents"], command_type
            assert counts() == before, command_type
        assert frappe.get_cached_value("Item", sku, "item_name") == "Cotton shirt"

    def test_failure_is_told_and_not_kept(self):
        before = counts()
        lines = [line("NOWHERE", "1", "100.00")]
        answer = self.send("upsert_order", order(self.store, lines, "115.00", "15.00"), dry_run=True)
        assert (answer.verdict, answer.payload["error_code"], answer.payload["dry_run"]) == (
            "failed",
            "unknown_item",
            True,
        )
        assert counts() == before

    def test_crash_of_a_dry_run_leaves_nothing_but_its_error_log(self):
        before = counts()
        with patch("salla_executor.erpnext.sales_orders.flag_sales_order", side_effect=RuntimeError("x")):
            answer = self.send("upsert_order", self.payload, dry_run=True)
        assert (answer.status, answer.payload["error_code"]) == (503, "internal")
        assert {name: count for name, count in counts().items() if name != "Error Log"} == {
            name: count for name, count in before.items() if name != "Error Log"
        }

    def test_nothing_goes_out_by_redis(self):
        """Searches, mails, live updates and jobs of documents that will never be."""
        sent = []
        original = RedisWrapper.execute_command

        def watch(cache, *args, **options):
            sent.append((str(args[0]).upper(), str(args[1:2])))
            return original(cache, *args, **options)

        with self.settings(order_policy=SUBMIT), patch.object(RedisWrapper, "execute_command", watch):
            answer = self.send("upsert_order", self.payload, dry_run=True)
        assert answer.verdict == "applied", answer.ack
        pushed = [one for one in sent if one[0] in ("LPUSH", "RPUSH", "PUBLISH", "SADD", "ZADD")]
        assert pushed == [], pushed

    def test_notifications_are_of_what_stands(self):
        """Their notices go to the queue at once, not with the commit."""
        for event in ("New", "Submit"):
            self.kept(notification(event))
        with self.settings(order_policy=SUBMIT), watched(notifications) as notices:
            assert self.send("upsert_order", self.payload, dry_run=True).verdict == "applied"
            assert notices == []
            self.applied("upsert_order", self.payload)
            assert len(notices) == 2, notices

    def test_assignment_rules_are_of_what_stands(self):
        self.kept(assignment_rule())
        with watched(assign_to) as notices:
            assert self.send("upsert_order", self.payload, dry_run=True).verdict == "applied"
            assert notices == []
            self.applied("upsert_order", self.payload)
            assert len(notices) == 1, notices

    def kept(self, doc):
        doc.insert()
        frappe.db.commit()

        def forget() -> None:
            frappe.db.rollback()
            doc.delete(force=True)
            frappe.db.commit()

        self.addCleanup(forget)

    def test_cached_documents_are_those_that_stand(self):
        buyer = self.applied("upsert_customer", customer(self.store)).document
        self.send("upsert_customer", customer(self.store, name="Another Name"), dry_run=True)
        assert frappe.get_cached_value("Customer", buyer.name, "customer_name") == buyer.customer_name


@contextmanager
def watched(module: ModuleType) -> Iterator[list[Any]]:
    """What the module hands to the queue for Desk's bell, which it does at once."""
    with patch.object(module, "enqueue_create_notification") as enqueue:
        yield enqueue.call_args_list


def notification(event: str) -> Document:
    doc = frappe.new_doc("Notification")
    doc.update({"name": f"Shop {event} {frappe.generate_hash(length=6)}", "channel": "System Notification"})
    doc.update({"document_type": "Sales Order", "event": event, "subject": "An order", "message": "An order"})
    doc.append("recipients", {"cc": "bell@example.com"})
    return doc


def assignment_rule() -> Document:
    doc = frappe.new_doc("Assignment Rule")
    doc.update({"name": f"Shop {frappe.generate_hash(length=6)}", "document_type": "Sales Order"})
    doc.update({"description": "An order", "assign_condition": "True", "rule": "Round Robin"})
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"):
        doc.append("assignment_days", {"day": day})
    doc.append("users", {"user": "Administrator"})
    return doc


def counts() -> dict[str, int]:
    frappe.db.rollback()
    found = {doctype: frappe.db.count(doctype) for doctype in TABLES}
    found["series"] = frappe.db.sql("select coalesce(sum(current), 0) from tabSeries")[0][0]
    return found
