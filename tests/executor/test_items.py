"""Items on the embedded executor: which one it is, what belongs to the ERP, bundles, price lists."""

from __future__ import annotations

from decimal import Decimal

import pytest
from executor_kit import Bench, order, product, variant

from salla_executor.core.mapping.items import product_item
from salla_executor.core.model import PriceList
from salla_executor.payloads import ProductPayload
from sandbox.executor_store import default_settings


def item(bench: Bench, code: str) -> dict:
    return next(one for one in bench.documents("Item") if one["name"] == code)


def test_field_of_the_erp_is_told_and_not_written(bench):
    bench.set(erp_item_fields=frozenset({"item_name"}))
    bench.send("product", product())
    ack = bench.send("product", product(name="Cup", weight="2"), revision=2)
    assert ack.payload["not_applied"] == {"item_name": ["Mug", "Cup"]}
    assert "keeps its own item_name" in ack.payload["message"]
    assert (item(bench, "SKU-11")["item_name"], item(bench, "SKU-11")["weight"]) == ("Mug", "2")


def test_price_of_the_erp_stays(bench):
    bench.set(erp_item_fields=frozenset({"prices"}))
    bench.send("product", product())
    bench.send("product", product(price="20.00"), revision=2)
    (price,) = bench.documents("Item Price")
    assert price["rate"] == "10.00"


# What is there under another shop's entry, what comes, and what is not certain; empty: it is linked.
FOUND = [
    (product(sku="A"), product(sku="A"), ""),
    (product(sku="A", barcode="1"), product(sku="A", barcode="1"), ""),
    (product(sku="A", barcode="1"), product(sku="B", barcode="1"), "its barcode 1 is that of Item A"),
    (product(sku="A"), product(sku="A", options=["Size"]), "Item A has none"),
    (product(sku="A", options=["Size"]), product(sku="A"), "none of them is named"),
]


@pytest.mark.parametrize(("there", "comes", "doubt"), FOUND)
def test_what_is_certain_is_linked_and_the_rest_waits(bench, there, comes, doubt):
    bench.send("product", there, store_account="OTHER")
    ack = bench.send("product", comes)
    if not doubt:
        assert "was linked" in ack.payload["message"]
        return
    assert (ack.payload["error_code"], ack.payload["waits_on"]) == ("item_to_review", "review:item")
    assert doubt in ack.payload["message"]
    assert len(bench.documents("Item")) == 1


def test_sku_and_barcode_of_two_items_wait(bench):
    bench.send("product", product(sku="A"), store_account="OTHER")
    bench.send("product", product("12", sku="B", barcode="1"), store_account="OTHER")
    ack = bench.send("product", product(sku="A", barcode="1"))
    assert "that of Item B" in ack.payload["message"]


def test_barcode_links_where_the_settings_say_so(bench):
    bench.set(link_by_barcode=True)
    bench.send("product", product(sku="A", barcode="1"), store_account="OTHER")
    ack = bench.send("product", product(sku="B", barcode="1"))
    assert ack.payload["erp_doc"]["name"] == "A"


def test_bundle_waits_for_its_parts(bench):
    bundle = product(
        "12", type="bundle", components=[{"external_id": "11", "sku": "SKU-11", "quantity": "2"}]
    )
    assert bench.send("product", bundle).payload["waits_on"] == "item:SKU-11"
    bench.send("product", product())
    bench.send("product", bundle)
    assert item(bench, "SKU-12")["components"] == [["SKU-11", "2"]]


def test_part_of_a_bundle_may_be_a_variant(bench):
    bench.send("product", product(options=["Colour"]))
    bench.send("variant", variant())
    bundle = product("12", type="bundle", components=[{"external_id": "21", "quantity": "1"}])
    bench.send("product", bundle)
    assert item(bench, "SKU-12")["components"] == [["SKU-21", "1"]]


def test_deleted_comes_back_and_another_shop_keeps_it(bench):
    bench.send("product", product())
    bench.send("product", product(), store_account="OTHER")
    ack = bench.send("product", product(status="deleted"), revision=2)
    assert "OTHER still sells it" in ack.payload["message"]
    assert not item(bench, "SKU-11")["is_disabled"]
    bench.send("product", product(status="deleted"), revision=2, store_account="OTHER")
    assert item(bench, "SKU-11")["is_disabled"]
    bench.send("product", product(), revision=3)
    assert not item(bench, "SKU-11")["is_disabled"]


def test_item_of_a_deleted_variant_is_its_successors(bench):
    """Options that are made anew in the shop give the same goods other ids."""
    bench.send("product", product(options=["Colour"]))
    bench.send("variant", variant())
    bench.send("variant", variant(status="deleted"), revision=2)
    assert item(bench, "SKU-21")["is_disabled"]
    ack = bench.send("variant", variant("22", sku="SKU-21"))
    assert "was linked" in ack.payload["message"]
    assert not item(bench, "SKU-21")["is_disabled"]
    again = bench.send("variant", variant(status="deleted"), revision=2, generation=1)
    assert "variant 22 still sells it" in again.payload["message"]
    assert not item(bench, "SKU-21")["is_disabled"]


NET, GROSS = PriceList("Net", "SAR"), PriceList("Gross", "SAR", includes_tax=True)
SALE, DINAR = PriceList("Sale", "SAR", is_in_force=True), PriceList("Kuwait", "KWD")
PRICES = [
    ({"price": "100"}, [], {"Standard Selling": "100"}),
    ({"price": "100", "tax_percent": "15"}, [GROSS], {"Standard Selling": "100", "Gross": "115.00"}),
    ({"price": "100"}, [GROSS], {"Standard Selling": "100"}),
    (
        {"price": "115", "tax_percent": "15", "price_includes_tax": True},
        [GROSS, NET],
        {"Standard Selling": "100.00", "Gross": "115", "Net": "100.00"},
    ),
    ({"price": "100", "sale_price": "80"}, [SALE], {"Standard Selling": "100", "Sale": "80"}),
    ({"price": "100"}, [SALE], {"Standard Selling": "100", "Sale": "100"}),
    ({"price": "6.25", "currency": "KWD"}, [DINAR], {"Kuwait": "6.25"}),
    ({"price": "6.25", "currency": "KWD"}, [], {"Standard Selling": "6.25"}),
    ({"price": "100"}, [PriceList("Other", "SAR", store="OTHER")], {"Standard Selling": "100"}),
    (
        {"price": "100"},
        [PriceList("Standard Selling", "SAR", is_in_force=True, store="OWN")],
        {"Standard Selling": "100"},
    ),
]


@pytest.mark.parametrize(("said", "lists", "prices"), PRICES)
def test_prices_of_each_list(said, lists, prices):
    settings = default_settings("I", "s" * 64, price_lists=tuple(lists), price_list_currency="SAR")
    payload = ProductPayload.model_validate(product(**said))
    values, _notes = product_item(
        payload, settings, item_code="A", group=None, brand=None, is_new=True, source="OWN"
    )
    assert {price.price_list: price.rate for price in values.prices} == {
        name: Decimal(rate) for name, rate in prices.items()
    }


def test_a_variant_has_the_sku_and_its_template_a_code_of_its_own(bench):
    bench.send("product", product(options=["Colour"], template_code="SKU-11-11"))
    bench.send("variant", variant(sku="SKU-11"))
    template, own = item(bench, "SKU-11-11"), item(bench, "SKU-11")
    assert (template["has_variants"], own["variant_of"]) == (True, "SKU-11-11")
    line = {"external_id": "91", "sku": "SKU-11", "name": "Mug", "quantity": "1", "unit_price": "10.00"}
    ack = bench.send("order", order(items=[line]))
    (document,) = bench.documents("Sales Order")
    assert (ack.ack_status, document["lines"][0]["item_code"]) == ("applied", "SKU-11")


def test_a_template_that_has_the_variants_sku_already_is_named(bench):
    bench.send("product", product(options=["Colour"]))
    ack = bench.send("variant", variant(sku="SKU-11"))
    assert ack.payload["error_code"] == "sku_taken"
    assert "is a template and cannot be sold. Rename that Item" in ack.payload["message"]


def test_code_of_a_template_is_no_changed_sku(bench):
    bench.send("product", product(options=["Colour"], template_code="SKU-11-11"))
    changed = product(options=["Colour"], template_code="SKU-11-11", name="Cup")
    assert "keeps its code" not in bench.send("product", changed, revision=2).payload["message"]
