"""What goes wrong on demand, what was asked, and how fast one may ask."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Response

KINDS = ("throttle", "abuse", "error", "refuse", "slow", "drip", "html", "revoked")


@dataclass
class Fault:
    """kind: throttle (429), abuse (403 that names no scope), error (5xx), refuse (4xx with Salla's envelope), slow, drip, html (a page with 200),
    revoked (401).

    path: prefix of the paths it meets. times: how many requests it meets, None for all. seconds: of slow,
    and per piece of drip. retry_after: header of throttle, None for no headers at all.
    """

    path: str
    kind: str
    times: int | None = 1
    seconds: float = 1.0
    status: int = 500
    retry_after: int | None = None
    message: str = ""


class Faults:
    """The faults that are switched on; the first that fits a request meets it."""

    kinds: tuple[str, ...] = KINDS

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, path: str, kind: str, **options: object) -> Fault:
        if kind not in self.kinds:
            raise ValueError(f"There is no fault '{kind}'; there are {', '.join(self.kinds)}.")
        fault = Fault(path, kind, **options)  # type: ignore[arg-type]
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, path: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if path.startswith(fault.path) and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None


def faulty_response(
    fault: Fault, answer: Callable[[], Response], revoked: Callable[[], Response]
) -> Response:
    """What the client gets instead of, or around, the true answer."""
    if fault.kind == "throttle":
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        body = '{"status":429,"success":false,"error":{"code":429,"message":"Too Many Attempts."}}'
        return Response(body, 429, headers, content_type="application/json")
    if fault.kind == "abuse":
        body = '{"status":403,"success":false,"error":{"code":403,"message":"Forbidden"}}'
        return Response(body, 403, content_type="application/json")
    if fault.kind == "error":
        return Response("<h1>Server Error</h1>", fault.status, content_type="text/html")
    if fault.kind == "refuse":
        error = {"code": fault.status, "message": fault.message}
        envelope = {"status": fault.status, "success": False, "error": error}
        return Response(json.dumps(envelope), fault.status, content_type="application/json")
    if fault.kind == "html":
        return Response("<html><body>Just a moment...</body></html>", 200, content_type="text/html")
    if fault.kind == "revoked":
        return revoked()
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return answer()
    return dripping(answer(), fault.seconds)


def dripping(whole: Response, seconds: float) -> Response:
    """The same answer, piece by piece."""
    headers = {**whole.headers, "Content-Length": str(len(whole.get_data()))}
    pieces = _drip(whole.get_data(), seconds)
    return Response(pieces, whole.status_code, headers, direct_passthrough=True)


def _drip(content: bytes, seconds: float) -> Iterator[bytes]:
    for start in range(0, len(content), 16):
        time.sleep(seconds)
        yield content[start : start + 16]


# Calls a minute of each plan. ref: docs.salla.dev/421125m0
PLANS = {"plus": 120, "pro": 360, "special": 720}


class LeakyBucket:
    """ref: docs.salla.dev/421125m0. capacity requests at once, then `rate` per second; off while rate is 0."""

    def __init__(self, capacity: int = 120, rate: float = 0.0, now: Callable[[], float] = time.time):
        self.capacity, self.rate, self._now = capacity, rate, now
        self._level, self._seen = 0.0, now()
        self._lock = threading.Lock()

    def limit_to(self, per_minute: int) -> None:
        """On, with the limit of a plan."""
        self.capacity, self.rate = per_minute, per_minute / 60

    @property
    def is_on(self) -> bool:
        return self.rate > 0

    def pour(self) -> tuple[bool, int, float]:
        """(taken, remaining, seconds until one fits)."""
        with self._lock:
            now = self._now()
            self._level = max(0.0, self._level - (now - self._seen) * self.rate)
            self._seen = now
            if self._level + 1 > self.capacity + 1e-6:
                return False, 0, (self._level + 1 - self.capacity) / self.rate
            self._level += 1
            return True, int(self.capacity - self._level), 0.0


class RequestLog:
    """Which requests came, as (method, path, query)."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, str]] = []
        self._lock = threading.Lock()

    def add(self, method: str, path: str, query: str) -> None:
        with self._lock:
            self.entries.append((method, path, query))

    def counts(self) -> Counter[str]:
        """How often each path was asked for."""
        return Counter(path for _, path, _ in list(self.entries))

    def clear(self) -> None:
        with self._lock:
            self.entries.clear()
