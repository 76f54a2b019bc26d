"""Item Prices: one per price list that takes the currency, with or without VAT as the list has it."""

from unittest.mock import patch

import frappe

from salla_executor.erpnext import items
from salla_executor.tests.payloads import product, variant
from salla_executor.tests.test_items_kept import ItemTestCase


class TestItemPrices(ItemTestCase):
    def list(self, name, currency="SAR"):
        doc = frappe.new_doc("Price List")
        doc.update({"price_list_name": self.code(name), "currency": currency, "selling": 1, "enabled": 1})
        doc.insert()
        frappe.db.commit()
        return doc.name

    def prices(self, sku):
        rows = frappe.get_all(
            "Item Price", {"item_code": sku}, ["price_list", "price_list_rate", "currency"], as_list=True
        )
        return {name: (rate, currency) for name, rate, currency in rows}

    def test_price_without_vat_beside_one_with_it(self):
        gross = self.list("Retail")
        self.set_table("price_lists", [{"price_list": gross, "includes_tax": 1}])
        payload = product(self.code("A"), price="115.00", price_includes_tax=True, tax_percent="15")
        self.applied("upsert_product", payload)
        assert self.prices(self.code("A")) == {
            "Standard Selling": (100.0, "SAR"),
            gross: (115.0, "SAR"),
        }

    def test_list_with_vat_of_a_price_without(self):
        gross = self.list("Retail")
        self.set_table("price_lists", [{"price_list": gross, "includes_tax": 1}])
        self.applied("upsert_product", product(self.code("A"), price="33.33", tax_percent="15"))
        assert self.prices(self.code("A"))[gross] == (38.33, "SAR")

    def test_list_with_vat_where_the_percentage_is_not_known(self):
        gross = self.list("Retail")
        self.set_table("price_lists", [{"price_list": gross, "includes_tax": 1}])
        answer = self.applied("upsert_product", product(self.code("A"), price="33.33"))
        assert "percentage of VAT" in answer.message
        assert gross not in self.prices(self.code("A"))

    def test_each_list_takes_its_currency(self):
        dinar = self.list("Kuwait", "KWD")
        self.set_table("price_lists", [{"price_list": dinar}])
        self.applied("upsert_product", product(self.code("A"), price="6.250", currency="KWD"))
        self.applied("upsert_product", product(self.code("B"), price="75.00"))
        assert self.prices(self.code("A")) == {dinar: (6.25, "KWD")}
        assert self.prices(self.code("B")) == {"Standard Selling": (75.0, "SAR")}

    def test_currency_that_no_list_takes_waits_for_one(self):
        payload = product(self.code("A"), price="6.250", currency="KWD")
        answer = self.send("upsert_product", payload)
        assert (answer.status, answer.payload["error_code"]) == (503, "price_currency")
        self.set_table("price_lists", [{"price_list": self.list("Kuwait", "KWD")}])
        self.applied("upsert_product", payload)

    def test_price_in_force_has_a_list_of_its_own(self):
        sale = self.list("Sale")
        self.set_table("price_lists", [{"price_list": sale, "price_kind": "Price in force"}])
        self.applied("upsert_product", product(self.code("A"), price="100", sale_price="80"))
        assert self.prices(self.code("A")) == {"Standard Selling": (100.0, "SAR"), sale: (80.0, "SAR")}
        self.applied("upsert_product", product(self.code("A"), price="100"))
        assert self.prices(self.code("A"))[sale] == (100.0, "SAR")

    def test_list_of_another_store_takes_nothing(self):
        other, own = self.list("Other"), self.list("Own")
        rows = [
            {"price_list": other, "store_account": "SM-STORE-09999"},
            {"price_list": own, "store_account": self.store},
        ]
        self.set_table("price_lists", rows)
        self.applied("upsert_product", product(self.code("A")))
        assert set(self.prices(self.code("A"))) == {"Standard Selling", own}

    def test_price_of_a_variant_and_none_of_its_template(self):
        template, sku = self.code("T"), self.code("T-XL")
        self.applied("upsert_product", product(template, options=["Size"], price="90"))
        self.applied("upsert_variant", variant(sku, f"p-{template}", {"Size": "XL"}))
        assert (self.prices(template), self.prices(sku)) == ({}, {"Standard Selling": (110.0, "SAR")})

    def test_price_of_one_customer_or_period_is_left_alone(self):
        self.applied("upsert_product", product(self.code("A")))
        special = frappe.new_doc("Item Price")
        special.update(
            {
                "item_code": self.code("A"),
                "price_list": "Standard Selling",
                "price_list_rate": 60,
                "valid_from": "2026-01-01",
                "valid_upto": "2026-12-31",
            }
        )
        special.insert()
        frappe.db.commit()
        self.applied("upsert_product", product(self.code("A"), price="120"))
        rates = frappe.get_all("Item Price", {"item_code": self.code("A")}, pluck="price_list_rate")
        assert sorted(rates) == [60.0, 120.0]

    def test_two_new_products_do_not_wait_for_each_other(self):
        """ERPNext's look for prices of a new Item locks the gap of the index in which its neighbours' prices go."""
        other, original = frappe.db.get_connection(), items.save_price

        def while_another_adds_its_price(*args, **options):
            with other.cursor() as cursor:
                cursor.execute("SET innodb_lock_wait_timeout = 1")
                neighbour = {"name": frappe.generate_hash(length=10), "item": self.code("A") + "0"}
                cursor.execute(
                    "INSERT INTO `tabItem Price` (name, item_code) VALUES (%(name)s, %(item)s)", neighbour
                )
            return original(*args, **options)

        try:
            with patch.object(items, "save_price", side_effect=while_another_adds_its_price):
                self.applied("upsert_product", product(self.code("A")))
        finally:
            other.rollback()
            other.close()
        assert self.prices(self.code("A"))
