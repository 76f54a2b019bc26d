"""The lock on submits comes before the first plain read, which fixes what a transaction sees."""

from unittest.mock import patch

import frappe

from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.payloads import customer, line, order, product
from salla_executor.tests.test_order_changes import AMEND, UPDATE

LOCK = "field = 'instance_id' FOR UPDATE"


class TestOrderLocks(ExecutorTestCase):
    def test_settings_from_the_database_do_not_come_before_the_lock(self):
        self.applied("upsert_product", product(self.code("A")))
        lines = [line(self.code("A"), "1", "100.00")]
        with self.settings(order_policy=SUBMIT):
            company = frappe.db.get_single_value("Salla Executor Settings", "company")
            frappe.clear_document_cache("Company", company)
            # Without phone and e-mail there is no person to lock, which would come first.
            nobody = customer(self.store, phone=None, email=None)
            statements = self.statements_of(
                "upsert_order", order(self.store, lines, "115.00", "15.00", customer=nobody)
            )
        began = [number for number, one in enumerate(statements) if "INTO `tabExecutor Inbox`" in one]
        locked = next(number for number, one in enumerate(statements) if LOCK in one)
        # Tried again, since the first try had to read the company.
        assert len(began) == 2
        assert not [one for one in statements[began[-1] : locked] if one.startswith("SELECT *")]

    def test_whoever_may_change_a_submitted_order_waits_for_the_others(self):
        """Whatever the warehouses of their stores, since a branch's may be shared."""
        self.applied("upsert_product", product(self.code("A")))
        sold = order(self.store, [line(self.code("A"), "1", "100.00")], "115.00", "15.00")
        for policy, is_locked in (("A person decides", False), (UPDATE, True), (AMEND, True)):
            with self.settings(changed_orders=policy):
                statements = self.statements_of("upsert_order", sold, docstatus=0, generation=1)
            assert bool([one for one in statements if LOCK in one]) == is_locked, policy

    def statements_of(self, command_type, payload, docstatus=1, **changes):
        seen, original = [], frappe.db.sql

        def watch(query, *args, **options):
            seen.append(" ".join(str(query).split()))
            return original(query, *args, **options)

        with patch.object(frappe.db, "sql", watch):
            document = self.send(command_type, payload, **changes).document
        assert document.docstatus == docstatus
        return seen
