"""HTTP load with keep-alive connections: blocks of equal requests, several kinds interleaved. Standard library only."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from measure import Times, progress

# Blocks of one client are as many requests as those of several, per client.
REQUESTS_PER_CLIENT = 10


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Maker = Callable[[], Request]


class LoadError(Exception):
    """An answer that was not 200: the figures would mean nothing."""


def interleaved_blocks(
    label: str, url: str, kinds: Mapping[str, Maker], clients: int, rounds: int, settle: Callable[[], Any]
) -> Times:
    """Seconds per request and client slot of each block; `settle` runs between blocks, off the clock."""
    times: Times = {name: [] for name in kinds}
    names = list(kinds)
    for number in range(rounds):
        progress(f"{label}: round {number + 1} of {rounds}")
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            total = clients * REQUESTS_PER_CLIENT
            times[name].append(_lasting_block(url, kinds[name], total, clients) / total)
            settle()
    return times


def _lasting_block(url: str, make: Maker, total: int, clients: int) -> float:
    """Seconds of a block; one that a restart of the web server cut off is done again."""
    for pause in (5.0, 5.0, 0.0):
        try:
            return _block(url, [make() for _ in range(total)], clients)
        except (OSError, http.client.HTTPException) as error:
            lost = error
            time.sleep(pause)
    raise LoadError(f"{url} does not answer: {lost!r}; see `python3 scripts/bench/services.py status`")


def _block(url: str, requests: Sequence[Request], clients: int) -> float:
    """Wall time from the first request to the last answer; connections are opened before."""
    problems: list[Exception] = []
    start = threading.Barrier(clients + 1)
    threads = [
        threading.Thread(target=_client, args=(url, requests[number::clients], start, problems))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return time.perf_counter() - began


def _client(
    url: str, requests: Sequence[Request], start: threading.Barrier, problems: list[Exception]
) -> None:
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port or 80, timeout=60)
    try:
        try:
            connection.connect()
        finally:
            # Also without a connection, or the others would wait for ever.
            start.wait()
        for request in requests:
            connection.request(request.method, request.path, request.body or None, request.headers)
            response = connection.getresponse()
            content = response.read()
            if response.status != 200:
                problems.append(LoadError(f"{request.path} answered {response.status}: {content[:200]!r}"))
                return
    except (OSError, http.client.HTTPException) as error:
        problems.append(error)
    finally:
        connection.close()
