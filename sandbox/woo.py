"""`python -m sandbox woo`: the simulated WooCommerce store alone, for a hub that runs elsewhere."""

from __future__ import annotations

import json
import signal
import threading

from sandbox.woocommerce.server import SimulatedWoo
from sandbox.world import demo_woo


def details(woo: SimulatedWoo) -> dict[str, str]:
    """What a Store Account wants to know; they guard nothing."""
    return {
        "consumer_key": woo.consumer_key,
        "consumer_secret": woo.consumer_secret,
        "webhook_secret": woo.webhooks.secret,
    }


def main(port: int, keys_only: bool) -> int:
    if keys_only:
        print(json.dumps(details(demo_woo())))
        return 0
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with demo_woo(port) as woo:
        print(f"simulated WooCommerce store at {woo.url}", flush=True)
        stop.wait()
    return 0
