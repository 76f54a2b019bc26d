"""Does the time of an answer tell whether an instance is known? Unknown instance and wrong signature, in turn."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Iterator
from statistics import median

from chaos.bench import CLIENT, HUB, Bench, BenchError, OnSite, the_bench
from chaos.ground import Section
from chaos.wire import Line
from salla_manager import contract

PAIRS = 2000
SIZES = {"1 kB": 1000, "256 kB": contract.MAX_BODY - 16}
MOST_APART_MS, MOST_APART_PERCENT = 0.3, 5.0
WARM_UP = 50
UNKNOWN, WRONG = "unknown instance", "wrong signature"


def bench_timing(seed: int, pairs: int | None = None) -> Section:
    """CHAOS_TIMING_PAIRS shortens it for trying."""
    section = Section("bench-timing")
    pairs = pairs or int(os.environ.get("CHAOS_TIMING_PAIRS") or PAIRS)
    began = time.monotonic()
    bench, chance = the_bench(), random.Random(seed)
    known = _instance(bench)
    port = int(bench.config()["webserver_port"])
    section.figures["pairs each"] = pairs
    for site, path in ((CLIENT, contract.DISPATCH_PATH), (HUB, contract.PULL_PATH)):
        line = Line(port, site)
        for label, size in SIZES.items():
            times = measure(line, path, size, known, pairs, chance)
            judge(section, f"{path.rsplit('.', 1)[-1]} on {site}, {label}", times)
        line.close()
    section.figures["seconds"] = round(time.monotonic() - began, 1)
    return section


def _instance(bench: Bench) -> str:
    """What both sites know."""
    with OnSite(bench, CLIENT, "chaos.bench_client") as client:
        found = client.ask("identity")
    if not (found["instance"] and found["secret"]):
        raise BenchError("the executor is not paired; run `python3 scripts/bench/pair.py`")
    return found["instance"]


def measure(
    line: Line, path: str, size: int, known: str, pairs: int, chance: random.Random
) -> dict[str, list[float]]:
    """Seconds by kind. Raises BenchError where an answer is not the refusal."""
    body = b'{"pad":"' + b"x" * (size - 10) + b'"}'
    times: dict[str, list[float]] = {UNKNOWN: [], WRONG: []}
    for number in range(WARM_UP + pairs):
        for kind in _in_turn(chance):
            reply = line.post(path, body, forged(known if kind == WRONG else _stranger(known)))
            if reply.status != 401:
                raise BenchError(f"{path} answered {reply.status} to an {kind}: {reply.body[:200]!r}")
            if number >= WARM_UP:
                times[kind].append(reply.seconds)
    return times


def _in_turn(chance: random.Random) -> Iterator[str]:
    """Either may come first, so that what the one leaves behind does not always meet the other."""
    kinds = [UNKNOWN, WRONG]
    chance.shuffle(kinds)
    yield from kinds


def _stranger(known: str) -> str:
    """As long as the known one."""
    return "X" * len(known)


def forged(instance: str) -> dict[str, str]:
    return {
        contract.HEADER_INSTANCE: instance,
        contract.HEADER_TIMESTAMP: str(int(time.time())),
        contract.HEADER_NONCE: contract.new_nonce(),
        contract.HEADER_SIGNATURE: secrets.token_hex(32),
        contract.HEADER_KEY: contract.new_nonce(),
    }


def judge(section: Section, what: str, times: dict[str, list[float]]) -> None:
    unknown, wrong = (1000 * median(times[kind]) for kind in (UNKNOWN, WRONG))
    apart = abs(unknown - wrong)
    percent = 100 * apart / max(unknown, wrong)
    said = f"{unknown:.3f} and {wrong:.3f} ms, {apart:.3f} ms or {percent:.1f} % apart"
    section.figures[what] = said
    if apart >= MOST_APART_MS or percent > MOST_APART_PERCENT:
        section.violations.append(f"{section.name}: {what}: medians of {UNKNOWN} and {WRONG}: {said}")
