"""Rehearsals: the newest orders as dry runs; nothing changes on the hub, nothing stays in the ERP."""

from __future__ import annotations

import pytest
from hub_kit import INSTANCE, SECRET, STORE, acked, broken, line, payload, plain

from salla_executor.core.receive import receive
from salla_manager.core.commands import OperatorError
from salla_manager.core.outbox import absorb
from salla_manager.core.rehearsal import Part, rehearse
from salla_manager.core.transport import HttpAnswer
from sandbox.executor_store import Store as Erp
from sandbox.executor_store import default_settings

PONG = acked(versions={"salla_executor": "0.1.0"})
WRITTEN = ("inbox", "documents", "refs", "contacts", "shop_orders")


@pytest.fixture
def erp(hub, tmp_path):
    """The executor's core behind the hub's wire."""
    erp = Erp(tmp_path / "erp.sqlite", default_settings(INSTANCE, SECRET), lambda: hub.clock.at.timestamp())

    def answer(envelope):
        raw, headers = hub.wire.last
        with erp.receiver() as receiver:
            ack = receive(raw, headers, receiver)
        return HttpAnswer(ack.http_status, {}, ack.body())

    original = hub.wire.post

    def post(url, raw, headers, limits):
        hub.wire.last = (raw, headers)
        return original(url, raw, headers, limits)

    hub.wire.post, hub.wire.normal = post, answer
    return erp


def orders(hub, *numbers, **changes):
    for number in numbers:
        absorb(payload("order", external_id=number, reference=f"R{number}", **changes), hub.store, hub.host)


def played(hub, last=50, budget=60.0):
    return rehearse(hub.host, STORE, last, budget)


def test_what_would_become_of_each_order(hub, erp):
    hub.absorb("product")
    hub.dispatch()
    orders(hub, "1", "2")
    orders(hub, "3", items=[line(product_id="9", sku="NONE")])
    orders(hub, "4", total="99.00")
    before = {table: erp.count(table) for table in WRITTEN}
    commands, records = hub.rows.rows("command"), hub.rows.rows("record")
    done = played(hub)
    assert [done.count(part) for part in (Part.APPLIES, Part.DIFFERS, Part.FAILS)] == [2, 1, 1]
    assert done.sentence() == "2 would apply, 1 would differ, 1 would fail"
    fails = next(group for group in done.groups() if group["part"] == Part.FAILS)
    assert (fails["count"], fails["orders"]) == (1, ["R3"])
    assert "NONE" in fails["reasons"][0]
    assert {table: erp.count(table) for table in WRITTEN} == before
    assert (hub.rows.rows("command"), hub.rows.rows("record")) == (commands, records)
    sent = [envelope for envelope, _ in hub.wire.sent[-4:]]
    assert [envelope["dry_run"] for envelope in sent] == [True] * 4
    # What was rehearsed goes in earnest afterwards.
    hub.dispatch()
    assert len(erp.documents("Sales Order")) == 3


def test_orders_that_fail_alike_stand_together(hub, erp):
    for number in range(8):
        orders(hub, str(number), items=[line(product_id=f"9{number}", sku=f"NONE-{number}")])
    (group,) = played(hub).groups()
    assert (group["part"], group["count"], len(group["reasons"])) == (Part.FAILS, 8, 6)
    assert group["reasons"][-1] == group["orders"][-1] == "and 3 more"


def test_order_whose_products_were_not_sent_would_wait_for_them(hub, erp):
    hub.absorb("product")
    orders(hub, "1")
    done = played(hub)
    assert done.count(Part.WAITS) == 1
    assert "product 1" in done.groups()[0]["reasons"][0]
    assert erp.documents("Item") == []


def test_order_that_stands_already_is_told_so(hub, erp):
    hub.absorb("product")
    hub.dispatch()
    orders(hub, "1")
    hub.dispatch()
    assert played(hub).sentence() == "1 stands already"


def test_the_newest_are_taken(hub, erp):
    for day in (3, 1, 2):
        absorb(
            payload(
                "order", external_id=str(day), reference=f"R{day}", updated_at=f"2026-11-0{day}T10:00:00Z"
            ),
            hub.store,
            hub.host,
        )
    assert [one.title for one in played(hub, last=2).played] == ["R3", "R2"]


def test_switch_that_is_off_is_told(hub, erp):
    orders(hub, "1")
    hub.change_settings(disabled_command_types=frozenset({"upsert_order"}))
    assert "switched off" in played(hub).notes[0]


def test_erp_that_may_not_know_dry_runs_is_sent_no_order(hub):
    orders(hub, "1")
    hub.wire.answers = [acked(versions={"another_executor": "1"})]
    with pytest.raises(OperatorError, match="no order was sent"):
        played(hub)
    assert hub.wire.types() == ["ping"]


def test_answer_that_does_not_say_dry_run_stops_it(hub):
    orders(hub, "1", "2")
    hub.wire.answers = [PONG, acked("applied")]
    with pytest.raises(OperatorError, match="without saying that it was a dry run"):
        played(hub)
    assert hub.wire.types() == ["ping", "upsert_order"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(broken("dns"), "dns"), (plain(401, b"{}"), "401"), (plain(429, b"{}", retry_after="9"), "429")],
)
def test_erp_that_does_not_go_on_ends_it(hub, answer, words):
    orders(hub, "1", "2")
    hub.wire.answers = [PONG, answer]
    done = played(hub)
    assert (len(done.played), done.count(Part.UNKNOWN)) == (1, 1)
    assert words in done.stopped


def test_budget_ends_it_and_says_so(hub, erp):
    orders(hub, "1", "2", "3")
    hub.wire.before = lambda: hub.clock.forward(10)
    done = played(hub, budget=15.0)
    assert (done.orders, len(done.played)) == (3, 2)
    assert "time" in done.stopped


def test_clock_of_the_erp_is_followed(hub, erp):
    orders(hub, "1")
    erp.clock = lambda: hub.clock.at.timestamp() + 1000
    assert played(hub).count(Part.UNKNOWN) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"erp_instance": ""}, "points to no ERP Instance"),
        ({"name": "gone"}, "does not exist"),
    ],
)
def test_what_has_to_be_there_first(hub, change, words):
    if "erp_instance" in change:
        hub.change_store(**change)
    with pytest.raises(OperatorError, match=words):
        rehearse(hub.host, change.get("name", STORE), 5, 5.0)


def test_the_shop_s_own_body_is_not_sent_along(hub, erp):
    orders(hub, "1")
    played(hub)
    assert hub.wire.sent[-1][0]["payload"]["raw"] is None
