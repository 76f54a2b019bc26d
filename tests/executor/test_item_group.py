"""An Item Group that the hub's Mapping Rules name."""

from executor_kit import product

from salla_executor.payloads import ProductPayload


def group_of(bench):
    return {one["name"]: one["item_group"] for one in bench.documents("Item")}


def test_it_comes_before_the_categories(bench):
    bench.send("category", {"external_id": "1", "name": "Home"})
    bench.send("category", {"external_id": "2", "name": "Perfumes"})
    bench.send("product", product(category_ids=["1"], item_group="Perfumes"))
    assert group_of(bench) == {"SKU-11": "Perfumes"}


def test_one_that_is_not_there_is_told_and_the_categories_are_taken(bench):
    bench.send("category", {"external_id": "1", "name": "Home"})
    ack = bench.send("product", product(category_ids=["1"], item_group="Perfumes"))
    assert ack.ack_status == "applied"
    assert "There is no Item Group 'Perfumes' here" in ack.payload["message"]
    assert group_of(bench) == {"SKU-11": "Home"}


def test_without_one_the_content_is_as_from_an_older_hub():
    assert "item_group" not in ProductPayload.model_validate(product()).content()
    named = ProductPayload.model_validate(product(item_group="Perfumes"))
    assert named.content()["item_group"] == "Perfumes"
