"""Who asks the hub: nobody learns from an answer, nor from the work behind it, which instances there are."""

from __future__ import annotations

import pytest
from hub_kit import INSTANCE, NOW, SECRET, Hub

from salla_manager import contract
from salla_manager.core.callers import authenticate

OTHER = "ERP-INSTANCE-9999"


def ask(hub: Hub, instance: str, secret: str) -> contract.ProtocolError:
    body = b"{}"
    headers = contract.signed_headers(instance, secret, body, "k" * 16, now=int(NOW.timestamp()))
    with pytest.raises(contract.ProtocolError) as refused:
        authenticate(body, headers, hub.host)
    return refused.value


def test_a_stranger_costs_as_much_as_a_wrong_signature(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.change_instance(previous_secret="p" * 64, pending_secret="q" * 64)
    tried: list[str] = []
    sign = contract.sign
    monkeypatch.setattr(contract, "sign", lambda secret, *rest: tried.append(secret) or sign(secret, *rest))
    costs = []
    for instance in (INSTANCE, OTHER, INSTANCE.lower()):
        assert ask(hub, instance, "x" * 64).error_code == "unauthorized"
        # The first is the forger's own.
        costs.append(tried[1:])
        tried.clear()
    assert costs[0] == [SECRET, "p" * 64, "q" * 64]
    assert costs[1:] == [costs[0]] * 2


def test_a_stranger_does_not_pass_with_the_secret_of_another(hub: Hub) -> None:
    assert ask(hub, OTHER, SECRET).error_code == "unauthorized"


def test_a_disabled_one_does_not_pass(hub: Hub) -> None:
    hub.change_instance(is_enabled=False)
    assert ask(hub, INSTANCE, SECRET).error_code == "unauthorized"


def test_without_any_instance(hub: Hub) -> None:
    hub.rows._run("delete from instance")
    assert ask(hub, OTHER, SECRET).error_code == "unauthorized"
