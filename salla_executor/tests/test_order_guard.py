"""The money guard against people: an acceptance is of what was accepted, and nobody writes the guard's own fields."""

from contextlib import contextmanager

import frappe
from frappe.client import insert, set_value

from salla_executor.api.orders import accept_difference, comparison
from salla_executor.erpnext.sales_orders import order_key
from salla_executor.tests.kit import ExecutorTestCase, reference_of
from salla_executor.tests.payloads import customer, line, order, product

FORGED = {
    "shop_store": "OTHER",
    "shop_order": "",
    "shop_order_key": "0",
    "shop_content": "0",
    "shop_total": 115,
    "shop_tax": 1,
    "shop_shipping": 1,
    "shop_cash_on_delivery": 1,
    "shop_discount": 1,
    "shop_difference": 0,
    "shop_difference_note": "",
    "shop_difference_texts": "",
    "shop_accepted_by": "Administrator",
    "shop_status_done": "paid",
    "shop_standing": '{"status_id": "1"}',
}


@contextmanager
def as_user(name):
    frappe.set_user(name)
    try:
        yield
    finally:
        frappe.set_user("Administrator")


def stranger(customer_name):
    """May write Sales Orders of this Customer."""
    user = frappe.new_doc("User")
    user.email, user.first_name = f"{frappe.generate_hash(length=8)}@shop-guard.example", "Stranger"
    user.send_welcome_email, user.flags.no_welcome_mail = 0, True
    user.append("roles", {"role": "Sales User"})
    user.insert()
    permission = frappe.new_doc("User Permission")
    permission.update({"user": user.name, "allow": "Customer", "for_value": customer_name})
    permission.apply_to_all_doctypes = 1
    permission.insert()
    frappe.db.commit()
    return user.name


@contextmanager
def in_language(code):
    before, frappe.local.lang = frappe.local.lang, code
    try:
        yield
    finally:
        frappe.local.lang = before


class TestOrderGuard(ExecutorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sku = self.code("A")
        self.applied("upsert_product", product(self.sku))
        # The shop says 0.50 more than its own lines make.
        payload = order(self.store, [line(self.sku, "1", "100.00")], "115.50", "15.00")
        self.doc = self.applied("upsert_order", payload).document
        assert self.doc.shop_difference_note

    def accepted(self):
        accept_difference(self.doc.name)
        self.doc.reload()
        assert self.doc.shop_accepted_by == "Administrator"
        return self.doc

    def test_acceptance_ends_with_the_money_it_was_given_for(self):
        doc = self.accepted()
        doc.items[0].rate = 10
        doc.save()
        assert not doc.shop_accepted_by
        assert "Total: 115.50 SAR in the shop, 11.50 here." in doc.shop_difference_note
        self.assertRaises(frappe.ValidationError, doc.submit)

    def test_acceptance_stays_where_the_money_does(self):
        doc = self.accepted()
        note = doc.shop_difference_note
        doc.po_no = "4711"
        doc.save()
        assert (doc.shop_accepted_by, doc.shop_difference_note) == ("Administrator", note)
        doc.submit()

    def test_mended_and_broken_again_is_not_accepted(self):
        payload = order(f"{self.store}2", [line(self.sku, "1", "100.00")], "115.00", "15.00")
        self.doc = doc = self.applied("upsert_order", payload).document
        doc.items[0].rate = 99
        doc.save()
        self.accepted()
        doc.items[0].rate = 100
        doc.save()
        assert (doc.shop_accepted_by, doc.shop_difference_note) == (None, "")
        doc.items[0].rate = 99
        doc.save()
        assert not doc.shop_accepted_by
        self.assertRaises(frappe.ValidationError, doc.submit)

    def test_money_changed_by_the_submit_itself_is_seen(self):
        doc = self.accepted()
        doc.items[0].rate = 10
        self.assertRaises(frappe.ValidationError, doc.submit)

    def test_amendment_takes_no_acceptance_over(self):
        doc = self.accepted()
        doc.submit()
        doc.cancel()
        amended = self.amendment(doc)
        amended.insert()
        assert not amended.shop_accepted_by
        assert "Total" in amended.shop_difference_note
        self.assertRaises(frappe.ValidationError, amended.submit)

    def test_clients_write_none_of_the_fields(self):
        before = self.own(self.doc)
        for field, value in FORGED.items():
            set_value("Sales Order", self.doc.name, field, value)
            assert self.own(self.doc.reload()) == before, field
        self.doc.update(FORGED)
        self.assertRaises(frappe.ValidationError, self.doc.submit)

    def test_clients_write_none_of_them_after_the_submit(self):
        doc = self.accepted()
        doc.submit()
        before = self.own(doc.reload())
        live = ("shop_difference", "shop_difference_note", "shop_difference_texts")
        live += ("shop_accepted_by", "shop_status_done")
        for field in live:
            set_value("Sales Order", doc.name, field, "1" if field == "shop_difference" else "Guest")
        assert self.own(doc.reload()) == before

    def test_orders_of_people_are_of_no_shop(self):
        doc = frappe.copy_doc(self.doc, ignore_no_copy=False)
        made = insert({**doc.as_dict(), **FORGED, "shop_order": "1", "delivery_date": "2099-01-01"})
        assert not any(self.own(made).values()), self.own(made)

    def test_amendment_is_of_the_order_that_it_amends(self):
        doc = self.accepted()
        doc.submit()
        doc.cancel()
        amended = self.amendment(doc)
        amended.update({**FORGED, "shop_order_key": amended.shop_order_key})
        amended.insert()
        assert (amended.shop_store, amended.shop_order, amended.shop_total) == (
            doc.shop_store,
            doc.shop_order,
            115.5,
        )
        assert amended.shop_order_key == order_key(doc.shop_store, doc.shop_order)
        assert not amended.shop_accepted_by

    def test_an_arabic_desk_shows_the_difference_in_arabic(self):
        english = self.doc.shop_difference_note
        assert "Total: 115.50 SAR in the shop, 115.00 in the ERP (-0.50)." in english
        with in_language("ar"):
            self.doc.run_method("onload")
            shown = self.doc.shop_difference_note
            assert "الإجمالي: 115.50 SAR في المتجر، و115.00 في النظام (\u200e-0.50)." in shown
            assert "أرقام المتجر نفسها لا تتطابق" in shown
            labels = [row["label"] for row in comparison(self.doc.name)["figures"]]
            assert "الإجمالي" in labels
            with self.assertRaises(frappe.ValidationError) as refused:
                self.doc.submit()
            assert "الإجمالي" in str(refused.exception)
            # The form sends back what it was shown.
            self.doc.reload()
            self.doc.run_method("onload")
            self.doc.po_no = "4711"
            self.doc.save()
        assert frappe.db.get_value("Sales Order", self.doc.name, "shop_difference_note") == english

    def test_what_one_person_changed_in_arabic_another_reads_in_english(self):
        with in_language("ar"):
            self.doc.items[0].rate = 10
            self.doc.save()
        assert "الإجمالي: 115.50 SAR في المتجر، و11.50 هنا." in self.doc.shop_difference_note
        self.doc.run_method("onload")
        assert "Total: 115.50 SAR in the shop, 11.50 here." in self.doc.shop_difference_note

    def cancelled(self):
        doc = self.accepted()
        doc.submit()
        doc.cancel()
        frappe.db.commit()
        return doc

    def test_nobody_amends_an_order_that_he_may_not_read(self):
        """Else its key, its shop's figures and the way of its commands would be his who knows its name."""
        victim = self.cancelled()
        forged = self.amendment(victim)
        forged.customer = own = self.customer_of("stranger")
        forged.contact_person = forged.contact_email = forged.contact_mobile = None
        before = self.own(victim.reload())
        with as_user(stranger(own)):
            assert not frappe.has_permission("Sales Order", "read", victim.name)
            self.assertRaises(frappe.PermissionError, insert, forged.as_dict())
        frappe.db.rollback()
        assert self.own(victim.reload()) == before
        assert reference_of(self.store, "order", f"o-{self.store}").document_name == victim.name

    def test_an_order_does_not_become_an_amendment_afterwards(self):
        other = self.cancelled()
        payload = order(f"{self.store}2", [line(self.sku, "1", "100.00")], "115.00", "15.00")
        doc = self.applied("upsert_order", payload).document
        set_value("Sales Order", doc.name, "amended_from", other.name)
        assert not doc.reload().amended_from

    def customer_of(self, name):
        return self.applied("upsert_customer", customer(f"{name}{self.store}")).document.name

    def amendment(self, doc):
        amended = frappe.copy_doc(doc)
        amended.docstatus, amended.amended_from = 0, doc.name
        return amended

    def own(self, doc):
        return {field: doc.get(field) or None for field in FORGED}
