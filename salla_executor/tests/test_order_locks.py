"""The lock on submits comes before the first plain read, which fixes what a transaction sees."""

from unittest.mock import patch

import frappe

from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.payloads import customer, line, order, product


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
        locked = next(number for number, one in enumerate(statements) if "FROM `tabWarehouse`" in one)
        # Tried again, since the first try had to read the company.
        assert len(began) == 2
        assert not [one for one in statements[began[-1] : locked] if one.startswith("SELECT *")]

    def statements_of(self, command_type, payload):
        seen, original = [], frappe.db.sql

        def watch(query, *args, **options):
            seen.append(" ".join(str(query).split()))
            return original(query, *args, **options)

        with patch.object(frappe.db, "sql", watch):
            document = self.applied(command_type, payload).document
        assert document.docstatus == 1
        return seen
