"""Five minutes of load at the rate that saturates the bench: commands to the executor, a shop's webhooks to the hub.

Whatever is no verdict is an error, but for the answers that put a command off because of a lock; those are counted.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

from chaos.bench import CLIENT, HUB, Bench, BenchError, OnSite, the_bench
from chaos.bench_names import run_mark
from chaos.command_traffic import CommandClient, Sent, Shared
from chaos.ground import Section, until
from chaos.processes import growth, memory
from chaos.shop_traffic import ShopTraffic
from chaos.tally import CHILDREN, unsent
from chaos.wire import Meter

SECONDS, WARM_UP = 300, 30
# More than the web server's threads, so that there always is a request that waits.
CLIENTS, WEBHOOK_PAUSE = 10, 0.5
MOST_GROWTH_MIB, DRAIN_SECONDS = 50, 600
SAMPLE_SECONDS = 10
DOCTYPES = {"new item": "Item", "customer": "Customer", "order of 3 lines": "Sales Order"}


def bench_load(seed: int, seconds: int | None = None) -> Section:
    """CHAOS_LOAD_SECONDS shortens it for trying."""
    section = Section("bench-load")
    seconds = seconds or int(os.environ.get("CHAOS_LOAD_SECONDS") or SECONDS)
    bench, mark = the_bench(), run_mark()
    with ExitStack() as stack:
        hub = stack.enter_context(OnSite(bench, HUB, "chaos.bench_hub"))
        client = stack.enter_context(OnSite(bench, CLIENT, "chaos.bench_client"))
        load = _Load(bench, hub, client, mark, seed)
        stack.callback(load.sweep)
        load.run(section, seconds)
        load.drain(section)
        load.compare(section)
    return section


class _Load:
    def __init__(self, bench: Bench, hub: OnSite, client: OnSite, mark: str, seed: int):
        self.bench, self.hub, self.client, self.mark = bench, hub, client, mark
        identity = client.ask("identity")
        if not identity["secret"]:
            raise BenchError("the executor is not paired; run `python3 scripts/bench/pair.py`")
        self.meter = Meter()
        port = int(bench.config()["webserver_port"])
        self.shop = ShopTraffic(port, mark, self.meter, WEBHOOK_PAUSE)
        api_url = self.shop.salla.api_url
        self.store = hub.ask("make", mark=mark, api_url=api_url, instance=identity["instance"])["store"]
        self.before = {site: one.ask("health") for site, one in ((HUB, hub), (CLIENT, client))}
        shared = Shared(port, mark, identity["instance"], identity["secret"], self.meter)
        self.shared = shared
        self.clients = [CommandClient(shared, number, seed) for number in range(CLIENTS)]
        self.depth: list[int] = []

    def run(self, section: Section, seconds: int) -> None:
        began = time.monotonic()
        for one in (self.shop, *self.clients):
            one.start()
        warm_up = min(WARM_UP, seconds / 5)
        start = self._sampled_until(began + warm_up)
        middle = self._sampled_until(began + (warm_up + seconds) / 2)
        end = self._sampled_until(began + seconds)
        self.shared.is_over.set()
        self.shop.stop()
        for one in self.clients:
            one.join(120)
        lasted = time.monotonic() - began
        section.figures |= {
            "seconds of load": round(lasted, 1),
            "clients": f"{CLIENTS} of commands, 1 of webhooks",
        }
        section.figures["requests served"] = f"{self.meter.total}, {self.meter.total / lasted:.1f}/s"
        section.figures |= self.meter.figures(lasted)
        for what, count in sorted(self.meter.put_off.items()):
            section.figures[what] = count
        section.violations += [
            f"bench-load: {what}: {count}" for what, count in sorted(self.meter.errors.items())
        ]
        section.expect("5xx, broken connections and other errors", sum(self.meter.errors.values()), 0)
        self._memory(section, start, middle, end)

    def _sampled_until(self, moment: float) -> dict[str, float]:
        """Notes the queue's depth meanwhile; gives the memory at the end."""
        while (left := moment - time.monotonic()) > 0:
            time.sleep(min(left, SAMPLE_SECONDS))
            self.depth.append(self._queued())
        return memory(self.bench)

    def _queued(self) -> int:
        left = self.hub.ask("queue", store=self.store)
        return sum(left.values()) - left["jobs"]

    def _memory(
        self, section: Section, start: dict[str, float], middle: dict[str, float], end: dict[str, float]
    ) -> None:
        for name, value in start.items():
            later = [f"{one[name]:.0f}" if name in one else "gone" for one in (middle, end)]
            section.figures[f"MiB of {name}: start, middle, end"] = ", ".join([f"{value:.0f}", *later])
        grown = growth(start, end)
        section.expect("processes that were replaced", len(start) - len(grown), 0)
        most = max(grown.values(), default=0.0)
        section.figures["largest growth in MiB"] = most
        if most > MOST_GROWTH_MIB:
            section.violations.append(f"bench-load: a process grew by {most} MiB, at most {MOST_GROWTH_MIB}")

    def drain(self, section: Section) -> None:
        began = time.monotonic()
        is_empty = until(lambda: not self._queued(), DRAIN_SECONDS, 0.5)
        section.figures["queue: depth over time"] = " ".join(map(str, self.depth))
        section.figures["queue: seconds until it was empty"] = round(time.monotonic() - began, 1)
        section.expect("queue: left", 0 if is_empty else self._queued(), 0)
        section.violations += [f"bench-load: left: {said}" for said in self.hub.ask("left", store=self.store)]
        self._connections(section)
        for site, one in ((HUB, self.hub), (CLIENT, self.client)):
            errors = one.ask("health")["errors"] - self.before[site]["errors"]
            section.expect(f"Error Log rows on {site}", errors, 0)
            if errors:
                said = "; ".join(one.ask("last_errors", limit=min(errors, 5)))
                section.violations.append(f"bench-load: the last of them on {site}: {said}")

    def _connections(self, section: Section) -> None:
        """Jobs of the site's own come and go; what stays is what counts."""
        before = self.before[HUB]["connections"]
        until(lambda: self.hub.ask("health")["connections"] <= before, 30, 0.5)
        after = self.hub.ask("health")["connections"]
        section.figures["database connections before, after"] = f"{before}, {after}"
        if after > before:
            section.violations.append(f"bench-load: {after - before} database connections were left open")

    def compare(self, section: Section) -> None:
        """Documents against the distinct keys that were applied, and what the inbox kept of them."""
        applied = [sent for one in self.clients for sent in one.applied]
        stores = [self.store, self.mark]
        documents = self.client.ask("documents", mark=self.mark, stores=stores)
        sent = [*map(_document, (one for one in applied if one.kind in DOCTYPES)), *self.shop.sent]
        section.figures["documents"] = len(documents)
        section.expect("documents less what was asked for", len(documents) - len(set(sent)), 0)
        extra = unsent(documents, sent)
        section.expect("documents that nobody asked for", len(extra), 0)
        section.violations += [f"bench-load: nobody asked for {name}" for name in extra[:5]]
        short = sum(number != CHILDREN.get(doctype, 0) for doctype, _, number in documents)
        section.expect("documents with too few or too many lines or prices", short, 0)
        kept = self.client.ask("inbox", store=self.mark)
        section.figures["distinct keys applied"] = len({one.key for one in applied})
        section.expect("answers kept less keys applied", sum(kept.values()) - len(applied), 0)
        section.expect("rows without their parent", self.client.ask("strays", mark=self.mark), 0)
        statuses = [row[2] for row in self.hub.ask("commands", store=self.store)]
        section.figures["webhooks taken"] = len(self.shop.sent)
        section.expect("commands of webhooks that are not done", len(statuses) - statuses.count("Done"), 0)

    def sweep(self) -> None:
        self.shared.is_over.set()
        self.shop.stop()
        self.shop.close()
        self.hub.ask("sweep", mark=self.mark)
        self.client.ask("sweep", mark=self.mark, stores=[self.store, self.mark])


def _document(sent: Sent) -> tuple[str, str]:
    doctype = DOCTYPES[sent.kind]
    return doctype, f"Sara Ali {sent.entity}" if doctype == "Customer" else sent.entity
