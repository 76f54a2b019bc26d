"""Any sequence of changes, faults, crashes and switches: nothing lost, nothing twice, nothing going back."""

from __future__ import annotations

import contextlib
from typing import Any

from hub_kit import INSTANCE, Hub, acked, broken, plain
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from salla_manager.core.commands import cancel_command, resend_record, retry_command
from salla_manager.core.model import CommandStatus
from salla_manager.core.release import release_parked
from salla_manager.core.transport import HttpAnswer

ENTITIES = st.sampled_from(["1", "2", "3"])
FINAL = {CommandStatus.DONE, CommandStatus.SUPERSEDED, CommandStatus.CANCELLED}
MAX_ATTEMPTS = 4


class Crash(Exception):
    """The worker dies between request and record."""


class ModelExecutor:
    """An executor as the contract wants it: one effect per key, never an older revision over a newer one."""

    def __init__(self) -> None:
        self.effects: dict[str, int] = {}
        self.state: dict[str, tuple[tuple[int, int], str]] = {}

    def __call__(self, envelope: dict[str, Any]) -> HttpAnswer:
        key, version = (
            envelope["idempotency_key"],
            (envelope.get("revision", 0), envelope.get("generation", 0)),
        )
        if envelope["command_type"] == "ping":
            return acked()(envelope)
        if key in self.effects:
            return acked("skipped", repeat=True)(envelope)
        entity = envelope["payload"]["external_id"]
        if entity in self.state and version <= self.state[entity][0]:
            return acked("skipped", error_code="stale")(envelope)
        self.effects[key] = self.effects.get(key, 0) + 1
        self.state[entity] = (version, envelope["payload"]["name"])
        return acked(erp_doc="DOC")(envelope)


class History(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.hub = Hub(":memory:").pair()
        self.hub.change_settings(retry_max_attempts=MAX_ATTEMPTS)
        self.executor = ModelExecutor()
        self.hub.wire.normal = self.executor
        self.told: dict[str, str] = {}
        self.final: dict[str, str] = {}
        self.revisions: dict[str, tuple[int, int]] = {}

    @rule(entity=ENTITIES, name=st.sampled_from(["Oud", "Musk", "Rose"]))
    def change(self, entity: str, name: str) -> None:
        self.hub.clock.forward(1)
        self.hub.absorb("brand", external_id=entity, name=name)
        self.told[entity] = name

    @rule(
        fault=st.sampled_from(
            ["ok", "lost", "refused", "timeout", "401", "404", "409", "429", "422", "502", "503"]
        )
    )
    def deliver(self, fault: str) -> None:
        self.hub.wire.answers = [self._answer(fault)]
        self.hub.dispatch()
        self.hub.wire.answers = []

    def _answer(self, fault: str) -> Any:
        if fault == "ok":
            return self.executor
        if fault == "lost":
            return lambda envelope: (self.executor(envelope), broken("timeout")(envelope))[1]
        if fault in ("refused", "timeout"):
            return broken(fault)
        return acked("failed", 422) if fault == "422" else plain(int(fault))

    @rule()
    def crash_after_the_effect(self) -> None:
        def dies(envelope: dict[str, Any]) -> HttpAnswer:
            self.executor(envelope)
            raise Crash

        self.hub.wire.answers = [dies]
        with contextlib.suppress(Crash):
            self.hub.dispatch()
        self.hub.wire.answers = []

    @rule(seconds=st.sampled_from([1, 61, 100, 4000]))
    def wait(self, seconds: int) -> None:
        self.hub.clock.forward(seconds)

    @rule(is_on=st.booleans())
    def switch(self, is_on: bool) -> None:
        self.hub.change_instance(disabled_command_types=frozenset() if is_on else frozenset({"upsert_brand"}))

    @rule()
    def sweep(self) -> None:
        release_parked(self.hub.host)

    @rule(entity=ENTITIES)
    def resend(self, entity: str) -> None:
        if entity in self.told:
            resend_record(self.hub.host, self.hub.record("brand", entity).name)

    @rule()
    def retry_the_dead(self) -> None:
        for command in self.hub.commands():
            if command.status == CommandStatus.DEAD:
                retry_command(self.hub.host, command.name)

    @rule(entity=ENTITIES)
    def cancel(self, entity: str) -> None:
        parked = (CommandStatus.QUEUED, CommandStatus.HELD, CommandStatus.DEAD)
        for command in self.hub.commands("brand", entity):
            if command.status in parked:
                cancel_command(self.hub.host, command.name)

    @invariant()
    def nothing_goes_back_or_happens_twice(self) -> None:
        assert set(self.executor.effects.values()) <= {1}
        for command in self.hub.commands():
            assert command.attempts <= MAX_ATTEMPTS
            assert self.final.get(command.name, command.status) == command.status
            if command.status in FINAL:
                self.final[command.name] = command.status
        for entity, (version, _) in self.executor.state.items():
            assert version >= self.revisions.get(entity, (0, 0))
            self.revisions[entity] = version
        in_flight = [c.external_id for c in self.hub.commands() if c.status == CommandStatus.SENDING]
        assert len(in_flight) == len(set(in_flight))

    def teardown(self) -> None:
        """Once all is well again, the ERP has what the shop told last, without a human."""
        self.switch(is_on=True)
        for _ in range(MAX_ATTEMPTS + 2):
            self.hub.clock.forward(30_000)
            release_parked(self.hub.host)
            self.hub.dispatch()
        for entity, name in self.told.items():
            last = self.hub.commands("brand", entity)[-1]
            assert last.status in (CommandStatus.DONE, CommandStatus.DEAD, CommandStatus.CANCELLED)
            if last.status == CommandStatus.DONE:
                assert self.executor.state[entity][1] == name
                assert self.hub.record("brand", entity).status == "Applied"
        assert self.hub.rows.destinations_with_due_commands(self.hub.clock.now()) == []
        assert self.hub.rows.instance(INSTANCE) is not None
        self.hub.rows.close()


History.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestHistory = History.TestCase
