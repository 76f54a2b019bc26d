"""What each command does to the ERP's documents."""

from __future__ import annotations

import pytest
from executor_kit import SHOP, customer, line, order, product, variant

OTHER_SHOP = "SM-STORE-00002"


def failed(ack, status, code, *words):
    assert (ack.http_status, ack.ack_status, ack.payload["error_code"]) == (status, "failed", code)
    for word in words:
        assert word in ack.payload["message"]
    return ack


def applied(ack, doctype, name):
    assert (ack.http_status, ack.ack_status) == (200, "applied"), ack.payload
    assert ack.payload["erp_doc"] == {"doctype": doctype, "name": name}
    return ack


def names(bench, doctype):
    return [one["name"] for one in bench.documents(doctype)]


# Catalogue


def test_category_hangs_under_its_parent(bench):
    applied(bench.send("category", {"external_id": "1", "name": "Home"}), "Item Group", "Home")
    child = {"external_id": "2", "name": "Cups", "parent_id": "1"}
    applied(bench.send("category", child), "Item Group", "Cups")
    assert {one["name"]: one["parent"] for one in bench.documents("Item Group")} == {
        "Home": "All Item Groups",
        "Cups": "Home",
    }


def test_category_waits_for_its_parent(bench):
    child = {"external_id": "2", "name": "Cups", "parent_id": "1"}
    failed(bench.send("category", child), 503, "unknown_parent", "1", "Cups")
    assert names(bench, "Item Group") == []


def test_two_categories_of_one_name(bench):
    applied(bench.send("category", {"external_id": "1", "name": "Shoes"}), "Item Group", "Shoes")
    applied(bench.send("category", {"external_id": "2", "name": "Shoes"}), "Item Group", "Shoes (2)")


@pytest.mark.parametrize(("entity", "doctype"), [("category", "Item Group"), ("brand", "Brand")])
def test_shops_share_groups_and_brands_of_one_name(bench, entity, doctype):
    payload = {"external_id": "1", "name": "Nike"}
    applied(bench.send(entity, payload), doctype, "Nike")
    ack = applied(bench.send(entity, payload, store_account=OTHER_SHOP), doctype, "Nike")
    assert "linked" in ack.payload["message"]


@pytest.mark.parametrize(("entity", "doctype"), [("category", "Item Group"), ("brand", "Brand")])
def test_deleted_group_or_brand_stays(bench, entity, doctype):
    payload = {"external_id": "1", "name": "Nike"}
    gone = payload | {"status": "deleted"}
    assert bench.send(entity, gone).ack_status == "skipped"
    applied(bench.send(entity, payload, revision=2), doctype, "Nike")
    ack = bench.send(entity, gone, revision=3)
    assert (ack.ack_status, ack.payload["erp_doc"]["name"]) == ("skipped", "Nike")
    assert names(bench, doctype) == ["Nike"]


def test_order_status_is_kept_per_shop(bench):
    payload = {"external_id": "566146469", "name": "بإنتظار المراجعة", "slug": "under_review"}
    applied(bench.send("order_status", payload), "Shop Order Status", f"{SHOP}-566146469")
    assert bench.documents("Shop Order Status")[0]["title"] == "بإنتظار المراجعة"


def test_product_with_group_brand_and_price(bench):
    bench.send("category", {"external_id": "1", "name": "Home"})
    bench.send("brand", {"external_id": "2", "name": "Nike"})
    applied(bench.send("product", product(category_ids=["9", "1"], brand_id="2")), "Item", "SKU-11")
    (item,) = bench.documents("Item")
    assert (item["item_group"], item["brand"], item["is_stock_item"]) == ("Home", "Nike", True)
    (price,) = bench.documents("Item Price")
    assert (price["item_code"], price["rate"], price["currency"]) == ("SKU-11", "10.00", "SAR")


def test_product_of_unknown_group_and_brand_says_so(bench):
    ack = bench.send("product", product(category_ids=["1"], brand_id="2"))
    assert "Brand 2" in ack.payload["message"]
    assert "categories" in ack.payload["message"]
    assert bench.documents("Item")[0]["item_group"] == "All Item Groups"


def test_update_keeps_what_the_erp_s_users_chose(bench):
    bench.send("product", product())
    with bench.store.receiver() as receiver:
        receiver.erp._patch("Item", "SKU-11", item_group="Chosen", stock_uom="Box", is_disabled=True)
    applied(bench.send("product", product(name="Cup"), revision=2), "Item", "SKU-11")
    (item,) = bench.documents("Item")
    assert (item["item_name"], item["item_group"], item["stock_uom"]) == ("Cup", "Chosen", "Box")
    assert item["is_disabled"] is True


def test_sku_changed_in_the_shop_keeps_the_item(bench):
    bench.send("product", product())
    ack = applied(bench.send("product", product(sku="NEW", name="Cup"), revision=2), "Item", "SKU-11")
    assert "NEW now; the Item keeps its code SKU-11" in ack.payload["message"]
    assert names(bench, "Item") == ["SKU-11"]


def test_existing_item_of_this_sku_is_linked(bench):
    bench.send("product", product())
    ack = applied(
        bench.send("product", product("12", sku="SKU-11"), store_account=OTHER_SHOP), "Item", "SKU-11"
    )
    assert "linked" in ack.payload["message"]
    assert names(bench, "Item") == ["SKU-11"]


def test_sku_of_another_product_of_the_shop(bench):
    bench.send("product", product())
    failed(bench.send("product", product("12", sku="SKU-11")), 422, "sku_taken", "SKU-11", "product 11")


def test_product_without_sku(bench):
    failed(bench.send("product", product(sku=None)), 422, "missing_sku", "Mug")


def test_deleted_product_is_disabled_and_a_hidden_one_is_not(bench):
    assert bench.send("product", product("12", status="deleted")).ack_status == "skipped"
    bench.send("product", product())
    bench.send("product", product(status="hidden"), revision=2)
    assert bench.documents("Item")[0]["is_disabled"] is False
    bench.send("product", product(status="deleted"), revision=3)
    assert [one["is_disabled"] for one in bench.documents("Item")] == [True]


def test_item_deleted_in_the_erp_is_made_anew(bench):
    bench.send("product", product())
    bench.delete("Item", "SKU-11")
    ack = applied(bench.send("product", product(), revision=2), "Item", "SKU-11")
    assert "was deleted in the ERP" in ack.payload["message"]
    assert names(bench, "Item") == ["SKU-11"]


def test_variant_of_a_template(bench):
    applied(bench.send("product", product(options=["Colour"])), "Item", "SKU-11")
    applied(bench.send("variant", variant()), "Item", "SKU-21")
    template, red = bench.documents("Item")
    assert (template["has_variants"], template["attribute_names"]) == (True, ["Colour"])
    assert (red["variant_of"], red["attribute_values"]) == ("SKU-11", [["Colour", "Red"]])
    # ERPNext takes no price for a template.
    assert [one["item_code"] for one in bench.documents("Item Price")] == ["SKU-21"]


def test_variant_of_a_product_that_is_not_sent_is_an_item_of_its_own(bench):
    variant = {"external_id": "21", "product_id": "99", "name": "Red", "sku": "SKU-21"}
    ack = bench.send("variant", variant)
    assert ack.payload["erp_doc"] == {"doctype": "Item", "name": "SKU-21"}
    assert "Item of its own" in ack.payload["message"]


def test_variant_of_a_product_without_options_is_an_item_of_its_own(bench):
    bench.send("product", product())
    ack = applied(bench.send("variant", variant()), "Item", "SKU-21")
    assert "SKU-11 has no variants" in ack.payload["message"]
    assert bench.documents("Item")[1]["variant_of"] is None


# Customers


def test_customer_is_found_by_phone_then_by_mail(bench):
    applied(bench.send("customer", customer()), "Customer", "سارة الأحمد")
    same_phone = customer("32", email=None)
    assert (
        "linked" in applied(bench.send("customer", same_phone), "Customer", "سارة الأحمد").payload["message"]
    )
    same_mail = customer("33", phone="+966500000000", email="SARA@example.com")
    applied(bench.send("customer", same_mail, store_account=OTHER_SHOP), "Customer", "سارة الأحمد")
    applied(bench.send("customer", customer("34", phone=None, email=None)), "Customer", "سارة الأحمد - 1")


def test_customer_that_fits_several(bench):
    bench.send("customer", customer("31", name="A", phone="+966500000001", email="a@example.com"))
    bench.send("customer", customer("32", name="B", phone="+966500000002", email="b@example.com"))
    with bench.store.receiver() as receiver:
        receiver.connection.execute("INSERT INTO contacts VALUES ('B', 'phone', '+966500000001')")
    ack = bench.send("customer", customer("33", name="C", phone="+966500000001", email=None))
    failed(ack, 503, "ambiguous_customer", "A (by phone), B (by phone)", "Merge")


def test_phone_and_mail_of_two_customers_are_merged_by_nobody(bench):
    bench.send("customer", customer("31", name="A", phone="+966500000001", email="a@example.com"))
    bench.send("customer", customer("32", name="B", phone="+966500000002", email="b@example.com"))
    ack = bench.send("customer", customer("33", name="C", phone="+966500000001", email="b@example.com"))
    failed(ack, 503, "ambiguous_customer", "A (by phone), B (by e-mail)")
    assert names(bench, "Customer") == ["A", "B"]


def test_who_fits_by_both_is_the_one(bench):
    bench.send("customer", customer("31", name="A", phone="+966500000001", email="a@example.com"))
    bench.send("customer", customer("32", name="B", phone="+966500000002", email="b@example.com"))
    with bench.store.receiver() as receiver:
        receiver.connection.execute("INSERT INTO contacts VALUES ('B', 'phone', '+966500000001')")
    ack = bench.send("customer", customer("33", name="C", phone="+966500000001", email="a@example.com"))
    applied(ack, "Customer", "A")


def test_another_vat_number_is_another_customer(bench):
    bench.send("customer", customer("31", name="A", tax_id="300000000000003"))
    ack = bench.send("customer", customer("32", name="B", tax_id="311111111111113"))
    failed(ack, 503, "ambiguous_customer", "Customer A", "VAT number")
    applied(bench.send("customer", customer("33", name="C", tax_id="3000 0000 0000 003")), "Customer", "A")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [((), ["A", "A - 1", "A - 2"]), (("phone",), ["A", "A - 1"]), (("phone", "email"), ["A"])],
)
def test_policy_says_what_tells_a_person(bench, policy, expected):
    bench.set(match_customers_by=policy)
    bench.send("customer", customer("31", name="A"))
    bench.send("customer", customer("32", name="A", email=None))
    bench.send("customer", customer("33", name="A", phone=None))
    assert names(bench, "Customer") == expected


def test_guest_is_a_customer_of_his_own_or_the_one_for_all(shop):
    buyer = customer("guest-1", name="Guest", is_guest=True)
    shop.send("order", order(customer=buyer))
    assert shop.order()["customer"] == "Guest"
    shop.set(is_one_guest=True)
    assert shop.send("customer", customer("guest-3", is_guest=True)).ack_status == "skipped"
    place = {"external_id": "1", "line1": "Road 1", "city": "Riyadh"}
    for number in ("42", "43"):
        buyer = customer(f"guest-{number}", name="Other", is_guest=True)
        shop.send("order", order(number, customer=buyer, shipping={"amount": "10.00", "address": place}))
    orders = shop.documents("Sales Order")[1:]
    assert [one["customer"] for one in orders] == ["Shop Guest", "Shop Guest"]
    # Two guests share the Customer and nothing else.
    assert [one["shipping_address"]["external_id"] for one in orders] == [
        f"order:{SHOP}:42",
        f"order:{SHOP}:43",
    ]
    assert orders[0]["shipping_address"]["phone"] == "+966501234567"
    assert [one["name"] for one in shop.documents("Customer")] == ["Guest"]


def test_blocked_or_deleted_customer_stays_usable(bench):
    assert bench.send("customer", customer(status="deleted")).ack_status == "skipped"
    bench.send("customer", customer(), revision=2)
    ack = bench.send("customer", customer(status="blocked"), revision=3)
    assert "blocked" in ack.payload["message"]
    assert bench.documents("Customer")[0]["is_disabled"] is False


# Orders


def test_ack_names_each_document_that_was_written(shop):
    ack = shop.send("order", order())
    buyer, own = ack.payload["documents"]
    assert (buyer["doctype"], buyer["name"], buyer["action"]) == ("Customer", "سارة الأحمد", "created")
    # Its own changes stand in `changes` already.
    assert own == {"doctype": "Sales Order", "name": "SAL-ORD-0000001", "action": "created"}
    again = shop.send("order", order(status="delivered"), revision=2)
    assert again.payload["documents"] == [{**own, "action": "updated"}]
    assert again.payload["changes"]["shop_status"] == ["under_review", "delivered"]
    assert shop.send("order", order(status="delivered"), revision=3).payload["documents"] == []


def test_order_is_a_draft_with_the_shop_s_total(shop):
    ack = applied(shop.send("order", order()), "Sales Order", "SAL-ORD-0000001")
    assert (ack.payload["docstatus"], ack.payload["difference"]) == (0, None)
    sales_order = shop.order()
    assert (sales_order["grand_total"], sales_order["docstatus"]) == ("126.50", 0)
    # 22:30 UTC is the next day in Riyadh.
    assert (sales_order["transaction_date"], sales_order["delivery_date"]) == ("2026-03-02", "2026-03-05")
    assert (sales_order["customer"], sales_order["reference"]) == ("سارة الأحمد", "R-41")
    assert (sales_order["currency"], sales_order["conversion_rate"]) == ("SAR", "1")


def test_order_is_submitted_where_the_setting_says_so(shop):
    shop.set(submit_orders=True)
    assert shop.send("order", order()).payload["docstatus"] == 1
    ack = shop.send("order", order(status="completed"), revision=2)
    assert (ack.ack_status, ack.payload["docstatus"], shop.order()["shop_status"]) == (
        "applied",
        1,
        "completed",
    )
    failed(
        shop.send(
            "order",
            order(total="241.50", items=[line(quantity="4")], tax={"percent": "15", "amount": "31.50"}),
            revision=3,
        ),
        422,
        "submitted_order",
    )
    assert shop.order()["grand_total"] == "126.50"


@pytest.mark.parametrize("status", ["canceled", "cancelled", "restored", "payment_failed"])
def test_order_that_came_to_nothing_is_not_submitted(shop, status):
    shop.set(submit_orders=True)
    assert shop.send("order", order(status=status)).payload["docstatus"] == 0


def test_difference_keeps_the_draft_and_names_itself(shop):
    shop.set(submit_orders=True)
    ack = applied(shop.send("order", order(total="127.50")), "Sales Order", "SAL-ORD-0000001")
    assert (ack.payload["docstatus"], shop.order()["docstatus"]) == (0, 0)
    difference = shop.order()["difference"]
    assert ack.payload["difference"] == difference
    assert "Total: 127.50 SAR in the shop, 126.50 in the ERP (-1.00)." in difference
    assert "do not add up" in difference
    ack = shop.send("order", order(), revision=2)
    assert (ack.payload["docstatus"], ack.payload["difference"], shop.order()["difference"]) == (1, None, "")


def test_difference_names_the_line(shop):
    items = [line(), line(external_id="2", quantity="1", tax="7.50", total="60.00")]
    ack = shop.send("order", order(items=items, total="186.50", tax={"percent": "15", "amount": "24.00"}))
    assert (
        "Line 2 (SKU-11): 50.00 without VAT + VAT 7.50 = 57.50, the shop says 60.00."
        in ack.payload["difference"]
    )


def test_difference_within_the_tolerance_is_none(shop):
    shop.set(submit_orders=True, money_tolerance=shop.store.settings.money_tolerance + 1)
    ack = shop.send("order", order(total="127.50"))
    assert (ack.payload["docstatus"], ack.payload["difference"]) == (1, None)


def test_total_of_nothing_never_replaces_a_real_order(shop):
    shop.send("order", order())
    before = shop.order()
    nothing = order(total="0", tax={"percent": "15", "amount": "0"}, shipping={"amount": "0"})
    failed(shop.send("order", nothing, revision=2), 422, "collapsed_total", "100.00 SAR")
    failed(shop.send("order", order(items=[]), revision=3), 422, "no_lines", "R-41")
    assert shop.order() == before


def test_order_given_away_whole_is_real(shop):
    free = order(
        total="0", discount_total="100.00", tax={"percent": "15", "amount": "0"}, shipping={"amount": "0"}
    )
    assert shop.send("order", free).payload["difference"] is None
    assert shop.order()["grand_total"] == "0.00"


def test_price_quote_is_no_order(shop):
    ack = shop.send("order", order(is_price_quote=True))
    assert (ack.http_status, ack.ack_status, ack.payload["erp_doc"]) == (200, "skipped", None)
    assert names(shop, "Sales Order") == []
    assert shop.send("order", order(), revision=2).ack_status == "applied"


def test_line_s_item_by_variant_then_product_then_sku(shop):
    shop.send("product", product("12", options=["Colour"]))
    shop.send("variant", variant("21", product_id="12"))
    items = [
        line(external_id="1", variant_id="21", product_id="12", sku="SKU-12"),
        line(external_id="2", product_id="11", sku="unheard-of"),
        line(external_id="3", product_id="unheard-of", sku="SKU-11"),
        # The product is a template, which cannot be sold; its SKU names the variant.
        line(external_id="4", product_id="12", sku="SKU-21"),
    ]
    shop.send("order", order(items=items, total="471.50", tax={"percent": "15", "amount": "61.50"}))
    assert [one["item_code"] for one in shop.order()["lines"]] == ["SKU-21", "SKU-11", "SKU-11", "SKU-21"]


def test_line_without_item_names_line_and_sku(shop):
    items = [line(), line(external_id="2", product_id="99", sku="SKU-99", name="Cup")]
    failed(
        shop.send("order", order(items=items)),
        503,
        "unknown_item",
        "Line 2",
        "'Cup'",
        "SKU-99",
        "by itself",
    )
    assert names(shop, "Customer") == []


def test_line_whose_item_is_a_template_only(bench):
    bench.send("product", product(options=["Colour"]))
    failed(bench.send("order", order()), 503, "unknown_item", "Line 1")


def test_order_brings_its_customer_and_the_customer_s_own_command_still_counts(shop):
    shop.send("order", order())
    assert names(shop, "Customer") == ["سارة الأحمد"]
    applied(shop.send("customer", customer(name="Sara", language="en")), "Customer", "سارة الأحمد")
    assert shop.documents("Customer")[0]["language"] == "en"
    # A second order takes the customer as the ERP has it.
    shop.send("order", order("42", customer=customer(name="Else")))
    assert [one["customer_name"] for one in shop.documents("Customer")] == ["Sara"]


def test_guest_order(shop):
    shop.send("order", order(customer=None))
    assert shop.order()["customer"] == "Shop Guest"
    shop.set(guest_customer="")
    failed(shop.send("order", order("42", customer=None)), 503, "missing_customer", "'Guest Customer'")


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"company": ""}, "missing_setting", "'Company'"),
        ({"timezone": "Mars/Base"}, "missing_setting", "Mars/Base"),
        ({"tax_account": ""}, "missing_account", "'VAT Account'"),
    ],
)
def test_setting_that_is_missing_is_named(shop, changes, code, word):
    shop.set(**changes)
    ack = failed(shop.send("order", order()), 503, code, word, "Salla Executor Settings")
    assert ack.payload["waits_on"] == f"setting:{next(iter(changes))}"
    assert names(shop, "Sales Order") == []


def test_order_whose_reference_was_lost_is_found_again(shop):
    shop.send("order", order())
    with shop.store.receiver() as receiver:
        receiver.connection.execute("DELETE FROM refs WHERE entity_type = 'order'")
        receiver.connection.execute("DELETE FROM inbox")
    ack = applied(shop.send("order", order()), "Sales Order", "SAL-ORD-0000001")
    assert "linked" in ack.payload["message"]
    assert names(shop, "Sales Order") == ["SAL-ORD-0000001"]


def test_order_deleted_in_the_erp_is_made_anew(shop):
    shop.send("order", order())
    shop.delete("Sales Order", "SAL-ORD-0000001")
    ack = shop.send("order", order(), revision=2)
    assert ack.ack_status == "applied"
    assert "was deleted in the ERP" in ack.payload["message"]
    assert shop.order()["grand_total"] == "126.50"


def test_order_deleted_in_the_shop_is_flagged_and_stays(shop):
    assert "nothing was made" in shop.send("order", order(status="deleted", items=[])).payload["message"]
    shop.send("order", order(), revision=2)
    ack = shop.send("order", order(status="deleted", items=[], total="0"), revision=3)
    assert ack.ack_status == "applied"
    assert "The shop deleted this order. Cancel it here" in ack.payload["message"]
    assert shop.order()["grand_total"] == "126.50"
    assert (shop.order()["shop_status"], "deleted" in shop.order()["attention"]) == ("deleted", True)
    shop.send("order", order(), revision=4)
    assert shop.order()["attention"] == ""


def test_foreign_currency_takes_the_shop_s_rate_where_it_leads_to_the_company_s(shop):
    rate = {"currency": "USD", "exchange_rate": "3.75"}
    shop.send("order", order("1", store_currency="SAR", **rate))
    shop.send("order", order("2", store_currency="AED", **rate))
    assert [one["conversion_rate"] for one in shop.documents("Sales Order")] == ["3.75", None]
