"""Items that are there before the shop's: linked where it is certain, decided by a person where it is not."""

import frappe
import frappe.share
from frappe.desk.doctype.number_card.number_card import get_result

from salla_executor.api import reviews
from salla_executor.api.customers import choose
from salla_executor.erpnext.inbox import row_name
from salla_executor.erpnext.settings import read_settings
from salla_executor.tests.kit import ExecutorTestCase, reference_of
from salla_executor.tests.payloads import customer, product, variant


class TestAdoption(ExecutorTestCase):
    def item(self, code, barcode="", **values):
        doc = frappe.new_doc("Item")
        doc.update(
            {"item_code": code, "item_group": read_settings().item_group, "stock_uom": "Nos", **values}
        )
        if barcode:
            doc.append("barcodes", {"barcode": barcode})
        doc.insert()
        frappe.db.commit()
        return doc

    def barcode(self):
        return f"9{frappe.generate_hash(length=12)}"

    def review(self, payload, command_type="upsert_product"):
        answer = self.send(command_type, payload)
        assert (answer.status, answer.payload.get("error_code")) == (503, "item_to_review"), answer.ack
        assert answer.payload["waits_on"] == "review:item"
        return answer

    def reference(self, payload, entity_type="product"):
        return row_name(self.store, entity_type, payload["external_id"])

    def test_the_workspace_counts_what_is_to_review(self):
        card = frappe.get_doc("Number Card", "Items to Review")
        before = get_result(card.as_json(), card.filters_json)
        barcode = self.barcode()
        self.item(self.code("A"), barcode)
        self.review(product(self.code("OTHER"), barcode=barcode))
        assert get_result(card.as_json(), card.filters_json) == before + 1

    def test_item_with_the_sku_is_linked(self):
        self.item(self.code("A"), item_name="As the ERP's users call it")
        answer = self.applied("upsert_product", product(self.code("A")))
        assert "was linked" in answer.message
        assert reference_of(self.store, "product", f"p-{self.code('A')}").document_name == self.code("A")

    def test_case_of_a_sku_is_no_other_item(self):
        self.item(self.code("abc"))
        answer = self.applied("upsert_product", product(self.code("ABC")))
        assert answer.payload["erp_doc"]["name"] == self.code("abc")

    def test_reference_finds_an_item_that_was_renamed(self):
        self.applied("upsert_product", product(self.code("A")))
        frappe.rename_doc("Item", self.code("A"), self.code("OURS"), show_alert=False)
        frappe.db.commit()
        answer = self.applied("upsert_product", product(self.code("A"), name="Linen shirt"))
        assert answer.payload["erp_doc"]["name"] == self.code("OURS")
        assert not frappe.db.exists("Item", self.code("A"))

    def test_same_barcode_waits_for_a_person_and_is_linked(self):
        barcode = self.barcode()
        self.item(self.code("OURS"), barcode)
        payload = product(self.code("A"), barcode=barcode)
        answer = self.review(payload)
        assert self.code("OURS") in answer.message
        row = reference_of(self.store, "product", payload["external_id"])
        assert (row.candidates, row.shop_title) == (self.code("OURS"), f"Cotton shirt · {self.code('A')}")
        reviews.link(self.reference(payload), self.code("OURS"))
        frappe.db.commit()
        applied = self.applied("upsert_product", payload)
        assert applied.payload["erp_doc"]["name"] == self.code("OURS")
        assert not frappe.db.exists("Item", self.code("A"))

    def test_what_it_waits_on_is_always_the_latest(self):
        parts = [{"external_id": "9", "quantity": "1"}]
        first = self.send("upsert_product", product(self.code("A"), type="bundle", components=parts))
        assert first.payload["waits_on"] == "item:9"
        barcode = self.barcode()
        self.item(self.code("OURS"), barcode)
        self.review(product(self.code("A"), barcode=barcode))
        row = reference_of(self.store, "product", f"p-{self.code('A')}")
        assert (row.waits_on, row.candidates) == ("review:item", self.code("OURS"))

    def test_same_barcode_is_linked_where_the_settings_say_so(self):
        barcode = self.barcode()
        self.item(self.code("OURS"), barcode)
        with self.settings(barcode_match="Link the Item"):
            answer = self.applied("upsert_product", product(self.code("A"), barcode=barcode))
        assert answer.payload["erp_doc"]["name"] == self.code("OURS")

    def test_person_makes_a_new_item_of_it(self):
        barcode = self.barcode()
        self.item(self.code("OURS"), barcode)
        payload = product(self.code("A"), barcode=barcode)
        self.review(payload)
        reviews.make_new(self.reference(payload), self.code("A"))
        frappe.db.commit()
        answer = self.applied("upsert_product", payload)
        assert answer.payload["erp_doc"]["name"] == self.code("A")
        assert "barcode" in answer.message
        assert answer.document.barcodes == []
        # The barcode stays the other Item's, also at the next change.
        again = self.applied("upsert_product", {**payload, "name": "Linen shirt"})
        assert again.document.barcodes == []

    def test_sku_and_barcode_of_two_items(self):
        barcode = self.barcode()
        self.item(self.code("A"))
        self.item(self.code("B"), barcode)
        payload = product(self.code("A"), barcode=barcode)
        self.review(payload)
        row = reference_of(self.store, "product", payload["external_id"])
        assert row.candidates.split("\n") == [self.code("A"), self.code("B")]

    def test_sku_that_is_a_barcode_here(self):
        barcode = self.barcode()
        self.item(self.code("OURS"), barcode)
        assert self.code("OURS") in self.review(product(barcode)).message

    def test_product_with_variants_is_no_plain_item(self):
        """It would have become a template, and could not be sold any more."""
        self.item(self.code("A"))
        payload = product(self.code("A"), options=["Size"], price=None)
        assert "has none" in self.review(payload).message
        assert not frappe.db.get_value("Item", self.code("A"), "has_variants")
        reviews.make_new(self.reference(payload), self.code("A-ALL"))
        frappe.db.commit()
        assert self.applied("upsert_product", payload).document.has_variants == 1

    def test_plain_product_is_no_template(self):
        self.item(self.code("A"), has_variants=1, attributes=[{"attribute": "Size"}])
        self.review(product(self.code("A")))

    def test_variant_of_another_template(self):
        template = self.code("T")
        self.applied("upsert_product", product(template, options=["Size"], price=None))
        self.applied("upsert_variant", variant(self.code("T-XL"), f"p-{template}", {"Size": "XL"}))
        other = self.code("U")
        self.store, first = f"{self.store}-2", self.store
        self.applied("upsert_product", product(other, options=["Size"], price=None))
        payload = variant(f"T-XL-{first}", f"p-{other}", {"Size": "XL"})
        assert template in self.review(payload, "upsert_variant").message

    def test_two_shops_share_an_item(self):
        self.applied("upsert_product", product(self.code("A")))
        sku, self.store = self.code("A"), f"{self.store}-2"
        answer = self.applied("upsert_product", product(sku))
        assert "was linked" in answer.message

    def test_item_of_another_entry_of_the_shop_is_no_choice(self):
        barcode = self.barcode()
        self.item(self.code("OURS"), barcode)
        self.applied("upsert_product", product(self.code("B")))
        payload = product(self.code("A"), barcode=barcode)
        self.review(payload)
        with self.assertRaisesRegex(frappe.ValidationError, self.code("B")):
            reviews.link(self.reference(payload), self.code("B"))
        with self.assertRaisesRegex(frappe.ValidationError, self.code("OURS")):
            reviews.make_new(self.reference(payload), self.code("OURS"))
        reviews.link(self.reference(payload), self.code("OURS"))
        with self.assertRaisesRegex(frappe.ValidationError, "no decision"):
            reviews.link(self.reference(payload), self.code("OURS"))

    def test_many_are_linked_to_what_is_suggested(self):
        payloads = []
        for number in range(3):
            barcode = self.barcode()
            self.item(self.code(f"OURS{number}"), barcode)
            payloads.append(product(self.code(f"A{number}"), barcode=barcode))
            self.review(payloads[-1])
        assert reviews.link_suggested([self.reference(one) for one in payloads]) == 3
        frappe.db.commit()
        for number, payload in enumerate(payloads):
            answer = self.applied("upsert_product", payload)
            assert answer.payload["erp_doc"]["name"] == self.code(f"OURS{number}")

    def test_who_may_not_write_items_decides_nothing(self):
        payload = product(self.code("A"), barcode=self.barcode())
        self.item(self.code("OURS"), payload["barcode"])
        self.review(payload)
        for call in (
            lambda: reviews.link(self.reference(payload), self.code("OURS")),
            lambda: reviews.make_new(self.reference(payload), self.code("A")),
            lambda: reviews.link_suggested([self.reference(payload)]),
        ):
            frappe.set_user("Guest")
            try:
                with self.assertRaises(frappe.PermissionError):
                    call()
            finally:
                frappe.set_user("Administrator")
        assert reference_of(self.store, "product", payload["external_id"]).waits_on == "review:item"

    def test_who_may_only_read_a_document_does_not_link_it(self):
        """It will be overwritten by the shop."""
        barcode = self.barcode()
        self.item(self.code("OURS"), barcode)
        payload = product(self.code("A"), barcode=barcode)
        self.review(payload)
        first, second = (
            self.applied("upsert_customer", customer(f"{self.store}{number}")).document for number in (1, 2)
        )
        both = customer(f"{self.store}3", phone=first.mobile_no, email=second.email_id)
        self.send("upsert_customer", both)
        self.item(self.code("OTHER"))
        user = make_reader({"Item": self.code("OTHER"), "Customer": first.name})
        frappe.share.add("Item", self.code("OURS"), user, read=1)
        frappe.share.add("Customer", second.name, user, read=1)
        frappe.db.commit()
        self.addCleanup(frappe.set_user, "Administrator")
        frappe.set_user(user)
        frappe.get_doc("Item", self.code("OURS")).check_permission("read")
        frappe.get_doc("Customer", second.name).check_permission("read")
        with self.assertRaises(frappe.PermissionError):
            reviews.link(self.reference(payload), self.code("OURS"))
        with self.assertRaises(frappe.PermissionError):
            choose(self.reference(both, "customer"), second.name)
        choose(self.reference(both, "customer"), first.name)


def make_reader(allowed):
    """May write Items and Customers, but of each only the one allowed."""
    user = frappe.new_doc("User")
    user.update({"email": f"{frappe.generate_hash(length=8)}@example.com", "first_name": "Limited"})
    user.update({"send_welcome_email": 0})
    for role in ("Item Manager", "Sales Master Manager", "Salla Executor Reader"):
        user.append("roles", {"role": role})
    user.flags.no_welcome_mail = True
    user.insert()
    for doctype, name in allowed.items():
        limit = frappe.new_doc("User Permission")
        limit.update({"user": user.name, "allow": doctype, "for_value": name})
        limit.insert()
    return user.name
