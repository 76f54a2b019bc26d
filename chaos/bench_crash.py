"""The fourteen points of `crash` on the real bench: MariaDB, ERPNext's own documents, gunicorn, RQ and the scheduler.

Half of the kills are over products, half over orders of three lines. Workers that die are processes of this run; who
recovers is the bench's own scheduler and workers, untold.
"""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.contents import LINES, Unit, customer, order, product
from chaos.bench import (
    CLIENT,
    HUB,
    TIED,
    Bench,
    BenchError,
    OnSite,
    environment,
    services,
    the_bench,
)
from chaos.bench_names import run_mark
from chaos.crash import KILLS, REPEATED
from chaos.ground import Section, scratch, until
from chaos.outages import Outages
from chaos.points import EXECUTOR_POINTS, HUB_POINTS
from chaos.tally import Found, Strike, tally, unsent

LEASE_SECONDS, SWEEP_SECONDS = 90, 60
# A sweep of the site's own may take a command before its killer does; then another one is sent.
SPARE = 10
PHONE, DAY = "+966500000000", "2026-11-20"


def bench_crash(
    seed: int, kills: int = KILLS, points: Sequence[str] = (*HUB_POINTS, *EXECUTOR_POINTS)
) -> Section:
    section = Section("bench-crash")
    began = time.monotonic()
    bench, mark = the_bench(), run_mark()
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        hub = stack.enter_context(OnSite(bench, HUB, "chaos.bench_hub"))
        client = stack.enter_context(OnSite(bench, CLIENT, "chaos.bench_client"))
        stack.callback(_sweep, hub, client, mark)
        section.figures |= {"bench": str(bench.root), "run": mark}
        web = stack.enter_context(MortalWeb(bench, folder, hub, mark))
        outages = Outages(bench, hub, client, mark, web.instance, seed)
        stack.callback(outages.sweep)
        outages.run()
        run = _Run(hub, client, web, mark)
        run.prepare()
        for number, point in enumerate(points):
            run.strike_all(number, point, kills)
            print(f"  {point}: {sum(one.killed for one in run.strikes[point])} killed", flush=True)
        run.recover()
        run.count(section, kills)
        outages.count(section)
    section.figures["seconds"] = round(time.monotonic() - began, 1)
    return section


def _sweep(hub: OnSite, client: OnSite, mark: str) -> None:
    client.ask("sweep", mark=mark, stores=hub.ask("sweep", mark=mark))


class MortalWeb:
    """A gunicorn of its own with workers that may be armed to die, and the ERP Instance that points to it."""

    def __init__(self, bench: Bench, folder: Path, hub: OnSite, mark: str):
        self.armed = folder / "armed"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        made = hub.ask("make", mark=mark, url=f"http://{CLIENT}:{self.port}")
        self.instance, self.store = made["instance"], made["store"]
        variables = {
            "CHAOS_ARMED": self.armed,
            "CHAOS_INSTANCE": self.instance,
            "CHAOS_SECRET": made["secret"],
        }
        command = [str(bench.root / "env" / "bin" / "gunicorn"), "-b", f"127.0.0.1:{self.port}", "-w", "2"]
        self.log = (bench.logs / "chaos-web.log").open("ab")
        self.process = subprocess.Popen(
            [*TIED, *command, "-t", "120", "--preload", "chaos.bench_web:application"],
            cwd=bench.sites,
            env=environment(bench, **{name: str(value) for name, value in variables.items()}),
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> MortalWeb:
        if not until(lambda: services.port_answers(self.port), 60, 0.2):
            self.__exit__()
            raise BenchError(
                "the section's own web server did not start; read logs/chaos-web.log of the bench"
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)
        self.log.close()

    def arm(self, point: str, external_id: str) -> None:
        aside = self.armed.with_suffix(".new")
        aside.write_text(json.dumps({"point": point, "external_id": external_id}))
        aside.replace(self.armed)

    def disarm(self) -> bool:
        """Whether a worker has met it and died."""
        has_died = until(lambda: not self.armed.exists(), 3, 0.05)
        self.armed.unlink(missing_ok=True)
        return has_died


class _Run:
    def __init__(self, hub: OnSite, client: OnSite, web: MortalWeb, mark: str):
        self.hub, self.client, self.web, self.mark = hub, client, web, mark
        self.strikes: dict[str, list[Strike]] = {}
        self.lines = [Unit(f"{mark}-line-{number}", PHONE) for number in range(LINES)]
        self.buyer = customer(Unit(f"{mark}-buyer", f"+9665{secrets.randbelow(10**8):08d}"))
        self.last_kill = 0.0

    def prepare(self) -> None:
        """What the orders stand on. Raises BenchError where it does not come to the ERP."""
        for entity_type, payload in [
            *(("product", product(unit)) for unit in self.lines),
            ("customer", self.buyer),
        ]:
            self._send(entity_type, payload, "")
        until(self._is_done, 2 * SWEEP_SECONDS, 1.0)
        wrong = [row for row in self.hub.ask("commands", store=self.web.store) if row[2] != "Done"]
        if wrong or len(self.hub.ask("acks", store=self.web.store)) != LINES + 1:
            raise BenchError(f"the orders' goods and buyer are not in the ERP: {wrong}")

    def strike_all(self, number: int, point: str, kills: int) -> None:
        strikes = self.strikes[point] = []
        for attempt in range(kills + SPARE):
            if sum(strike.killed for strike in strikes) == kills:
                break
            unit = Unit(f"{self.mark}-{number:02d}-{attempt:03d}", PHONE)
            doctype = ("Item", "Sales Order")[attempt % 2]
            payload = product(unit) if doctype == "Item" else order(unit, self.buyer, self.lines, DAY)
            strike = self._strike_hub if point in HUB_POINTS else self._strike_executor
            is_killed = strike({"Item": "product", "Sales Order": "order"}[doctype], payload, point)
            strikes.append(Strike(point, doctype, unit.mark, is_killed))
        self.last_kill = time.monotonic()

    def _strike_hub(self, entity_type: str, payload: dict[str, Any], point: str) -> bool:
        is_killed = self._send(entity_type, payload, point) == -9
        if payload["external_id"] not in self.hub.ask("records", store=self.web.store):
            # Nothing was committed, so the shop got no answer and tells it again.
            self.hub.ask("take", store=self.web.store, entity_type=entity_type, payload=payload)
        return is_killed

    def _strike_executor(self, entity_type: str, payload: dict[str, Any], point: str) -> bool:
        self.web.arm(point, payload["external_id"])
        self._send(entity_type, payload, "")
        return self.web.disarm()

    def _send(self, entity_type: str, payload: dict[str, Any], point: str) -> int | None:
        return self.hub.ask(
            "strike", store=self.web.store, entity_type=entity_type, payload=payload, point=point
        )

    def recover(self) -> None:
        """Until nothing is open, at most until the last lease has ended and two sweeps have looked."""
        ends_at = self.last_kill + LEASE_SECONDS + 2 * SWEEP_SECONDS
        print("  nobody helps: waiting for leases and sweeps", flush=True)
        until(self._is_done, ends_at - time.monotonic(), 1.0)

    def _is_done(self) -> bool:
        left = self.hub.ask("queue", store=self.web.store)
        return not (set(left) - {"events", "jobs"})

    def count(self, section: Section, kills: int) -> None:
        documents = self.client.ask("documents", mark=self.mark, stores=[self.web.store])
        commands = self.hub.ask("commands", store=self.web.store)
        acks = self.hub.ask("acks", store=self.web.store)
        total = Found()
        for point, strikes in self.strikes.items():
            found = tally(strikes, documents, commands, acks, REPEATED[point])
            total = total.plus(found)
            section.figures[point] = str(found)
            section.violations += [f"bench-crash: {point}: {text}" for text in found.problems(kills)]
        sent = [(strike.doctype, strike.external_id) for one in self.strikes.values() for strike in one]
        before = [("Item", unit.mark) for unit in self.lines] + [("Customer", self.buyer["name"])]
        section.figures["Items with their price"] = sum(row[0] == "Item" for row in documents)
        section.figures["Sales Orders with three lines"] = sum(row[0] == "Sales Order" for row in documents)
        section.expect("kills", total.killed, kills * len(self.strikes))
        section.expect("lost", total.lost, 0)
        section.expect("doubled", total.doubled + len(unsent(documents, [*sent, *before])), 0)
        section.expect("stuck beyond lease + 2 sweeps", total.stuck, 0)
        section.expect(
            "answers from the inbox that differ from what the point makes certain", total.surprises, 0
        )
        section.expect("rows without their parent", self.client.ask("strays", mark=self.mark), 0)
