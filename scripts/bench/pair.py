"""Connects the two sites of a bench and a simulated store of each platform: pairing, settings, installation of the app.

`make bench` runs it last; it may be run again at any time. The pairing code goes from one command to the next through
their environment and is never printed; the secret leaves neither site.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from typing import Any

import services
from layout import CHECKOUT, CLIENT, HUB, Bench, BenchError, existing_bench
from services import Service

COMPANY = "Demo Trading Co"
# Behind the web server's port, so that two benches on one machine have a store each.
SHOP_OFFSET, WOO_OFFSET = 790, 791
MERCHANT = "1305146709"
# The simulated store's own; they guard nothing.
CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET = "sandbox-client", "sandbox-client-secret", "sandbox-webhook-secret"


def site_url(bench: Bench, site: str) -> str:
    return f"http://{site}:{bench.config().get('webserver_port', 8000)}"


def call(
    bench: Bench,
    site: str,
    *args: str,
    secrets: dict[str, str] | None = None,
    check: bool = True,
    stdin: bytes = b"",
) -> dict[str, Any]:
    """Run one of our bench commands with --json and read what it prints. Raises BenchError."""
    command = [*bench.frappe("--site", site, *args), "--json"]
    done = subprocess.run(
        command,
        cwd=bench.sites,
        env={**bench.environment(), **(secrets or {})},
        input=stdin.decode(),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines or (check and done.returncode):
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
        raise BenchError(
            f"`bench --site {site} {' '.join(args)}` ended with status {done.returncode}: {reason[0]}"
        )
    return json.loads(lines[-1])


def pair(bench: Bench) -> dict[str, Any]:
    """Hub and client know each other afterwards. Gives the instance's name, and whether they were paired just now."""
    added = call(bench, HUB, "salla", "add-instance", "--title", COMPANY, "--url", site_url(bench, CLIENT))
    instance = added["instance"]
    if not added["created"] and call(bench, HUB, "salla", "check", instance, check=False).get("ok"):
        return {"instance": instance, "is_new": False}
    code = call(bench, HUB, "salla", "pairing-code", instance, "--hub-url", site_url(bench, HUB))["text"]
    call(
        bench, CLIENT, "salla-executor", "pair", "--company", COMPANY, secrets={"SALLA_EXECUTOR_SECRET": code}
    )
    return {"instance": instance, "is_new": True}


def connect_shop(bench: Bench, shop_url: str) -> None:
    """The hub talks to the simulated store instead of Salla."""
    settings = (f"salla_accounts_url={shop_url}", f"salla_client_id={CLIENT_ID}", "allow_private_addresses=1")
    secrets = {"SALLA_WEBHOOK_SECRET": WEBHOOK_SECRET, "SALLA_CLIENT_SECRET": CLIENT_SECRET}
    call(bench, HUB, "salla", "settings", *settings, secrets=secrets)


def add_store(bench: Bench, instance: str, merchant: str, api_url: str) -> str:
    options = ("--merchant-id", merchant, "--instance", instance, "--api-url", api_url, "--customer", COMPANY)
    return call(
        bench, HUB, "salla", "add-store", *options, "--currency", "SAR", "--name", "Simulated Salla store"
    )["store"]


def add_woo_store(bench: Bench, instance: str, url: str) -> str:
    """Its keys go through stdin, as an operator's would."""
    told = subprocess.run(
        [str(bench.python), "-m", "sandbox", "woo", "--keys"], cwd=CHECKOUT, capture_output=True, check=True
    )
    options = ("--platform", "woocommerce", "--instance", instance, "--api-url", url, "--customer", COMPANY)
    name = ("--currency", "SAR", "--name", "Simulated WooCommerce store", "--keys-stdin")
    return call(bench, HUB, "salla", "add-store", *options, *name, stdin=told.stdout)["store"]


def port_of(bench: Bench, offset: int) -> int:
    return int(bench.config().get("webserver_port", 8000)) + offset


def shop_service(bench: Bench) -> Service:
    port = port_of(bench, SHOP_OFFSET)
    webhook = f"{site_url(bench, HUB)}/api/method/salla_manager.api.webhooks.salla"
    run = [str(bench.python), "-m", "sandbox", "shop", "--port", str(port), "--install", webhook]
    return Service("simulated_salla", "web", run, CHECKOUT, port)


def woo_service(bench: Bench) -> Service:
    port = port_of(bench, WOO_OFFSET)
    run = [str(bench.python), "-m", "sandbox", "woo", "--port", str(port)]
    return Service("simulated_woocommerce", "web", run, CHECKOUT, port)


def main() -> int:
    parser = argparse.ArgumentParser(description="Pair hub and client, connect the simulated store")
    parser.add_argument("--bench", help="bench folder (default: $BENCH_DIR or ~/frappe-bench)")
    bench = existing_bench(parser.parse_args().bench)
    services.start(bench)
    paired = pair(bench)
    print(f"  paired: {HUB} sends to {CLIENT} as {paired['instance']}", flush=True)
    shop_url, woo_url = (f"http://127.0.0.1:{port_of(bench, offset)}" for offset in (SHOP_OFFSET, WOO_OFFSET))
    connect_shop(bench, shop_url)
    for shop in (shop_service(bench), woo_service(bench)):
        if not services.is_up(bench, shop):
            services.start_one(bench, shop)
    store = add_store(bench, paired["instance"], MERCHANT, f"{shop_url}/admin/v2")
    print(f"  simulated Salla store: {shop_url}, {store} on the hub", flush=True)
    woo = add_woo_store(bench, paired["instance"], woo_url)
    print(f"  simulated WooCommerce store: {woo_url}, {woo} on the hub", flush=True)
    rows = call(bench, HUB, "salla", "check", paired["instance"])["rows"]
    for row in rows:
        print(f"  {row['state']:<8} {row['check']}: {row['message']}", flush=True)
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except BenchError as error:
        raise SystemExit(f"{error}") from None
