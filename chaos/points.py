"""Where a process dies: core's ports wrapped here, so that the core itself knows nothing of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from salla_executor.contract import Command
from salla_executor.core.model import Claim, Saved, Settings
from salla_manager.core.model import OutboundCommand
from salla_manager.core.transport import HttpAnswer, HttpTransport
from sandbox.executor import EmbeddedExecutor
from sandbox.executor_erp import SqliteErp
from sandbox.executor_store import SqliteReceiver, Store
from sandbox.hub_store import SqliteHubStore

VARIABLE = "CHAOS_POINT"
HUB_POINTS = (
    "hub: inserted, not committed",
    "hub: committed, nobody woken",
    "hub: lease committed",
    "hub: connected",
    "hub: body sent",
    "hub: ack read, not committed",
    "hub: outcome committed",
)
EXECUTOR_POINTS = (
    "executor: verified",
    "executor: nonce stored",
    "executor: inbox inserted",
    "executor: amid documents",
    "executor: before commit",
    "executor: committed, not answered",
    "executor: amid the answer",
)


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Trap:
    """Dies at one named point, at no other; `die` may raise instead where both ends live in one process.

    external_id: over this entity only, where others may come by too.
    """

    def __init__(self, point: str = "", die: Callable[[], None] = kill_self, external_id: str = ""):
        self.point = point
        self.die = die
        self.external_id = external_id

    @classmethod
    def of_environment(cls) -> Trap:
        return cls(os.environ.get(VARIABLE, ""))

    def at(self, point: str, about: str = "") -> None:
        """about: a text that names the entity, such as the request's body."""
        if point == self.point and self.external_id in about:
            self.die()


class MortalRows:
    """Dies around the transactions of enqueuing, leasing and recording; before a hub's store."""

    trap = Trap()
    _after_commit = ""
    _about = ""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._after_commit = ""
        with super().transaction():
            yield
        self.trap.at(self._after_commit or "-", self._about)

    def add_command(self, command: OutboundCommand) -> str:
        name = super().add_command(command)
        self.trap.at("hub: inserted, not committed", command.external_id)
        return name

    def lease_due_commands(self, *args: Any) -> list[OutboundCommand]:
        commands = super().lease_due_commands(*args)
        self._after_commit = "hub: lease committed" if commands else ""
        self._about = " ".join(command.external_id for command in commands)
        return commands

    def record_outcome(self, command: OutboundCommand, *args: Any) -> bool:
        is_kept = super().record_outcome(command, *args)
        self.trap.at("hub: ack read, not committed", command.external_id)
        self._after_commit, self._about = "hub: outcome committed", command.external_id
        return is_kept


class MortalHubStore(MortalRows, SqliteHubStore):
    def watch(self) -> None:
        """Have the database note each change of a command's status, whoever makes it."""
        self._connection.executescript(
            "create table if not exists moves (command text, old text, new text);"
            " create trigger if not exists on_move after update of status on command when old.status <> new.status"
            " begin insert into moves values (old.name, old.status, new.status); end;"
        )

    def moves(self) -> list[tuple[str, str, str]]:
        """(command, status before, status after) of each change."""
        return [tuple(row) for row in self._run("select command, old, new from moves order by rowid")]


class MortalJobs:
    """Dies between the commit and the waking of a worker."""

    def __init__(self, trap: Trap):
        self.trap = trap

    def process_events(self) -> None:
        pass

    def dispatch(self, erp_instance: str) -> None:
        # Only the one that was made just now wakes anybody.
        self.trap.at("hub: committed, nobody woken", self.trap.external_id)


class MortalTransport(HttpTransport):
    def __init__(self, trap: Trap):
        super().__init__()
        self.trap = trap
        self._about = ""

    def post(self, url: str, body: bytes, *args: Any) -> HttpAnswer:
        self._about = body.decode()
        return super().post(url, body, *args)

    def _connection(self, *args: Any) -> Any:
        connection = super()._connection(*args)
        self.trap.at("hub: connected", self._about)
        read_answer = connection.getresponse

        def after_body() -> Any:
            self.trap.at("hub: body sent", self._about)
            return read_answer()

        connection.getresponse = after_body
        return connection


class MortalSteps:
    """Dies between the steps of one request; before an executor's receiver."""

    trap = Trap()

    def remember_nonce(self, nonce: str, expires_at: int) -> bool:
        self.trap.at("executor: verified")
        is_new = super().remember_nonce(nonce, expires_at)
        self.trap.at("executor: nonce stored")
        return is_new

    def claim(self, command: Command, body_hash: str) -> Claim:
        claim = super().claim(command, body_hash)
        self.trap.at("executor: inbox inserted")
        return claim

    def commit(self) -> None:
        self.trap.at("executor: before commit")
        super().commit()
        self.trap.at("executor: committed, not answered")


class MortalReceiver(MortalSteps, SqliteReceiver):
    def __init__(self, store: MortalStore):
        super().__init__(store)
        self.trap = store.trap
        self.erp = MortalErp(self.connection, store.settings, self.trap)


class MortalErp(SqliteErp):
    def __init__(self, connection: Any, settings: Settings, trap: Trap):
        super().__init__(connection, settings)
        self.trap = trap

    def _save(self, *args: Any) -> Saved:
        saved = super()._save(*args)
        self.trap.at("executor: amid documents")
        return saved


class MortalStore(Store):
    trap = Trap()

    @contextmanager
    def receiver(self) -> Iterator[SqliteReceiver]:
        receiver = MortalReceiver(self)
        try:
            yield receiver
        finally:
            receiver.close()


class MortalExecutor(EmbeddedExecutor):
    """Dies in `receive`, or with half of the answer on the wire."""

    def __init__(self, path: Path, instance_id: str, secret: str, port: int, trap: Trap):
        super().__init__(path, instance_id, secret, port)
        self.store = MortalStore(self.store.path, self.store.settings)
        self.store.trap = self.trap = trap

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        yield from in_halves(b"".join(super().__call__(environ, start_response)), self.trap)


def in_halves(body: bytes, trap: Trap) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    trap.at("executor: amid the answer")
    yield body[len(body) // 2 :]
