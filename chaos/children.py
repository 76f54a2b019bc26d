"""The processes that are killed. Forked off a server that has imported everything, so that a start costs little."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from chaos.ground import INSTANCE, SECRET, SETTINGS, host_of, product, watch
from chaos.points import VARIABLE, MortalExecutor, MortalHubStore, MortalJobs, MortalTransport, Trap
from salla_manager.core.dispatch import dispatch_to
from salla_manager.core.host import Host
from salla_manager.core.outbox import absorb, wake
from sandbox.hub_store import SqliteHubStore

# Commands of one run: short runs, so that a replaced worker finds work at once.
RUN_LIMIT = 40


def context() -> ForkServerContext:
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__])
    return server


def start(target: Any, *arguments: Any, point: str = "") -> BaseProcess:
    process = context().Process(target=_run, args=(target, point, *arguments), daemon=True)
    process.start()
    return process


def _run(target: Any, point: str, *arguments: Any) -> None:
    os.environ[VARIABLE] = point
    target(*arguments)


def dispatch_for_ever(path: Path) -> None:
    """A dispatcher as a bench runs it: its own connection, deliver what is due, look again."""
    host, parent = host_of(SqliteHubStore(str(path), SETTINGS)), os.getppid()
    while os.getppid() == parent:
        try:
            sent = dispatch_to(host, INSTANCE, RUN_LIMIT).sent
        except sqlite3.OperationalError:
            # Another one held the file for longer than SQLite waits; the next run tries again.
            sent = 0
        if not sent:
            time.sleep(0.05)


def mortal_host(path: Path) -> Host:
    trap = Trap.of_environment()
    rows = MortalHubStore(str(path), SETTINGS)
    rows.trap = trap
    return host_of(rows, MortalTransport(trap), jobs=MortalJobs(trap))


def absorb_and_dispatch(path: Path, external_id: str) -> None:
    """Take one product in, wake the worker, deliver it."""
    host = mortal_host(path)
    store = host.store.store_of_merchant("salla", "1")
    assert store is not None
    wake([absorb(product(external_id), store, host)], host)
    dispatch_to(host, INSTANCE)


def serve(path: Path, port: int, ready: Connection) -> None:
    executor = MortalExecutor(path, INSTANCE, SECRET, port, Trap.of_environment())
    watch(executor.store)
    executor.start()
    ready.send(executor.port)
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)


class ExecutorProcess:
    """An embedded executor in a process of its own, on one port through all its lives."""

    def __init__(self, path: Path):
        self.path = path
        self.port = 0
        self.process: BaseProcess | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, point: str = "") -> ExecutorProcess:
        near, far = context().Pipe(duplex=False)
        self.process = start(serve, self.path, self.port, far, point=point)
        far.close()
        if not near.poll(30):
            raise RuntimeError("the executor did not start within 30 s")
        self.port = near.recv()
        near.close()
        return self

    def is_dead(self, seconds: float = 0) -> bool:
        assert self.process is not None
        self.process.join(seconds)
        return self.process.exitcode is not None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def __enter__(self) -> ExecutorProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()
