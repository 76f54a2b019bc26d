"""What users of other connectors complain about that concerns items: none of it happens here.

Numbers are those of the list of pain points that the project keeps of its peers.
"""

from concurrent.futures import ThreadPoolExecutor

import frappe

from salla_executor.contract import load_json
from salla_executor.erpnext.settings import read_settings
from salla_executor.tests.kit import DOCTYPE, ExecutorTestCase, HttpTestCase, sign
from salla_executor.tests.payloads import line, order, product, variant

RECEIVE = "/api/method/salla_executor.api.commands.receive"


class TestPainOfItems(ExecutorTestCase):
    def item(self, code, **values):
        doc = frappe.new_doc("Item")
        doc.update(
            {"item_code": code, "item_group": read_settings().item_group, "stock_uom": "Nos", **values}
        )
        doc.insert()
        frappe.db.commit()

    def shops(self, rows):
        frappe.db.rollback()
        settings = frappe.get_doc(DOCTYPE)
        settings.set("shops", rows)
        settings.save()
        # The next command reads them in a transaction of its own.
        frappe.db.commit()

    def test_3_each_store_has_its_own_group_and_price_list(self):
        root, prices = self.code("Store"), self.code("Prices")
        group = frappe.new_doc("Item Group")
        group.update({"item_group_name": root, "is_group": 1, "parent_item_group": "All Item Groups"})
        group.insert()
        price_list = frappe.new_doc("Price List")
        price_list.update({"price_list_name": prices, "currency": "SAR", "selling": 1})
        price_list.insert()
        self.addCleanup(self.shops, [])
        frappe.db.commit()
        self.shops([{"store": self.store, "item_group": root, "price_list": prices}])
        first = self.applied("upsert_product", product(self.code("A"))).document
        category = self.applied("upsert_category", {"external_id": "1", "name": self.code("Shirts")}).document
        second = self.applied("upsert_product", product(self.code("B")), store_account="OTHER").document
        assert (first.item_group, category.parent_item_group) == (root, root)
        assert second.item_group == read_settings().item_group
        lists = {
            sku: frappe.get_all("Item Price", {"item_code": sku}, pluck="price_list")
            for sku in (first.name, second.name)
        }
        assert lists == {first.name: [prices], second.name: ["Standard Selling"]}

    def test_5_what_is_refused_says_why_and_leaves_nothing(self):
        answer = self.send("upsert_product", product(self.code("A"), name="<b></b>", weight="1e30"))
        assert answer.status == 422
        assert "weight" in answer.message
        assert not frappe.db.exists("Item", self.code("A"))

    def test_6_item_that_was_deleted_in_the_erp_is_made_again(self):
        self.applied("upsert_product", product(self.code("A")))
        frappe.delete_doc("Item", self.code("A"))
        frappe.db.commit()
        answer = self.applied("upsert_product", product(self.code("A"), name="Linen shirt"))
        assert "was deleted in the ERP" in answer.message
        assert frappe.db.exists("Item", self.code("A"))

    def test_6_line_of_an_item_that_is_not_here_holds_the_order_and_one_item_releases_it(self):
        payload = order(self.store, [line(self.code("A"), "1", "100.00")], "115.00", "15.00")
        answer = self.send("upsert_order", payload)
        assert answer.payload["waits_on"] == f"item:{self.code('A')}"
        assert not frappe.db.exists("Sales Order", {"shop_store": self.store})
        self.applied("upsert_product", product(self.code("A")))
        assert len(self.applied("upsert_order", payload).document.items) == 1

    def test_7_variants_are_not_doubled_by_a_second_product_command(self):
        template = self.code("T")
        for name in ("Shirt", "Shirt, new"):
            self.applied("upsert_product", product(template, name=name, options=["Size"], price=None))
            for size in ("XL", "S"):
                sku = self.code(f"T-{size}")
                self.send(
                    "upsert_variant", variant(sku, f"p-{template}", {"Size": size}, name=f"{name} {size}")
                )
        assert frappe.db.count("Item", {"variant_of": template}) == 2

    def test_7_attributes_that_differ_in_case_are_one(self):
        colour = self.code("Colour")
        for number, name in enumerate((colour, colour.upper(), f" {colour} ")):
            template = self.code(f"T{number}")
            self.applied("upsert_product", product(template, options=[name], price=None))
            self.applied(
                "upsert_variant",
                variant(f"{template}-R", f"p-{template}", {name: ("Red", "red", "RED")[number]}),
            )
        assert frappe.db.count("Item Attribute", {"name": ("like", f"%{self.store}%")}) == 1
        values = frappe.get_all("Item Attribute Value", {"parent": colour}, pluck="attribute_value")
        assert values == ["Red"]

    def test_7_values_with_the_same_beginning_get_abbreviations_of_their_own(self):
        template, size = self.code("T"), self.code("Size")
        self.applied("upsert_product", product(template, options=[size], price=None))
        for number, value in enumerate(("Extra large, red", "Extra large, blue", "Extra large")):
            self.applied("upsert_variant", variant(f"{template}-{number}", f"p-{template}", {size: value}))
        abbreviations = frappe.get_all("Item Attribute Value", {"parent": size}, pluck="abbr")
        assert len({abbr.casefold() for abbr in abbreviations}) == 3

    def test_7_number_that_a_numeric_attribute_does_not_take_is_refused_in_words(self):
        attribute = frappe.new_doc("Item Attribute")
        attribute.update({"attribute_name": self.code("Length"), "numeric_values": 1})
        attribute.update({"from_range": 1, "to_range": 10, "increment": 1})
        attribute.insert()
        frappe.db.commit()
        template = self.code("T")
        self.applied("upsert_product", product(template, options=[attribute.name], price=None))
        self.applied("upsert_variant", variant(f"{template}-7", f"p-{template}", {attribute.name: "7"}))
        answer = self.send(
            "upsert_variant", variant(f"{template}-70", f"p-{template}", {attribute.name: "70"})
        )
        assert (answer.status, answer.payload["error_code"]) == (422, "refused_by_erp")
        assert "70" in answer.message
        assert not frappe.db.exists("Item", f"{template}-70")

    def test_7_option_that_the_shop_renames_does_not_leave_two(self):
        template, sku = self.code("T"), self.code("T-R")
        old, new = self.code("Color"), self.code("Colour")
        self.applied("upsert_product", product(template, options=[old], price=None))
        self.applied("upsert_variant", variant(sku, f"p-{template}", {old: "Red"}))
        self.applied("upsert_product", product(template, options=[new], price=None))
        self.applied("upsert_variant", variant(sku, f"p-{template}", {new: "Red"}))
        attributes = frappe.get_doc("Item", sku).attributes
        assert [(row.attribute, row.attribute_value) for row in attributes] == [(new, "Red")]

    def test_7_two_options_may_have_the_same_value(self):
        template, sku = self.code("T"), self.code("T-M")
        self.applied("upsert_product", product(template, options=["Size", self.code("Fit")], price=None))
        payload = variant(sku, f"p-{template}", {"Size": "M", self.code("Fit"): "M"})
        assert len(self.applied("upsert_variant", payload).document.attributes) == 2

    def test_8_same_sku_is_linked_whatever_its_case_or_spaces(self):
        self.item(self.code("Abc"))
        for number, sku in enumerate((self.code("ABC"), f"  {self.code('Abc')} ")):
            store = f"{self.store}-{number}"
            answer = self.applied("upsert_product", product(sku, external_id="1"), store_account=store)
            assert answer.payload["erp_doc"]["name"] == self.code("Abc")
        assert frappe.db.count("Item", {"name": ("like", f"%{self.store}%")}) == 1

    def test_8_sku_that_changes_in_the_shop_makes_no_second_item(self):
        payload = product(self.code("A"), external_id="1")
        self.applied("upsert_product", payload)
        answer = self.send("upsert_product", {**payload, "sku": self.code("B")})
        assert "keeps its code" in answer.message
        assert not frappe.db.exists("Item", self.code("B"))

    def test_13_one_product_sent_by_two_shops_is_one_item(self):
        for store in (self.store, f"{self.store}-2"):
            self.applied("upsert_product", product(self.code("A")), store_account=store)
        assert frappe.db.count("Item", {"name": ("like", f"%{self.store}%")}) == 1

    def test_16_bad_records_do_not_stop_the_good_ones(self):
        verdicts = []
        for number in range(6):
            bad = {"sku": f"<i>{number}"} if number % 2 else {}
            answer = self.send("upsert_product", {**product(self.code(f"A{number}")), **bad})
            verdicts.append(answer.verdict)
        assert verdicts == ["applied", "failed"] * 3
        assert frappe.db.count("Item", {"name": ("like", f"A%-{self.store}")}) == 3

    def test_18_price_of_an_adopted_item_is_brought_up_to_date(self):
        self.item(self.code("A"))
        price = frappe.new_doc("Item Price")
        price.update(
            {
                "item_code": self.code("A"),
                "price_list": "Standard Selling",
                "price_list_rate": 5,
                "uom": "Nos",
            }
        )
        price.insert()
        frappe.db.commit()
        self.applied("upsert_product", product(self.code("A")))
        rates = frappe.get_all("Item Price", {"item_code": self.code("A")}, pluck="price_list_rate")
        assert rates == [100.0]

    def test_18_price_follows_each_change_there_and_back(self):
        for price in ("10", "12", "10"):
            self.applied("upsert_product", product(self.code("A"), price=price))
            rates = frappe.get_all("Item Price", {"item_code": self.code("A")}, pluck="price_list_rate")
            assert rates == [float(price)]

    def test_19_users_say_which_fields_the_shop_may_write(self):
        """More of it in test_items_kept."""
        self.applied("upsert_product", product(self.code("A")))
        settings = frappe.get_doc(DOCTYPE)
        settings.set("item_field_owners", [{"item_field": "Description", "belongs_to": "ERP"}])
        settings.save()
        frappe.db.commit()
        try:
            answer = self.send("upsert_product", product(self.code("A"), description="<p>Other</p>"))
        finally:
            settings = frappe.get_doc(DOCTYPE)
            settings.set("item_field_owners", [])
            settings.save()
            frappe.db.commit()
        assert "Soft" in frappe.db.get_value("Item", self.code("A"), "description")
        assert list(answer.payload["not_applied"]) == ["description"]


class TestPainOfItemsAtOnce(HttpTestCase):
    def post(self, request):
        """Until it is not told to come again, as the hub does."""
        import requests

        body, headers = request
        for _attempt in range(10):
            answer = requests.post(self.base + RECEIVE, data=body, headers=headers, timeout=30)
            if answer.status_code not in (409, 503):
                break
            headers = sign(body, headers["X-Idempotency-Key"])
        return answer.status_code, load_json(answer.content)

    def at_once(self, requests_):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(self.post, requests_))
        frappe.db.rollback()
        return answers

    def test_14_one_product_of_many_shops_at_once_is_one_item(self):
        payload = product(self.code("A"), barcode=f"9{frappe.generate_hash(length=12)}")
        shops = [
            self.request("upsert_product", payload, store_account=f"{self.store}-{n}", revision=1)
            for n in range(8)
        ]
        answers = self.at_once(shops)
        assert [status for status, _ in answers] == [200] * 8, answers
        assert frappe.db.count("Item", {"name": ("like", f"%{self.store}%")}) == 1
        assert frappe.db.count("Item Price", {"item_code": self.code("A")}) == 1
        assert frappe.db.count("External Reference", {"document_name": self.code("A")}) == 8

    def test_14_one_barcode_on_many_new_products_at_once_is_one_item_s(self):
        barcode = f"9{frappe.generate_hash(length=12)}"
        products = [
            self.request("upsert_product", product(self.code(f"A{n}"), barcode=barcode)) for n in range(6)
        ]
        answers = self.at_once(products)
        assert [status for status, _ in answers] == [200] * 6, answers
        assert frappe.db.count("Item", {"name": ("like", f"A%-{self.store}")}) == 6
        assert frappe.db.count("Item Barcode", {"barcode": barcode}) == 1

    def test_14_versions_of_one_product_at_once_leave_the_last(self):
        versions = [
            self.request("upsert_product", product(self.code("A"), price=str(n)), revision=n)
            for n in range(1, 9)
        ]
        answers = self.at_once(versions)
        assert {status for status, _ in answers} == {200}, answers
        rates = frappe.get_all("Item Price", {"item_code": self.code("A")}, pluck="price_list_rate")
        assert rates == [8.0]
