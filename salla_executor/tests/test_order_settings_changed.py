"""What a person changes in this app's settings is no change of an order by the shop."""

import frappe

from salla_executor.api.orders import comparison
from salla_executor.tests.maps import account, saudi_taxes, tables, warehouse
from salla_executor.tests.payloads import line, order
from salla_executor.tests.test_order_changes import AMEND, OrderTestCase


class TestSettingsChanged(OrderTestCase):
    def setUp(self):
        super().setUp()
        self.status("paid")
        self.status("completed", make_sales_invoice=1)

    def two(self, quantity="2", **changes):
        """Shipping 30.00; VAT 15 %."""
        net = int(quantity) * 100 + 30
        lines = [line(self.sku, quantity, "100.00")]
        values = {"shipping": {"amount": "30.00"}, **changes}
        return order(self.store, lines, f"{net * 1.15:.2f}", f"{net * 0.15:.2f}", **values)

    def other_settings(self, **values):
        return self.settings(
            delivery_days=9,
            warehouse=warehouse("Shop Later"),
            tax_account=account("VAT Later", "Tax"),
            shipping_account=account("Shipping Later"),
            **values,
        )

    def test_a_submitted_order_goes_on(self):
        doc = self.submitted(self.two())
        for policy, status in (("A person decides", "paid"), (AMEND, "completed")):
            with self.other_settings(changed_orders=policy):
                after = self.applied("upsert_order", self.two(status=status)).document
            assert (after.name, after.docstatus, after.shop_status) == (doc.name, 1, status)
        self.agrees(after)

    def test_also_once_vat_is_mapped_and_shipping_is_an_item(self):
        doc = self.submitted(self.two())
        with tables(taxes=saudi_taxes()), self.settings(shipping_item=self.other):
            after = self.applied("upsert_order", self.two(status="completed")).document
        assert (after.name, after.docstatus, after.shop_status) == (doc.name, 1, "completed")
        self.agrees(after)

    def test_nor_do_fees_that_are_lines_differ_once_they_are_charges_again(self):
        with self.settings(shipping_item=self.other):
            doc = self.submitted(self.two())
        after = self.applied("upsert_order", self.two(status="completed")).document
        assert (after.name, len(after.taxes)) == (doc.name, 1)
        self.agrees(after)

    def test_what_a_person_changes_is_held_against_the_fees_that_the_order_has(self):
        doc = self.applied("upsert_order", self.two()).document
        with self.other_settings():
            doc.items[0].rate = 99
            doc.save()
            said = {row["label"]: (row["shop"], row["erp"]) for row in comparison(doc.name)["figures"]}
        assert said["Shipping"] == (30, 30)

    def agrees(self, doc):
        assert not doc.shop_difference_note, doc.shop_difference_note
        assert frappe.db.exists("Sales Invoice Item", {"sales_order": doc.name})

    def test_what_the_shop_changes_then_waits_all_the_same(self):
        self.submitted(self.two())
        with self.other_settings():
            answer = self.send("upsert_order", self.two("3"))
        assert answer.payload["error_code"] == "order_not_draft"

    def test_an_order_of_before_this_digest_is_compared_by_what_the_shop_says(self):
        doc = self.submitted(self.two())
        doc.db_set("shop_content", "f" * 64)
        frappe.db.commit()
        with self.settings(delivery_days=9, warehouse=warehouse("Shop Later")):
            after = self.applied("upsert_order", self.two(status="completed")).document
        assert (after.name, after.docstatus) == (doc.name, 1)

    def test_a_draft_takes_them_over(self):
        self.applied("upsert_order", self.two())
        with self.other_settings():
            after = self.applied("upsert_order", self.two(status="paid")).document
        assert after.items[0].warehouse == warehouse("Shop Later")
