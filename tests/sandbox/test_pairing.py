"""Pairing and changes of the secret between both embedded hosts, over real HTTP, while commands are on their way."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from werkzeug.wrappers import Request

from chaos.ground import brand
from salla_executor.contract import Ack
from salla_executor.core.checklist import FAILED
from salla_executor.core.hub_calls import HubError
from salla_manager import contract
from salla_manager.core import shared_secret
from salla_manager.core.check import check_instance, is_good
from salla_manager.core.commands import OperatorError
from salla_manager.core.model import Settings
from salla_manager.core.outbox import absorb
from sandbox.executor import EmbeddedExecutor
from sandbox.hub import EmbeddedHub
from sandbox.world import wait_until

# Short, so that a probe is back within the test.
SETTINGS = Settings(retry_backoff_seconds=0.05, retry_cap_seconds=0.2, breaker_probe_seconds=0.2)


class ForgetfulExecutor(EmbeddedExecutor):
    """Does what it is told; every other answer about a new secret gets lost."""

    asked = 0

    def answer(self, request: Request) -> Ack:
        raw = request.get_data()
        ack = super().answer(Request({**request.environ, "wsgi.input": io.BytesIO(raw)}))
        if b'"rotate_secret"' not in raw:
            return ack
        self.asked += 1
        return Ack(502, "failed") if self.asked % 2 else ack


class ForgetfulHub(EmbeddedHub):
    """The same of pairings and checks, by a rhythm of three."""

    asked = 0

    def _answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        answer = super()._answer(request)
        if request.path in (contract.PAIR_PATH, contract.CHECK_PATH):
            self.asked += 1
            if self.asked % 3 == 1:
                return 502, {"ok": False, "message": "lost"}
        return answer


@pytest.fixture
def ends(tmp_path) -> Iterator[tuple[EmbeddedHub, EmbeddedExecutor]]:
    with (
        ForgetfulHub(tmp_path / "hub.sqlite", settings=SETTINGS, sweep_seconds=0.05) as hub,
        ForgetfulExecutor(tmp_path / "executor.sqlite", "", "") as executor,
    ):
        hub.add_instance(executor.url)
        hub.add_store("1", erp_instance="ERP-INSTANCE-0001")
        yield hub, executor


def pair(hub: EmbeddedHub, executor: EmbeddedExecutor) -> None:
    """With new codes until the hub's answer arrives."""
    for _ in range(3):
        code = shared_secret.new_pairing_code(hub.host, "ERP-INSTANCE-0001", hub.url)
        with suppress(HubError):
            executor.pair(code.text())
            return
    raise AssertionError("not paired")


def test_a_code_pairs_two_that_know_nothing_of_each_other(ends):
    hub, executor = ends
    pair(hub, executor)
    assert is_good(check_instance(hub.host, "ERP-INSTANCE-0001"))
    rows = [row for _ in range(2) for row in executor.check() if row.check == "Signature"]
    assert [row.state for row in rows if row.state != FAILED]
    store = hub.store.store("SM-STORE-00001")
    absorb(brand("1"), store, hub.host)
    wait_until(lambda: executor.documents("Brand"), "The first command", 20)


def test_nothing_is_lost_while_both_sides_change_the_secret(ends):
    hub, executor = ends
    pair(hub, executor)
    store, is_over, told = hub.store.store("SM-STORE-00001"), threading.Event(), []

    def shop() -> None:
        while not is_over.wait(0.002):
            told.append(str(len(told)))
            absorb(brand(told[-1]), store, hub.host)

    seller = threading.Thread(target=shop)
    seller.start()
    secrets = set()
    try:
        for number in range(24):
            with suppress(HubError, OperatorError):
                if number % 3 == 0:
                    shared_secret.rotate(hub.host, "ERP-INSTANCE-0001")
                elif number % 3 == 1:
                    executor.rotate_secret()
                else:
                    pair(hub, executor)
            secrets.add(executor.store.settings.secrets[0])
    finally:
        is_over.set()
        seller.join()
    wait_until(hub.is_idle, "Coming to rest", 60)
    assert len(secrets) > 12
    assert len(told) > 20
    assert hub.counts()["command"] == {"Done": len(told)}
    assert len(executor.documents("Brand")) == len(told)
    assert executor.store.count("inbox") == len(told)
    # What was refused on the way cost no attempt.
    assert {row["attempts"] for row in hub.rows("command")} == {1}
