"""Hub and executor in one process over a network that does as it is told: for histories and state machines.

Time is a number, chance is seeded, and dying is an exception that nothing in the core catches; so a run of 20,000
requests takes seconds and comes out the same again.
"""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from chaos.ground import INSTANCE, SECRET, ask, host_of, paired, watch
from chaos.points import MortalHubStore, MortalStore, Trap
from salla_executor.core.receive import receive
from salla_manager import contract
from salla_manager.core.commands import retry_command
from salla_manager.core.dispatch import DispatchReport, dispatch_instance
from salla_manager.core.model import CommandStatus, Settings
from salla_manager.core.outbox import Outcome, absorb
from salla_manager.core.release import release_parked
from salla_manager.core.transport import HttpAnswer, TransportError
from salla_manager.payloads import Payload
from sandbox.executor_store import default_settings

SETTINGS = Settings(
    retry_max_attempts=6,
    retry_backoff_seconds=1,
    retry_cap_seconds=30,
    breaker_probe_seconds=5,
    allow_private_addresses=True,
)
OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
# Refusals that tell nothing of an earlier copy of the same request.
_OF_A_COPY = ("nonce_used", "in_progress")
EXECUTOR_DEATHS = (
    "executor: verified",
    "executor: nonce stored",
    "executor: inbox inserted",
    "executor: amid documents",
    "executor: before commit",
    "executor: committed, not answered",
)
HUB_DEATHS = (
    "hub: inserted, not committed",
    "hub: lease committed",
    "hub: ack read, not committed",
    "hub: outcome committed",
)
FAULTS = (
    "ok",
    "refused",
    "dropped",
    "lost ack",
    "twice",
    "twice, second answer",
    "delayed",
    "copied",
    "503",
    "429",
    "hub dies before",
    "hub dies after",
    *EXECUTOR_DEATHS,
)


class Crash(BaseException):
    """A process is gone; no BaseException is caught by the core."""


@dataclass(frozen=True)
class Operation:
    """One request as its sender saw it end. version: (revision, generation)."""

    entity: tuple[str, str]
    version: tuple[int, int]
    outcome: str
    code: str = ""
    is_repeat: bool = False


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


class Network:
    """core's Transport: plays the planned faults, one per request, then delivers; logs what the sender learns."""

    def __init__(self, deliver: Callable[[bytes, Mapping[str, str]], HttpAnswer], trap: Trap):
        self.deliver = deliver
        self.trap = trap
        self.plan: list[str] = []
        self.log: list[Operation] = []
        self.late: list[tuple[bytes, dict[str, str]]] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str], limits: Any) -> HttpAnswer:
        fault = self.plan.pop(0) if self.plan else "ok"
        try:
            answer = self._play(fault, body, dict(headers))
        except TransportError as error:
            self._note(body, FAILED if error.kind == "refused" else UNKNOWN)
            raise
        except Crash:
            self._note(body, UNKNOWN)
            raise
        self._note(body, *_seen(answer))
        return answer

    def _play(self, fault: str, body: bytes, headers: dict[str, str]) -> HttpAnswer:
        if fault == "refused":
            raise TransportError("refused", "Nobody listens.")
        if fault in ("503", "429"):
            return HttpAnswer(int(fault), {"retry-after": "7"} if fault == "429" else {}, b"<html>")
        if fault == "hub dies before":
            raise Crash
        if fault in ("delayed", "copied"):
            self.late.append((body, headers))
            # A copy is one more request whose end nobody will learn.
            self._note(body, UNKNOWN)
        if fault in ("dropped", "delayed"):
            raise TransportError("timeout", "No answer came.")
        answer = self._arrive(fault, body, headers)
        if fault.startswith("twice"):
            second = self.deliver(body, headers)
            answer = second if fault.endswith("answer") else answer
            self._note(body, UNKNOWN)
        if fault == "hub dies after":
            raise Crash
        if fault == "lost ack":
            raise TransportError("reset", "The connection broke.")
        return answer

    def _arrive(self, fault: str, body: bytes, headers: dict[str, str]) -> HttpAnswer:
        self.trap.point = fault if fault in EXECUTOR_DEATHS else ""
        try:
            return self.deliver(body, headers)
        except Crash:
            raise TransportError("reset", "The executor died.") from None
        finally:
            self.trap.point = ""

    def late_arrives(self, number: int, *, stays: bool) -> None:
        """One of the late copies reaches the executor; nobody hears the answer."""
        if self.late:
            at = number % len(self.late)
            body, headers = self.late[at] if stays else self.late.pop(at)
            self.deliver(body, headers)

    def _note(self, body: bytes, outcome: str, code: str = "", is_repeat: bool = False) -> None:
        sent = json.loads(body)
        if sent["command_type"] == contract.PING:
            return
        entity = (sent["entity_type"], sent["payload"]["external_id"])
        version = (sent.get("revision", 0), sent.get("generation", 0))
        self.log.append(Operation(entity, version, outcome, code, is_repeat))


def _seen(answer: HttpAnswer) -> tuple[str, str, bool]:
    """Judged here on its own, so that the hub's reading of answers is tested too."""
    try:
        ack = json.loads(answer.body)
    except ValueError:
        return UNKNOWN, "", False
    payload = ack["ack_payload"]
    code, is_repeat = payload.get("error_code") or "", bool(payload.get("repeat"))
    if answer.status == 200 and ack["ack_status"] in ("applied", "skipped"):
        return OK, code, is_repeat
    return UNKNOWN if code in _OF_A_COPY else FAILED, code, is_repeat


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
        self.host = host_of(self.rows, self.network, clock=self.clock, random=chance.random)
        self.store = paired(self.rows, "http://erp.test")

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

    def dispatch(self, faults: list[str] | None = None, limit: int = 100) -> DispatchReport | None:
        self.network.plan = list(faults or ())
        try:
            return dispatch_instance(self.host, INSTANCE, limit)
        except Crash:
            return None
        finally:
            self.network.plan = []

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
