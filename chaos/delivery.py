"""Four dispatchers on one hub database, one of them killed every two seconds: each command takes effect once."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta, timezone
from multiprocessing.process import BaseProcess
from pathlib import Path

from chaos import children
from chaos.ground import (
    SETTINGS,
    SWEEP_SECONDS,
    Section,
    brand,
    count,
    doubled_effects,
    host_of,
    paired,
    scratch,
)
from salla_manager.core.outbox import absorb
from sandbox.hub_rows import as_text
from sandbox.hub_store import SqliteHubStore

COMMANDS, WORKERS = 4000, 4
KILL_SECONDS, LIMIT_SECONDS = 2.0, 180.0
OPEN = "SELECT COUNT(*) FROM command WHERE status IN ('Queued', 'Sending', 'Waiting', 'Held')"


def delivery(seed: int, commands: int = COMMANDS) -> Section:
    section = Section("delivery")
    with scratch() as folder, children.ExecutorProcess(folder / "executor.db") as executor:
        hub = SqliteHubStore(str(folder / "hub.db"), SETTINGS)
        host, store = host_of(hub), paired(hub, executor.url)
        for number in range(commands):
            absorb(brand(f"{number:05d}"), store, host)
        fleet = _Fleet(folder / "hub.db", random.Random(seed))
        began = time.monotonic()
        try:
            late = _drain(hub, folder / "hub.db", fleet, began)
        finally:
            fleet.stop()
        seconds = time.monotonic() - began
        section.figures |= {"commands": commands, "workers": WORKERS, "kills": fleet.kills}
        _compare(section, folder, commands)
        section.expect("leases past their end by more than 2 sweeps", late, 0)
        section.figures |= {"seconds": round(seconds, 1), "commands per second": round(commands / seconds)}
        hub.close()
    return section


class _Fleet:
    def __init__(self, path: Path, chance: random.Random):
        self.path = path
        self.chance = chance
        self.kills = 0
        self.workers = [self._start() for _ in range(WORKERS)]

    def replace_one(self) -> None:
        number = self.chance.randrange(WORKERS)
        self.workers[number].kill()
        self.workers[number].join()
        self.kills += 1
        self.workers[number] = self._start()

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.join()

    def _start(self) -> BaseProcess:
        return children.start(children.dispatch_for_ever, self.path)


def _drain(hub: SqliteHubStore, path: Path, fleet: _Fleet, began: float) -> int:
    """Kill, replace and sweep until nothing is open; how many leases outlived their end by two sweeps."""
    next_kill, late = began + KILL_SECONDS, 0
    while count(path, OPEN) and time.monotonic() - began < LIMIT_SECONDS:
        time.sleep(SWEEP_SECONDS / 4)
        now = datetime.now(timezone.utc)
        overdue = as_text(now - timedelta(seconds=2 * SWEEP_SECONDS))
        late += count(
            path, "SELECT COUNT(*) FROM command WHERE status = 'Sending' AND lease_until < ?", overdue
        )
        with hub.transaction():
            hub.free_expired_leases(now)
        if time.monotonic() >= next_kill:
            fleet.replace_one()
            next_kill += KILL_SECONDS
    return late


def _compare(section: Section, folder: Path, commands: int) -> None:
    hub, executor = folder / "hub.db", folder / "executor.db"
    section.figures["attempts recorded"] = count(hub, "SELECT COUNT(*) FROM attempt")
    repeats = "SELECT COUNT(*) FROM ack WHERE payload LIKE '%\"repeat\": true%'"
    section.figures["sent again, answered from the inbox"] = count(hub, repeats)
    done = "SELECT COUNT(*) FROM command WHERE status = 'Done'"
    section.expect("done in the hub", count(hub, done), commands)
    section.expect("documents", count(executor, "SELECT COUNT(*) FROM documents"), commands)
    section.expect("documents written", count(executor, "SELECT COUNT(*) FROM writes"), commands)
    section.expect("references", count(executor, "SELECT COUNT(*) FROM refs"), commands)
    section.expect("doubled", doubled_effects(executor), 0)
    section.expect("stuck", count(hub, OPEN), 0)
