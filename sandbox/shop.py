"""`python -m sandbox shop`: the simulated Salla store alone, for a hub that runs elsewhere."""

from __future__ import annotations

import signal
import threading
import time

import requests

from sandbox.salla.server import SimulatedSalla
from sandbox.world import demo_shop

INSTALL_TRIES = 30


def main(port: int, install: str) -> int:
    """install: webhook URL of the hub that is told of the installation, with fresh tokens; empty for none."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with SimulatedSalla(demo_shop().state, port=port) as salla:
        print(f"simulated Salla store at {salla.url}, API at {salla.api_url}", flush=True)
        if install and not install_app(salla, install):
            print(f"The hub at {install} did not take the installation. Is it up?", flush=True)
            return 1
        stop.wait()
    return 0


def install_app(salla: SimulatedSalla, webhook_url: str) -> bool:
    for _ in range(INSTALL_TRIES):
        try:
            if salla.deliver(webhook_url, salla.authorize()).status_code == 200:
                return True
        except requests.RequestException:
            pass
        time.sleep(1)
    return False
