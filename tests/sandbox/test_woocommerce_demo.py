"""A WooCommerce store and a dropzone beside Salla in the demo, and that their comparison cannot lie."""

import json
from decimal import Decimal

import pytest

from sandbox import dropzone
from sandbox.compare import DOCTYPES
from sandbox.scene import PULLED
from sandbox.woocommerce.compare import WooComparison
from sandbox.woocommerce.generate import generate
from sandbox.woocommerce.orders import total
from sandbox.woocommerce.scenario import WooScenario
from sandbox.woocommerce.server import SimulatedWoo
from sandbox.world import EmbeddedWorld


@pytest.fixture(scope="module")
def played_woo(played):
    """(world, report) of the WooCommerce store's day, behind Salla's in the same world."""
    world = played[0].of_woo()
    return world, WooScenario(world, say=lambda line: None).play()


def differences(world):
    return WooComparison(world).run().differences


def test_the_scenario_ends_green(played_woo):
    _, report = played_woo
    assert report.differences == []
    figures = report.figures
    assert figures["order"].at_shop == figures["order"].received == 29
    assert figures["order"].held == 1
    assert figures["variant"].received >= 20
    assert any("has no SKU" in reason for reason in figures["product"].skip_reasons)
    assert report.webhooks["refused"] == 2
    assert report.webhooks["Ignored"] == 1


def test_every_order_is_equal_to_the_halala(played_woo):
    world, _ = played_woo
    comparison, orders = WooComparison(world).run(), world.woo.state.orders
    assert comparison.orders_equal == len(orders)
    assert comparison.total == sum(total(world.woo.state, order) for order in orders.values())


def tampered(world, query, *values):
    """Differences while a statement has been run in the executor's file."""
    connection = world.executor.store.connect()
    kept = connection.execute("SELECT * FROM documents").fetchall()
    try:
        assert connection.execute(query, values).rowcount > 0
        return differences(world)
    finally:
        connection.execute("DELETE FROM documents")
        connection.executemany("INSERT INTO documents VALUES (?, ?, ?)", [tuple(row) for row in kept])
        connection.close()


def a_document(world, entity_type):
    """(external id, name) of some entity that is fully compared."""
    state = world.woo.state
    chosen = {
        "product": [key for key, row in state.products.items() if row.sku and row.type == "simple"],
        "category": [key for key, row in state.categories.items() if row["parent"]],
        "customer": state.customers,
    }
    keys = {str(key) for key in chosen.get(entity_type, [])}
    return next(
        (key, name)
        for (kind, key), (_, name) in world.references().items()
        if kind == entity_type and (not keys or key in keys)
    )


@pytest.mark.parametrize(
    ("entity_type", "path", "value", "words"),
    [
        ("category", "$.parent", "Other", "parent is"),
        ("brand", "$.name", "Other", "name is"),
        ("product", "$.item_name", "Other", "name is"),
        ("product", "$.is_stock_item", 0, "stock item is"),
        ("variant", "$.variant_of", "Other", "template is"),
        ("customer", "$.email", "x@example.com", "e-mail is"),
        ("customer", "$.phone", "+966500000000", "phone is"),
        ("order", "$.grand_total", "0.01", "total is"),
        ("order", "$.total_taxes_and_charges", "0.01", "VAT and charges is"),
        ("order", "$.shop_status", "lost", "status is"),
        ("order", "$.customer", "Other", "customer is"),
        ("order", "$.lines[0].quantity", "9999", "lines is"),
    ],
)
def test_one_changed_field_is_found_and_named(played_woo, entity_type, path, value, words):
    world, _ = played_woo
    key, name = a_document(world, entity_type)
    query = "UPDATE documents SET body = json_set(body, ?, ?) WHERE doctype = ? AND name = ?"
    found = tampered(world, query, path, value, DOCTYPES[entity_type], name)
    assert any(text.startswith(f"{entity_type} {key} ({name}): {words}") for text in found), found
    assert differences(world) == []


def test_a_changed_price_is_found_in_the_price_list(played_woo):
    world, _ = played_woo
    key, name = a_document(world, "variant")
    query = "UPDATE documents SET body = json_set(body, '$.rate', '1.23') WHERE doctype = 'Item Price' AND name LIKE ?"
    (text,) = tampered(world, query, f"{name}-%")
    assert text.startswith(f"variant {key} ({name}): price is")


def test_a_change_that_only_the_shop_has_is_found(played_woo):
    world, _ = played_woo
    order = next(order for order in world.woo.state.orders.values() if not order.customer_id)
    order.lines[0].total += 1
    try:
        (text,) = differences(world)
    finally:
        order.lines[0].total -= 1
    assert text.startswith(f"order {order.id} ")


# The dropzone


def test_the_dropzone_holds_both_stores_as_their_routes_say(played, played_woo):
    world, _ = played_woo
    count, wrong = world.files()
    assert wrong == []
    types = {"woo": set(), "salla": set()}
    for path in world.dropzone.iterdir():
        body = json.loads(path.read_bytes())
        types["woo" if body["store_account"] == world.store else "salla"].add(body["command_type"])
    assert types["salla"] == {"upsert_order"}
    assert types["woo"] >= {"upsert_order", "upsert_product", "upsert_variant", "upsert_customer"}
    salla, _ = played[0].files()
    assert count + salla == len(list(world.dropzone.iterdir()))


def command(name, key):
    return {"name": name, "idempotency_key": key}


def whole(key):
    return json.dumps(
        {"command_type": "upsert_order", "payload": {"external_id": "1"}, "idempotency_key": key}
    )


def test_what_is_wrong_in_a_dropzone_is_named(tmp_path):
    (tmp_path / "a.json").write_text(whole("one"))
    assert dropzone.differences(tmp_path, [command("C1", "one")]) == []
    assert dropzone.differences(tmp_path, []) == ["A file in the dropzone belongs to no command: one"]
    missing = dropzone.differences(tmp_path, [command("C1", "one"), command("C2", "two")])
    assert missing == ["C2 has 0 files in the dropzone."]
    (tmp_path / "b.json").write_text(whole("one"))
    assert dropzone.differences(tmp_path, [command("C1", "one")]) == ["C1 has 2 files in the dropzone."]
    (tmp_path / "b.json").write_text(whole("two")[:40])
    (half,) = dropzone.differences(tmp_path, [command("C1", "one")])
    assert half.startswith("b.json in the dropzone is no whole command")
    (tmp_path / "b.json").rename(tmp_path / ".b.json.part")
    assert len(dropzone.differences(tmp_path, [command("C1", "one")])) == 2


# Other shops


@pytest.mark.parametrize(
    "values",
    [
        {"prices_include_tax": True, "is_odd": True},
        {"version": "8.0.0", "rounds_at_subtotal": True},
    ],
    ids=["odd things, prices with tax", "an old shop, rounded once per order"],
)
def test_other_shops_arrive_to_the_halala(values):
    """All but an order of a product that is gone, which waits for a person."""
    with EmbeddedWorld(woo=SimulatedWoo(generate(products=16, variations=12, orders=20, **values))) as world:
        woo = world.of_woo()
        woo.pull(PULLED)
        woo.settle()
        state, comparison = world.woo.state, WooComparison(woo).run()
        gone = [order.id for order in state.orders.values() if _has_gone_goods(state, order)]
        assert comparison.differences == [f"order {key} is not in the ERP." for key in gone]
        assert len(gone) == bool(values.get("is_odd"))
        assert comparison.orders_equal == 20 + (2 if values.get("is_odd") else 0)
        held = [row["reason"] for row in woo.commands() if row["status"] == "Held"]
        assert len(held) == len(gone)
        assert all("Gone for good" in reason for reason in held)
        assert comparison.total > Decimal(5_000)
        assert woo.files()[1] == []


def _has_gone_goods(state, order):
    return any(state.any_product(line.variation_id or line.product_id) is None for line in order.lines)
