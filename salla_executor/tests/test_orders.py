"""Orders, from signed bytes to Sales Orders whose money is the shop's to the halala."""

from decimal import Decimal

import frappe
from frappe.utils import getdate

from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import ExecutorTestCase, reference_of
from salla_executor.tests.payloads import address, line, order, product


class TestOrders(ExecutorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sku, self.other = self.code("A"), self.code("B")
        for sku in (self.sku, self.other):
            self.applied("upsert_product", product(sku))

    def lines(self, **changes):
        return [line(self.sku, "2", "100.00", **changes), line(self.other, "1", "50.00")]

    def test_draft_with_the_shops_money(self):
        answer = self.applied("upsert_order", order(self.store, self.lines(), "287.50", "37.50"))
        doc = answer.document
        assert money(doc.grand_total) == Decimal("287.50")
        assert (doc.docstatus, doc.shop_reference) == (0, f"R{self.store}")
        assert str(doc.transaction_date) == "2026-11-18"
        assert (doc.shop_difference_note or "") == ""
        assert doc.owner == "salla-executor@integration.invalid"
        assert doc.rounded_total == 0

    def test_shipping_cod_discount_and_vat_to_the_halala(self):
        # 2 x 99.99 + 33.35 = 233.33, less 20.01, + 15 + 10 = 238.32; VAT 35.75
        payload = order(
            self.store,
            [line(self.sku, "2", "99.99"), line(self.other, "1", "33.35")],
            "274.07",
            "35.75",
            discount_total="20.01",
            shipping={"amount": "15.00", "address": address()},
            cash_on_delivery="10.00",
            payment_method="cod",
        )
        with self.settings(order_policy=SUBMIT):
            answer = self.applied("upsert_order", payload)
        doc = answer.document
        assert answer.payload["difference"] is None, answer.ack
        assert money(doc.grand_total) == Decimal("274.07")
        assert (doc.docstatus, doc.status) == (1, "To Deliver and Bill")
        assert doc.shipping_address_name
        accounts = [row.account_head for row in doc.taxes]
        assert len(accounts) == 3

    def test_line_discounts(self):
        payload = order(self.store, self.lines(discount="33.33"), "249.17", "32.50", discount_total="33.33")
        doc = self.applied("upsert_order", payload).document
        assert money(doc.grand_total) == Decimal("249.17")

    def test_wrong_total_stays_a_draft_and_says_why(self):
        with self.settings(order_policy=SUBMIT):
            answer = self.applied("upsert_order", order(self.store, self.lines(), "300.00", "37.50"))
        doc = answer.document
        assert doc.docstatus == 0
        assert money(doc.shop_difference) == Decimal("12.50")
        assert "300" in doc.shop_difference_note

    def test_corrected_total_clears_the_note_and_submits(self):
        with self.settings(order_policy=SUBMIT):
            self.applied("upsert_order", order(self.store, self.lines(), "300.00", "37.50"))
            doc = self.applied("upsert_order", order(self.store, self.lines(), "287.50", "37.50")).document
        assert (doc.docstatus, doc.shop_difference, doc.shop_difference_note or "") == (1, 0, "")

    def test_draft_follows_the_shop(self):
        first = self.applied("upsert_order", order(self.store, self.lines(), "287.50", "37.50")).document
        payload = order(self.store, [line(self.sku, "1", "100.00")], "115.00", "15.00")
        answer = self.applied("upsert_order", payload)
        assert answer.document.name == first.name
        assert len(answer.document.items) == 1
        assert money(answer.document.grand_total) == Decimal("115.00")
        assert "items" in answer.payload["changes"]

    def test_status_leaves_a_persons_edit_of_the_draft_alone(self):
        payload = order(self.store, self.lines(), "287.50", "37.50")
        doc = self.applied("upsert_order", payload).document
        doc.delivery_date = getdate("2026-12-24")
        for row in doc.items:
            row.delivery_date = doc.delivery_date
        doc.save()
        frappe.db.commit()
        doc = self.applied("upsert_order", {**payload, "status": "in_progress"}).document
        assert (doc.shop_status, str(doc.items[0].delivery_date)) == ("in_progress", "2026-12-24")

    def test_submitted_order_follows_the_status_only(self):
        payload = order(self.store, self.lines(), "287.50", "37.50")
        with self.settings(order_policy=SUBMIT):
            name = self.applied("upsert_order", payload).document.name
            doc = self.applied("upsert_order", {**payload, "status": "delivered"}).document
            assert (doc.name, doc.docstatus, doc.shop_status) == (name, 1, "delivered")
            changed = order(self.store, [line(self.sku, "1", "100.00")], "115.00", "15.00")
            answer = self.send("upsert_order", changed)
        assert (answer.status, answer.payload["error_code"]) == (503, "order_not_draft")
        assert len(frappe.get_doc("Sales Order", name).items) == 2

    def test_cancelled_order_follows_the_status_only(self):
        payload = order(self.store, self.lines(), "287.50", "37.50")
        with self.settings(order_policy=SUBMIT):
            doc = self.applied("upsert_order", payload).document
        doc.cancel()
        frappe.db.commit()
        after = self.applied("upsert_order", {**payload, "status": "canceled"}).document
        assert (after.docstatus, after.shop_status) == (2, "canceled")

    def test_amended_order_takes_over(self):
        payload = order(self.store, self.lines(), "287.50", "37.50")
        with self.settings(order_policy=SUBMIT):
            doc = self.applied("upsert_order", payload).document
        doc.cancel()
        amended = frappe.copy_doc(doc)
        amended.docstatus, amended.amended_from = 0, doc.name
        amended.insert()
        frappe.db.commit()
        assert reference_of(self.store, "order", payload["external_id"]).document_name == amended.name
        changed = order(self.store, [line(self.sku, "1", "100.00")], "115.00", "15.00")
        assert self.applied("upsert_order", changed).document.name == amended.name

    def test_lost_reference_makes_no_second_order(self):
        payload = order(self.store, self.lines(), "287.50", "37.50")
        name = self.applied("upsert_order", payload).document.name
        frappe.db.delete("External Reference", {"source": self.store, "entity_type": "order"})
        frappe.db.commit()
        assert self.applied("upsert_order", payload).document.name == name
        assert frappe.db.count("Sales Order", {"shop_store": self.store}) == 1

    def test_unchanged_draft_writes_nothing(self):
        payload = order(
            self.store, self.lines(), "287.50", "37.50", shipping={"amount": "0", "address": address()}
        )
        doc = self.applied("upsert_order", payload).document
        answer = self.send("upsert_order", payload, generation=1)
        assert answer.verdict == "skipped", answer.ack
        assert frappe.db.get_value("Sales Order", doc.name, "modified") == doc.modified

    def test_unknown_item_writes_nothing(self):
        payload = order(self.store, [line(self.code("NONE"), "1", "10.00")], "11.50", "1.50")
        answer = self.send("upsert_order", payload)
        assert (answer.status, answer.payload["error_code"]) == (503, "unknown_item")
        assert frappe.db.count("Sales Order", {"shop_store": self.store}) == 0
        assert frappe.db.count("Customer", {"customer_name": ("like", f"%{self.store}%")}) == 0

    def test_foreign_currency_takes_the_sites_rate(self):
        payload = order(self.store, [line(self.sku, "1", "100.00")], "115.00", "15.00", currency="USD")
        answer = self.send("upsert_order", payload)
        assert (answer.status, answer.payload["error_code"]) == (503, "missing_exchange_rate")
        doc = self.applied(
            "upsert_order", {**payload, "exchange_rate": "3.75", "store_currency": "SAR"}
        ).document
        assert (doc.currency, doc.conversion_rate) == ("USD", 3.75)
        assert money(doc.grand_total) == Decimal("115.00")
        assert money(doc.base_grand_total) == Decimal("431.25")


def money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")
