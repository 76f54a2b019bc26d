"""`python -m sandbox up`: shops, hub and executor stay up, for trying out and for whoever writes the other end."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

from salla_manager import contract
from sandbox.hub import WEBHOOK_PATH
from sandbox.world import EmbeddedWorld


def details(world: EmbeddedWorld) -> dict[str, Any]:
    """URLs, ids and secrets of this throw-away set-up."""
    salla, woo = world.salla, world.woo
    return {
        "shop_url": salla.url,
        "shop_api_url": salla.api_url,
        "shop_token_url": salla.token_url,
        "hub_url": world.hub.url,
        "webhook_url": world.hub.url + WEBHOOK_PATH + "salla",
        "pull_url": world.hub.url + contract.PULL_PATH,
        "executor_url": world.executor.url,
        "receive_url": world.executor.url + contract.DISPATCH_PATH,
        "instance_id": "ERP-INSTANCE-0001",
        "shared_secret": world.secret,
        "webhook_secret": salla.shop.webhook_secret,
        "store_id": world.store,
        "merchant_id": str(salla.state.merchant_id),
        "woo_url": woo.url,
        "woo_consumer_key": woo.consumer_key,
        "woo_consumer_secret": woo.consumer_secret,
        "woo_webhook_url": world.hub.woo_webhook_url(world.woo_store),
        "woo_webhook_secret": woo.webhooks.secret,
        "woo_store_id": world.woo_store,
        "dropzone": str(world.dropzone),
        "contract_version": contract.CONTRACT_VERSION,
    }


def main(as_json: bool) -> int:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with EmbeddedWorld() as world:
        values = details(world)
        if as_json:
            print(json.dumps(values), flush=True)
        else:
            width = max(len(name) for name in values)
            print("\n".join(f"{name.ljust(width)}  {value}" for name, value in values.items()))
            print("\nStays up until Ctrl-C; everything in it is thrown away then.", flush=True)
        stop.wait()
    return 0
