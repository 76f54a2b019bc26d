"""The demo's scenario, and that its comparison cannot lie."""

import json
from contextlib import contextmanager

import pytest

from sandbox.compare import DOCTYPES, Comparison


def test_the_scenario_ends_green(played):
    _, report = played
    assert report.differences == []
    assert report.is_green
    assert report.text().splitlines()[-1].startswith("The ERP holds what the shop holds, to the halala.")


def test_the_counts_are_those_of_a_busy_day(played):
    _, report = played
    assert report.webhooks["sent"] >= 60
    assert report.webhooks["refused"] == 2
    assert report.webhooks["duplicates"] >= 10
    assert report.webhooks["Stale"] >= 1
    assert report.webhooks["stored"] + report.webhooks["duplicates"] == report.webhooks["sent"] - 2 + 1
    figures = report.figures
    assert figures["order"].at_shop == figures["order"].received >= 30
    assert figures["order"].held >= 1
    assert figures["customer"].held == 4
    for reasons in (figures["product"].skip_reasons, figures["variant"].skip_reasons):
        assert any("has no SKU" in reason for reason in reasons)
    for figure in figures.values():
        assert figure.dead == 0
        assert figure.applied + figure.superseded == figure.commands
        assert figure.attempts >= figure.applied
    assert report.checks["held back by the outage, then applied"] >= 7


def test_every_order_is_equal_to_the_halala(played):
    world, _ = played
    comparison = Comparison(world).run()
    wanted = [order for order in world.salla.state.orders.values() if not order.is_deleted]
    assert comparison.orders_equal == len(wanted)
    assert comparison.total == sum(order.total for order in wanted)


def test_the_report_is_kept_as_json(played, tmp_path):
    _, report = played
    report.save(tmp_path / "sub" / "demo.json")
    kept = json.loads((tmp_path / "sub" / "demo.json").read_text(encoding="utf-8"))
    assert kept["is_green"] is True
    assert kept["figures"]["order"]["dead"] == 0


@contextmanager
def tampered(world, query, *values):
    """Run a statement in the executor's file, and put the file's rows back afterwards."""
    connection = world.executor.store.connect()
    tables = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("documents", "refs")}
    try:
        assert connection.execute(query, values).rowcount > 0
        yield
    finally:
        for name, rows in tables.items():
            connection.execute(f"DELETE FROM {name}")
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", [tuple(row) for row in rows])
        connection.close()


def differences(world):
    return Comparison(world).run().differences


def a_reference(world, entity_type):
    """(external id, document) of some entity that is fully compared."""
    state = world.salla.state
    goods = [row for row in state.products.values() if row["sku"] and row["type"] == "product"]
    simple = {str(row["id"]) for row in goods if not row["skus"]}
    nested = {str(key) for key, row in state.categories.items() if row["parent_id"]}
    chosen = {"product": simple, "category": nested}.get(entity_type)
    return next(
        (key, name)
        for (kind, key), (_, name) in world.references().items()
        if kind == entity_type and (chosen is None or key in chosen)
    )


FIELDS = [
    ("category", "$.name", "Other", "name is"),
    ("category", "$.parent", "Other", "parent is"),
    ("brand", "$.name", "Other", "name is"),
    ("product", "$.item_name", "Other", "name is"),
    ("product", "$.has_variants", 1, "template is"),
    ("product", "$.is_stock_item", 0, "stock item is"),
    ("variant", "$.variant_of", "Other", "template is"),
    ("customer", "$.customer_name", "Other", "name is"),
    ("customer", "$.phone", "+966500000000", "phone is"),
    ("customer", "$.email", "x@example.com", "e-mail is"),
    ("order", "$.grand_total", "0.01", "total is"),
    ("order", "$.total_taxes_and_charges", "0.01", "VAT and charges is"),
    ("order", "$.shop_status", "lost", "status is"),
    ("order", "$.shop_status_name", "lost", "status name is"),
    ("order", "$.reference", "1", "reference is"),
    ("order", "$.customer", "Other", "customer is"),
    ("order", "$.currency", "USD", "currency is"),
    ("order", "$.difference", "Something", "flagged difference is"),
    ("order", "$.lines[0].quantity", "9999", "lines is"),
    ("order", "$.lines[0].item_code", "Other", "lines is"),
]


@pytest.mark.parametrize(("entity_type", "path", "value", "words"), FIELDS)
def test_one_changed_field_is_found_and_named(played, entity_type, path, value, words):
    world, _ = played
    key, name = a_reference(world, entity_type)
    query = "UPDATE documents SET body = json_set(body, ?, ?) WHERE doctype = ? AND name = ?"
    with tampered(world, query, path, value, DOCTYPES[entity_type], name):
        found = differences(world)
    assert any(text.startswith(f"{entity_type} {key} ({name}): {words}") for text in found), found
    assert differences(world) == []


def test_a_changed_price_is_found_in_the_price_list(played):
    world, _ = played
    key, name = a_reference(world, "product")
    query = "UPDATE documents SET body = json_set(body, '$.rate', '1.23') WHERE doctype = 'Item Price' AND name LIKE ?"
    with tampered(world, query, f"{name}-%"):
        (text,) = differences(world)
    assert text.startswith(f"product {key} ({name}): price is")
    assert "Decimal('1.23')" in text


@pytest.mark.parametrize("entity_type", ["category", "brand", "product", "variant", "customer", "order"])
def test_a_lost_document_is_found(played, entity_type):
    world, _ = played
    key, name = a_reference(world, entity_type)
    query = "DELETE FROM documents WHERE doctype = ? AND name = ?"
    with tampered(world, query, DOCTYPES[entity_type], name):
        assert f"{entity_type} {key}: {name} is gone from the ERP." in differences(world)


@pytest.mark.parametrize("entity_type", [*DOCTYPES, "order_status"])
def test_a_lost_and_a_foreign_reference_are_found(played, entity_type):
    world, _ = played
    key, name = a_reference(world, entity_type)
    query = "UPDATE refs SET external_id = 'ghost' WHERE entity_type = ? AND external_id = ?"
    with tampered(world, query, entity_type, key):
        found = differences(world)
    assert f"{entity_type} {key} is not in the ERP." in found
    assert f"{entity_type} ghost is in the ERP as {name}, but not in the shop." in found


def test_an_order_that_stands_twice_is_found(played):
    world, _ = played
    _, name = a_reference(world, "order")
    copy = "INSERT INTO documents SELECT doctype, 'SAL-ORD-TWICE', body FROM documents WHERE doctype = ? AND name = ?"
    with tampered(world, copy, "Sales Order", name):
        assert differences(world) == ["Sales Order SAL-ORD-TWICE belongs to no shop order."]


def test_two_orders_in_one_document_are_found(played):
    world, _ = played
    _, name = a_reference(world, "order")
    with tampered(world, "UPDATE refs SET docname = ? WHERE entity_type = 'order'", name):
        found = differences(world)
    assert any(text.startswith(f"{name} stands for ") for text in found)


def test_an_order_with_any_difference_is_not_counted_as_equal(played):
    world, _ = played
    _, name = a_reference(world, "order")
    before = Comparison(world).run()
    query = "UPDATE documents SET body = json_set(body, '$.total_taxes_and_charges', '0') WHERE name = ?"
    with tampered(world, query, name):
        after = Comparison(world).run()
    assert after.orders_equal == before.orders_equal - 1
    assert after.total < before.total


def test_a_change_that_only_the_shop_has_is_found(played):
    world, _ = played
    order = next(order for order in world.salla.state.orders.values() if not order.is_deleted)
    order.lines[0].quantity += 1
    try:
        found = differences(world)
    finally:
        order.lines[0].quantity -= 1
    assert any(text.startswith(f"order {order.id} ") and "total is" in text for text in found)
    assert differences(world) == []
