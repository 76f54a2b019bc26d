"""Changes that Salla tells by no event and shows at no place where a look comes by: the walk of the night finds them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from salla_manager.core.incremental import read_changes
from salla_manager.core.model import RecordKey
from salla_manager.core.process import process_due_events
from salla_manager.core.pull import request_pull
from salla_manager.core.reconcile import LIFE_SIGN, enqueue_missing, reconcile
from salla_manager.core.reconciliation import RunKey
from salla_manager.core.standing import Standing, State, judge
from salla_manager.platforms.port import ShopEntry
from sandbox.history import History, Killed

KINDS = ("products", "customers")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    reading = History(str(tmp_path / "hub.db"), products=130, customers=70, orders=0, categories=1, brands=1)
    reading.salla.shop.tells_all = False
    request_pull(reading.host, reading.store.name, list(KINDS))
    reading.rows.save_watermark(reading.store.name, "product", reading.clock.now())
    reading.clock.sleep(3600)
    yield reading
    reading.close()


def walk(history: History, kind: str) -> dict[str, str]:
    """External id: why it is read again."""
    key = RunKey(history.store.name, kind)
    assert reconcile(history.host, history.rows, key).status == "Done"
    found = history.rows.findings(key, State.READABLE)
    enqueue_missing(history.host, history.rows, key)
    while process_due_events(history.host).signals:
        pass
    return {finding.external_id: finding.reason for finding in found}


def title(history: History, kind: str, key: int) -> str:
    record = history.rows.find_record(RecordKey(history.store.name, kind, str(key)))
    assert record is not None
    return record.title


def test_an_old_product_that_got_another_name_is_found_and_read(history: History) -> None:
    old = next(iter(history.salla.state.products))
    assert history.salla.shop.rename(old, "اسم جديد") is None
    read_changes(history.host, history.rows, history.store.name, ["products"])
    assert title(history, "product", old) != "اسم جديد"
    found = walk(history, "product")
    assert list(found) == [str(old)]
    assert "The shop changed it at 2026-11-20" in found[str(old)]
    assert title(history, "product", old) == "اسم جديد"
    assert walk(history, "product") == {}


def test_so_is_an_old_customer_whose_webhook_was_lost(history: History) -> None:
    old = next(iter(history.salla.state.customers))
    history.salla.shop.change_customer(old, full_name="نورة العتيبي", first_name="نورة", last_name="العتيبي")
    assert list(walk(history, "customer")) == [str(old)]
    assert title(history, "customer", old) == "نورة العتيبي"


def test_it_costs_a_call_per_page(history: History) -> None:
    history.salla.log.clear()
    walk(history, "product")
    # The first page is looked at once more, since the list may have moved meanwhile.
    assert history.calls() <= -(-len(history.salla.state.products) // 60) + 1


MOMENT = datetime(2026, 11, 20, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("entry", "known", "reason"),
    [
        ({"title": "B"}, {}, "Its name in the shop is 'B' now, the hub knows 'A'."),
        ({"sku": "S2"}, {}, "Its SKU in the shop is 'S2' now, the hub knows 'S1'."),
        ({"status": "hidden"}, {}, "Its status in the shop is 'hidden' now, the hub knows 'sale'."),
        ({"title": "B", "changed_at": MOMENT}, {"changed_at": MOMENT}, ""),
        ({"status": "publish"}, {}, ""),
        ({}, {"name": ""}, ""),
    ],
)
def test_where_no_time_tells_it_the_content_does(entry: dict, known: dict, reason: str) -> None:
    listed = ShopEntry(**{"external_id": "1", "title": "A", "sku": "S1", "status": "sale", **entry})
    values = {"name": "A", "sku": "S1", "shop_status": "sale", "status": "Applied"}
    standing = Standing("R", "1", revision=1, applied_revision=1, **{**values, **known})
    finding = judge(listed, standing)
    assert (finding.state, finding.reason) == (State.DIFFERENT if reason else State.APPLIED, reason)


def kill_at(history: History, page: int) -> None:
    """The worker ends within this page of products."""
    pages = []

    def before(path: str) -> None:
        pages.append(path)
        if len(pages) == page:
            history.salla.before = lambda path: None
            raise Killed

    history.salla.before = before


def test_a_walk_that_was_killed_goes_on_at_its_page_and_forgets_no_finding(history: History) -> None:
    newest, oldest = (list(history.salla.state.products)[index] for index in (-1, 0))
    for key in (newest, oldest):
        history.salla.shop.rename(key, "اسم جديد")
    key = RunKey(history.store.name, "product")
    kill_at(history, 3)
    with pytest.raises(Killed):
        reconcile(history.host, history.rows, key)
    history.clock.sleep(LIFE_SIGN.total_seconds() + 1)
    with history.rows.transaction():
        assert history.rows.interrupt_reconciliations(history.clock.now(), LIFE_SIGN) == 1
    history.salla.log.clear()
    run = reconcile(history.host, history.rows, key, goes_on=True)
    assert (run.status, run.tally.at_shop, history.calls()) == ("Done", 130, 2)
    assert "went on from there" in run.message
    found = {one.external_id for one in history.rows.findings(key, State.READABLE)}
    assert found == {str(newest), str(oldest)}
    # Asked for by a person, or in the next night, it begins anew.
    assert reconcile(history.host, history.rows, key).message == ""
