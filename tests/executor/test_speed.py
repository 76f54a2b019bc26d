"""What keeps a command cheap, as far as it can be seen without a database of ERPNext's size."""

from __future__ import annotations

import pytest
from executor_kit import command, line, order, product, signed

from sandbox.executor_store import SqliteReceiver


@pytest.fixture
def calls(monkeypatch):
    """Names of the receiver's methods in the order of their calls."""
    seen = []

    def watch(name):
        original = getattr(SqliteReceiver, name)

        def watched(*args, **options):
            seen.append(name)
            return original(*args, **options)

        monkeypatch.setattr(SqliteReceiver, name, watched)

    for name in ("applying", "usable_documents", "find_reference"):
        watch(name)
    return seen


@pytest.fixture
def settings_are_out_of_reach(monkeypatch):
    def fail(receiver):
        raise AssertionError("all settings were read")

    def forbid():
        monkeypatch.setattr(SqliteReceiver, "gate", lambda receiver: receiver.store.settings_now())
        monkeypatch.setattr(SqliteReceiver, "settings", fail)

    return forbid


def test_a_repeat_and_unchanged_content_read_no_settings_and_change_no_user(
    bench, calls, settings_are_out_of_reach
):
    sent = command("product", product())
    assert bench.post(*signed(sent)).ack_status == "applied"
    calls.clear()
    settings_are_out_of_reach()
    assert bench.post(*signed(sent, nonce="again-0000000001")).payload["repeat"] is True
    assert bench.send("product", product(), revision=2).ack_status == "skipped"
    assert "applying" not in calls


def test_the_lines_of_an_order_are_looked_up_together(shop, calls):
    items = [line(external_id=str(number)) for number in range(30)]
    shop.send("order", order(items=items, total="3450.00", tax={"percent": "15", "amount": "450.00"}))
    assert len(shop.order()["lines"]) == 30
    assert calls.count("usable_documents") == 1
