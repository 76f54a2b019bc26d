"""Plain HTTP to the bench's web server over kept connections, and what came of it, by kind."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from chaos.tally import percentile

# gunicorn closes a connection that was idle for 2 s; to meet just that moment would be no fault of its.
IDLE_SECONDS = 1.0
TIMEOUT = 60.0


@dataclass(frozen=True)
class Reply:
    """status 0: no answer came, body says why. seconds: from the first byte sent to the last one read."""

    status: int
    body: bytes
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)


class Line:
    """One client's connection to one site of the bench."""

    def __init__(self, port: int, host: str):
        self.port, self.host = port, host
        self._connection: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        connection = self._open()
        names = {"Host": f"{self.host}:{self.port}", "Content-Type": "application/json", **headers}
        began = time.perf_counter()
        try:
            connection.request("POST", path, body, names)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Reply(0, type(error).__name__.encode(), time.perf_counter() - began)
        self._used_at = time.monotonic()
        seconds = time.perf_counter() - began
        return Reply(
            answer.status, content, seconds, {name.lower(): value for name, value in answer.getheaders()}
        )

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            self.close()
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
            self._used_at = time.monotonic()
        return self._connection


class Meter:
    """Shared between threads. What came back: an outcome per request, seconds of those that were served."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self.put_off: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    def served(self, kind: str, seconds: float) -> None:
        with self._lock:
            self._seconds[kind].append(seconds)

    def postponed(self, what: str) -> None:
        with self._lock:
            self.put_off[what] += 1

    def failed(self, what: str) -> None:
        with self._lock:
            self.errors[what] += 1

    @property
    def total(self) -> int:
        return sum(map(len, self._seconds.values()))

    def figures(self, seconds: float) -> dict[str, str]:
        """A line per kind: number, rate, p50 and p95 in milliseconds."""
        return {kind: _line(values, seconds) for kind, values in sorted(self._seconds.items())}


def _line(values: list[float], seconds: float) -> str:
    p50, p95 = (1000 * percentile(values, percent) for percent in (50, 95))
    return f"{len(values)}, {len(values) / seconds:.1f}/s, p50 {p50:.0f} ms, p95 {p95:.0f} ms"
