"""Returns one after the other: every unit, the discount and the fees are given back once."""

import frappe

from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return
from erpnext.selling.doctype.sales_order.sales_order import make_sales_invoice

from salla_executor.tests.maps import saudi_taxes, tables
from salla_executor.tests.payloads import line, order
from salla_executor.tests.test_order_changes import OrderTestCase, returns_of


class TestReturnsInTurn(OrderTestCase):
    def setUp(self):
        super().setUp()
        self.status("completed", make_sales_invoice=1)
        self.status("restored", make_return=1)
        for name in ("in_progress", "delivered"):
            self.status(name)

    def two(self, status="completed", returned="0", **changes):
        """2 × 100.00 less 20.00, shipping 30.00: with VAT 237.00."""
        lines = [line(self.sku, "2", "100.00", returned=returned)]
        values = {"shipping": {"amount": "30.00"}, "discount_total": "20.00", "status": status}
        return order(self.store, lines, "237.00", "27.00", **{**values, **changes})

    def credited(self, doc):
        return sum(credit.grand_total for credit in returns_of("Sales Invoice", doc))

    def invoiced(self, payload):
        with self.settings(follow_up_documents="Submitted"):
            return self.applied("upsert_order", payload).document

    def test_what_a_part_gave_back_is_taken_off_the_rest(self):
        doc = self.invoiced(self.two())
        with self.settings(partial_return="Credit note", full_return="Credit note"):
            self.applied("upsert_order", self.two(returned="1"))
            first = self.credited(doc)
            self.applied("upsert_order", self.two("restored", returned="1"))
        credits = returns_of("Sales Invoice", doc)
        assert (first, self.credited(doc)) == (-103.5, -237), [one.grand_total for one in credits]
        assert sum(one.discount_amount for one in credits) == -20

    def test_what_the_shop_names_no_lines_of_asks_a_person_until_there_is_a_return(self):
        self.invoiced(self.two())
        given = {"given_back_at": "2026-11-20T10:00:00+00:00"}
        doc = self.send("upsert_order", self.two(**given)).document
        assert "on 2026-11-20 that goods or money" in doc.shop_attention
        # Until somebody has done it, whatever the shop says next.
        doc = self.applied("upsert_order", self.two("in_progress", **given)).document
        assert "on 2026-11-20" in doc.shop_attention
        make_sales_return(invoices_of(doc)[0]).insert()
        frappe.db.commit()
        doc = self.applied("upsert_order", self.two("delivered", **given)).document
        assert not doc.shop_attention, doc.shop_attention

    def test_where_all_of_it_is_given_back_by_policy_nobody_is_asked(self):
        self.invoiced(self.two())
        given = {"given_back_at": "2026-11-20T10:00:00+00:00"}
        with self.settings(full_return="Credit note"):
            doc = self.applied("upsert_order", self.two("restored", **given)).document
        assert (doc.shop_attention or "", self.credited(doc)) == ("", -237)

    def test_fees_that_a_person_credited_are_not_credited_again(self):
        doc = self.invoiced(self.two())
        (invoice,) = invoices_of(doc)
        by_hand = make_sales_return(invoice)
        by_hand.items[0].qty = -1
        by_hand.discount_amount = -10
        by_hand.insert()
        by_hand.submit()
        frappe.db.commit()
        assert by_hand.grand_total == -133.5
        with self.settings(full_return="Credit note"):
            self.applied("upsert_order", self.two("restored"))
        assert self.credited(doc) == -237

    def test_what_comes_back_beyond_a_draft_is_a_task_and_is_made_once_that_is_settled(self):
        doc = self.invoiced(self.two())
        with self.settings(partial_return="Draft credit note", full_return="Draft credit note"):
            self.applied("upsert_order", self.two(returned="1"))
            (draft,) = returns_of("Sales Invoice", doc)
            answer = self.applied("upsert_order", self.two("restored"))
            assert draft.name in answer.document.shop_attention, answer.message
            draft.submit()
            frappe.db.commit()
            after = self.send("upsert_order", self.two("restored"), generation=1).document
            again = self.send("upsert_order", self.two("restored"), generation=2)
        assert not after.shop_attention
        assert (again.verdict, self.credited(doc)) == ("skipped", -237)

    def test_a_draft_that_holds_all_of_it_is_not_made_again(self):
        doc = self.invoiced(self.two())
        with self.settings(partial_return="Draft credit note"):
            for _turn in range(2):
                answer = self.send("upsert_order", self.two(returned="1"))
        assert len(returns_of("Sales Invoice", doc)) == 1
        assert not answer.document.shop_attention

    def test_two_invoices_of_a_row_give_back_what_came_back_once(self):
        """The second was returned by hand, so the first has nothing to give back."""
        doc = self.invoiced(self.order(other="", status="under_review"))
        doc.submit()
        for _number in range(2):
            invoice = make_sales_invoice(doc.name)
            invoice.items[0].qty = 1
            invoice.insert()
            invoice.submit()
        by_hand = make_sales_return(max(invoices_of(doc)))
        by_hand.insert()
        by_hand.submit()
        frappe.db.commit()
        payload = self.order(other="", status="under_review")
        with self.settings(partial_return="Credit note"):
            made = []
            for returned in ("1", "2"):
                payload["items"][0]["returned"] = returned
                self.send("upsert_order", payload)
                made.append(self.credited(doc))
        assert made == [-115, -230]

    def split(self, returned, status="completed"):
        """3 units for 100.00 beside a line free of VAT: two rows, a coin apart."""
        lines = [
            line(self.sku, "3", "33.34", discount="0.02", returned=returned),
            line(self.other, "1", "50.00", tax_percent="0", tax_reason_code="VATEX-SA-32"),
        ]
        return order(self.store, lines, "165.00", "15.00", discount_total="0.02", status=status)

    def test_a_line_in_two_rows_comes_back_once(self):
        with tables(taxes=saudi_taxes()), self.settings(partial_return="Credit note"):
            doc = self.invoiced(self.split("0"))
            assert [row.qty for row in doc.items] == [2, 1, 1]
            units = []
            for returned in ("1", "3"):
                self.applied("upsert_order", self.split(returned))
                units.append(sum(row.qty for one in returns_of("Sales Invoice", doc) for row in one.items))
            answer = self.send("upsert_order", self.split("4"))
        assert units == [-1, -3]
        assert f"l-{self.sku}" in answer.document.shop_attention


def invoices_of(doc):
    rows = frappe.get_all("Sales Invoice Item", {"sales_order": doc.name}, pluck="parent", distinct=True)
    return [name for name in rows if not frappe.db.get_value("Sales Invoice", name, "is_return")]
