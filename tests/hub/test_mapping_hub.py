"""Mapping Rules where they work: from a shop's body to commands, with what fails and what comes of mending it."""

import json
from datetime import date

import pytest
from hub_kit import STORE, body

from salla_manager.core.commands import resend_record
from salla_manager.core.mapping.gate import kept_rules
from salla_manager.core.mapping.port import Scope
from salla_manager.core.mapping.remap import remap
from salla_manager.core.mapping.rules import compile_rules
from salla_manager.core.mapping.trial import preview, try_rules
from salla_manager.core.reconcile import reconcile
from salla_manager.core.reconciliation import RunKey
from salla_manager.core.standing import State


def save(hub, entity_type, *rows, store=STORE, **lookups):
    values = {"entity_type": entity_type, "rules": list(rows), "lookups": lookups}
    return hub.rows.save_rules("salla", store, values)


def told(hub, entity_type, **values):
    """One event of the shop, worked off."""
    hub.webhook(f"{entity_type}.updated", **body(entity_type, **values))
    hub.process()


def again(hub, entity_type, **options):
    return remap(hub.host, hub.rows, Scope((STORE,), entity_type), **{"only_failed": True, **options})


NOTE = {"target": "description", "source": "raw.shop", "transform": "copy"}
NEEDS_URL = {"target": "url", "source": "payload.url", "required": True}


def test_what_is_sent_is_mapped_and_both_are_kept(hub):
    save(hub, "product", NOTE)
    told(hub, "product")
    record = hub.record("product", "1")
    (command,) = hub.commands("product")
    assert json.loads(command.payload)["description"] == "says"
    assert json.loads(record.mapped)["description"] == "says"
    assert json.loads(record.normalized)["description"] is None
    assert json.loads(record.raw) == {"shop": "says"}


def test_rules_of_the_platform_hold_for_stores_without_own(hub):
    save(hub, "product", {**NOTE, "target": "url"}, store="")
    told(hub, "product", external_id="1", sku="A")
    save(hub, "product", NOTE)
    told(hub, "product", external_id="2", sku="B")
    first, second = (json.loads(hub.record("product", key).mapped) for key in "12")
    assert (first["url"], first["description"]) == ("says", None)
    assert (second["url"], second["description"]) == (None, "says")


def test_rules_that_change_nothing_leave_no_trace(hub):
    save(hub, "product", {"target": "name", "source": "payload.name"})
    told(hub, "product")
    assert hub.record("product", "1").normalized == ""


def test_a_missing_required_field_fails_the_record_and_sends_nothing(hub):
    name = save(hub, "product", NEEDS_URL)
    told(hub, "product")
    record = hub.record("product", "1")
    assert hub.commands() == []
    assert (record.status, record.failed_by, record.mapped) == ("Failed", name, "")
    assert "Rule 1 (url): it is required, and the field is empty." in record.message
    assert "payload.url is null" in record.message
    assert json.loads(record.raw) == {"shop": "says"}
    assert record.title == "Oud"
    # The record goes on by itself, so the event is nobody's work.
    assert hub.event()["status"] == "Processed"
    assert hub.event()["message"].startswith("product 1: Failed. The Mapping Rules")


def test_what_was_sent_before_stays(hub):
    told(hub, "product")
    before = hub.record("product", "1")
    save(hub, "product", NEEDS_URL)
    hub.clock.forward(60)
    told(hub, "product", price="12.00")
    record = hub.record("product", "1")
    assert (record.mapped, record.revision, record.content_hash) == (
        before.mapped,
        before.revision,
        before.content_hash,
    )
    assert record.status == "Failed"
    assert json.loads(record.normalized)["price"] == "12.00"
    assert hub.statuses("product") == ["Queued"]


def test_one_fix_releases_all(hub):
    save(hub, "product", NEEDS_URL)
    for number in range(120):
        told(hub, "product", external_id=str(number + 1), sku=f"S-{number}")
    assert hub.commands() == []
    save(hub, "product", {**NEEDS_URL, "source": "payload.url, raw.shop"})
    pages = []
    report = again(hub, "product", on_page=lambda done: pages.append(done.looked_at))
    assert (report.looked_at, report.changed, report.refused, report.is_complete) == (120, 120, 0, True)
    assert pages == [50, 100, 120]
    assert set(hub.statuses("product")) == {"Queued"}
    assert {hub.record("product", str(number + 1)).failed_by for number in range(120)} == {""}


def test_a_turn_that_is_broken_off_goes_on_where_it_was(hub):
    save(hub, "product", NEEDS_URL)
    for number in range(60):
        told(hub, "product", external_id=str(number + 1), sku=f"S-{number}")
    hub.rows.drop_rules(f"{STORE} product")
    first = again(hub, "product", on_page=lambda done: hub.clock.forward(100))
    assert (first.changed, first.is_complete) == (50, False)
    second = again(hub, "product", after=first.cursor)
    assert (second.changed, second.is_complete) == (10, True)


def test_what_fails_still_says_why_now(hub):
    save(hub, "product", NEEDS_URL)
    told(hub, "product")
    save(hub, "product", {"target": "barcode", "source": "raw.gtin", "required": True})
    report = again(hub, "product")
    assert (report.changed, report.refused, report.is_complete) == (0, 1, True)
    assert "raw has no 'gtin'" in hub.record("product", "1").message
    assert "barcode" in report.reasons[0]


def test_a_changed_rule_sends_only_what_changes(hub):
    for number in range(10):
        told(
            hub, "product", external_id=str(number), sku=f"S-{number}", status="out" if number < 3 else "sale"
        )
    row = {"target": "status", "source": "payload.status", "transform": "map"}
    save(hub, "product", {**row, "parameters": {"map": {"out": "hidden"}, "otherwise": "keep"}})
    report = again(hub, "product", only_failed=False)
    assert (report.looked_at, report.changed) == (10, 3)
    assert len(hub.commands("product")) == 13
    assert again(hub, "product", only_failed=False).changed == 0
    # Mapped again from what the shop said, not from what was made of it.
    hub.rows.drop_rules(f"{STORE} product")
    assert again(hub, "product", only_failed=False).changed == 3
    assert json.loads(hub.record("product", "1").mapped)["status"] == "out"


def test_what_was_deleted_in_the_shop_stays_deleted(hub):
    save(hub, "product", NOTE)
    told(hub, "product")
    hub.webhook("product.deleted", external_id="1")
    hub.process()
    save(hub, "product", {**NOTE, "target": "url"})
    assert again(hub, "product", only_failed=False).changed == 0
    assert json.loads(hub.record("product", "1").mapped)["status"] == "deleted"


def test_a_late_older_version_does_not_replace_the_failure(hub):
    save(hub, "product", NEEDS_URL)
    told(hub, "product", updated_at="2026-11-20T11:00:00+00:00", price="12.00")
    hub.clock.forward(60)
    told(hub, "product", updated_at="2026-11-20T10:00:00+00:00", price="10.00")
    assert json.loads(hub.record("product", "1").normalized)["price"] == "12.00"


def test_an_order_waits_for_a_customer_whom_rules_refuse(hub):
    save(hub, "customer", {"target": "phone", "source": "payload.phone", "required": True})
    hub.shop.has("product", body("product"))
    hub.shop.has("order", body("order"))
    told(hub, "order")
    assert hub.record("customer", "7").status == "Failed"
    (order,) = hub.commands("order")
    assert (order.status, "phone" in order.reason) == ("Waiting", True)
    save(
        hub,
        "customer",
        {"target": "phone", "transform": "constant", "parameters": {"value": "+966500000001"}},
    )
    assert again(hub, "customer").changed == 1
    assert json.loads(hub.commands("customer")[0].payload)["phone"] == "+966500000001"
    hub.dispatch()
    hub.dispatch()
    assert hub.statuses("order") != ["Waiting"]


def test_an_order_that_rules_refuse_has_its_products_fetched_once_it_goes(hub):
    save(hub, "order", {"target": "note", "source": "payload.note", "required": True})
    hub.shop.has("product", body("product"))
    hub.shop.has("order", body("order"))
    told(hub, "order")
    assert hub.commands("order") == []
    hub.rows.drop_rules(f"{STORE} order")
    again(hub, "order")
    assert hub.statuses("order") == ["Waiting"]
    assert hub.statuses("product") == ["Queued"]


def test_the_entitys_own_outcome_comes_first(hub):
    """The product is refused, its variant goes."""
    save(hub, "product", NEEDS_URL)
    variant = body("variant", external_id="11", sku="OUD-11")
    told(hub, "product", variants=[variant])
    assert hub.event()["message"].startswith("product 1: Failed")
    assert hub.statuses("variant") == ["Waiting"]


def test_a_variant_is_mapped_again_by_itself(hub):
    save(hub, "variant", {"target": "barcode", "source": "raw.gtin", "required": True})
    told(hub, "product", variants=[body("variant", external_id="11", sku="OUD-11")])
    assert hub.record("variant", "11").failed_by
    save(hub, "variant", {"target": "barcode", "source": "raw.shop"})
    assert again(hub, "variant").changed == 1


@pytest.mark.parametrize("row", [NOTE, NEEDS_URL])
def test_a_product_mapped_again_keeps_the_code_that_its_variants_leave_it(hub, row):
    """Its variant bears its SKU."""
    save(hub, "product", row)
    variant = body("variant", external_id="11", options=[{"name": "Size", "value": "S"}])
    told(hub, "product", options=["Size"], variants=[variant])
    save(hub, "product", {**NOTE, "target": "url"})
    assert again(hub, "product", only_failed=False).changed == 1
    mapped = json.loads(hub.record("product", "1").mapped)
    assert (mapped["url"], mapped["template_code"]) == ("says", "OUD-1-1")


def test_a_sku_out_of_the_rules_lets_a_product_go(hub):
    told(hub, "product", sku="")
    assert hub.record("product", "1").status == "Skipped"
    save(hub, "product", {"target": "sku", "source": "payload.sku, raw.shop"})
    assert again(hub, "product", only_failed=False).changed == 1
    assert hub.record("product", "1").sku == "says"


def test_what_the_normalizer_refuses_is_not_touched(hub):
    told(hub, "product")
    hub.clock.forward(60)
    told(hub, "product", price=None, name="")
    before = hub.record("product", "1")
    assert (before.status, before.failed_by) == ("Failed", "")
    save(hub, "product", {"target": "url", "transform": "constant", "parameters": {"value": "x"}})
    assert again(hub, "product", only_failed=False).changed == 0
    assert hub.record("product", "1") == before


def test_what_an_operator_sends_again_is_as_it_was_mapped(hub):
    save(hub, "product", NOTE)
    told(hub, "product")
    resend_record(hub.host, hub.record("product", "1").name)
    assert json.loads(hub.commands("product")[-1].payload)["description"] == "says"


def test_a_copy_of_the_hub_maps_nothing_again(hub):
    save(hub, "product", NEEDS_URL)
    told(hub, "product")
    hub.change_settings(standstill="This is a copy.")
    report = again(hub, "product")
    assert (report.looked_at, report.problem, report.is_complete) == (0, "This is a copy.", False)


def test_rules_that_are_no_good_any_more_refuse_in_words(hub):
    rules = kept_rules("product", '{"entity_type": "product", "rules": [{"target": "gone"}]}', "R", "Rules")
    assert "They cannot be used" in rules.problem
    assert kept_rules("product", "{", "R", "Rules").problem


def draft(entity_type, *rows):
    return compile_rules({"entity_type": entity_type, "rules": list(rows)}, "draft", "draft")


def test_trying_shows_before_and_after_and_writes_nothing(hub):
    told(hub, "product")
    record = hub.record("product", "1")
    trial = try_rules(record, draft("product", NOTE))
    assert trial.raw == {"shop": "says"}
    assert [(one.path, one.before, one.after) for one in trial.changes] == [("description", "null", '"says"')]
    assert (trial.before["description"], trial.after["description"], trial.problems) == (None, "says", [])
    failed = try_rules(record, draft("product", NEEDS_URL))
    assert failed.after == {}
    assert failed.problems[0].startswith("Rule 1 (url)")
    assert hub.record("product", "1") == record


def test_a_record_without_content_cannot_be_tried(hub):
    told(hub, "product", name="")
    with pytest.raises(ValueError, match="never understood"):
        try_rules(hub.record("product", "1"), draft("product", NOTE))


def test_a_preview_counts_in_a_bounded_sample(hub):
    for number in range(12):
        told(hub, "product", external_id=str(number), sku=f"S-{number}", url="u" if number < 4 else None)
    scope = Scope((STORE,), "product")
    found = preview(hub.host, hub.rows, scope, draft("product", NEEDS_URL), most=10)
    assert (found.total, found.sample, found.fails + found.same) == (12, 10, 10)
    save(hub, "product", NEEDS_URL)
    for number in range(12):
        hub.clock.forward(1)
        told(hub, "product", external_id=str(number), sku=f"S-{number}", price="11.00")
    mended = preview(hub.host, hub.rows, scope, draft("product", NOTE))
    assert (mended.mended, mended.changes, mended.fails) == (12, 0, 0)
    assert preview(hub.host, hub.rows, scope, None).mended == 12
    changed = preview(hub.host, hub.rows, scope, draft("product", {**NEEDS_URL, "source": "raw.shop"}))
    assert (changed.mended, changed.same) == (12, 0)


def test_a_preview_tells_what_changes(hub):
    told(hub, "product")
    found = preview(hub.host, hub.rows, Scope((STORE,), "product"), draft("product", NOTE))
    assert (found.changes, found.examples) == (1, ['Oud: description null → "says"'])


def test_the_shops_own_total_is_compared_with_the_shop(hub):
    """What rules make of it is no difference between shop and hub."""
    save(hub, "order", {"target": "total", "transform": "constant", "parameters": {"value": "99.00"}})
    hub.shop.has("product", body("product"))
    hub.shop.has("order", body("order"))
    told(hub, "order")
    assert json.loads(hub.record("order", "900").mapped)["total"] == "99.00"
    run = reconcile(hub.host, hub.rows, RunKey(STORE, "order", date(2026, 11, 20)))
    assert run.tally.of(State.DIFFERENT) == 0
    assert run.tally.at_shop == 1
