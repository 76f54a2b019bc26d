"""SIGKILL at each named point of the hub's worker and of the executor, then recovery by nobody, then counting."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from chaos import children
from chaos.ground import (
    INSTANCE,
    LEASE_SECONDS,
    SETTINGS,
    SWEEP_SECONDS,
    Section,
    ask,
    count,
    doubled_effects,
    host_of,
    paired,
    product,
    scratch,
    until,
)
from chaos.points import EXECUTOR_POINTS, HUB_POINTS
from chaos.tally import Found
from salla_manager.core.dispatch import dispatch_to
from salla_manager.core.host import Host
from salla_manager.core.model import Store
from salla_manager.core.outbox import absorb
from sandbox.hub_store import SqliteHubStore

KILLS = 20
OPEN = "SELECT COUNT(*) FROM command WHERE status IN ('Queued', 'Sending', 'Waiting', 'Held')"
# What the inbox says to the try after the crash: did the one before have its effect?
REPEATED = {
    **dict.fromkeys(HUB_POINTS, False),
    **dict.fromkeys(EXECUTOR_POINTS, False),
    "hub: body sent": True,
    "hub: ack read, not committed": True,
    "executor: committed, not answered": True,
    "executor: amid the answer": True,
}


def crash(seed: int, kills: int = KILLS, points: Sequence[str] = (*HUB_POINTS, *EXECUTOR_POINTS)) -> Section:
    """The points are fixed, so the seed changes nothing here."""
    section = Section("crash")
    began = time.monotonic()
    with scratch() as folder:
        sites = [_Site(folder, number, point) for number, point in enumerate(points)]
        try:
            for site in sites:
                site.kill(kills)
            # The leases run out meanwhile, so one wait serves all points.
            for site in sites:
                site.recover()
            killed, found = 0, Found()
            for site in sites:
                one = site.found(kills)
                killed += one.killed
                found = found.plus(one)
                section.figures[site.point] = str(one)
                section.violations += [f"crash: {site.point}: {text}" for text in one.problems(kills)]
        finally:
            for site in sites:
                site.close()
    section.expect("kills", killed, kills * len(sites))
    section.expect("lost", found.lost, 0)
    section.expect("doubled", found.doubled, 0)
    section.expect("stuck beyond lease + 2 sweeps", found.stuck, 0)
    section.figures["seconds"] = round(time.monotonic() - began, 1)
    return section


class _Site:
    """A hub and an executor of their own for one point, one new product per kill."""

    def __init__(self, folder: Path, number: int, point: str):
        self.point = point
        self.hub_path, self.executor_path = folder / f"hub-{number}.db", folder / f"executor-{number}.db"
        self.rows = SqliteHubStore(str(self.hub_path), SETTINGS)
        self.host: Host = host_of(self.rows)
        self.executor = children.ExecutorProcess(self.executor_path)
        self.store: Store | None = None
        self.killed = 0
        self.killed_at = 0.0

    def kill(self, kills: int) -> None:
        self.executor.start()
        self.store = paired(self.rows, self.executor.url)
        strike = self._strike_hub if self.point in HUB_POINTS else self._strike_executor
        for number in range(kills):
            self.killed += strike(f"{number:03d}")
        self.killed_at = time.monotonic()

    def _strike_hub(self, external_id: str) -> bool:
        worker = children.start(children.absorb_and_dispatch, self.hub_path, external_id, point=self.point)
        worker.join(30)
        is_killed = worker.exitcode == -9
        if not count(self.hub_path, "SELECT COUNT(*) FROM record WHERE external_id = ?", external_id):
            # Nothing was committed, so the shop got no answer and tells it again.
            self._absorb(external_id)
        return is_killed

    def _strike_executor(self, external_id: str) -> bool:
        self.executor.kill()
        self.executor.start(self.point)
        self._absorb(external_id)
        dispatch_to(self.host, INSTANCE, 1)
        is_killed = self.executor.is_dead(10)
        self.executor.kill()
        self.executor.start()
        until(self._is_done, 10)
        return is_killed

    def _absorb(self, external_id: str) -> None:
        assert self.store is not None
        absorb(product(external_id), self.store, self.host)

    def _is_done(self) -> bool:
        """Sweep once; nobody helps otherwise."""
        dispatch_to(self.host, INSTANCE)
        return not count(self.hub_path, OPEN)

    def recover(self) -> None:
        """Until nothing is open, at most until the last lease has ended and two sweeps have looked."""
        left = max(self.killed_at + LEASE_SECONDS - time.monotonic(), 0)
        until(self._is_done, left + 2 * SWEEP_SECONDS, SWEEP_SECONDS / 4)

    def found(self, kills: int) -> Found:
        done = count(self.hub_path, "SELECT COUNT(*) FROM command WHERE status = 'Done'")
        items = count(self.executor_path, "SELECT COUNT(*) FROM documents WHERE doctype = 'Item'")
        prices = count(self.executor_path, "SELECT COUNT(*) FROM documents WHERE doctype = 'Item Price'")
        writes = count(self.executor_path, "SELECT COUNT(*) FROM writes")
        lost = kills - min(done, items, prices)
        doubled = doubled_effects(self.executor_path) + max(writes - 2 * kills, 0)
        return Found(self.killed, lost, doubled, count(self.hub_path, OPEN), self._surprises(kills))

    def _surprises(self, kills: int) -> int:
        acks = ask(self.hub_path, "SELECT payload FROM ack")
        repeats = sum(bool(json.loads(payload).get("repeat")) for (payload,) in acks)
        return abs(repeats - (kills if REPEATED[self.point] else 0)) + abs(len(acks) - kills)

    def close(self) -> None:
        self.executor.kill()
        self.rows.close()
