"""A switch is turned on again: what was held goes on in order, at a pace, and orders are not kept waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hub_kit import INSTANCE, NOW, Hub, body
from hypothesis import given
from hypothesis import strategies as st

from salla_manager.core.drain import MINUTE, is_turn, spoken_until, turn_reason
from salla_manager.core.release import release_parked

PER_MINUTE = 60
HELD = 5000
OFF = frozenset({"upsert_product"})


def slots(per_minute: int, seconds: list[int], *, is_urgent: bool = False) -> list[datetime]:
    """When each of the releases that were let go went, with as many tried as may be at each of these seconds."""
    kept, went = None, []
    for second in sorted(seconds):
        now = NOW + timedelta(seconds=second)
        while moved := spoken_until(kept, now, per_minute, is_urgent=is_urgent):
            kept = moved
            went.append(now)
    return went


@given(st.integers(1, 500), st.lists(st.integers(0, 600), min_size=1, max_size=30), st.booleans())
def test_never_more_than_the_pace_behind_a_minute_s_worth(
    per_minute: int, seconds: list[int], urgent: bool
) -> None:
    went = slots(per_minute, seconds, is_urgent=urgent)
    assert went
    for at in set(went):
        begun = sum(moment <= at for moment in went)
        assert begun <= per_minute * (1 + (at - went[0]) / MINUTE) + 1


@pytest.mark.parametrize(("urgent", "at_once"), [(False, 45), (True, 60)])
def test_a_quarter_of_the_minute_is_kept_for_orders(urgent: bool, at_once: int) -> None:
    assert len(slots(60, [0], is_urgent=urgent)) == at_once
    assert len(slots(60, [0, 60], is_urgent=urgent)) == at_once + 60 if urgent else at_once + 45
    assert len(slots(1, [0, 30, 60, 90])) == 2


def test_the_reason_of_a_turn_is_known_again() -> None:
    assert is_turn(turn_reason(60, INSTANCE))
    assert not is_turn("upsert_product is switched off on X. Switch it on to send.")


@pytest.fixture
def full(hub: Hub) -> Hub:
    """Products by the thousand that were held, and the switch is on again."""
    hub.change_settings(release_per_minute=PER_MINUTE)
    hub.change_instance(disabled_command_types=OFF)
    hub.absorb("product", external_id="0", sku="SKU-0")
    [first] = hub.commands()
    record = hub.record("product", "0")
    with hub.rows.transaction():
        for number in range(1, HELD):
            key = replace(record.key, external_id=str(number))
            made = replace(hub.rows.lock_record(key), status="Queued", revision=1, mapped=record.mapped)
            hub.rows.save_record(made)
            command = replace(
                first, record=made.name, external_id=str(number), idempotency_key=f"{number:064d}"
            )
            hub.rows.add_command(command)
    hub.change_instance(disabled_command_types=frozenset())
    return hub


def counts(hub: Hub) -> dict[str, int]:
    return hub.rows.counts("command")


def sent(hub: Hub) -> list[str]:
    return [envelope["payload"]["external_id"] for envelope, _ in hub.wire.sent]


def test_five_thousand_held_ones_do_not_flood_and_keep_their_order(full: Hub) -> None:
    released = []
    for _ in range(5):
        released.append(release_parked(full.host).released)
        # Again and again by the button changes nothing.
        assert release_parked(full.host).released == 0
        full.dispatch(limit=1000)
        full.clock.forward(60)
    assert released == [45, 45, 45, 45, 45]
    assert counts(full) == {"Done": 225, "Held": HELD - 225}
    names = [command.name for command in full.commands() if command.status == "Done"]
    assert names == sorted(names)[:225]
    held = next(command for command in full.commands() if command.status == "Held")
    assert held.reason == (
        "Goes on in its turn: no more than 60 held commands a minute are let go to ERP-INSTANCE-0001."
    )


def test_an_order_goes_meanwhile_and_what_it_waits_for_goes_first(full: Hub) -> None:
    release_parked(full.host)
    wanted = str(HELD - 1)
    line = {"external_id": "1", "product_id": wanted, "name": "Oud", "quantity": "1", "unit_price": "10.00"}
    full.absorb("customer", external_id="7")
    full.absorb("order", items=[line], customer={"external_id": "7", "name": "Noura"})
    assert full.statuses("order") == ["Waiting"]
    release_parked(full.host)
    assert full.statuses("product", wanted) == ["Queued"]
    full.dispatch(limit=1000)
    assert full.statuses("order")[0] in ("Queued", "Done")
    full.dispatch(limit=1000)
    assert full.statuses("order") == ["Done"]
    assert counts(full)["Held"] > HELD - PER_MINUTE - 2


def test_held_orders_use_what_products_leave(full: Hub) -> None:
    full.change_instance(disabled_command_types=frozenset({"upsert_order"}))
    full.absorb("order", items=[{**body("order")["items"][0], "product_id": None}], customer=None)
    release_parked(full.host)
    assert full.statuses("order") == ["Held"]
    full.change_instance(disabled_command_types=frozenset())
    release_parked(full.host)
    assert full.statuses("order") == ["Queued"]


def test_a_new_revision_is_not_kept_behind_what_was_held(full: Hub) -> None:
    full.absorb("product", external_id="77", sku="SKU-77", price="11.00")
    assert full.statuses("product", "77") == ["Superseded", "Queued"]


def test_turned_off_again_all_of_it_is_held_again(full: Hub) -> None:
    release_parked(full.host)
    full.change_instance(disabled_command_types=OFF)
    full.dispatch(limit=1000)
    assert (counts(full), full.wire.sent) == ({"Held": HELD}, [])
    release_parked(full.host)
    assert "is switched off on ERP-INSTANCE-0001" in full.commands()[-1].reason


def test_zero_sets_no_limit(full: Hub) -> None:
    full.change_settings(release_per_minute=0)
    assert release_parked(full.host).released == HELD
