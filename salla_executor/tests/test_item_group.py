"""An Item Group of the ERP that the hub's Mapping Rules name for a product."""

import frappe

from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.payloads import product


class TestItemGroup(ExecutorTestCase):
    def group(self, name):
        values = {
            "doctype": "Item Group",
            "item_group_name": self.code(name),
            "parent_item_group": "All Item Groups",
        }
        return frappe.get_doc(values).insert().name

    def test_it_comes_before_the_categories_and_follows_a_change(self):
        self.applied("upsert_category", {"external_id": "1", "name": self.code("Home")})
        sku, first, second = self.code("SHIRT"), self.group("Perfumes"), self.group("Incense")
        answer = self.applied("upsert_product", product(sku, category_ids=["1"], item_group=first))
        self.assertEqual(answer.document.item_group, first)
        answer = self.applied("upsert_product", product(sku, category_ids=["1"], item_group=second))
        self.assertEqual(answer.document.item_group, second)

    def test_one_that_is_not_there_is_told(self):
        answer = self.applied("upsert_product", product(self.code("SHIRT"), item_group=self.code("None")))
        self.assertIn(f"There is no Item Group '{self.code('None')}' here", answer.payload["message"])
