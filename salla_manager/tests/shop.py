"""The simulated store for bench tests, without a socket. It lies beside the apps and is not shipped with them."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import SkipTest

import salla_manager
from salla_manager.core.model import Store
from salla_manager.platforms import registry
from salla_manager.platforms.pace import MemoryPaceStore

CHECKOUT = Path(salla_manager.__file__).resolve().parents[1]


class Killed(BaseException):
    """A worker that ends without a chance to write anything more."""


class SimulatedShop:
    """sizes: as `generate` of the sandbox takes them. Raises SkipTest where the apps are installed without it."""

    def __init__(self, **sizes: int):
        if not (CHECKOUT / "sandbox").is_dir():
            raise SkipTest("the simulated store is not there")
        if str(CHECKOUT) not in sys.path:
            sys.path.append(str(CHECKOUT))
        direct, generate, server = (
            import_module(f"sandbox.salla.{name}") for name in ("direct", "generate", "server")
        )
        self.salla = server.SimulatedSalla(generate.generate(**sizes))
        self.salla.api.newest_first = True
        self.salla.api.per_page_cap, self.salla.api.orders_per_page_cap = 15, 8
        self.salla.bucket.limit_to(0)
        self._transport, self._tokens = direct.DirectTransport(self.salla), direct.token_provider(self.salla)
        self._paces = MemoryPaceStore()

    def client(self, store: Store) -> Any:
        store = replace(store, base_url="http://salla.test/admin/v2")
        return registry.client(store, self._tokens, self._transport, paces=self._paces)

    def calls(self) -> int:
        return len(self.salla.log.entries)

    def kill_at(self, call: int) -> None:
        """The call of this number from now on ends the worker."""
        last = self.calls() + call

        def before(path: str) -> None:
            if self.calls() >= last:
                self.salla.before = lambda path: None
                raise Killed

        self.salla.before = before
