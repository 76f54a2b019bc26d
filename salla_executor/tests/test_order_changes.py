"""What the shop changes after an order was made: edits of submitted orders, cancellations, statuses, returns."""

from decimal import Decimal

import frappe

from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import ExecutorTestCase, reference_of
from salla_executor.tests.maps import mode_of_payment, tables
from salla_executor.tests.payloads import line, order, product

UPDATE = "Update its lines where ERPNext allows it"
AMEND = "Update its lines, else cancel and amend"


class OrderTestCase(ExecutorTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # A person who saves a policy grants the rights that it needs.
        settings = frappe.get_doc("Salla Executor Settings")
        for policy, user in ((UPDATE, "Administrator"), ("A person decides", None)):
            settings.changed_orders, settings.task_user = policy, user
            settings.save()
        frappe.db.commit()

    def setUp(self) -> None:
        super().setUp()
        self.sku, self.other = self.code("A"), self.code("B")
        for sku in (self.sku, self.other):
            self.applied("upsert_product", product(sku, type="service"))

    def order(self, quantity="2", other="1", **changes):
        """100.00 each and 50.00 each, VAT 15 %."""
        lines = [line(self.sku, quantity, "100.00")] + ([line(self.other, other, "50.00")] if other else [])
        net = Decimal(quantity) * 100 + Decimal(other or 0) * 50 - Decimal(changes.get("discount_total", 0))
        tax = (net * 15 / 100).quantize(Decimal("0.01"))
        return order(self.store, lines, str(net + tax), str(tax), **changes)

    def submitted(self, payload):
        with self.settings(order_policy=SUBMIT):
            doc = self.applied("upsert_order", payload).document
        assert doc.docstatus == 1
        return doc

    def status(self, slug, **checks):
        """A row of the shop's catalogue with what is to be done for it; orders begin in a status of the catalogue too."""
        if slug != "under_review" and not frappe.db.exists("Shop Order Status", {"source": self.store}):
            self.status("under_review")
        payload = {"external_id": f"s-{slug}", "name": slug, "slug": slug}
        doc = self.applied("upsert_order_status", payload).document
        doc.update(checks)
        doc.save()
        frappe.db.commit()


class TestSubmittedOrderChanges(OrderTestCase):
    def test_lines_are_updated_where_erpnext_allows_it(self):
        doc = self.submitted(self.order())
        with self.settings(changed_orders=UPDATE):
            answer = self.applied("upsert_order", self.order(quantity="3", other=""))
        after = answer.document
        assert (after.name, after.docstatus, after.grand_total) == (doc.name, 1, 345)
        assert [(row.item_code, row.qty, row.shop_line) for row in after.items] == [
            (self.sku, 3, f"l-{self.sku}")
        ]
        assert "updated after the submit" in answer.message
        # The same again has nothing to do.
        assert (
            self.send("upsert_order", self.order(quantity="3", other=""), generation=1).verdict == "skipped"
        )

    def test_a_new_line_is_added(self):
        doc = self.submitted(self.order(other=""))
        with self.settings(changed_orders=UPDATE):
            after = self.applied("upsert_order", self.order(quantity="1", other="4")).document
        assert (after.name, after.grand_total) == (doc.name, 345)
        assert {row.shop_line: row.qty for row in after.items} == {f"l-{self.sku}": 1, f"l-{self.other}": 4}

    def test_what_erpnext_cannot_update_waits_for_a_person_with_a_task(self):
        doc = self.submitted(self.order())
        with self.settings(changed_orders=UPDATE, task_user="Administrator"):
            answer = self.send("upsert_order", self.order(discount_total="20.00"))
        assert (answer.status, answer.payload["error_code"]) == (503, "order_not_draft")
        doc.reload()
        assert (doc.docstatus, doc.grand_total) == (1, 287.5)
        assert "is submitted" in doc.shop_attention
        task = frappe.get_last_doc("ToDo", {"reference_name": doc.name})
        assert (task.status, task.allocated_to) == ("Open", "Administrator")

    def test_else_cancelled_and_amended(self):
        doc = self.submitted(self.order())
        with self.settings(changed_orders=AMEND, order_policy=SUBMIT):
            after = self.applied("upsert_order", self.order(discount_total="20.00")).document
        assert (after.amended_from, after.docstatus, after.grand_total) == (doc.name, 1, 264.5)
        assert frappe.db.get_value("Sales Order", doc.name, "docstatus") == 2
        assert reference_of(self.store, "order", f"o-{self.store}").document_name == after.name

    def test_what_a_status_submitted_is_submitted_again_once_amended(self):
        self.status("in_progress", do_submit=1)
        doc = self.applied("upsert_order", self.order(status="in_progress")).document
        with self.settings(changed_orders=AMEND):
            changed = self.order(status="in_progress", discount_total="20.00")
            after = self.applied("upsert_order", changed).document
        assert (doc.docstatus, after.amended_from, after.docstatus) == (1, doc.name, 1)

    def test_a_person_decides_unless_set(self):
        doc = self.submitted(self.order())
        answer = self.send("upsert_order", self.order(quantity="3"))
        assert answer.payload["waits_on"] == f"order:{doc.name}"
        # The fix of a person releases it.
        doc.reload()
        doc.cancel()
        amended = frappe.copy_doc(doc)
        amended.docstatus, amended.amended_from = 0, doc.name
        amended.insert()
        frappe.db.commit()
        after = self.applied("upsert_order", self.order(quantity="3")).document
        assert (after.name, after.grand_total, after.shop_attention or "") == (amended.name, 402.5, "")


class TestStatuses(OrderTestCase):
    def test_none_does_anything_unless_ticked(self):
        self.status("delivered")
        doc = self.applied("upsert_order", self.order(status="delivered")).document
        assert doc.docstatus == 0

    def test_each_status_makes_its_documents_once(self):
        self.status("in_progress", do_submit=1)
        self.status("completed", make_delivery_note=1, make_sales_invoice=1)
        with self.settings(follow_up_documents="Submitted"):
            # It skipped the status before, as webhooks do.
            answer = self.applied("upsert_order", self.order(status="completed"))
            again = self.send("upsert_order", self.order(status="completed"), generation=1)
        doc = answer.document
        assert (doc.docstatus, doc.per_delivered, doc.per_billed) == (1, 100, 100), answer.message
        assert again.verdict == "skipped"
        made = [row["doctype"] for row in answer.payload["documents"]]
        assert {"Delivery Note", "Sales Invoice"} <= set(made)
        assert frappe.db.count("Sales Invoice Item", {"sales_order": doc.name}) == 2

    def test_drafts_unless_set(self):
        self.status("completed", make_sales_invoice=1)
        doc = self.applied("upsert_order", self.order(status="completed")).document
        invoice = frappe.db.get_value(
            "Sales Invoice Item", {"sales_order": doc.name}, ["parent", "docstatus"]
        )
        assert invoice[1] == 0
        assert frappe.db.get_value("Sales Invoice", invoice[0], "grand_total") == doc.grand_total

    def test_payment_goes_to_the_account_of_its_mode(self):
        self.status("paid", make_payment_entry=1)
        mode = paid_into(mode_of_payment("Shop Mada"))
        with tables(payment_methods=[{"method": "mada", "mode_of_payment": mode}]):
            doc = self.applied("upsert_order", self.order(status="paid")).document
        assert not doc.shop_attention, doc.shop_attention
        row = frappe.get_last_doc("Payment Entry Reference", {"reference_name": doc.name})
        entry = frappe.get_doc("Payment Entry", row.parent)
        assert (entry.docstatus, entry.paid_amount, entry.mode_of_payment) == (0, doc.grand_total, mode)
        assert entry.reference_no == doc.shop_reference

    def test_what_erpnext_refuses_is_a_task_and_the_order_stands(self):
        self.status("delivered", make_delivery_note=1)
        goods = self.code("GOODS")
        self.applied("upsert_product", product(goods))
        payload = order(self.store, [line(goods, "1", "100.00")], "115.00", "15.00", status="delivered")
        with self.settings(follow_up_documents="Submitted"):
            answer = self.applied("upsert_order", payload)
        doc = answer.document
        assert (doc.docstatus, doc.per_delivered) == (1, 0)
        assert goods in doc.shop_attention, answer.message
        assert not frappe.db.exists("Delivery Note Item", {"against_sales_order": doc.name})

    def test_closed_period_holds_the_status_until_it_is_opened(self):
        self.status("completed", make_sales_invoice=1)
        doc = self.applied("upsert_order", self.order()).document
        period = closed_period(doc.company)
        try:
            answer = self.send("upsert_order", self.order(status="completed"))
            assert (answer.status, answer.payload["error_code"]) == (503, "closed_period"), answer.ack
            assert "Open it in ERPNext" in answer.message
            # A new order is not kept out for that: it stands, and says what is missing.
            other = self.order(status="completed", external_id=f"o2-{self.store}")
            new = self.applied("upsert_order", other).document
            assert "closed" in new.shop_attention
        finally:
            frappe.delete_doc("Accounting Period", period)
            frappe.db.commit()
        assert self.applied("upsert_order", self.order(status="completed")).document.docstatus == 1
        # What was missing is made by the next word from the shop, and the flag goes.
        new = self.applied("upsert_order", {**other, "note": "Thanks"}, generation=1).document
        assert not new.shop_attention
        for order_doc in (doc, new):
            assert frappe.db.exists("Sales Invoice Item", {"sales_order": order_doc.name})

    def test_close(self):
        self.status("completed", do_close=1)
        assert self.applied("upsert_order", self.order(status="completed")).document.status == "Closed"

    def test_a_status_that_the_catalogue_lacks_waits_once_the_catalogue_is_used(self):
        self.status("completed", do_close=1)
        answer = self.send("upsert_order", self.order(status="packed"))
        assert (answer.status, answer.payload["error_code"]) == (503, "unknown_status")
        self.status("packed")
        self.applied("upsert_order", self.order(status="packed"))

    def test_shop_that_issues_the_tax_invoice_gets_none_from_here(self):
        self.status("completed", make_sales_invoice=1)
        with self.settings(tax_invoice_by="Shop"):
            doc = self.applied("upsert_order", self.order(status="completed")).document
        assert (doc.docstatus, doc.shop_tax_invoice_by) == (1, "Shop")
        assert not frappe.db.exists("Sales Invoice Item", {"sales_order": doc.name})


class TestCancellation(OrderTestCase):
    def test_cancelled_where_nothing_was_delivered_or_invoiced(self):
        self.status("canceled", do_cancel=1)
        doc = self.submitted(self.order())
        answer = self.applied("upsert_order", self.order(status="canceled"))
        assert (answer.document.name, answer.document.docstatus) == (doc.name, 2)

    def test_a_cancelled_order_may_come_without_money(self):
        """Shops empty orders that they cancel; the cancellation counts all the same."""
        self.status("canceled", do_cancel=1)
        doc = self.submitted(self.order())
        payload = {**self.order(status="canceled"), "items": [], "total": "0", "tax": {"amount": "0"}}
        answer = self.applied("upsert_order", payload)
        assert (answer.document.name, answer.document.docstatus) == (doc.name, 2)
        assert answer.document.grand_total == 287.5

    def test_else_flagged(self):
        self.status("completed", make_sales_invoice=1)
        self.status("canceled", do_cancel=1)
        with self.settings(follow_up_documents="Submitted", task_user="Administrator"):
            doc = self.applied("upsert_order", self.order(status="completed")).document
            answer = self.applied("upsert_order", self.order(status="canceled"))
        doc.reload()
        assert (doc.docstatus, doc.per_billed) == (1, 100)
        assert "cancelled this order" in doc.shop_attention, answer.message
        assert frappe.db.exists("ToDo", {"reference_name": doc.name, "status": "Open"})

    def test_draft_stays_for_the_record(self):
        self.status("canceled", do_cancel=1)
        doc = self.applied("upsert_order", self.order()).document
        after = self.applied("upsert_order", self.order(status="canceled")).document
        assert (after.name, after.docstatus, after.shop_status) == (doc.name, 0, "canceled")

    def test_status_before_the_order_comes_to_the_same(self):
        self.status("canceled", do_cancel=1)
        with self.settings(order_policy=SUBMIT):
            late = self.applied("upsert_order", self.order(status="canceled"), revision=2).document
            stale = self.send("upsert_order", self.order(), revision=1)
        assert (late.docstatus, stale.payload["error_code"]) == (0, "stale")


class TestReturns(OrderTestCase):
    def invoiced(self):
        self.status("completed", make_delivery_note=1, make_sales_invoice=1)
        self.status("restored", make_return=1)
        with self.settings(follow_up_documents="Submitted"):
            return self.applied("upsert_order", self.order(status="completed")).document

    def test_off_by_default(self):
        doc = self.invoiced()
        answer = self.applied("upsert_order", self.order(status="restored"))
        assert "Returns are off" in answer.document.shop_attention
        assert not returns_of("Sales Invoice", doc)

    def test_full_return_by_credit_note_and_stock(self):
        doc = self.invoiced()
        with self.settings(full_return="Credit note and stock back"):
            self.applied("upsert_order", self.order(status="restored"))
            self.send("upsert_order", self.order(status="restored"), generation=1)
        (credit,), (back,) = returns_of("Sales Invoice", doc), returns_of("Delivery Note", doc)
        assert (credit.docstatus, credit.grand_total) == (1, -287.5)
        assert (back.docstatus, back.total_qty) == (1, -3)

    def test_draft_credit_note(self):
        doc = self.invoiced()
        with self.settings(full_return="Draft credit note"):
            self.applied("upsert_order", self.order(status="restored"))
        (credit,) = returns_of("Sales Invoice", doc)
        assert (credit.docstatus, credit.grand_total) == (0, -287.5)

    def test_parts_come_back_one_after_the_other(self):
        doc = self.invoiced()
        with self.settings(partial_return="Credit note and stock back"):
            for returned in ("1", "1", "2"):
                payload = self.order(status="completed")
                payload["items"][0]["returned"] = returned
                self.send("upsert_order", payload)
        credits = returns_of("Sales Invoice", doc)
        assert [credit.grand_total for credit in credits] == [-115, -115]
        assert sum(back.total_qty for back in returns_of("Delivery Note", doc)) == -2


def closed_period(company):
    doc = frappe.new_doc("Accounting Period")
    doc.period_name, doc.company = frappe.generate_hash(length=8), company
    doc.start_date = doc.end_date = frappe.utils.nowdate()
    doc.append("closed_documents", {"document_type": "Sales Invoice", "closed": 1})
    doc.insert()
    frappe.db.commit()
    return doc.name


def returns_of(doctype, order_doc):
    field = "sales_order" if doctype == "Sales Invoice" else "against_sales_order"
    names = frappe.get_all(f"{doctype} Item", {field: order_doc.name}, pluck="parent", distinct=True)
    filters = {"name": ("in", names), "is_return": 1}
    return [frappe.get_doc(doctype, name) for name in frappe.get_all(doctype, filters, pluck="name")]


def paid_into(mode):
    """The mode of payment with the company's bank account."""
    company = frappe.db.get_single_value("Salla Executor Settings", "company")
    doc = frappe.get_doc("Mode of Payment", mode)
    if not any(row.company == company for row in doc.accounts):
        account = frappe.db.get_value("Account", {"company": company, "account_type": "Cash", "is_group": 0})
        doc.append("accounts", {"company": company, "default_account": account})
        doc.save()
        frappe.db.commit()
    return mode
