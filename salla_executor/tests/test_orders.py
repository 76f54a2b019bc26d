"""Orders, from signed bytes to Sales Orders whose money is the shop's to the halala."""

from decimal import Decimal

import frappe
from frappe.utils import getdate

from salla_executor.api.orders import accept_difference, comparison
from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import ExecutorTestCase, reference_of
from salla_executor.tests.maps import tax_template
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


class TestMoneyGuard(ExecutorTestCase):
    """A draft whose money differs from the shop's: shown line by line, and submitted by nobody unless accepted."""

    def setUp(self) -> None:
        super().setUp()
        self.sku, self.other = self.code("A"), self.code("B")
        for sku in (self.sku, self.other):
            self.applied("upsert_product", product(sku))

    def wrong(self, **changes):
        lines = [line(self.sku, "2", "100.00"), line(self.other, "1", "50.00")]
        return order(self.store, lines, "320.25", "37.50", shipping={"amount": "20.00"}, **changes)

    def flagged(self):
        with self.settings(order_policy=SUBMIT):
            doc = self.applied("upsert_order", self.wrong()).document
        assert doc.docstatus == 0
        return doc

    def test_no_submit_before_it_is_accepted(self):
        doc = self.flagged()
        self.assertRaises(frappe.ValidationError, doc.submit)
        frappe.db.rollback()
        with self.settings(order_policy=SUBMIT):
            assert accept_difference(doc.name) == 1
            frappe.db.commit()
        doc.reload()
        assert (doc.docstatus, doc.shop_accepted_by) == (1, "Administrator")
        comments = frappe.get_all("Comment", {"reference_name": doc.name}, pluck="content")
        assert any("12.75" in (text or "") for text in comments), comments

    def test_accepted_draft_waits_for_its_submit_where_orders_stay_drafts(self):
        doc = self.flagged()
        assert accept_difference(doc.name) == 0
        doc.reload()
        doc.submit()

    def test_whoever_may_not_submit_may_not_accept(self):
        doc = self.flagged()
        frappe.set_user("Guest")
        try:
            self.assertRaises(frappe.PermissionError, accept_difference, doc.name)
            self.assertRaises(frappe.PermissionError, comparison, doc.name)
        finally:
            frappe.set_user("Administrator")

    def test_what_the_shop_changes_has_to_be_accepted_anew(self):
        doc = self.flagged()
        accept_difference(doc.name)
        frappe.db.commit()
        after = self.applied("upsert_order", {**self.wrong(), "total": "330.25"}).document
        assert not after.shop_accepted_by
        assert money(after.shop_difference) == Decimal("22.75")

    def test_mended_draft_is_free_and_a_spoilt_one_is_held(self):
        doc = self.applied("upsert_order", {**self.wrong(), "total": "307.50"}).document
        assert not doc.shop_difference_note
        doc.items[0].rate = 99
        doc.save()
        assert money(doc.shop_difference) == Decimal("2.30")
        assert "Total: 307.50 SAR in the shop, 305.20 here." in doc.shop_difference_note
        self.assertRaises(frappe.ValidationError, doc.submit)
        doc.reload()
        doc.items[0].rate = 100
        doc.save()
        assert (doc.shop_difference, doc.shop_difference_note) == (0, "")
        doc.submit()

    def test_compared_line_by_line_and_figure_by_figure(self):
        doc = self.flagged()
        shown = comparison(doc.name)
        figures = {row["label"]: (row["shop"], row["erp"], row["off"]) for row in shown["figures"]}
        assert figures["Total"] == (320.25, 307.5, -12.75)
        assert figures["VAT"] == (37.5, 37.5, 0)
        assert figures["Shipping"] == (20, 20, 0)
        assert [(row["shop"], row["erp"]) for row in shown["lines"]] == [(200, 200), (50, 50)]

    def test_the_likely_cause_is_named(self):
        doc = self.flagged()
        assert "The shop's own figures do not add up" in doc.shop_difference_note

    def test_a_mended_cause_frees_it_when_it_is_sent_again(self):
        """An Item's own Item Tax Template says another rate than the shop."""
        item = frappe.get_doc("Item", self.sku)
        item.append("taxes", {"item_tax_template": tax_template("Shop Zero Rated", 0)})
        item.save()
        frappe.db.commit()
        payload = {**self.wrong(), "total": "307.50"}
        with self.settings(order_policy=SUBMIT):
            doc = self.applied("upsert_order", payload).document
            assert (doc.docstatus, money(doc.shop_difference)) == (0, Decimal("30.00"))
            assert "item tax templates" in doc.shop_difference_note
            item.taxes = []
            item.save()
            frappe.db.commit()
            again = self.applied("upsert_order", payload, revision=1, generation=1).document
        assert (again.name, again.docstatus, money(again.grand_total)) == (doc.name, 1, Decimal("307.50"))

    def test_pricing_rules_of_the_site_change_nothing(self):
        """Pain: a discount of the ERP on top of the shop's."""
        rule = frappe.new_doc("Pricing Rule")
        rule.update(
            {
                "title": self.code("Rule"),
                "apply_on": "Item Code",
                "selling": 1,
                "currency": "SAR",
                "rate_or_discount": "Discount Percentage",
                "discount_percentage": 10,
            }
        )
        rule.append("items", {"item_code": self.sku})
        rule.insert()
        frappe.db.commit()
        doc = self.applied("upsert_order", {**self.wrong(), "total": "307.50"}).document
        assert (money(doc.grand_total), doc.shop_difference_note or "") == (Decimal("307.50"), "")


def money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")
