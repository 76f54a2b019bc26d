"""What the shop deletes is disabled, comes back with it, and is another shop's business where that sells it too."""

import frappe

from salla_executor.tests.kit import ExecutorTestCase, reference_of
from salla_executor.tests.payloads import product, variant


class TestDeletion(ExecutorTestCase):
    def disabled(self, sku):
        return frappe.db.get_value("Item", sku, "disabled")

    def test_deleted_is_disabled_and_comes_back(self):
        sku = self.code("A")
        self.applied("upsert_product", product(sku))
        self.applied("upsert_product", product(sku, status="deleted"))
        assert self.disabled(sku) == 1
        assert reference_of(self.store, "product", f"p-{sku}").is_deleted == 1
        self.applied("upsert_product", product(sku))
        assert self.disabled(sku) == 0
        assert reference_of(self.store, "product", f"p-{sku}").is_deleted == 0

    def test_item_that_users_disabled_stays_so(self):
        sku = self.code("A")
        self.applied("upsert_product", product(sku))
        frappe.db.set_value("Item", sku, "disabled", 1)
        frappe.db.commit()
        self.applied("upsert_product", product(sku, name="Linen shirt"))
        assert self.disabled(sku) == 1

    def test_hidden_and_sold_out_stay_enabled(self):
        for status in ("hidden", "out"):
            self.applied("upsert_product", product(self.code(status), status=status))
            assert self.disabled(self.code(status)) == 0

    def test_variants_go_and_come_back_with_their_product(self):
        template, sku = self.code("T"), self.code("T-XL")
        self.applied("upsert_product", product(template, options=["Size"], price=None))
        self.applied("upsert_variant", variant(sku, f"p-{template}", {"Size": "XL"}))
        self.applied("upsert_product", product(template, options=["Size"], price=None, status="deleted"))
        assert (self.disabled(template), self.disabled(sku)) == (1, 1)
        self.applied("upsert_product", product(template, options=["Size"], price=None))
        assert (self.disabled(template), self.disabled(sku)) == (0, 0)

    def test_deleted_variant_only(self):
        template, sku = self.code("T"), self.code("T-XL")
        self.applied("upsert_product", product(template, options=["Size"], price=None))
        self.applied("upsert_variant", variant(sku, f"p-{template}", {"Size": "XL"}))
        self.applied("upsert_variant", variant(sku, f"p-{template}", {"Size": "XL"}, status="deleted"))
        assert (self.disabled(template), self.disabled(sku)) == (0, 1)

    def test_item_that_another_shop_sells_stays_enabled_until_both_deleted_it(self):
        sku, first, second = self.code("A"), self.store, f"{self.store}-2"
        for store in (first, second):
            self.applied("upsert_product", product(sku), store_account=store)
        answer = self.send("upsert_product", product(sku, status="deleted"), store_account=first)
        assert f"{second} still sells it" in answer.message
        assert self.disabled(sku) == 0
        self.applied("upsert_product", product(sku, status="deleted"), store_account=second)
        assert self.disabled(sku) == 1

    def test_deleted_before_it_was_here(self):
        answer = self.send("upsert_product", product(self.code("A"), status="deleted"))
        assert answer.verdict == "skipped"
        assert not frappe.db.exists("Item", self.code("A"))

    def test_item_of_a_deleted_variant_is_its_successors(self):
        template, sku = self.code("T"), self.code("T-XL")
        self.applied("upsert_product", product(template, options=["Size"], price=None))
        self.applied("upsert_variant", variant(sku, f"p-{template}", {"Size": "XL"}))
        self.applied("upsert_variant", variant(sku, f"p-{template}", {"Size": "XL"}, status="deleted"))
        successor = variant(sku, f"p-{template}", {"Size": "XL"}, external_id=f"again-{sku}")
        answer = self.applied("upsert_variant", successor)
        assert answer.payload["erp_doc"]["name"] == sku
        assert self.disabled(sku) == 0
