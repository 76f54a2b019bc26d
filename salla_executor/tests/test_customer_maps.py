"""Customer Group and Territory of new Customers by the maps of the settings."""

import frappe

from salla_executor.erpnext.settings import DOCTYPE, read_settings
from salla_executor.tests.kit import ExecutorTestCase
from salla_executor.tests.maps import tables
from salla_executor.tests.payloads import address, customer, line, order, product


def named(doctype, field, parent_field, name, is_group=0):
    if not frappe.db.exists(doctype, name):
        doc = frappe.new_doc(doctype)
        root = frappe.get_all(doctype, {"lft": 1}, pluck="name")[0]
        doc.update({field: name, parent_field: root, "is_group": is_group})
        doc.insert()
        frappe.db.commit()
    return name


def group(name, **options):
    return named("Customer Group", "customer_group_name", "parent_customer_group", name, **options)


def territory(name):
    return named("Territory", "territory_name", "parent_territory", name)


class TestCustomerMaps(ExecutorTestCase):
    def maps(self):
        return tables(
            customer_groups=[
                {"shop_group": "77", "customer_group": group("Shop Wholesale")},
                {"store": self.store, "shop_group": "78", "customer_group": group("Shop VIP")},
            ],
            territories=[
                {"region": "SA", "territory": territory("Shop Saudi")},
                {"region": "الرياض", "territory": territory("Shop Riyadh")},
            ],
        )

    def made(self, **changes):
        return self.applied("upsert_customer", customer(self.store, **changes))

    def of(self, answer):
        doc = answer.document
        return doc.customer_group, doc.territory

    def test_group_and_place_of_the_shop_choose_for_a_new_customer(self):
        with self.maps():
            answer = self.made(group_id="78", addresses=[address(city="الرياض")])
            assert self.of(answer) == ("Shop VIP", "Shop Riyadh")
            # What a person chose since stays, whatever the shop says later.
            doc = answer.document
            doc.customer_group = group("Shop Wholesale")
            doc.save()
            frappe.db.commit()
            later = self.made(group_id="77", first_name="Sarah", addresses=[address(city="Jeddah")])
        assert self.of(later) == ("Shop Wholesale", "Shop Riyadh")

    def test_what_is_not_mapped_gets_the_default_with_the_field_named(self):
        settings = read_settings()
        with self.maps():
            answer = self.made(group_id="99", addresses=[address(city="Dubai", country_code="AE")])
        assert self.of(answer) == (settings.customer_group, settings.territory)
        assert "group 99 of the shop there is no row in 'Customer Groups'" in answer.message
        assert "Dubai, AE there is no row in 'Territories'" in answer.message

    def test_without_maps_nothing_is_said(self):
        answer = self.made(group_id="99", addresses=[address()])
        assert "no row" not in answer.message

    def test_a_row_for_another_store_is_not_taken(self):
        with tables(
            customer_groups=[{"store": "OTHER", "shop_group": "78", "customer_group": group("Shop VIP")}]
        ):
            assert self.of(self.made(group_id="78"))[0] == read_settings().customer_group

    def test_the_buyer_of_an_order_is_placed_by_where_it_goes(self):
        sku = self.code("A")
        self.applied("upsert_product", product(sku))
        payload = order(self.store, [line(sku, "1", "100.00")], "115.00", "15.00")
        payload["shipping"] = {"amount": "0", "address": address(city="Abha")}
        payload["customer"]["group_id"] = "77"
        with self.maps():
            doc = self.applied("upsert_order", payload).document
        buyer = frappe.get_doc("Customer", doc.customer)
        assert (buyer.customer_group, buyer.territory) == ("Shop Wholesale", "Shop Saudi")

    def test_a_group_of_groups_is_refused_where_it_is_chosen(self):
        settings = frappe.get_doc(DOCTYPE)
        parent = group("Shop All", is_group=1)
        settings.append("customer_groups", {"shop_group": "1", "customer_group": parent})
        self.assertRaises(frappe.ValidationError, settings.save)
