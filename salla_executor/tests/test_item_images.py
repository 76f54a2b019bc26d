"""All images of a product: the first is the Item's, the others are attached by their address."""

from unittest.mock import patch

import frappe
from frappe.core.doctype.file.exceptions import AttachmentLimitReached
from frappe.core.doctype.file.file import File
from frappe.utils import get_url

from salla_executor.tests.kit import ExecutorTestCase, counted_sql
from salla_executor.tests.maps import tables
from salla_executor.tests.payloads import product

A, B, C, D = (f"https://cdn.shop.example/{name}.jpg" for name in "abcd")


def only_one(file):
    if frappe.db.exists("File", {"attached_to_name": file.attached_to_name}):
        frappe.throw("Maximum Attachment Limit", AttachmentLimitReached)


class TestItemImages(ExecutorTestCase):
    def save(self, *images, **changes):
        return self.send("upsert_product", product(self.code("A"), images=list(images)), **changes)

    def attached(self):
        filters = {"attached_to_doctype": "Item", "attached_to_name": self.code("A")}
        return sorted(frappe.get_all("File", filters, pluck="file_url"))

    def image(self):
        return frappe.db.get_value("Item", self.code("A"), "image")

    def attach(self, url):
        file = frappe.new_doc("File")
        file.update({"file_url": url, "attached_to_doctype": "Item", "attached_to_name": self.code("A")})
        file.insert()
        frappe.db.commit()

    def test_each_is_there_once_and_goes_with_the_shops(self):
        with patch("requests.sessions.Session.send", side_effect=AssertionError("nothing is downloaded")):
            assert self.save(A, B, C, B, A).verdict == "applied"
        assert (self.image(), self.attached()) == (A, [B, C])
        assert self.save(A, B, C, B, A, generation=1).verdict == "skipped"
        answer = self.save(B, A, D)
        assert (self.image(), self.attached()) == (B, [A, D])
        assert answer.payload["changes"]["images"] == [[B, C], [A, D]]
        self.save(B)
        assert self.attached() == []

    def test_one_that_goes_costs_no_look_through_the_whole_site(self):
        self.save(A, B, C)
        with counted_sql() as counts:
            self.save(A, B)
        assert counts.total() < 150, counts

    def test_what_people_attached_stays_and_is_not_doubled(self):
        self.save(A, B)
        self.attach(C)
        self.attach(D)
        self.save(A, C)
        assert self.attached() == [C, D]
        self.save(A)
        assert self.attached() == [C, D]

    def test_a_product_without_any_says_nothing(self):
        self.save(A, B)
        self.send("upsert_product", product(self.code("A"), name="New name"))
        assert (self.image(), self.attached()) == (A, [B])

    def test_images_of_the_erp_are_left_alone(self):
        self.save(A, B)
        with tables(item_field_owners=[{"item_field": "Image", "belongs_to": "ERP"}]):
            self.save(C, D)
        assert (self.image(), self.attached()) == (A, [B])

    def test_two_shops_of_one_item_take_nothing_from_each_other(self):
        self.save(A, B)
        self.save(A, C, store_account=f"{self.store}-2", revision=1)
        assert self.attached() == [B, C]
        self.save(A, D)
        assert self.attached() == [B, C, D]

    def test_addresses_stay_as_they_are_and_files_of_this_site_are_not_the_shops(self):
        odd = "https://cdn.shop.example/a%20b/%D8%B5.jpg?w=1&h=%22"
        own = [f"{get_url()}{path}" for path in ("/private/files/secret.pdf", "/files/x.png")]
        assert self.save(A, odd, *own, "javascript:alert(1)", "https://x.example/'><b>").verdict == "applied"
        assert self.attached() == [odd]

    def test_a_site_that_allows_no_more_takes_the_product_all_the_same(self):
        self.save(A)
        with patch.object(File, "validate_attachment_limit", only_one):
            answer = self.save(A, B, C)
        assert answer.payload["not_applied"]["images"] == [[], [B, C]]
        assert self.attached() == [B]
