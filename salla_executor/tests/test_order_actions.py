"""What a shop's status asks for, where people and earlier statuses have done a part of it already."""

import frappe

from erpnext.accounts.doctype.payment_entry.payment_entry import get_payment_entry
from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return as make_credit_note
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note, make_sales_invoice
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return

from salla_executor.api.orders import accept_difference
from salla_executor.tests.maps import mode_of_payment, tables
from salla_executor.tests.payloads import line, order, product
from salla_executor.tests.test_order_changes import OrderTestCase, paid_into

SUBMITTED = {"follow_up_documents": "Submitted"}
SELLER = "seller@shop-actions.example"


def seller():
    """May submit Sales Orders and write no invoices."""
    if not frappe.db.exists("User", SELLER):
        user = frappe.new_doc("User")
        user.email, user.first_name, user.send_welcome_email = SELLER, "Seller", 0
        user.flags.no_welcome_mail = True
        user.append("roles", {"role": "Sales Manager"})
        user.insert()
        frappe.db.commit()
    return SELLER


def entries_of(*names):
    filters = {"reference_name": ("in", names), "docstatus": ("<", 2)}
    return set(frappe.get_all("Payment Entry Reference", filters, pluck="parent"))


def invoices_of(order_doc):
    filters = {"sales_order": order_doc.name, "docstatus": ("<", 2)}
    names = frappe.get_all("Sales Invoice Item", filters, pluck="parent", distinct=True, order_by="creation")
    return [frappe.get_doc("Sales Invoice", name) for name in names]


class TestDeleted(OrderTestCase):
    def gone(self):
        return self.order(status="deleted", status_name=None)

    def test_a_deleted_order_is_a_task_and_is_not_cancelled(self):
        doc = self.submitted(self.order())
        with self.settings(task_user=seller()):
            answer = self.applied("upsert_order", self.gone())
        doc = answer.document
        assert (doc.docstatus, doc.shop_status) == (1, "deleted")
        assert "The shop deleted this order" in doc.shop_attention
        tasks = {"reference_type": "Sales Order", "reference_name": doc.name, "status": "Open"}
        assert frappe.db.count("ToDo", tasks) == 1

    def test_it_is_cancelled_where_the_catalogue_says_so(self):
        self.status("deleted", do_cancel=1)
        doc = self.submitted(self.order())
        doc = self.applied("upsert_order", self.gone()).document
        assert (doc.docstatus, doc.shop_attention or "") == (2, "")

    def test_a_catalogue_that_lacks_it_holds_nothing(self):
        self.status("completed", make_sales_invoice=1)
        doc = self.submitted(self.order())
        doc = self.applied("upsert_order", self.gone()).document
        assert (doc.docstatus, "deleted" in doc.shop_attention) == (1, True)


class TestPayments(OrderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.status("paid", make_payment_entry=1)
        self.status("completed", make_sales_invoice=1, make_payment_entry=1)
        self.mode = paid_into(mode_of_payment("Shop Mada"))

    def paid_with(self):
        return tables(payment_methods=[{"method": "mada", "mode_of_payment": self.mode}])

    def test_a_prepaid_order_is_paid_once(self):
        with self.paid_with(), self.settings(**SUBMITTED):
            paid = self.applied("upsert_order", self.order(status="paid")).document
            assert paid.advance_paid == 287.5
            doc = self.applied("upsert_order", self.order(status="completed")).document
        assert not doc.shop_attention, doc.shop_attention
        (invoice,) = invoices_of(doc)
        assert (invoice.docstatus, invoice.outstanding_amount) == (1, 0)
        assert len(entries_of(doc.name, invoice.name)) == 1

    def test_so_it_is_with_drafts_that_a_person_submits(self):
        with self.paid_with():
            doc = self.applied("upsert_order", self.order(status="paid")).document
            (entry,) = entries_of(doc.name)
            self.applied("upsert_order", self.order(status="completed"))
            (invoice,) = invoices_of(doc)
            assert entries_of(doc.name, invoice.name) == {entry}
            for doctype, name in (("Payment Entry", entry), ("Sales Invoice", invoice.name)):
                frappe.get_doc(doctype, name).submit()
            frappe.db.commit()
            self.status("delivered", make_payment_entry=1)
            self.applied("upsert_order", self.order(status="delivered"))
        invoice.reload()
        assert invoice.outstanding_amount == 0
        assert entries_of(doc.name, invoice.name) == {entry}

    def test_an_advance_that_a_persons_invoice_left_out_is_a_persons_to_allocate(self):
        with self.paid_with(), self.settings(**SUBMITTED):
            doc = self.applied("upsert_order", self.order(status="paid")).document
            invoice = make_sales_invoice(doc.name)
            invoice.insert()
            invoice.submit()
            frappe.db.commit()
            assert invoice.outstanding_amount == 287.5
            doc = self.applied("upsert_order", self.order(status="completed")).document
        assert len(entries_of(doc.name, invoice.name)) == 1
        assert "Payment Reconciliation" in doc.shop_attention

    def test_an_advance_in_the_companys_currency_pays_a_foreign_order_only_when_it_is_all_of_it(self):
        payload = order(self.store, [line(self.sku, "1", "100.00")], "115.00", "15.00", currency="USD")
        payload |= {"exchange_rate": "3.75", "store_currency": "SAR"}
        with self.paid_with(), self.settings(**SUBMITTED):
            doc = self.applied("upsert_order", payload).document
            doc.submit()
            # More than the 115 of the order, and less than its 431.25 in riyals.
            part = get_payment_entry("Sales Order", doc.name)
            part.reference_no, part.reference_date = "1", doc.transaction_date
            part.paid_amount = part.received_amount = part.references[0].allocated_amount = 200
            part.insert()
            part.submit()
            frappe.db.commit()
            self.applied("upsert_order", {**payload, "status": "paid"})
        doc.reload()
        assert not doc.shop_attention, doc.shop_attention
        assert doc.advance_paid == 431.25
        assert len(entries_of(doc.name)) == 2


class TestGoods(OrderTestCase):
    def test_what_came_back_is_not_delivered_again(self):
        self.status("delivered", make_delivery_note=1)
        self.status("completed", make_delivery_note=1)
        with self.settings(**SUBMITTED):
            doc = self.applied("upsert_order", self.order(status="delivered")).document
            (note,) = notes_of(doc)
            back = make_sales_return(note)
            back.items = back.items[:1]
            back.items[0].qty = -1
            back.insert()
            back.submit()
            frappe.db.commit()
            doc = self.applied("upsert_order", self.order(status="completed")).document
        assert not doc.shop_attention, doc.shop_attention
        assert sorted(notes_of(doc)) == sorted([note, back.name])

    def test_what_was_not_delivered_yet_is(self):
        self.status("completed", make_delivery_note=1)
        doc = self.submitted(self.order())
        first = make_delivery_note(doc.name)
        first.items = first.items[:1]
        first.insert()
        first.submit()
        back = make_sales_return(first.name)
        back.items[0].qty = -1
        back.insert()
        back.submit()
        frappe.db.commit()
        with self.settings(**SUBMITTED):
            self.applied("upsert_order", self.order(status="completed"))
        (rest,) = set(notes_of(doc)) - {first.name, back.name}
        rows = frappe.get_doc("Delivery Note", rest).items
        assert [(row.item_code, row.qty) for row in rows] == [(self.other, 1)]

    def test_a_draft_return_keeps_nothing_from_being_delivered(self):
        self.status("completed", make_delivery_note=1)
        doc = self.submitted(self.order())
        first = make_delivery_note(doc.name)
        first.items = first.items[:1]
        first.insert()
        first.submit()
        back = make_sales_return(first.name)
        back.insert()
        frappe.db.commit()
        self.applied("upsert_order", self.order(status="completed"))
        (rest,) = set(notes_of(doc)) - {first.name, back.name}
        assert [row.item_code for row in frappe.get_doc("Delivery Note", rest).items] == [self.other]


def notes_of(order_doc):
    filters = {"against_sales_order": order_doc.name, "docstatus": ("<", 2)}
    return frappe.get_all("Delivery Note Item", filters, pluck="parent", distinct=True)


class TestInvoices(OrderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.status("delivered", make_sales_invoice=1)
        self.status("completed", make_sales_invoice=1)

    def with_gift(self, **changes):
        """250 + shipping 30, VAT 15 %, and a free gift."""
        gift = self.code("GIFT")
        if not frappe.db.exists("Item", gift):
            self.applied("upsert_product", product(gift, type="service"))
        lines = [line(self.sku, "2", "100.00"), line(self.other, "1", "50.00"), line(gift, "1", "0")]
        return order(self.store, lines, "322.00", "42.00", shipping={"amount": "30.00"}, **changes)

    def test_a_free_gift_is_no_reason_for_a_second_invoice(self):
        with self.settings(**SUBMITTED):
            self.applied("upsert_order", self.with_gift(status="delivered"))
            doc = self.applied("upsert_order", self.with_gift(status="completed")).document
        assert not doc.shop_attention, doc.shop_attention
        assert [invoice.grand_total for invoice in invoices_of(doc)] == [322]

    def test_shipping_and_discount_are_billed_once_beside_a_persons_invoice(self):
        """A person bills one line, ERPNext adds shipping and discount whole; the rest is goods and their VAT."""
        changes = {
            "shipping": {"amount": "30.00"},
            "discount_total": "20.00",
            "tax": {"percent": "15", "amount": "39.00"},
        }
        payload = {**self.order(), "total": "299.00", **changes}
        doc = self.submitted(payload)
        first = make_sales_invoice(doc.name)
        first.items = first.items[:1]
        first.insert()
        first.submit()
        frappe.db.commit()
        with self.settings(**SUBMITTED):
            doc = self.applied("upsert_order", {**payload, "status": "completed"}).document
        assert not doc.shop_attention, doc.shop_attention
        # (200 - 20 + 30) and 50, with 15 %.
        assert [invoice.grand_total for invoice in invoices_of(doc)] == [241.5, 57.5]

    def test_a_draft_credit_note_keeps_nothing_from_being_billed(self):
        doc = self.submitted(self.order())
        first = make_sales_invoice(doc.name)
        first.items = first.items[:1]
        first.insert()
        first.submit()
        credit = make_credit_note(first.name)
        credit.insert()
        frappe.db.commit()
        self.applied("upsert_order", self.order(status="completed"))
        rest = [invoice for invoice in invoices_of(doc) if invoice.name not in (first.name, credit.name)]
        assert [[row.item_code for row in invoice.items] for invoice in rest] == [[self.other]]


class TestStatusesDone(OrderTestCase):
    def test_a_sub_status_has_its_actions_done_beside_those_of_its_status(self):
        self.status("in_progress", do_submit=1)
        self.status("packed", make_sales_invoice=1)
        first = self.applied("upsert_order", self.order(status="in_progress")).document
        sub_status = self.order(status="in_progress", custom_status_id="s-packed")
        doc = self.applied("upsert_order", sub_status).document
        assert (first.docstatus, len(invoices_of(doc))) == (1, 1)
        for name in [invoice.name for invoice in invoices_of(doc)]:
            frappe.delete_doc("Sales Invoice", name)
        frappe.db.commit()
        # Once done, it is not done again.
        self.send("upsert_order", sub_status, generation=1)
        assert not invoices_of(doc)

    def held(self, **changes):
        """The shop says 300.00 where its lines make 287.50."""
        return {**self.order(status="completed", **changes), "total": "300.00"}

    def test_what_waited_for_a_difference_comes_with_its_acceptance(self):
        self.status("completed", do_submit=1, make_sales_invoice=1)
        doc = self.applied("upsert_order", self.held()).document
        assert (doc.docstatus, doc.shop_status_done or "") == (0, "")
        assert accept_difference(doc.name) == 1
        frappe.db.commit()
        doc.reload()
        assert (doc.docstatus, doc.shop_accepted_by) == (1, "Administrator")
        assert (doc.shop_status_done, doc.shop_standing or "") == ("completed", "")
        assert len(invoices_of(doc)) == 1
        # The next command finds nothing left to do.
        self.send("upsert_order", self.held(), generation=1)
        assert len(invoices_of(doc)) == 1

    def test_so_does_what_a_sub_status_asked_for_and_what_came_back(self):
        self.status("completed")
        self.status("packed", make_sales_invoice=1)
        payload = self.held(custom_status_id="s-packed")
        payload["items"][0]["returned"] = "1"
        doc = self.applied("upsert_order", payload).document
        assert doc.docstatus == 0
        with self.settings(partial_return="Credit note", **SUBMITTED):
            assert accept_difference(doc.name) == 1
            frappe.db.commit()
        assert sorted(invoice.is_return for invoice in invoices_of(doc)) == [0, 1]

    def test_an_order_that_came_to_nothing_is_accepted_and_not_submitted(self):
        self.status("completed", do_submit=1)
        self.status("canceled", do_cancel=1)
        doc = self.applied("upsert_order", self.held()).document
        self.applied("upsert_order", {**self.held(), "status": "canceled"})
        with self.settings(order_policy="Submit when the money agrees"):
            assert accept_difference(doc.name) == 0

    def test_what_the_person_may_not_do_is_a_task(self):
        self.status("completed", make_sales_invoice=1)
        doc = self.applied("upsert_order", self.held()).document
        frappe.set_user(seller())
        try:
            assert accept_difference(doc.name) == 1
        finally:
            frappe.set_user("Administrator")
        doc.reload()
        assert (doc.docstatus, doc.shop_accepted_by) == (1, SELLER)
        assert f"{SELLER} may not write" in doc.shop_attention
        assert not invoices_of(doc)
        frappe.db.commit()
        # The integration user may, and the status is still to be done.
        self.send("upsert_order", self.held(), generation=1)
        assert (len(invoices_of(doc)), doc.reload().shop_attention) == (1, "")

    def test_so_does_what_was_held_before_it_was_kept_on_the_draft(self):
        self.status("completed", make_sales_invoice=1)
        doc = self.applied("upsert_order", self.held()).document
        doc.db_set({"shop_status_done": "completed", "shop_standing": None})
        assert accept_difference(doc.name) == 1
        assert len(invoices_of(doc)) == 1

    def test_what_another_try_may_mend_is_tried_again(self):
        """Here the counter of a naming series stands behind its documents, as beside another who just counted up."""
        self.status("delivered", make_sales_invoice=1)
        self.status("completed", make_sales_invoice=1)
        other = self.order(status="delivered", external_id=f"o2-{self.store}")
        (taken,) = invoices_of(self.applied("upsert_order", other).document)
        doc = self.submitted(self.order())
        prefix, dash, number = taken.name.rpartition("-")
        series = frappe.qb.DocType("Series")
        counter = frappe.qb.update(series).where(series.name == prefix + dash)
        counter.set(series.current, int(number) - 1).run()
        frappe.db.commit()
        try:
            answer = self.send("upsert_order", self.order(status="completed"))
        finally:
            counter.set(series.current, int(number)).run()
            frappe.db.commit()
        assert (answer.status, answer.payload["error_code"]) == (503, "duplicate"), answer.ack
        assert not frappe.get_doc("Sales Order", doc.name).shop_attention
        doc = self.applied("upsert_order", self.order(status="completed")).document
        assert len(invoices_of(doc)) == 1
