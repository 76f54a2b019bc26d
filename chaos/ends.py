"""Hub and executor in one process over a network that does as it is told: for histories and state machines.

Time is a number, chance is seeded, and dying is an exception that nothing in the core catches; so a run of 20,000
requests takes seconds and comes out the same again.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from chaos.ground import INSTANCE, SECRET, ask, host_of, paired, watch
from chaos.network import Crash, Network
from chaos.points import MortalHubStore, MortalStore, Trap
from salla_executor.core.receive import receive
from salla_manager.core.commands import retry_command
from salla_manager.core.dispatch import dispatch_to
from salla_manager.core.model import CommandStatus, Settings
from salla_manager.core.outbox import Outcome, absorb
from salla_manager.core.release import release_parked
from salla_manager.core.transport import HttpAnswer
from salla_manager.payloads import Payload
from sandbox.executor_store import default_settings

SETTINGS = Settings(
    retry_max_attempts=6,
    retry_backoff_seconds=1,
    retry_cap_seconds=30,
    breaker_probe_seconds=5,
    allow_private_addresses=True,
)
HUB_DEATHS = (
    "hub: inserted, not committed",
    "hub: lease committed",
    "hub: ack read, not committed",
    "hub: outcome committed",
)


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)
        self.ticks = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.ticks

    def sleep(self, seconds: float) -> None:
        self.forward(seconds)

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.ticks += seconds


class WrongClock:
    """The clock of another machine, off by so many seconds."""

    def __init__(self, right: Clock, off: float):
        self.right = right
        self.off = off

    def now(self) -> datetime:
        return self.right.now() + timedelta(seconds=self.off)

    def monotonic(self) -> float:
        return self.right.monotonic()

    def sleep(self, seconds: float) -> None:
        self.right.sleep(seconds)


class Ends:
    """Both ends, and what may happen to them."""

    def __init__(self, folder: Path, chance: random.Random):
        self.clock, self.executor_path = Clock(), folder / "executor.db"
        self.skew = 0
        self.secrets = [SECRET]
        self.executor_trap, self.hub_trap = Trap(die=_die), Trap(die=_die)
        self.network = Network(self._deliver, self.executor_trap)
        self.executor = self._started(default_settings(INSTANCE, SECRET))
        watch(self.executor)
        # SQLite folds its log in whenever the last connection closes; these two keep it from doing so each time.
        self._kept_open = [self.executor.connect(is_nonces) for is_nonces in (False, True)]
        self.rows = MortalHubStore(":memory:", SETTINGS)
        self.rows.trap = self.hub_trap
        self.rows.watch()
        self.host = host_of(self.rows, self.network, clock=self.clock, random=chance.random)
        self.store = paired(self.rows, "http://erp.test")
        # Its clock is an hour ahead, so that to it every lease has ended.
        self.network.other_worker = lambda: self._dispatch_once(limit=5, clock_off=3600)

    def close(self) -> None:
        for connection in (*self._kept_open, self.rows):
            connection.close()

    def _started(self, settings: Any) -> MortalStore:
        store = MortalStore(self.executor_path, settings, lambda: self.clock.now().timestamp() + self.skew)
        store.trap = self.executor_trap
        return store

    def _deliver(self, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        # As over HTTP, names in any case: the contract's own are looked up.
        with self.executor.receiver() as receiver:
            ack = receive(body, headers, receiver)
        names = {name.lower(): value for name, value in ack.headers.items()}
        return HttpAnswer(ack.http_status, names, ack.body())

    # What happens

    def change(self, payload: Payload) -> Outcome | None:
        """None where the hub died over it: nothing was kept, and the shop is not answered."""
        self.clock.forward(1)
        try:
            return absorb(payload, self.store, self.host)
        except Crash:
            return None

    def dispatch(self, faults: list[str] | None = None, limit: int = 100, clock_off: float = 0) -> None:
        """One worker's run; clock_off: seconds by which its clock is wrong."""
        self.network.plan = list(faults or ())
        self._dispatch_once(limit, clock_off)
        self.network.plan = []

    def _dispatch_once(self, limit: int, clock_off: float) -> None:
        clock = WrongClock(self.clock, clock_off) if clock_off else self.clock
        with contextlib.suppress(Crash):
            dispatch_to(replace(self.host, clock=clock), INSTANCE, limit)

    @contextlib.contextmanager
    def hub_dying_at(self, point: str) -> Iterator[None]:
        self.hub_trap.point = point
        try:
            yield
        finally:
            self.hub_trap.point = ""

    def sweep(self) -> None:
        release_parked(self.host)

    def restart_executor(self) -> None:
        self.executor = self._started(self.executor.settings)

    def switch_hub(self, command_type: str, is_on: bool) -> None:
        instance = self.rows.instance(INSTANCE)
        assert instance is not None
        off = instance.disabled_command_types
        off = off - {command_type} if is_on else off | {command_type}
        self._change_instance(disabled_command_types=off)

    def switch_executor(self, is_on: bool) -> None:
        self.executor.settings = replace(self.executor.settings, is_enabled=is_on)

    def rotate_executor(self) -> None:
        """A new secret; the one before it is taken as well."""
        self.secrets.append(f"{len(self.secrets):064d}")
        self.executor.settings = replace(self.executor.settings, secrets=tuple(self.secrets[:-3:-1]))

    def rotate_hub(self) -> None:
        self._change_instance(secret=self.secrets[-1])

    def forget_previous_secret(self) -> None:
        self.executor.settings = replace(self.executor.settings, secrets=(self.secrets[-1],))

    def purge_inbox(self) -> None:
        connection = self.executor.connect()
        connection.execute("DELETE FROM inbox")
        connection.close()

    def retry_dead(self) -> None:
        """As an operator does, where the dead one is still the newest."""
        newest = {row["last_command"] for row in self.rows.rows("record")}
        for row in self.rows.rows("command"):
            if row["status"] == CommandStatus.DEAD and row["name"] in newest:
                retry_command(self.host, row["name"])

    def _change_instance(self, **values: Any) -> None:
        instance = self.rows.instance(INSTANCE)
        assert instance is not None
        with self.rows.transaction():
            self.rows.save_instance(replace(instance, **values))

    # The end

    def heal(self) -> None:
        """All is well again; late copies arrive; what died is sent again by an operator."""
        instance = self.rows.instance(INSTANCE)
        assert instance is not None
        self.skew = 0
        self.switch_executor(True)
        self.rotate_hub()
        self._change_instance(disabled_command_types=frozenset())
        while self.network.late:
            self.network.late_arrives(0, stays=False)
        self.retry_dead()
        for _ in range(40):
            # Past every lease, backoff and probe, so that each round is a fresh one.
            self.clock.forward(200)
            self.sweep()
            self.dispatch(limit=1000)
            if not self.open_commands():
                return

    def open_commands(self) -> int:
        return sum(row["status"] in CommandStatus.OPEN for row in self.rows.rows("command"))

    def effects(self) -> list[tuple[tuple[str, str], tuple[int, int]]]:
        """(entity, version) of each committed effect, in order."""
        sql = "SELECT entity_type, external_id, revision, generation FROM effects ORDER BY number"
        return [
            ((kind, one), (revision, again)) for kind, one, revision, again in ask(self.executor_path, sql)
        ]


def _die() -> None:
    raise Crash
