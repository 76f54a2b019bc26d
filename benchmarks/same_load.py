"""Answers of several kinds under one load: every client asks for each kind in turn, on a connection of its own."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from load import LoadError, Maker, Request
from measure import Times, progress

TURNS = 15


def same_load(
    label: str, url: str, kinds: Mapping[str, Maker], clients: int, rounds: int, settle: Callable[[], Any]
) -> Times:
    """Mean seconds to the answer of each kind, round by round; what one kind sets going in the background slows all
    of them. `settle` runs between rounds. Raises LoadError."""
    times: Times = {name: [] for name in kinds}
    for number in range(rounds):
        progress(f"{label}: round {number + 1} of {rounds}")
        for name, seconds in _round(url, kinds, clients, number).items():
            times[name].append(statistics.mean(seconds))
        settle()
    return times


def _round(url: str, kinds: Mapping[str, Maker], clients: int, shift: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in kinds}
    problems: list[Exception] = []
    start = threading.Barrier(clients)
    # Made before the clock runs.
    asked = [[{name: make() for name, make in kinds.items()} for _ in range(TURNS)] for _ in range(clients)]

    def client(turns: list[dict[str, Request]]) -> None:
        target = urlsplit(url)
        lines = {
            name: http.client.HTTPConnection(target.hostname or "", target.port or 80, timeout=60)
            for name in kinds
        }
        start.wait()
        try:
            for number, turn in enumerate(turns):
                names = list(turn)
                first = (number + shift) % len(names)
                for name in names[first:] + names[:first]:
                    found[name].append(_answered(lines[name], turn[name]))
        except (OSError, http.client.HTTPException, LoadError) as error:
            problems.append(error)
        finally:
            for line in lines.values():
                line.close()

    threads = [threading.Thread(target=client, args=(turns,)) for turns in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise LoadError(f"{url}: {problems[0]!r}")
    return found


def _answered(line: http.client.HTTPConnection, request: Request) -> float:
    if line.sock is None:
        line.connect()
    began = time.perf_counter()
    line.request(request.method, request.path, request.body or None, request.headers)
    response = line.getresponse()
    content = response.read()
    seconds = time.perf_counter() - began
    if response.status != 200:
        raise LoadError(f"{request.path} answered {response.status}: {content[:200]!r}")
    return seconds
