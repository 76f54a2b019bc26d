"""What users of other connectors complain of about orders, each shown not to happen here. The numbers are those of the
list of pain points that the project keeps: returns, lines that kill an order, order of arrival, unmapped taxes, totals,
one bad record, coarse accounting."""

from decimal import Decimal

import frappe

from erpnext.selling.doctype.sales_order.sales_order import make_sales_invoice

from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.maps import tables
from salla_executor.tests.payloads import line, order, product
from salla_executor.tests.test_order_changes import AMEND, OrderTestCase, returns_of


class TestPainOfOrders(OrderTestCase):
    def test_01_no_command_writes_stock(self):
        """What a shop says of its stock is not the ERP's."""
        before = frappe.db.count("Stock Ledger Entry")
        goods = self.code("GOODS")
        self.applied("upsert_product", product(goods))
        with self.settings(order_policy=SUBMIT):
            self.applied("upsert_order", order(self.store, [line(goods, "2", "100.00")], "230.00", "30.00"))
        assert frappe.db.count("Stock Ledger Entry") == before

    def test_02_what_is_sold_is_reserved(self):
        goods = self.code("GOODS")
        self.applied("upsert_product", product(goods))
        sold = order(self.store, [line(goods, "2", "100.00")], "230.00", "30.00")
        with self.settings(order_policy=SUBMIT):
            doc = self.applied("upsert_order", sold).document
        bin_of = {"item_code": goods, "warehouse": doc.items[0].warehouse}
        assert frappe.db.get_value("Bin", bin_of, ["reserved_qty", "actual_qty"]) == (2, 0)

    def test_04_returns_are_made_by_policy(self):
        self.status("completed", make_delivery_note=1, make_sales_invoice=1)
        self.status("restored", make_return=1)
        with self.settings(follow_up_documents="Submitted", full_return="Credit note"):
            doc = self.applied("upsert_order", self.order(status="completed")).document
            self.applied("upsert_order", self.order(status="restored"))
        assert [credit.grand_total for credit in returns_of("Sales Invoice", doc)] == [-287.5]

    def test_06_an_unknown_line_neither_kills_nor_guts_the_order(self):
        unknown = self.code("DELETED")
        payload = self.order()
        payload["items"].append(line(unknown, "1", "10.00"))
        payload |= {"total": "299.00", "tax": {"percent": "15", "amount": "39.00"}}
        answer = self.send("upsert_order", payload)
        assert (answer.status, answer.payload["waits_on"]) == (503, f"item:{unknown}")
        assert not frappe.db.exists("Sales Order", {"shop_store": self.store})
        self.applied("upsert_product", product(unknown))
        doc = self.applied("upsert_order", payload).document
        assert (len(doc.items), doc.grand_total) == (3, 299)

    def test_09_order_of_arrival_does_not_matter(self):
        """Paid before created."""
        paid = self.applied("upsert_order", self.order(status="paid"), revision=2)
        created = self.send("upsert_order", self.order(status="created"), revision=1)
        assert (created.verdict, created.payload["error_code"]) == ("skipped", "stale")
        doc = frappe.get_doc("Sales Order", paid.payload["erp_doc"]["name"])
        assert (doc.shop_status, doc.grand_total) == ("paid", 287.5)
        assert frappe.db.count("Sales Order", {"shop_store": self.store}) == 1

    def test_10_unmapped_tax_is_held_with_its_cause_and_shipping_needs_no_map(self):
        with tables(taxes=[{"rate": 5}]):
            answer = self.send("upsert_order", self.order())
        assert (answer.status, answer.payload["error_code"]) == (503, "unmapped_tax")
        assert "VAT of 15 % is not mapped" in answer.message
        doc = self.applied(
            "upsert_order", {**self.order(), "shipping": {"amount": "10.00"}, "total": "297.50"}
        ).document
        assert (doc.grand_total, doc.shop_difference_note or "") == (297.5, "")

    def test_11_totals_agree_with_a_discount_and_after_an_amendment(self):
        with self.settings(order_policy=SUBMIT, changed_orders=AMEND):
            first = self.applied("upsert_order", self.order(discount_total="10.00")).document
            doc = self.applied("upsert_order", self.order(discount_total="33.33")).document
        assert (first.grand_total, doc.amended_from) == (276, first.name)
        assert Decimal(f"{doc.grand_total:.2f}") == Decimal("249.17")
        assert [row.rate for row in doc.taxes] == [15]
        assert make_sales_invoice(doc.name).grand_total == doc.grand_total

    def test_16_one_bad_order_stops_no_other(self):
        bad = order(f"{self.store}-bad", [line(self.code("NONE"), "1", "1.00")], "1.15", "0.15")
        assert self.send("upsert_order", bad).status == 503
        self.applied("upsert_order", self.order())

    def test_21_accounting_is_as_coarse_or_fine_as_each_status_says(self):
        self.status("in_progress", do_submit=1)
        self.status("shipped", make_delivery_note=1)
        self.status("delivered", make_sales_invoice=1)
        with self.settings(follow_up_documents="Submitted"):
            states = []
            for status in ("under_review", "in_progress", "shipped", "delivered"):
                doc = self.applied("upsert_order", self.order(status=status)).document
                states.append((doc.docstatus, doc.per_delivered, doc.per_billed))
        assert states == [(0, 0, 0), (1, 0, 0), (1, 100, 0), (1, 100, 100)]
