"""A submitted order that goes elsewhere, from elsewhere or with another note: ERPNext follows, or a person is told."""

import frappe

from salla_executor.tests.maps import tables, warehouse
from salla_executor.tests.payloads import address
from salla_executor.tests.test_order_changes import AMEND, UPDATE, OrderTestCase


class TestOrderDelivery(OrderTestCase):
    def to(self, city, **changes):
        ship_to = {"amount": "0", "address": address(external_id=f"a-{self.store}", city=city)}
        return self.order(shipping=ship_to, **changes)

    def branches(self):
        return tables(
            branches=[
                {"source": self.store, "branch": name, "warehouse": warehouse(f"Shop {name}")}
                for name in ("North", "South")
            ]
        )

    def test_it_is_sent_where_the_buyer_wants_it_now(self):
        doc = self.submitted(self.to("Riyadh"))
        answer = self.applied("upsert_order", self.to("Jeddah"))
        after = answer.document
        assert (after.name, after.docstatus) == (doc.name, 1)
        assert "Jeddah" in after.shipping_address and "Riyadh" not in after.shipping_address
        assert frappe.db.get_value("Address", after.shipping_address_name, "city") == "Jeddah"
        assert "shipping_address" in answer.payload["changes"]
        assert self.send("upsert_order", self.to("Jeddah"), generation=1).verdict == "skipped"

    def test_an_address_that_a_person_chose_stays_while_the_shop_says_nothing_new_of_it(self):
        doc = self.submitted(self.to("Riyadh"))
        other = frappe.get_doc("Address", doc.shipping_address_name)
        other = frappe.copy_doc(other)
        other.shop_address_key = other.shop_address_id = None
        other.insert()
        doc.shipping_address_name = other.name
        doc.save()
        frappe.db.commit()
        after = self.applied("upsert_order", self.to("Riyadh", status="in_progress")).document
        assert (after.shipping_address_name, after.shop_status) == (other.name, "in_progress")

    def test_the_note_follows(self):
        self.submitted(self.to("Riyadh", note="Ring twice"))
        after = self.applied("upsert_order", self.to("Riyadh", note="Leave it at the door")).document
        assert (after.docstatus, after.shop_note) == (1, "Leave it at the door")

    def test_also_where_its_lines_are_updated_with_it(self):
        doc = self.submitted(self.to("Riyadh"))
        with self.settings(changed_orders=UPDATE):
            after = self.applied("upsert_order", self.to("Jeddah", quantity="3")).document
        assert (after.name, after.items[0].qty) == (doc.name, 3)
        assert "Jeddah" in after.shipping_address

    def test_another_branch_is_told_to_a_person(self):
        with self.branches():
            doc = self.submitted(self.to("Riyadh", branch_id="North"))
            answer = self.send("upsert_order", self.to("Riyadh", branch_id="South"))
        assert answer.payload["waits_on"] == f"order:{doc.name}", answer.ack
        assert "Branch" in answer.message
        assert "Branch" in doc.reload().shop_attention

    def test_or_the_order_is_amended_by_policy(self):
        with self.branches(), self.settings(changed_orders=AMEND):
            doc = self.submitted(self.to("Riyadh", branch_id="North"))
            after = self.applied("upsert_order", self.to("Riyadh", branch_id="South")).document
        assert (after.amended_from, after.items[0].warehouse) == (doc.name, warehouse("Shop South"))

    def test_a_branch_with_the_same_warehouse_changes_nothing(self):
        shared = [
            {"source": self.store, "branch": name, "warehouse": warehouse("Shop North")}
            for name in ("North", "South")
        ]
        with tables(branches=shared):
            doc = self.submitted(self.to("Riyadh", branch_id="North"))
            after = self.applied("upsert_order", self.to("Riyadh", branch_id="South", status="paid")).document
        assert (after.name, after.docstatus, after.shop_status) == (doc.name, 1, "paid")
