"""An ERP asks for orders again, since a mapping was mended there."""

from __future__ import annotations

from typing import Any

import pytest
from hub_kit import INSTANCE, SECRET, Hub

from salla_manager import contract
from salla_manager.core.send_again import receive_send_again


def ask(hub: Hub, secret: str = SECRET, **values: Any) -> tuple[int, dict[str, Any]]:
    body = {
        "action": "send_again",
        "erp_instance": INSTANCE,
        "store_id": hub.store.name,
        "orders": ["1001"],
        **values,
    }
    raw = contract.dump_json(body)
    now = int(hub.clock.now().timestamp())
    headers = contract.signed_headers(INSTANCE, secret, raw, "call-0001", now=now)
    return receive_send_again(raw, headers, hub.host)


def test_an_order_comes_as_a_new_generation(hub: Hub) -> None:
    hub.absorb("product")
    hub.absorb("customer")
    hub.absorb("order")
    hub.dispatch()
    external_id = hub.commands("order")[0].external_id
    assert ask(hub, orders=[external_id, external_id, "nobody"]) == (
        200,
        {
            "ok": True,
            "sent": 1,
            "not_sent": {"nobody": "The hub does not know this order. Request a pull of orders."},
        },
    )
    first, second = hub.commands("order", external_id)
    assert (second.revision, second.generation) == (first.revision, 1)
    assert first.idempotency_key != second.idempotency_key


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"store_id": "SM-STORE-99999"}, 403, "unknown_store"),
        ({"store_id": 7}, 403, "unknown_store"),
        ({"orders": []}, 400, "bad_request"),
        ({"orders": "1001"}, 400, "bad_request"),
        ({"orders": [1001]}, 400, "bad_request"),
        ({"orders": [str(number) for number in range(21)]}, 400, "bad_request"),
        ({"orders": ["x" * 5000]}, 413, "too_large"),
        ({"action": "check"}, 400, "bad_request"),
        ({"erp_instance": "ERP-INSTANCE-0002"}, 400, "header_mismatch"),
        ({"secret": "x" * 64}, 401, "unauthorized"),
    ],
)
def test_what_is_refused(hub: Hub, values: dict[str, Any], status: int, code: str) -> None:
    hub.absorb("order")
    http_status, answer = ask(hub, **values)
    assert (http_status, answer["ok"], answer["error_code"]) == (status, False, code)
    assert {command.generation for command in hub.commands("order")} <= {0}


def test_a_store_of_another_erp_is_unknown(hub: Hub) -> None:
    hub.absorb("order")
    hub.change_store(erp_instance="")
    assert ask(hub)[0] == 403
