"""What a list shows unchanged is not read again, unless something else would come of it now."""

from dataclasses import replace

import pytest

from salla_manager.core.mapping.rules import compile_rules
from salla_manager.core.model import RecordKey
from salla_manager.core.outbox import absorb_deletion
from salla_manager.core.seen import recipe_of
from sandbox.woocommerce.history import WooHistory


@pytest.fixture
def history(tmp_path):
    history = WooHistory(str(tmp_path / "hub.sqlite"), products=106, variations=4, orders=6, customers=3)
    history.finish(history.begin().name)
    yield history
    history.close()


def read_again(history):
    """Figures of a second reading of all, by kind."""
    history.clock.sleep(3600)
    history.woo.log.clear()
    run = history.finish(history.begin().name)
    return {step.entity_type: step for step in run.steps}


def whole_rows(history, path):
    """Calls of this list for more than what tells a change."""
    calls = [query for _, called, query in history.woo.log.entries if called == path]
    return [query for query in calls if "_fields" not in query]


def rules():
    said = {
        "entity_type": "product",
        "rules": [{"target": "brand_id", "source": "payload.brand_id", "transform": "copy"}],
    }
    return {"product": compile_rules(said, "MAP-1")}


def test_nothing_is_read_whole_that_is_as_it_was(history):
    before = history.commands()
    steps = read_again(history)
    assert {kind: step.queued for kind, step in steps.items() if step.queued} == {}
    # The first page shows that the rest is worth a comparison.
    assert len(whole_rows(history, "/products")) == 1
    assert history.woo.calls["/products"] == 3
    assert steps["product"].unchanged + steps["product"].skipped == 106
    assert history.commands() == before


def test_what_changed_is_read_whole_in_one_call_for_a_page(history):
    *_, first, second = (key for key, product in history.woo.state.products.items() if product.sku)
    for key in (first, second):
        history.woo.shop.rename(key, f"New name {key}")
    steps = read_again(history)
    assert steps["product"].queued == 2
    _, query = whole_rows(history, "/products")
    assert f"include={first}%2C{second}" in query


def test_a_change_that_no_date_tells_shows_in_the_list(history):
    key = next(key for key, product in history.woo.state.products.items() if product.regular_price)
    history.woo.shop.write_by_sql(key, sku="BY-SQL")
    assert read_again(history)["product"].queued == 1


def test_of_a_new_name_of_a_product_its_variants_are_made_anew(history):
    parent = next(product for product in history.woo.state.products.values() if product.variation_ids)
    history.woo.shop.rename(parent.id, "Another name")
    steps = read_again(history)
    assert steps["variant"].queued == len(parent.variation_ids)
    record = history.rows.find_record(RecordKey(history.store.name, "variant", str(parent.variation_ids[0])))
    assert record.title.startswith("Another name - ")


def test_another_setting_of_the_store_makes_everything_anew(history):
    changed = replace(history.store, prices_include_tax=not history.store.prices_include_tax)
    with history.rows.transaction():
        history.rows.save_store(changed)
    steps = read_again(history)
    assert steps["product"].unchanged == 0


def test_what_the_hub_was_told_is_deleted_is_read_again(history):
    key = next(key for key, product in history.woo.state.products.items() if product.sku)
    absorb_deletion(RecordKey(history.store.name, "product", str(key)), history.store, history.host)
    assert read_again(history)["product"].queued == 1


def test_rules_that_say_the_same_are_the_same_recipe(history):
    store = history.store
    assert recipe_of(store, rules()) == recipe_of(store, rules())
    assert recipe_of(store, rules()) != recipe_of(store, {})


def test_a_list_that_was_never_read_is_read_whole(history):
    history.rows._run("delete from watermark where entity_type = 'product'")
    for table in ("record", "command", "watermark"):
        history.rows._run(f"delete from {table} where entity_type = 'product'")
    read_again(history)
    assert len(whole_rows(history, "/products")) == 2
