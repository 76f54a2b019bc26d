"""Categories, brands, statuses, items, templates and variants, from signed bytes to documents."""

import frappe

from salla_executor.tests.kit import ExecutorTestCase, reference_of
from salla_executor.tests.payloads import product, variant


class TestCatalogue(ExecutorTestCase):
    def test_category_tree(self):
        parent = self.applied("upsert_category", {"external_id": "1", "name": self.code("Clothes")})
        child = self.applied(
            "upsert_category", {"external_id": "2", "name": self.code("Shirts"), "parent_id": "1"}
        )
        assert parent.document.is_group == 1
        assert child.document.parent_item_group == parent.document.name
        assert child.document.is_group == 0

    def test_category_follows_rename_and_move(self):
        self.applied("upsert_category", {"external_id": "1", "name": self.code("Clothes")})
        self.applied("upsert_category", {"external_id": "2", "name": self.code("Shirts")})
        payload = {"external_id": "2", "name": self.code("Tops"), "parent_id": "1"}
        answer = self.applied("upsert_category", payload)
        assert answer.document.name == self.code("Tops")
        assert answer.document.parent_item_group == self.code("Clothes")
        assert not frappe.db.exists("Item Group", self.code("Shirts"))

    def test_brand(self):
        self.applied("upsert_brand", {"external_id": "1", "name": self.code("Acme")})
        answer = self.applied(
            "upsert_brand", {"external_id": "1", "name": self.code("Acme"), "description": "Since 1900"}
        )
        assert answer.document.description == "Since 1900"
        assert answer.payload["changes"] == {"description": [None, "Since 1900"]}

    def test_order_status(self):
        payload = {"external_id": "566", "name": "بإنتظار الدفع", "slug": "payment_pending"}
        answer = self.applied("upsert_order_status", payload)
        assert answer.document.slug == "payment_pending"
        assert answer.document.title == "بإنتظار الدفع"

    def test_simple_product(self):
        sku = self.code("SHIRT")
        answer = self.applied(
            "upsert_product",
            product(sku, barcode=f"9{frappe.generate_hash(length=12)}", weight="0.5", weight_unit="kg"),
        )
        item = answer.document
        assert (item.name, item.is_stock_item, item.stock_uom) == (sku, 1, "Nos")
        assert (item.weight_per_unit, item.weight_uom) == (0.5, "Kg")
        assert len(item.barcodes) == 1
        assert prices(sku) == [100.0]

    def test_price_holds_on_any_day(self):
        self.applied("upsert_product", product(self.code("SHIRT")))
        days = frappe.db.get_value(
            "Item Price", {"item_code": self.code("SHIRT")}, ["valid_from", "valid_upto"]
        )
        assert days == (None, None)

    def test_price_change_updates_the_one_price(self):
        sku = self.code("SHIRT")
        self.applied("upsert_product", product(sku))
        answer = self.applied("upsert_product", product(sku, price="90.50"))
        assert answer.payload["changes"] == {"price Standard Selling": ["100", "90.5"]}
        assert prices(sku) == [90.5]

    def test_unchanged_product_writes_nothing(self):
        sku = self.code("SHIRT")
        self.applied("upsert_product", product(sku))
        before = frappe.db.get_value("Item", sku, "modified")
        answer = self.send("upsert_product", product(sku), generation=1)
        assert answer.verdict == "skipped", answer.ack
        assert frappe.db.get_value("Item", sku, "modified") == before

    def test_service_is_no_stock_item(self):
        answer = self.applied("upsert_product", product(self.code("ADVICE"), type="service"))
        assert answer.document.is_stock_item == 0

    def test_template_and_variants(self):
        template, colour = self.code("T"), self.code("Colour")
        self.applied("upsert_product", product(template, options=["Size", colour], price=None))
        red = self.applied(
            "upsert_variant", variant(self.code("T-RED"), f"p-{template}", {"Size": "XL", colour: "Red"})
        ).document
        self.applied(
            "upsert_variant", variant(self.code("T-BLUE"), f"p-{template}", {"Size": "xl", colour: "Blue"})
        )
        assert red.variant_of == template
        assert len(red.attributes) == 2
        assert prices(red.name) == [110.0]
        values = frappe.get_all(
            "Item Attribute Value", filters={"parent": colour}, pluck="attribute_value", order_by="idx"
        )
        assert values == ["Red", "Blue"]
        extra_large = frappe.get_all(
            "Item Attribute Value", filters={"parent": "Size", "attribute_value": "XL"}, pluck="name"
        )
        assert len(extra_large) == 1

    def test_variants_of_the_same_options_are_refused_in_words(self):
        template = self.code("T")
        self.applied("upsert_product", product(template, options=["Size"], price=None))
        self.applied("upsert_variant", variant(self.code("T-1"), f"p-{template}", {"Size": "XL"}))
        answer = self.send("upsert_variant", variant(self.code("T-2"), f"p-{template}", {"Size": "XL"}))
        assert (answer.status, answer.payload["error_code"]) == (422, "same_options")
        assert self.code("T-1") in answer.message
        assert "another value" in answer.message
        assert not frappe.db.exists("Item", self.code("T-2"))

    def test_group_and_brand_reach_the_variants(self):
        template, sku = self.code("T"), self.code("T-XL")
        self.applied("upsert_product", product(template, options=["Size"], price=None))
        self.applied(
            "upsert_variant", variant(sku, f"p-{template}", {"Size": "XL"}, weight="2", weight_unit="kg")
        )
        self.applied("upsert_brand", {"external_id": "9", "name": self.code("Acme")})
        self.applied("upsert_product", product(template, options=["Size"], price=None, brand_id="9"))
        item = frappe.get_doc("Item", sku)
        assert (item.brand, item.weight_per_unit) == (self.code("Acme"), 2.0)

    def test_markup_in_names_is_not_stored(self):
        for number, name in enumerate(('"<img src=x onerror=alert(1)>"', "<script>x</script>A & B", "a < b")):
            sku = self.code(f"X{number}")
            item = self.applied("upsert_product", product(sku, name=name, description=name)).document
            assert "<" not in item.item_name
            assert "onerror" not in item.description
            assert "<script" not in item.description
        assert frappe.db.get_value("Item", self.code("X1"), "item_name") == "x A & B"

    def test_barcode_that_another_product_of_the_shop_has_is_left_out_and_told(self):
        barcode = f"9{frappe.generate_hash(length=12)}"
        self.applied("upsert_product", product(self.code("A"), barcode=barcode))
        answer = self.applied("upsert_product", product(self.code("B"), barcode=barcode))
        assert f"barcode {barcode} was left out" in answer.message
        assert answer.payload["not_applied"] == {"barcodes": [[], [barcode]]}
        assert answer.document.barcodes == []
        assert reference_of(self.store, "product", f"p-{self.code('B')}").not_applied
        # Once the other one has another, the next change brings it.
        item = frappe.get_doc("Item", self.code("A"))
        item.barcodes = []
        item.save()
        frappe.db.commit()
        answer = self.applied("upsert_product", product(self.code("B"), barcode=barcode), generation=1)
        assert [row.barcode for row in answer.document.barcodes] == [barcode]

    def test_item_code_that_erpnext_cannot_hold(self):
        answer = self.send("upsert_product", product(f"<b>{self.store}", external_id="p-1"))
        assert (answer.status, answer.payload["error_code"]) == (422, "bad_sku")


def prices(item_code: str) -> list[float]:
    return frappe.get_all("Item Price", filters={"item_code": item_code}, pluck="price_list_rate")
