"""From payload to record and command: revisions, SKU rule, stale states, what is held."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from hub_kit import INSTANCE, NOW, STORE, Hub, line, payload
from hypothesis import given, settings
from hypothesis import strategies as st

from salla_manager import contract
from salla_manager.core.commands import OperatorError, cancel_command, resend_record, retry_command
from salla_manager.core.ingest import ingest
from salla_manager.core.model import CommandStatus, RecordKey, RecordStatus
from salla_manager.core.new_commands import envelope
from salla_manager.core.outbox import absorb, absorb_deletion
from salla_manager.core.release import release_parked
from salla_manager.payloads import parse_payload
from salla_manager.platforms.port import NormalizeError


def test_a_new_product_becomes_one_record_and_one_command(hub: Hub) -> None:
    outcome = hub.absorb("product")
    [command] = hub.commands()
    assert (outcome.status, outcome.command, outcome.erp_instance) == ("Queued", command.name, INSTANCE)
    assert (command.name, command.command_type, command.revision) == ("SM-COMMAND-00001", "upsert_product", 1)
    assert command.idempotency_key == contract.idempotency_key(INSTANCE, "upsert_product", STORE, "1", 1)
    record = hub.record("product", "1")
    assert (record.status, record.revision, record.sku, record.title) == ("Queued", 1, "OUD-1", "Oud")
    assert json.loads(command.payload)["price"] == "10.00"


def test_the_same_content_again_sends_nothing(hub: Hub) -> None:
    hub.absorb("product", raw={"views": 1})
    assert hub.absorb("product", raw={"views": 2}, updated_at="2026-11-20T12:00:00Z").status == "Unchanged"
    assert len(hub.commands()) == 1
    assert json.loads(hub.record("product", "1").raw) == {"views": 2}


def test_price_10_12_10_is_three_keys(hub: Hub) -> None:
    for price in ("10", "12", "10"):
        hub.absorb("product", price=price)
    assert len({command.idempotency_key for command in hub.commands()}) == 3
    assert hub.statuses() == ["Superseded", "Superseded", "Queued"]
    assert hub.commands()[0].reason == "A newer revision has come."


def test_an_older_state_is_stale_and_changes_nothing(hub: Hub) -> None:
    hub.absorb("product", price="12", updated_at="2026-11-20T12:00:10Z")
    before = hub.record("product", "1")
    assert hub.absorb("product", price="10", updated_at="2026-11-20T12:00:09Z").status == "Stale"
    assert hub.record("product", "1") == before
    assert len(hub.commands()) == 1


def test_a_clock_that_was_set_back_loses_no_change(hub: Hub) -> None:
    hub.absorb("brand", external_id="5", name="Old")
    hub.clock.forward(-30)
    assert hub.absorb("brand", external_id="5", name="New").status == "Queued"
    assert [command.title for command in hub.commands("brand")] == ["Old", "New"]


def test_where_times_tie_the_older_look_at_the_shop_is_stale(hub: Hub) -> None:
    hub.absorb("product", price="12")
    old = absorb(payload("product", price="10"), hub.store, hub.host, observed_at=NOW - timedelta(seconds=1))
    assert old.status == "Stale"


def test_a_product_without_sku_is_skipped_and_flows_once_it_has_one(hub: Hub) -> None:
    outcome = hub.absorb("product", sku=" ")
    assert (outcome.status, outcome.kind, hub.commands()) == ("Skipped", "missing", [])
    [skip] = hub.rows.rows("skip")
    assert (skip["external_id"], skip["is_resolved"]) == ("1", 0)
    assert "has no SKU" in skip["reason"]
    assert hub.record("product", "1").status == RecordStatus.SKIPPED
    assert hub.absorb("product", sku="OUD-1").status == "Queued"
    assert [row["is_resolved"] for row in hub.rows.rows("skip")] == [1]
    assert hub.record("product", "1").message == ""


def test_a_sku_lost_and_found_again_sends_nothing_new(hub: Hub) -> None:
    hub.absorb("product")
    hub.dispatch()
    hub.absorb("product", sku=None)
    assert hub.absorb("product").status == "Unchanged"
    assert hub.record("product", "1").status == RecordStatus.APPLIED


def test_a_sku_is_taken_once_whatever_its_case(hub: Hub) -> None:
    hub.absorb("product")
    outcome = hub.absorb("product", external_id="2", sku=" oud-1 ")
    assert (outcome.status, outcome.kind) == ("Skipped", "duplicate")
    assert "belongs to product 1 (Oud)" in outcome.reason
    assert hub.absorb("variant", external_id="1", product_id="1", sku="OUD-1").kind == "duplicate"


def test_a_duplicate_flows_when_the_holder_lets_the_sku_go(hub: Hub) -> None:
    hub.absorb("product")
    hub.absorb("product", external_id="2", name="Musk")
    outcomes = hub.absorb_all(payload("product", sku="OUD-2"))
    assert [(outcome.key.external_id, outcome.status) for outcome in outcomes] == [
        ("1", "Queued"),
        ("2", "Queued"),
    ]
    assert hub.record("product", "2").status == RecordStatus.QUEUED


def test_a_deleted_product_is_sent_as_deleted_and_frees_its_sku(hub: Hub) -> None:
    hub.absorb("product")
    hub.absorb("product", external_id="2")
    hub.dispatch()
    outcomes = absorb_deletion(RecordKey(STORE, "product", "1"), hub.store, hub.host)
    assert [(outcome.key.external_id, outcome.status) for outcome in outcomes] == [
        ("1", "Queued"),
        ("2", "Queued"),
    ]
    sent = json.loads(hub.commands("product", "1")[-1].payload)
    assert (sent["status"], sent["sku"]) == ("deleted", "OUD-1")


def test_a_deleted_order_is_sent_once_more_whatever_it_waited_for(hub: Hub) -> None:
    hub.absorb("order", items=[line(sku=None)], customer=None, status_name="New", status_id="7")
    assert hub.statuses("order") == ["Held"]
    absorb_deletion(RecordKey(STORE, "order", "900"), hub.store, hub.host)
    assert hub.statuses("order") == ["Superseded", "Queued"]
    sent = json.loads(hub.commands("order")[-1].payload)
    assert (sent["status"], sent["status_name"], sent["status_id"]) == ("deleted", None, None)
    [again] = absorb_deletion(RecordKey(STORE, "order", "900"), hub.store, hub.host)
    assert again.status == "Unchanged"


def test_deleting_what_was_never_sent_or_is_of_the_catalogue_sends_nothing(hub: Hub) -> None:
    hub.absorb("product", sku=None)
    hub.absorb("order_status", external_id="3", name="New", slug="new")
    for kind, external_id, reason in (
        ("product", "1", "never sent"),
        ("product", "5", "never known"),
        ("order", "5", "never known"),
        ("order_status", "3", "stays"),
    ):
        [outcome] = absorb_deletion(RecordKey(STORE, kind, external_id), hub.store, hub.host)
        assert outcome.status == "Ignored"
        assert reason in outcome.reason
    assert hub.statuses("product") == []
    assert [row["is_resolved"] for row in hub.rows.rows("skip")] == [1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"store": {"erp_instance": ""}}, "points to no ERP Instance"),
        ({"store": {"erp_instance": "ERP-INSTANCE-0009"}}, "does not exist"),
        ({"store": {"is_enabled": False}}, "is disabled"),
        ({"instance": {"is_enabled": False}}, "is disabled"),
        ({"instance": {"secret": ""}}, "has no shared secret"),
        ({"instance": {"disabled_command_types": frozenset({"upsert_product"})}}, "switched off on"),
        (
            {"settings": {"disabled_command_types": frozenset({"upsert_product"})}},
            "switched off in Salla Manager",
        ),
    ],
)
def test_what_may_not_go_is_held_with_the_reason(hub: Hub, change: dict[str, Any], reason: str) -> None:
    for kind, values in change.items():
        getattr(hub, f"change_{kind}")(**values)
    assert hub.absorb("product").status == CommandStatus.HELD
    assert reason in hub.commands()[0].reason
    assert hub.dispatch().sent == 0


def test_a_command_without_address_gets_one_with_its_key(hub: Hub) -> None:
    hub.change_store(erp_instance="")
    hub.absorb("product")
    hub.change_store(erp_instance=INSTANCE)
    assert release_parked(hub.host).released == 1
    [command] = hub.commands()
    assert (command.status, command.erp_instance) == ("Queued", INSTANCE)
    assert command.idempotency_key == contract.idempotency_key(INSTANCE, "upsert_product", STORE, "1", 1)
    assert hub.jobs.instances == [INSTANCE]


def test_a_command_never_follows_its_store_to_another_erp(hub: Hub) -> None:
    hub.absorb("product")
    hub.change_store(erp_instance="ERP-INSTANCE-0002")
    with hub.rows.transaction():
        instance = hub.rows.instance(INSTANCE)
        assert instance is not None
        hub.rows.save_instance(type(instance)("ERP-INSTANCE-0002", "http://other.test", "t" * 64))
    assert hub.dispatch().held == 1
    assert "made for ERP-INSTANCE-0001" in hub.commands()[0].reason
    assert hub.wire.sent == []


def test_a_body_too_large_is_sent_without_raw(hub: Hub) -> None:
    hub.absorb("product", raw={"text": "x" * contract.MAX_BODY})
    [command] = hub.commands()
    assert (command.status, json.loads(command.payload)["raw"]) == ("Queued", None)
    assert len(contract.encode_command(envelope(command))) <= contract.MAX_BODY


def test_what_is_too_large_without_raw_is_dead_with_the_reason(hub: Hub) -> None:
    hub.absorb("product", description="x" * contract.MAX_BODY)
    assert hub.statuses() == ["Dead"]
    assert "Too large" in hub.commands()[0].reason
    assert hub.record("product", "1").status == RecordStatus.FAILED


def test_products_wait_for_known_brands_and_categories_only(hub: Hub) -> None:
    hub.absorb("brand", external_id="5", name="Abdul")
    outcome = hub.absorb("product", brand_id="5", category_ids=["404"])
    assert (outcome.status, outcome.reason) == ("Waiting", "Waits for brand 5 (Abdul).")
    hub.dispatch()
    assert hub.statuses() == ["Done", "Done"]


def test_a_variant_waits_for_its_product_unless_that_is_skipped(hub: Hub) -> None:
    hub.absorb("product", sku=None, options=["Size"])
    assert hub.absorb("variant", external_id="11", sku="OUD-S").status == "Queued"
    hub.absorb("product", external_id="2", sku="MUSK", options=["Size"])
    assert hub.absorb("variant", external_id="21", product_id="2", sku="MUSK-S").status == "Waiting"


def test_a_bundle_waits_for_what_it_holds_unless_that_is_skipped_or_itself(hub: Hub) -> None:
    hub.absorb("product", external_id="2", sku="MUSK")
    hub.absorb("product", external_id="3", sku=None)
    holds = [{"external_id": key, "quantity": "2"} for key in ("1", "2", "3", "404")]
    outcome = hub.absorb("product", sku="SET-1", type="bundle", components=holds)
    assert (outcome.status, outcome.reason) == ("Waiting", "Waits for product 2 (Oud).")
    hub.dispatch()
    assert hub.statuses() == ["Done", "Done"]
    [sent] = [json.loads(command.payload) for command in hub.commands() if command.external_id == "1"]
    assert sent["components"] == [{**part, "sku": None} for part in holds]


def test_a_changed_component_is_a_change_and_none_is_as_before_there_were_any(hub: Hub) -> None:
    plain = parse_payload("product", payload("product"))
    assert "components" not in plain.content()
    for quantity in ("1", "2", "2"):
        hub.absorb("product", components=[{"external_id": "2", "quantity": quantity}])
    assert hub.record("product", "1").revision == 2


def test_a_resend_is_a_new_generation_under_a_new_key(hub: Hub) -> None:
    hub.absorb("product")
    hub.dispatch()
    outcome = resend_record(hub.host, hub.record("product", "1").name)
    first, second = hub.commands()
    assert (outcome.status, second.revision, second.generation) == ("Queued", 1, 1)
    assert first.idempotency_key != second.idempotency_key
    assert first.payload == second.payload


def test_a_resend_replaces_what_lies_queued_and_needs_something_to_send(hub: Hub) -> None:
    hub.absorb("product")
    resend_record(hub.host, hub.record("product", "1").name)
    assert hub.statuses() == ["Superseded", "Queued"]
    hub.absorb("product", external_id="2", sku=None)
    with pytest.raises(OperatorError, match="nothing to send again: The product has no SKU"):
        resend_record(hub.host, hub.record("product", "2").name)
    with pytest.raises(OperatorError, match="does not exist"):
        resend_record(hub.host, "SM-RECORD-09999")


def test_operators_retry_only_the_latest_dead_command(hub: Hub) -> None:
    hub.absorb("product", description="x" * contract.MAX_BODY)
    with pytest.raises(OperatorError, match="does not exist"):
        retry_command(hub.host, "SM-COMMAND-09999")
    assert retry_command(hub.host, "SM-COMMAND-00001").status == "Dead"
    with pytest.raises(OperatorError, match="is Superseded"):
        retry_command(hub.host, "SM-COMMAND-00001")


def test_a_cancelled_command_is_never_sent(hub: Hub) -> None:
    hub.absorb("product")
    cancel_command(hub.host, "SM-COMMAND-00001", "Wrong shop.")
    assert hub.dispatch().sent == 0
    assert hub.record("product", "1").message == "Cancelled by an operator. Wrong shop."
    with pytest.raises(OperatorError, match="is Cancelled"):
        cancel_command(hub.host, "SM-COMMAND-00001")


def test_a_crash_between_record_and_command_leaves_neither(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.rows, "add_command", lambda command: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hub.absorb("product")
    assert (hub.rows.rows("record"), hub.rows.rows("command")) == ([], [])


def test_a_second_hand_copy_never_replaces_what_is_known(hub: Hub) -> None:
    hub.absorb("customer", external_id="7", name="Noura", email="n@example.com")
    copy = absorb(payload("customer", external_id="7", name="N."), hub.store, hub.host, only_if_new=True)
    assert (copy.status, hub.record("customer", "7").title) == ("Unchanged", "Noura")


CHANGES = st.lists(
    st.tuples(st.sampled_from(["10", "12", "14"]), st.sampled_from(["OUD-1", None]), st.booleans()),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(CHANGES)
def test_the_erp_ends_with_the_last_state_that_had_a_sku(changes: Any) -> None:
    hub = Hub(":memory:").pair()
    expected, sent = None, 0
    for price, sku, delivers in changes:
        hub.absorb("product", price=price, sku=sku)
        if sku:
            sent += price != expected
            expected = price
        if delivers:
            hub.dispatch()
    hub.dispatch()
    keys = [envelope["idempotency_key"] for envelope, _ in hub.wire.sent]
    assert len(keys) == len(set(keys))
    assert len(hub.commands()) == sent
    assert (hub.wire.sent[-1][0]["payload"]["price"] if hub.wire.sent else None) == expected
    assert set(hub.statuses()) <= {"Done", "Superseded"}
    hub.rows.close()


def test_what_is_kept_of_a_body_that_is_not_understood_is_what_the_platform_lets_be_kept(hub: Hub) -> None:
    refused = NormalizeError("order", "900", ["total: it is no number"], {"codes": ["***"]})
    hub.host.platforms("salla").normalize = Mock(side_effect=refused)
    [outcome] = ingest(hub.host, hub.store, None, "order", {"codes": ["9-XY"]}, hub.clock.now())
    assert outcome.status == "Failed"
    assert json.loads(hub.record("order", "900").raw) == {"codes": ["***"]}
