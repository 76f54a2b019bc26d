"""Once in effect: repeats, conflicts, late revisions, crashes between any two steps."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from executor_kit import INSTANCE, NOW, SECRET, Bench, command, customer, line, order, product, signed
from hypothesis import given, settings
from hypothesis import strategies as st

from salla_executor.core.model import BusinessError
from salla_executor.core.receive import receive
from sandbox.executor_store import Store, default_settings

WRITTEN = ("inbox", "documents", "refs", "contacts", "shop_orders")


def test_repeat_answers_with_the_stored_ack(shop):
    sent = command("order", order())
    first, before = shop.post(*signed(sent)), shop.counts(*WRITTEN)
    again = shop.post(*signed(sent))
    assert (again.http_status, again.ack_status) == (200, "applied")
    assert again.payload.pop("repeat") is True
    assert first.payload["totals"] == {
        "shop": first.payload["totals"]["shop"],
        "erp": first.payload["totals"]["erp"],
    }
    assert again.body() == first.body()
    assert shop.counts(*WRITTEN) == before


def test_repeat_of_a_lasting_failure_keeps_its_verdict(bench):
    bench.send("product", product("12", sku="SKU-11"))
    sent = command("product", product())
    first = bench.post(*signed(sent))
    assert (first.http_status, first.payload["error_code"]) == (422, "sku_taken")
    bench.send("product", product("12", sku="SKU-11", status="deleted"), revision=2)
    with bench.store.receiver() as receiver:
        receiver.connection.execute("DELETE FROM refs")
    again = bench.post(*signed(sent))
    assert (again.http_status, again.ack_status) == (200, "failed")
    assert again.payload == first.payload | {"repeat": True}
    assert bench.send("product", product(), generation=1).ack_status == "applied"


def test_one_fix_lets_all_go_that_wait_for_it(bench):
    waiting = [command("order", order(number, customer=customer(number))) for number in ("41", "42")]
    for sent in waiting:
        ack = bench.post(*signed(sent))
        assert (ack.http_status, ack.payload["error_code"]) == (503, "unknown_item")
        assert (ack.payload["waits_on"], ack.payload["retryable"]) == ("item:SKU-11", True)
    assert bench.store.waits() == {"41": "item:SKU-11", "42": "item:SKU-11"}
    assert bench.counts(*WRITTEN) == dict.fromkeys(WRITTEN, 0)
    assert bench.send("product", product()).ack_status == "applied"
    # The same commands under their old keys.
    assert [bench.post(*signed(sent)).ack_status for sent in waiting] == ["applied", "applied"]
    assert bench.store.waits() == {}


def test_a_newer_revision_that_stands_waits_for_nothing(shop):
    shop.send("order", order(), revision=3)
    late = command("order", order(items=[line(product_id="99", sku="NONE")]), revision=2)
    with shop.store.receiver() as receiver:
        receiver.note_wait(late, BusinessError("unknown_item", "Late.", waits_on="item:NONE"))
    assert shop.store.waits() == {}
    newer = order(items=[line(product_id="99", sku="NONE")])
    assert shop.send("order", newer, revision=4).payload["waits_on"] == "item:NONE"
    assert shop.store.waits() == {"41": "item:NONE"}
    # What a later try can not mend waits for nobody.
    assert shop.send("order", order(items=[]), revision=5).payload["error_code"] == "no_lines"
    assert shop.store.waits() == {}


def test_same_key_with_another_body_is_refused(bench):
    sent = command("product", product())
    assert bench.post(*signed(sent)).ack_status == "applied"
    before = bench.counts(*WRITTEN)
    ack = bench.post(*signed(replace(sent, payload=product(name="Cup"))))
    assert (ack.http_status, ack.ack_status) == (422, "rejected")
    assert ack.payload["error_code"] == "idempotency_conflict"
    assert bench.counts(*WRITTEN) == before
    assert bench.documents("Item")[0]["item_name"] == "Mug"


def test_the_same_command_while_it_runs(bench):
    sent = command("product", product())
    with bench.store.receiver() as other:
        assert other.claim(sent, "x").state == "new"
        ack = bench.post(*signed(sent))
        assert (ack.http_status, ack.ack_status) == (409, "failed")
        assert (ack.payload["error_code"], ack.payload["retryable"]) == ("in_progress", True)
        assert ack.headers == {"Retry-After": "2"}
    assert bench.post(*signed(sent)).ack_status == "applied"


def test_late_revision_is_stale(bench):
    assert bench.send("product", product(name="Three"), revision=3).ack_status == "applied"
    ack = bench.send("product", product(name="Two"), revision=2)
    assert (ack.http_status, ack.ack_status, ack.payload["error_code"]) == (200, "skipped", "stale")
    assert ack.payload["erp_doc"] == {"doctype": "Item", "name": "SKU-11"}
    assert bench.documents("Item")[0]["item_name"] == "Three"


def test_equal_revision_needs_a_higher_generation(bench):
    assert bench.send("product", product(), generation=2).ack_status == "applied"
    assert bench.send("product", product(), generation=1).payload["error_code"] == "stale"
    # The same command under another key, as after a purge of the inbox.
    ack = bench.send("product", product(), generation=2, idempotency_key="another-key")
    assert ack.payload["error_code"] == "stale"
    assert bench.send("product", product(), generation=3).payload["error_code"] is None


def test_command_without_revision_is_taken_and_lowers_nothing(bench):
    assert bench.send("product", product(name="Five"), revision=5).ack_status == "applied"
    assert bench.send("product", product(name="Unsaid"), revision=0).ack_status == "applied"
    assert bench.documents("Item")[0]["item_name"] == "Unsaid"
    assert bench.send("product", product(name="Four"), revision=4).payload["error_code"] == "stale"


def test_equal_content_writes_nothing(bench):
    assert bench.send("product", product()).ack_status == "applied"
    before = bench.documents("Item")
    ack = bench.send("product", product(raw={"seen": "again"}), revision=2)
    assert (ack.http_status, ack.ack_status, ack.payload["changes"]) == (200, "skipped", {})
    assert ack.payload["erp_doc"] == {"doctype": "Item", "name": "SKU-11"}
    assert bench.documents("Item") == before
    # The watermark moved on all the same.
    assert (
        bench.send("product", product(name="One"), revision=1, generation=9).payload["error_code"] == "stale"
    )


def test_new_generation_applies_again(shop):
    shop.set(submit_orders=False)
    assert shop.send("order", order()).payload["docstatus"] == 0
    shop.set(submit_orders=True)
    assert shop.send("order", order(), revision=2).ack_status == "skipped"
    assert shop.order()["docstatus"] == 0
    ack = shop.send("order", order(), revision=2, generation=1)
    assert (ack.ack_status, ack.payload["docstatus"]) == ("applied", 1)


def test_dry_run_tells_and_leaves_nothing(shop):
    before = shop.counts(*WRITTEN)
    sent = command("order", order(), dry_run=True)
    ack = shop.post(*signed(sent))
    assert (ack.http_status, ack.ack_status, ack.payload["dry_run"]) == (200, "applied", True)
    assert ack.payload["erp_doc"]["doctype"] == "Sales Order"
    assert shop.counts(*WRITTEN) == before
    assert shop.post(*signed(replace(sent, dry_run=False))).ack_status == "applied"
    # A rehearsal of what was applied says so instead of speaking of a conflict.
    assert shop.post(*signed(sent)).payload["error_code"] == "stale"


def test_dry_run_of_a_failure_is_not_kept(bench):
    sent = command("order", order(), dry_run=True)
    ack = bench.post(*signed(sent))
    assert (ack.http_status, ack.payload["error_code"], ack.payload["dry_run"]) == (503, "unknown_item", True)
    assert bench.store.waits() == {}
    assert bench.counts(*WRITTEN) == dict.fromkeys(WRITTEN, 0)


def test_retryable_failure_leaves_nothing_and_runs_again(bench):
    child = {"external_id": "32", "name": "Cups", "parent_id": "31"}
    sent = command("category", child)
    ack = bench.post(*signed(sent))
    assert (ack.http_status, ack.ack_status, ack.payload["retryable"]) == (503, "failed", True)
    assert ack.payload["error_code"] == "unknown_parent"
    assert bench.counts(*WRITTEN) == dict.fromkeys(WRITTEN, 0)
    assert bench.send("category", {"external_id": "31", "name": "Kitchen"}).ack_status == "applied"
    assert bench.post(*signed(sent)).ack_status == "applied"


def test_writes_before_a_failure_are_undone(shop):
    """The customer of the order was written already when the company turns out to be missing."""
    shop.set(company="")
    ack = shop.send("order", order())
    assert (ack.http_status, ack.payload["error_code"]) == (503, "missing_setting")
    assert shop.documents("Customer") == []
    assert shop.counts("inbox", "contacts") == {"inbox": 1, "contacts": 0}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_last_revision_stands_whatever_comes_when(tmp_path_factory, data):
    revisions = data.draw(st.lists(st.integers(1, 8), min_size=1, max_size=12))
    generations = data.draw(st.lists(st.integers(0, 1), min_size=len(revisions), max_size=len(revisions)))
    sent = [(revision, generation) for revision, generation in zip(revisions, generations, strict=True)]
    data.draw(st.randoms(use_true_random=False)).shuffle(sent)
    path = tmp_path_factory.mktemp("shuffled") / "executor.sqlite"
    bench = Bench(Store(path, default_settings(INSTANCE, SECRET), lambda: NOW))
    highest = (0, 0)
    for revision, generation in sent + sent[::2]:
        bench.send("product", product(name=f"Revision {revision}"), revision=revision, generation=generation)
        highest = max(highest, (revision, generation))
        assert [one["item_name"] for one in bench.documents("Item")] == [f"Revision {highest[0]}"]


class Killed(BaseException):
    """Ends a request as a kill ends its process: no handler runs."""


class Tripwire:
    """Passes calls on to a receiver and its ERP and raises before or after the n-th of them."""

    def __init__(self, target: Any, count: list[int], at: int, error: BaseException, is_after: bool):
        self._parts = (target, count, at, error, is_after)

    def __getattr__(self, name: str) -> Any:
        target, count, at, error, is_after = self._parts
        value = getattr(target, name)
        if name == "erp":
            return Tripwire(value, count, at, error, is_after)
        if not callable(value) or name in ("rollback", "report"):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            count[0] += 1
            is_hit = count[0] == at
            if is_hit and not is_after:
                raise error
            result = value(*args, **kwargs)
            if is_hit:
                raise error
            return result

        return call


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", [RuntimeError("disk +966501234567"), Killed()], ids=["exception", "kill"])
def test_crash_at_every_step_leaves_nothing_or_all(shop, error, is_after):
    shop.set(submit_orders=True)
    before, at = shop.counts(*WRITTEN), 0
    done = None
    while done is None:
        at += 1
        sent = command(
            "order",
            order(
                customer=customer("31"),
                items=[line(), line(external_id="2")],
                total="241.50",
                tax={"percent": "15", "amount": "31.50"},
            ),
            idempotency_key=f"crash-{at:04d}",
        )
        body, headers = signed(sent)
        count = [0]
        ack = None
        with suppress(Killed), shop.store.receiver() as receiver:
            ack = receive(body, headers, Tripwire(receiver, count, at, error, is_after))
        if count[0] < at:
            done = ack
        elif shop.counts(*WRITTEN) == before:
            if ack:
                assert (ack.http_status, ack.ack_status, ack.payload["retryable"]) == (503, "failed", True)
                assert "966" not in ack.body().decode()
        else:
            # Committed, but not answered: the repeat tells the result.
            assert shop.order()["docstatus"] == 1
            done = shop.post(*signed(sent))
            assert done.payload["repeat"] is True
    assert at > 15
    assert done.ack_status == "applied"
    assert shop.order()["grand_total"] == "241.50"
    assert len(shop.documents("Customer")) == 1


def test_unexpected_error_says_nothing_of_itself(shop):
    with shop.store.receiver() as receiver:
        wire = Tripwire(receiver, [0], 6, RuntimeError("token abc"), False)
        ack = receive(*signed(command("order", order())), wire)
    assert (ack.http_status, ack.payload["error_code"]) == (503, "internal")
    assert b"abc" not in ack.body()
    assert shop.store.errors == ["RuntimeError"]


def test_who_lost_to_another_command_is_asked_to_come_back_and_burns_nothing(shop):
    with shop.store.receiver() as receiver:
        wire = Tripwire(receiver, [0], 6, RuntimeError("deadlock"), False)
        receiver.report = lambda error: True
        ack = receive(*signed(command("order", order())), wire)
    assert (ack.http_status, ack.payload["error_code"], ack.headers) == (409, "busy", {"Retry-After": "2"})
    assert ack.payload["retryable"] is True


def test_shuffled_traffic_of_many_entities(bench):
    """Duplicates and late revisions of many products; each ends at its last revision, with one Item each."""
    rng = random.Random(7)
    sent = [(str(entity), revision) for entity in range(10) for revision in range(1, 6)] * 2
    rng.shuffle(sent)
    for entity, revision in sent:
        bench.send("product", product(entity, name=f"v{revision}"), revision=revision)
    assert [one["item_name"] for one in bench.documents("Item")] == ["v5"] * 10
