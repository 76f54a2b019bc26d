"""A variant that carries its product's SKU has the Item of that code; the template, which nobody sells, has its own."""

import frappe

from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.payloads import product, variant


class TestTemplateCode(ExecutorTestCase):
    def test_variant_has_the_sku_and_the_template_a_code_of_its_own(self):
        sku = self.code("T")
        self.applied("upsert_product", product(sku, options=["Size"], price=None, template_code=f"{sku}-7"))
        answer = self.applied("upsert_variant", variant(sku, f"p-{sku}", {"Size": "XL"}))
        assert answer.payload["erp_doc"]["name"] == sku
        assert frappe.db.get_value("Item", f"{sku}-7", "has_variants") == 1
        assert frappe.db.get_value("Item", sku, ["variant_of", "has_variants"]) == (f"{sku}-7", 0)
        assert frappe.db.exists("Item Price", {"item_code": sku})

    def test_template_that_was_renamed_lets_the_variant_have_its_code(self):
        sku = self.code("T")
        self.applied("upsert_product", product(sku, options=["Size"], price=None))
        refused = self.send("upsert_variant", variant(sku, f"p-{sku}", {"Size": "XL"}))
        assert refused.payload["error_code"] == "sku_taken"
        assert "Rename that Item" in refused.message
        frappe.rename_doc("Item", sku, f"{sku}-T")
        frappe.db.commit()
        self.applied("upsert_variant", variant(sku, f"p-{sku}", {"Size": "XL"}))
        assert frappe.db.get_value("Item", sku, "variant_of") == f"{sku}-T"
