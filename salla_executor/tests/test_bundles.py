"""Bundles: a Product Bundle of an Item off stock, which ERPNext unpacks in orders."""

import frappe

from salla_executor.erpnext.settings import SUBMIT
from salla_executor.tests.kit import ExecutorTestCase, reference_of
from salla_executor.tests.payloads import line, order, product, variant


class TestBundles(ExecutorTestCase):
    def parts(self) -> list[str]:
        """Two Items, one of them a variant."""
        cup, template, red = self.code("CUP"), self.code("T"), self.code("T-RED")
        self.applied("upsert_product", product(cup))
        self.applied("upsert_product", product(template, options=["Colour"], price=None))
        self.applied("upsert_variant", variant(red, f"p-{template}", {"Colour": "Red"}))
        return [cup, red]

    def bundle(self, *components: tuple[str, str, str], **changes):
        rows = [{"external_id": id, "sku": sku, "quantity": quantity} for id, sku, quantity in components]
        return product(self.code("SET"), type="bundle", components=rows, **changes)

    def of_cups_and_shirts(self, cups="2", **changes):
        cup, red = self.code("CUP"), self.code("T-RED")
        return self.bundle((f"p-{cup}", cup, cups), (f"v-{red}", red, "1"), **changes)

    def held(self, name="SET") -> list[tuple[str, float]]:
        doc = frappe.get_doc("Product Bundle", self.code(name))
        return [(row.item_code, row.qty) for row in doc.items]

    def test_bundle_becomes_a_product_bundle(self):
        cup, red = self.parts()
        item = self.applied("upsert_product", self.of_cups_and_shirts()).document
        assert item.is_stock_item == 0
        assert self.held() == [(cup, 2.0), (red, 1.0)]

    def test_what_a_bundle_holds_follows_the_shop(self):
        cup, red = self.parts()
        self.applied("upsert_product", self.of_cups_and_shirts())
        answer = self.applied("upsert_product", self.of_cups_and_shirts(cups="3"))
        assert answer.payload["changes"] == {
            "components": [[f"{cup} × 2", f"{red} × 1"], [f"{cup} × 3", f"{red} × 1"]]
        }
        assert self.held() == [(cup, 3.0), (red, 1.0)]

    def test_same_content_sent_again_writes_nothing(self):
        self.parts()
        self.applied("upsert_product", self.of_cups_and_shirts())
        assert self.send("upsert_product", self.of_cups_and_shirts(), generation=1).verdict == "skipped"

    def test_component_that_is_not_here_is_waited_for(self):
        cup = self.code("CUP")
        payload = self.bundle(("p-x", cup, "2"))
        answer = self.send("upsert_product", payload)
        assert (answer.status, answer.payload["error_code"]) == (503, "unknown_item")
        assert answer.payload["waits_on"] == f"item:{cup}"
        assert not frappe.db.exists("Item", self.code("SET"))
        # One fix, and it goes: an Item with this SKU, whoever made it.
        self.applied("upsert_product", product(cup))
        self.applied("upsert_product", payload)
        assert self.held() == [(cup, 2.0)]
        assert not reference_of(self.store, "product", payload["external_id"]).waits_on

    def test_template_is_no_component(self):
        self.parts()
        template = self.code("T")
        answer = self.send("upsert_product", self.bundle((f"p-{template}", template, "1")))
        assert answer.payload["error_code"] == "unknown_item"

    def test_bundle_that_does_not_say_what_it_holds(self):
        answer = self.applied("upsert_product", self.bundle())
        assert "does not say what the bundle holds" in answer.message
        assert not frappe.db.exists("Product Bundle", self.code("SET"))

    def test_item_on_stock_that_became_a_bundle(self):
        self.parts()
        self.applied("upsert_product", product(self.code("SET")))
        answer = self.send("upsert_product", self.of_cups_and_shirts())
        assert (answer.status, answer.payload["error_code"]) == (503, "bundle_on_stock")
        assert "Maintain Stock" in answer.message
        frappe.db.set_value("Item", self.code("SET"), "is_stock_item", 0)
        frappe.db.commit()
        self.applied("upsert_product", self.of_cups_and_shirts())

    def test_order_of_a_bundle_reserves_what_it_holds(self):
        cup, red = self.parts()
        self.applied("upsert_product", self.of_cups_and_shirts())
        with self.settings(order_policy=SUBMIT):
            answer = self.applied(
                "upsert_order", order(self.store, [line(self.code("SET"), "2", "100")], "230.00", "30.00")
            )
        packed = [(row.item_code, row.qty) for row in answer.document.packed_items]
        assert answer.document.docstatus == 1
        assert sorted(packed) == sorted([(cup, 4.0), (red, 2.0)])

    def test_bundle_that_the_shop_deletes(self):
        self.parts()
        self.applied("upsert_product", self.of_cups_and_shirts())
        answer = self.applied("upsert_product", self.of_cups_and_shirts(status="deleted"))
        assert answer.document.disabled == 1
        assert len(self.held()) == 2
