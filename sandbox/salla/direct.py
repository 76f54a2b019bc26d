"""A simulated store without a socket, on a clock of its own: for long readings and exact limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from werkzeug.test import EnvironBuilder, run_wsgi_app

from salla_manager.core.transport import HttpAnswer
from salla_manager.platforms.port import ShopError
from sandbox.salla.server import SimulatedSalla

BASE = "http://salla.test"


class SimulatedClock:
    """Core's Clock, and Unix seconds when called. It passes while somebody sleeps, and a little with each call."""

    def __init__(
        self, start: datetime = datetime(2026, 11, 20, tzinfo=timezone.utc), call_seconds: float = 0.0
    ):
        self.started = self.at = start
        self.call_seconds = call_seconds

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def __call__(self) -> float:
        return self.at.timestamp()


class DirectTransport:
    """Calls the store, a WSGI application, as a function under the address `base`. seconds: of this process within
    calls."""

    def __init__(self, store: Any, clock: SimulatedClock | None = None, base: str = BASE):
        self.store, self.base = store, base
        self.clock = clock
        self.statuses: dict[int, int] = {}
        self.seconds = 0.0

    def get(self, url: str, headers: Mapping[str, str], limits: Any = None) -> HttpAnswer:
        began = time.process_time()
        try:
            return self._get(url, headers)
        finally:
            self.seconds += time.process_time() - began

    def _get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        if self.clock is not None:
            self.clock.sleep(self.clock.call_seconds)
        path = url.removeprefix(self.base)
        environ = EnvironBuilder(path, headers=dict(headers)).get_environ()
        pieces, status, answered = run_wsgi_app(self.store, environ, buffered=True)
        code = int(status.split()[0])
        self.statuses[code] = self.statuses.get(code, 0) + 1
        return HttpAnswer(code, {name.lower(): value for name, value in answered.items()}, b"".join(pieces))


def token_provider(salla: SimulatedSalla) -> Callable[..., str]:
    """Tokens that are kept nowhere; a refused one is not refreshed."""
    token = salla.oauth.issue()["access_token"]

    def provide(refused: str | None = None) -> str:
        if refused is not None:
            raise ShopError("unauthorized", "The token was refused.", http_status=401)
        return token

    return provide
