"""The workers of an embedded hub that send its commands."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from salla_manager.core.dispatch import take_turn
from salla_manager.core.host import Host

_LOG = logging.getLogger("sandbox.hub")


class Dispatchers:
    """Many destinations at once, so that a dead one never delays another; each of them by one worker."""

    def __init__(self, host: Host, workers: int):
        self._host = host
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="dispatch")
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._again: set[str] = set()
        self._is_stopping = False

    def wake(self, destination: str) -> None:
        with self._lock:
            if self._is_stopping:
                return
            if destination in self._running:
                self._again.add(destination)
                return
            self._running.add(destination)
            self._pool.submit(self._work, destination)

    def _work(self, destination: str) -> None:
        with logged():
            take_turn(self._host, destination)
        with self._lock:
            self._running.discard(destination)
            is_wanted = destination in self._again
            self._again.discard(destination)
        if is_wanted:
            self.wake(destination)

    def is_busy(self) -> bool:
        with self._lock:
            return bool(self._running)

    def stop(self) -> None:
        with self._lock:
            self._is_stopping = True
        self._pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def logged() -> Iterator[None]:
    """A worker outlives what it trips over; the next sweep tries again."""
    try:
        yield
    except Exception:
        _LOG.exception("A worker stumbled.")
