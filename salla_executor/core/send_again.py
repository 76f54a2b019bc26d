"""Orders that the hub is asked for again, once what is made of them was mended here."""

from __future__ import annotations

from salla_executor import contract
from salla_executor.core.hub_calls import caller_of, check_ok
from salla_executor.core.ports import Hub, SecretKeeper

# As many as the hub takes in one request.
MOST = 20


def send_again(hub: Hub, keeper: SecretKeeper, store: str, orders: list[str]) -> int:
    """How many of a store's orders come again. Raises HubError; those of earlier requests come all the same."""
    settings = keeper.settings()
    caller = caller_of(settings, hub)
    sent = 0
    for start in range(0, len(orders), MOST):
        body = contract.dump_json(
            {
                "action": "send_again",
                "erp_instance": settings.instance_id,
                "store_id": store,
                "orders": orders[start : start + MOST],
            }
        )
        reply = caller.call_with(settings.secrets, contract.SEND_AGAIN_PATH, body, keeper.now())
        check_ok(reply)
        number = reply.answer.get("sent")
        sent += number if type(number) is int else 0
    return sent
