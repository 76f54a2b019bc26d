"""The shop says that something was given back, and shows it nowhere in the order."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hub_kit import Hub, payload

from salla_manager.core.given_back import told
from salla_manager.platforms.port import Webhook
from salla_manager.platforms.salla.webhooks import signals


def said(hub: Hub) -> list[tuple[int, str | None]]:
    return [
        (command.revision, json.loads(command.payload)["given_back_at"]) for command in hub.commands("order")
    ]


def absorb(hub: Hub, at: Any = None) -> str:
    return hub.absorb_all(*told([payload("order")], at))[0].status


def test_it_is_a_change_of_the_order_and_holds_for_later_readings(hub: Hub) -> None:
    absorb(hub)
    first = hub.clock.now()
    assert absorb(hub, first) != "Unchanged"
    assert absorb(hub) == "Unchanged"
    assert absorb(hub, first) == "Unchanged"
    assert absorb(hub, first + timedelta(days=1)) != "Unchanged"
    dates = [at[:10] if at else None for _, at in said(hub)]
    assert [revision for revision, _ in said(hub)] == [1, 2, 3]
    assert dates == [None, str(first.date()), str((first + timedelta(days=1)).date())]


def test_an_order_without_it_is_the_same_content_as_before(hub: Hub) -> None:
    assert "given_back_at" not in payload("order").content()


def test_salla_says_so_by_two_events() -> None:
    data = {"id": 1, "order_id": 1}
    found = {
        event: signals(Webhook(event, "1", None, data, "", ""))[0].given_back
        for event in ("order.refunded", "order.shipment.return.created", "order.updated")
    }
    assert found == {
        "order.refunded": True,
        "order.shipment.return.created": True,
        "order.updated": False,
    }
