"""Fields that belong to the ERP, and changes that ERPNext forbids: compared and told, never forced."""

import json

import frappe

from erpnext.stock.doctype.stock_entry.stock_entry_utils import make_stock_entry

from salla_executor.erpnext.settings import read_settings
from salla_executor.tests.kit import DOCTYPE, ExecutorTestCase, reference_of
from salla_executor.tests.payloads import product, variant


class ItemTestCase(ExecutorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.set_table, "item_field_owners", [])
        self.addCleanup(self.set_table, "price_lists", [])

    def set_table(self, table, rows):
        frappe.db.rollback()
        settings = frappe.get_doc(DOCTYPE)
        settings.set(table, rows)
        settings.save()
        # The next command reads it in a transaction of its own.
        frappe.db.commit()

    def of_erp(self, *fields, belongs_to="ERP"):
        rows = [{"item_field": field, "belongs_to": belongs_to} for field in fields]
        self.set_table("item_field_owners", rows)

    def stock(self, sku):
        """A transaction that is real: five pieces come in."""
        make_stock_entry(item_code=sku, qty=5, to_warehouse=read_settings().warehouse, rate=10)
        frappe.db.commit()


class TestFieldsOfTheErp(ItemTestCase):
    def test_new_item_is_filled_in_by_the_shop(self):
        self.of_erp("Item Name", "Description", "Price")
        item = self.applied("upsert_product", product(self.code("A"))).document
        assert (item.item_name, "Soft" in item.description) == ("Cotton shirt", True)
        assert self.prices(item.name) == [100.0]

    def test_field_of_the_erp_is_shown_and_not_applied(self):
        self.applied("upsert_product", product(self.code("A")))
        self.of_erp("Item Name", "Price", "Weight")
        change = product(self.code("A"), name="Linen shirt", price="80", weight="2", weight_unit="kg")
        answer = self.send("upsert_product", change)
        assert answer.verdict == "skipped"
        assert answer.payload["not_applied"] == {
            "item_name": ["Cotton shirt", "Linen shirt"],
            "price Standard Selling": ["100", "80"],
            "weight_per_unit": ["0", "2"],
            "weight_uom": [None, "Kg"],
        }
        item = frappe.get_doc("Item", self.code("A"))
        assert (item.item_name, item.weight_per_unit) == ("Cotton shirt", 0)
        assert self.prices(item.name) == [100.0]
        assert "item_name" in answer.message

    def test_it_stands_on_the_item_and_its_reference_once(self):
        self.applied("upsert_product", product(self.code("A")))
        self.of_erp("Item Name")
        for _time in range(2):
            self.send("upsert_product", product(self.code("A"), name="Linen shirt"), generation=_time)
        said = json.loads(reference_of(self.store, "product", f"p-{self.code('A')}").not_applied)
        assert said == {"item_name": ["Cotton shirt", "Linen shirt"]}
        (line,) = self.timeline(self.code("A"))
        assert "Linen shirt" in line
        self.send("upsert_product", product(self.code("A"), name="Silk shirt"))
        assert len(self.timeline(self.code("A"))) == 2

    def test_once_both_say_the_same_nothing_is_left_of_it(self):
        self.applied("upsert_product", product(self.code("A")))
        self.of_erp("Item Name")
        self.send("upsert_product", product(self.code("A"), name="Linen shirt"))
        answer = self.send("upsert_product", product(self.code("A")))
        assert "not_applied" not in answer.payload
        assert not reference_of(self.store, "product", f"p-{self.code('A')}").not_applied

    def test_the_rest_of_the_change_is_applied(self):
        self.applied("upsert_product", product(self.code("A")))
        self.of_erp("Description")
        answer = self.applied(
            "upsert_product", product(self.code("A"), name="Linen", description="<p>New</p>")
        )
        assert answer.payload["changes"] == {"item_name": ["Cotton shirt", "Linen"]}
        assert list(answer.payload["not_applied"]) == ["description"]

    def test_barcode_and_deletion(self):
        self.applied("upsert_product", product(self.code("A")))
        self.of_erp("Barcode", "Disabled")
        barcode = f"9{frappe.generate_hash(length=12)}"
        answer = self.send("upsert_product", product(self.code("A"), barcode=barcode, status="deleted"))
        assert answer.payload["not_applied"] == {"barcodes": [[], [barcode]], "disabled": [0, 1]}
        item = frappe.get_doc("Item", self.code("A"))
        assert (item.disabled, item.barcodes) == (0, [])

    def test_markup_of_the_shop_does_not_reach_the_timeline(self):
        self.applied("upsert_product", product(self.code("A")))
        self.of_erp("Description")
        self.send("upsert_product", product(self.code("A"), description="<img src=x onerror=alert(1)>"))
        assert "<img" not in self.timeline(self.code("A"))[0]

    def timeline(self, item):
        filters = {"reference_doctype": "Item", "reference_name": item, "comment_type": "Info"}
        return frappe.get_all("Comment", filters=filters, pluck="content")

    def prices(self, item):
        return frappe.get_all("Item Price", filters={"item_code": item}, pluck="price_list_rate")


class TestChangesThatErpnextForbids(ItemTestCase):
    def test_stock_flag_belongs_to_the_erp_unless_said_otherwise(self):
        self.applied("upsert_product", product(self.code("A")))
        answer = self.send("upsert_product", product(self.code("A"), type="service"))
        assert answer.payload["not_applied"] == {"is_stock_item": [1, 0]}

    def test_stock_flag_of_an_item_without_transactions_follows_the_shop_where_it_may(self):
        self.of_erp("Maintain Stock", belongs_to="Shop")
        self.applied("upsert_product", product(self.code("A")))
        answer = self.applied("upsert_product", product(self.code("A"), type="service"))
        assert answer.document.is_stock_item == 0

    def test_stock_flag_after_a_transaction_says_what_to_do(self):
        self.of_erp("Maintain Stock", belongs_to="Shop")
        self.applied("upsert_product", product(self.code("A")))
        self.stock(self.code("A"))
        answer = self.send("upsert_product", product(self.code("A"), type="service", name="Other"))
        self.assert_says_what_to_do(answer, "Maintain Stock")
        item = frappe.get_doc("Item", self.code("A"))
        assert (item.is_stock_item, item.item_name) == (1, "Cotton shirt")

    def test_unit_after_a_transaction_stays(self):
        self.applied("upsert_product", product(self.code("A")))
        self.stock(self.code("A"))
        with self.settings(stock_uom="Kg"):
            answer = self.applied("upsert_product", product(self.code("A"), name="Linen shirt"))
        assert (answer.document.stock_uom, answer.document.item_name) == ("Nos", "Linen shirt")

    def test_options_of_a_variant_after_a_transaction_say_what_to_do(self):
        template, sku = self.code("T"), self.code("T-RED")
        self.applied("upsert_product", product(template, options=["Colour"], price=None))
        self.applied("upsert_variant", variant(sku, f"p-{template}", {"Colour": "Red"}))
        self.stock(sku)
        answer = self.send("upsert_variant", variant(sku, f"p-{template}", {"Colour": "Crimson"}))
        self.assert_says_what_to_do(answer, "Variant Attributes")

    def test_options_of_a_simple_item_after_a_transaction_say_what_to_do(self):
        self.applied("upsert_product", product(self.code("A")))
        self.stock(self.code("A"))
        answer = self.send("upsert_product", product(self.code("A"), options=["Size"], price=None))
        self.assert_says_what_to_do(answer, "Has Variants")

    def test_what_another_command_says_of_it_still_goes(self):
        """One change that is refused is no reason to stop the next."""
        self.applied("upsert_product", product(self.code("A")))
        self.stock(self.code("A"))
        self.send("upsert_product", product(self.code("A"), options=["Size"], price=None))
        answer = self.applied("upsert_product", product(self.code("A"), name="Linen shirt"))
        assert answer.document.item_name == "Linen shirt"

    def assert_says_what_to_do(self, answer, label):
        assert (answer.status, answer.payload["error_code"]) == (422, "item_in_use"), answer.ack
        assert label in answer.message
        assert "another SKU" in answer.message
