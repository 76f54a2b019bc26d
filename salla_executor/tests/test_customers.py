"""Customers with contact and addresses, from signed bytes to documents."""

import frappe

from salla_executor.tests.kit import ExecutorTestCase, addresses_of
from salla_executor.tests.payloads import address, customer


class TestCustomers(ExecutorTestCase):
    def test_customer_with_contact_and_address(self):
        payload = customer(self.store, addresses=[address()])
        doc = self.applied("upsert_customer", payload).document
        contact = frappe.get_doc("Contact", doc.customer_primary_contact)
        assert doc.customer_type == "Individual"
        assert contact.phone_nos[0].phone == payload["phone"]
        assert contact.email_id == payload["email"]
        assert (contact.first_name, contact.last_name) == ("Sara", "Ali")
        assert [row.city for row in addresses_of(doc.name)] == ["Riyadh"]

    def test_update_in_place(self):
        first = self.applied("upsert_customer", customer(self.store, addresses=[address()])).document
        changed = customer(
            self.store, phone="+966555555501", addresses=[address(city="Jeddah"), address(external_id="a-2")]
        )
        answer = self.applied("upsert_customer", changed)
        assert answer.document.name == first.name
        contact = frappe.get_doc("Contact", first.customer_primary_contact)
        assert [row.phone for row in contact.phone_nos] == ["+966555555501"]
        assert sorted(row.city for row in addresses_of(first.name)) == ["Jeddah", "Riyadh"]
        assert frappe.db.get_value("Customer", first.name, "mobile_no") == "+966555555501"

    def test_unchanged_writes_nothing(self):
        payload = customer(self.store, addresses=[address()])
        doc = self.applied("upsert_customer", payload).document
        answer = self.send("upsert_customer", payload, generation=1)
        assert answer.verdict == "skipped", answer.ack
        assert frappe.db.get_value("Customer", doc.name, "modified") == doc.modified

    def test_second_shop_shares_the_customer_but_not_the_address(self):
        payload = customer(self.store, addresses=[address()])
        first = self.applied("upsert_customer", payload).document
        again = self.applied(
            "upsert_customer", {**payload, "external_id": "other"}, store_account=f"{self.store}-2"
        )
        assert again.document.name == first.name
        stranger = customer(f"x{self.store}", addresses=[address()])
        other = self.applied("upsert_customer", stranger, store_account=f"{self.store}-3").document
        assert other.name != first.name
        assert len(addresses_of(other.name)) == 1
        assert addresses_of(other.name)[0].name != addresses_of(first.name)[0].name

    def test_contact_of_an_existing_customer_is_not_doubled(self):
        doc = frappe.new_doc("Customer")
        doc.customer_name = self.code("Known")
        doc.insert()
        contact = frappe.new_doc("Contact")
        contact.first_name = "Known"
        contact.append("phone_nos", {"phone": "+966500000111", "is_primary_mobile_no": 1})
        contact.append("links", {"link_doctype": "Customer", "link_name": doc.name})
        contact.insert()
        frappe.db.commit()
        self.addCleanup(forget, contact, doc)
        payload = customer(self.store, phone="+966500000111", email=None)
        answer = self.applied("upsert_customer", payload)
        assert answer.document.name == doc.name
        linked = frappe.get_all(
            "Dynamic Link",
            filters={"link_doctype": "Customer", "link_name": doc.name, "parenttype": "Contact"},
            pluck="parent",
        )
        assert linked == [contact.name]


def forget(contact, customer_doc) -> None:
    """Its phone number must not be found by the next run."""
    frappe.set_user("Administrator")
    frappe.delete_doc("Customer", customer_doc.name, force=True)
    frappe.delete_doc("Contact", contact.name, force=True, ignore_missing=True)
    frappe.db.commit()
