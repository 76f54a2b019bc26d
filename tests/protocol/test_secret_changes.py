"""Both ends change their secret, by pairing, from the hub and from the ERP, with answers lost at each step, and with the
other side doing the same meanwhile. Whatever happens, commands arrive and calls of the ERP are answered.

CHAOS_EXAMPLES asks for more runs than the suite's own.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chaos.ends import SETTINGS, Clock
from chaos.ground import INSTANCE, SECRET, brand, host_of, paired
from salla_executor.core import hub_calls
from salla_executor.core.checklist import FAILED, hub_rows
from salla_executor.core.hub_calls import HubError
from salla_executor.core.receive import receive
from salla_manager import contract
from salla_manager.core import shared_secret
from salla_manager.core.check import check_instance, is_good
from salla_manager.core.client_api import receive_check, receive_pair
from salla_manager.core.commands import OperatorError
from salla_manager.core.dispatch import dispatch_to
from salla_manager.core.outbox import absorb
from salla_manager.core.transport import HttpAnswer, TransportError
from salla_manager.key_agreement import read_code
from sandbox.executor_store import Store, default_settings
from sandbox.hub_store import SqliteHubStore

HUB_URL = "http://hub.test"
FAULTS = ("ok", "dropped", "answer lost", "other side first", "other side last")
DAY = 24 * 3600
EXAMPLES = int(os.environ.get("CHAOS_EXAMPLES", "60"))


class Pair:
    """Hub and executor in one process; each request between them takes the next fault of `plan`."""

    def __init__(self, folder: Path):
        self.clock = Clock()
        executor = default_settings(INSTANCE, SECRET, hub_url=HUB_URL)
        self.executor = Store(folder / "executor.db", executor, lambda: self.clock.now().timestamp())
        self.rows = SqliteHubStore(":memory:", SETTINGS)
        self.host = host_of(self.rows, self, clock=self.clock)
        self.store = paired(self.rows, "http://erp.test")
        self.plan: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.numbers = itertools.count(1)

    def _carry(self, deliver: Callable[[], Any], lost: Exception) -> Any:
        fault = self.plan.pop(0) if self.plan else "ok"
        if fault == "dropped":
            raise lost
        if fault == "other side first":
            self.meanwhile()
        answer = deliver()
        if fault == "other side last":
            self.meanwhile()
        if fault == "answer lost":
            raise lost
        return answer

    def post(self, url: str, body: bytes, headers: Mapping[str, str], limits: Any = None) -> Any:
        """Both ways: core's Transport of the hub, and the executor's Hub."""
        if not url.startswith(HUB_URL):
            return self._carry(lambda: self._to_executor(body, headers), TransportError("timeout", "lost"))
        door = {contract.PAIR_PATH: receive_pair, contract.CHECK_PATH: receive_check}[
            url.removeprefix(HUB_URL)
        ]
        return self._carry(lambda: door(body, headers, self.host), HubError("lost"))

    def _to_executor(self, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        with self.executor.receiver() as receiver:
            ack = receive(body, headers, receiver)
        return HttpAnswer(
            ack.http_status, {name.lower(): one for name, one in ack.headers.items()}, ack.body()
        )

    # What people do

    def from_hub(self) -> None:
        with suppress(OperatorError):
            shared_secret.rotate(self.host, INSTANCE)

    def from_erp(self) -> None:
        with self.executor.receiver() as receiver, suppress(HubError):
            hub_calls.rotate(self, receiver)
            hub_rows(receiver, self, "")

    def by_code(self) -> None:
        code = read_code(shared_secret.new_pairing_code(self.host, INSTANCE, HUB_URL).text())
        with self.executor.receiver() as receiver, suppress(HubError):
            hub_calls.pair(code, self, receiver)
            hub_rows(receiver, self, "")

    def check_from_hub(self) -> bool:
        return is_good(check_instance(self.host, INSTANCE))

    def check_from_erp(self) -> bool:
        with self.executor.receiver() as receiver:
            return all(row.state != FAILED for row in hub_rows(receiver, self, ""))

    def deliver(self) -> bool:
        """A new command arrives, if need be after the probe that a breaker waits for."""
        number = next(self.numbers)
        absorb(brand(str(number)), self.store, self.host)
        for _ in range(3):
            dispatch_to(self.host, INSTANCE)
            if any(one["name"] == f"Brand {number}" for one in self.executor.documents("Brand")):
                return True
            self.clock.forward(SETTINGS.breaker_probe_seconds + 1)
        return False

    def run(self, way: str, plan: list[str], other: str = "") -> None:
        self.plan = list(plan)
        self.meanwhile = getattr(self, other) if other else lambda: None
        getattr(self, way)()
        self.plan, self.meanwhile = [], lambda: None

    def is_whole(self) -> bool:
        """One secret on both sides, and nothing left over."""
        instance = self.rows.instance(INSTANCE)
        assert instance is not None
        return (instance.secret, instance.pending_secret) == (self.executor.settings.secrets[0], "")


WAYS = ("from_hub", "from_erp", "by_code")


@pytest.fixture
def ends(tmp_path):
    ends = Pair(tmp_path)
    yield ends
    ends.rows.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_change_gives_both_a_new_secret(ends, way):
    ends.run(way, [])
    assert ends.is_whole()
    assert ends.rows.instance(INSTANCE).secret != SECRET
    assert ends.check_from_hub()
    assert ends.check_from_erp()
    assert ends.deliver()


# Requests of one change: pair and check, or the command; before them the hub may ask for a pending secret.
PLANS = [[*["ok"] * number, fault] for number in range(2) for fault in FAULTS]


@pytest.mark.parametrize("other", WAYS)
@pytest.mark.parametrize("plan", PLANS, ids="-".join)
@pytest.mark.parametrize("way", WAYS)
def test_a_fault_at_any_step_leaves_both_able_to_talk_and_doing_it_again_heals(ends, way, plan, other):
    ends.run(way, plan, other)
    assert ends.check_from_erp()
    assert ends.deliver()
    # Also when the day is long over that a former secret is taken.
    ends.clock.forward(40 * DAY)
    assert ends.check_from_erp()
    assert ends.deliver()
    ends.run(way, [])
    assert ends.is_whole()
    assert ends.deliver()


@pytest.mark.parametrize("way", WAYS)
def test_two_faults_in_a_row(ends, way):
    for first, second in itertools.product(FAULTS[1:], FAULTS[1:]):
        ends.run(way, [first], "from_hub")
        ends.run(way, [second], "from_erp")
        assert ends.deliver(), (first, second)
        assert ends.check_from_erp(), (first, second)


def test_an_erp_that_lost_everything_is_paired_anew(ends):
    ends.executor.settings = default_settings("", "")
    assert not ends.deliver()
    ends.run("by_code", [])
    assert ends.is_whole()
    assert ends.deliver()


def test_a_first_pairing_whose_word_is_lost_is_found_out_by_the_probe(ends):
    ends.executor.settings = default_settings("", "")
    ends.run("by_code", ["ok", "dropped"])
    assert not ends.is_whole()
    assert ends.deliver()
    assert ends.is_whole()


@pytest.mark.parametrize("lost", [["answer lost"], ["dropped", "answer lost"]], ids="-".join)
def test_what_was_signed_with_a_secret_that_is_gone_does_not_make_it_current(ends, lost):
    """The ERP's word of a new secret is lost; while it asks for the next, the hub asks too, and that answer is lost."""
    ends.run("from_erp", ["ok", "dropped"])
    ends.run("from_erp", ["other side first", *lost], "from_hub")
    assert ends.deliver()
    assert ends.check_from_erp()


class SecretChanges(RuleBasedStateMachine):
    """Any of it in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ends = Pair(Path(self.folder.name))

    @rule(
        way=st.sampled_from(WAYS),
        plan=st.lists(st.sampled_from(FAULTS), max_size=4),
        other=st.sampled_from(WAYS),
    )
    def change(self, way: str, plan: list[str], other: str) -> None:
        self.ends.run(way, plan, other)

    @rule(way=st.sampled_from(["check_from_hub", "check_from_erp", "deliver"]))
    def talk(self, way: str) -> None:
        getattr(self.ends, way)()

    @rule(days=st.sampled_from([1, 8]))
    def wait(self, days: int) -> None:
        self.ends.clock.forward(days * DAY)

    @invariant()
    def commands_arrive(self) -> None:
        assert self.ends.deliver()

    def teardown(self) -> None:
        assert self.ends.check_from_erp()
        for way in WAYS:
            self.ends.run(way, [])
            assert self.ends.is_whole()
        self.ends.rows.close()
        self.folder.cleanup()


SecretChanges.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=12, deadline=None)
TestSecretChanges = SecretChanges.TestCase
