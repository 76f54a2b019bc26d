"""HTTP load: blocks of equal requests, several kinds interleaved. Standard library only.

What is answered `come again` is sent again after the time that the answer names, as the hub does, while the client
goes on with its others. Each try counts, the waiting does not: it is nobody's work.
"""

from __future__ import annotations

import heapq
import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from measure import Times, progress

# Blocks of one client are as many requests as those of several, per client.
REQUESTS_PER_CLIENT = 10
# Ours say 409 or 503 for a lock that others hold; Frappe says 508 for a deadlock, and no time.
COME_AGAIN = (409, 503, 508)
MOST_TRIES = 5
DEFAULT_WAIT = 1.0


@dataclass(frozen=True)
class Request:
    """again: the same request anew, where it may be sent again."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    again: Callable[[], Request] | None = None


Maker = Callable[[], Request]


class LoadError(Exception):
    """An answer that was not 200: the figures would mean nothing."""


def interleaved_blocks(
    label: str,
    url: str,
    kinds: Mapping[str, Maker],
    clients: int,
    rounds: int,
    settle: Callable[[], Any],
    per_client: int = REQUESTS_PER_CLIENT,
    sent_again: Counter[str] | None = None,
    keep_alive: bool = True,
) -> Times:
    """Seconds per request and client slot of each block; `settle` runs between blocks, off the clock.

    sent_again is filled with how many requests of a kind were sent again. Without keep_alive each request has a
    connection of its own: a worker of the web server that took more than its share of connections would be slow with
    all of a block. Raises LoadError.
    """
    times: Times = {name: [] for name in kinds}
    names = list(kinds)
    for number in range(rounds):
        progress(f"{label}: round {number + 1} of {rounds}")
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            block = _lasting_block(url, kinds[name], clients * per_client, clients, keep_alive)
            times[name].append(block.seconds / (clients * per_client))
            if sent_again is not None:
                sent_again[name] += block.sent_again
            settle()
    return times


class Block:
    """Requests that several clients send at once, each its share one after the other."""

    def __init__(self, url: str, requests: Sequence[Request], clients: int, keep_alive: bool):
        target = urlsplit(url)
        self.keep_alive = keep_alive
        self.host, self.port = target.hostname or "", target.port or 80
        self.clients = clients
        self.shares = [requests[number::clients] for number in range(clients)]
        self.start = threading.Barrier(clients)
        self.busy = 0.0
        self.sent_again = 0
        self.problems: list[Exception] = []
        self._lock = threading.Lock()

    @property
    def seconds(self) -> float:
        """As if all clients had been busy from the first request to the last answer."""
        return self.busy / self.clients

    def run(self) -> Block:
        threads = [threading.Thread(target=self._client, args=(share,)) for share in self.shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.problems:
            raise self.problems[0]
        return self

    def _client(self, requests: Sequence[Request]) -> None:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            try:
                connection.connect()
            finally:
                # Also without a connection, or the others would wait for ever.
                self.start.wait()
            self._send_all(connection, requests)
        except (OSError, http.client.HTTPException, LoadError) as error:
            self.problems.append(error)
        finally:
            connection.close()

    def _send_all(self, connection: http.client.HTTPConnection, requests: Sequence[Request]) -> None:
        numbers = itertools.count()
        # When it is due, order of arrival, tries so far, request.
        queue = [(0.0, next(numbers), 1, request) for request in requests]
        while queue:
            due, _number, tries, request = heapq.heappop(queue)
            time.sleep(max(0.0, due - time.monotonic()))
            wait = self._send(connection, request, tries)
            if wait is not None and request.again:
                heapq.heappush(queue, (time.monotonic() + wait, next(numbers), tries + 1, request.again()))

    def _send(self, connection: http.client.HTTPConnection, request: Request, tries: int) -> float | None:
        """None, or the seconds after which it has to be sent again."""
        began = time.perf_counter()
        connection.request(request.method, request.path, request.body or None, request.headers)
        response = connection.getresponse()
        content = response.read()
        with self._lock:
            self.busy += time.perf_counter() - began
        if not self.keep_alive:
            # The next request opens it again.
            connection.close()
        if response.status == 200:
            return None
        if response.status not in COME_AGAIN or not request.again or tries >= MOST_TRIES:
            raise LoadError(f"{request.path} answered {response.status}: {content[:300]!r}")
        with self._lock:
            self.sent_again += 1
        return float(response.headers.get("Retry-After") or DEFAULT_WAIT)


def _lasting_block(url: str, make: Maker, total: int, clients: int, keep_alive: bool) -> Block:
    """A block; one that a restart of the web server cut off is done again."""
    for pause in (5.0, 5.0, 0.0):
        try:
            return Block(url, [make() for _ in range(total)], clients, keep_alive).run()
        except (OSError, http.client.HTTPException) as error:
            lost = error
            time.sleep(pause)
    raise LoadError(f"{url} does not answer: {lost!r}; see `python3 scripts/bench/services.py status`")
