"""SIGKILL of the bench's MariaDB and Redis while a shop's webhooks come in, restarted by scripts/bench/services.py."""

from __future__ import annotations

import os
import random
import signal
import time

from chaos.bench import Bench, BenchError, OnSite, services
from chaos.ground import Section, until
from chaos.shop_traffic import ShopTraffic
from chaos.tally import Strike, tally, unsent
from chaos.wire import Meter

ROUNDS = 3
VICTIMS = ("mariadb", "redis_queue", "redis_cache")
# A worker that dies keeps the events it took to itself for three minutes, and the sweep looks each minute.
PATIENCE_SECONDS = 300
# Of the commands: the backlog, and an instance's breaker that has to close again.
DELIVERY_SECONDS = 240


class Outages:
    """`run` first and `count` last, so that what the sections between take is time to recover in."""

    def __init__(self, bench: Bench, hub: OnSite, client: OnSite, mark: str, instance: str, seed: int):
        self.bench, self.hub, self.client = bench, hub, client
        self.chance = random.Random(seed)
        # A shop of its own, so that its documents are counted apart.
        self.mark = f"{mark[:-1]}{(int(mark[-1]) + 1) % 10}"
        self.kills = self.restarts = 0
        self.ended_at = 0.0
        port = int(bench.config()["webserver_port"])
        self.traffic = ShopTraffic(port, self.mark, Meter(), 0.2)
        api_url = self.traffic.salla.api_url
        self.store = hub.ask("make", mark=self.mark, api_url=api_url, instance=instance)["store"]

    def run(self) -> None:
        self.traffic.start()
        time.sleep(5)
        for _ in range(ROUNDS):
            for name in VICTIMS:
                self._kill(name)
        time.sleep(5)
        self.traffic.stop()
        # Workers that lost their Redis a moment later than it was looked.
        self._start()
        self.ended_at = time.monotonic()
        print(f"  {self.kills} outages, {len(self.traffic.sent)} webhooks taken", flush=True)
        # What is delivered meanwhile would stand in the way of the kills that follow.
        until(lambda: not self._open_commands(), DELIVERY_SECONDS, 1.0)

    def _kill(self, name: str) -> None:
        service = next(one for one in services.services(self.bench) if one.name == name)
        pid = services.running_pid(self.bench, service)
        if pid is None:
            raise BenchError(f"{name} was not started by scripts/bench/services.py, so it is not killed here")
        os.kill(pid, signal.SIGKILL)
        self.kills += 1
        until(lambda: services.running_pid(self.bench, service) is None, 10)
        time.sleep(self.chance.uniform(0.5, 2))
        self._start()
        time.sleep(self.chance.uniform(4, 8))

    def _start(self) -> None:
        self.restarts += len(services.start(self.bench))

    def count(self, section: Section) -> None:
        left = self.ended_at + PATIENCE_SECONDS - time.monotonic()
        until(self._is_done, left, 1.0)
        sent = self.traffic.sent
        # A document's children by kind; the shop's own names are the keys.
        strikes = [Strike("", doctype, key, killed=False) for doctype, key in sent]
        documents = self.client.ask("documents", mark=self.mark, stores=[self.store])
        by_key = {one.external_id: "Done" for one in strikes}
        found = tally(strikes, documents, [("", key, status) for key, status in by_key.items()], [], False)
        open_ = self.hub.ask("queue", store=self.store)
        statuses = [row[2] for row in self.hub.ask("commands", store=self.store)]
        section.figures |= {
            "outages: webhooks taken": len(sent),
            "outages: told again by the shop": self.traffic.told_again,
        }
        section.figures["outages: restarts of services"] = self.restarts
        section.figures["outages: commands done"] = statuses.count("Done")
        section.expect("outages: kills of MariaDB and Redis", self.kills, ROUNDS * len(VICTIMS))
        section.expect("outages: events and commands left open", sum(open_.values()) - open_["jobs"], 0)
        section.violations += [f"outages: left: {said}" for said in self.hub.ask("left", store=self.store)]
        section.expect("outages: commands dead", statuses.count("Dead"), 0)
        section.expect("outages: lost", found.lost, 0)
        section.expect("outages: doubled", found.doubled + len(unsent(documents, sent)), 0)
        section.expect("outages: rows without their parent", self.client.ask("strays", mark=self.mark), 0)

    def _open_commands(self) -> int:
        left = self.hub.ask("queue", store=self.store)
        return sum(left.values()) - left["jobs"] - left["events"]

    def _is_done(self) -> bool:
        left = self.hub.ask("queue", store=self.store)
        return sum(left.values()) == left["jobs"]

    def sweep(self) -> None:
        self.traffic.close()
        stores = self.hub.ask("sweep", mark=self.mark)
        self.client.ask("sweep", mark=self.mark, stores=stores)
