"""On the hub's site: dispatch beside a bare POST loop, and Salla's webhooks beside `ping`.

The webhooks are `order.updated` with whole orders, for a store of this run: what follows in the background, from the
order to its record and its held command, runs on the same cores meanwhile, as it does in production.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import hub_rows
import requests
from load import Request, interleaved_blocks
from measure import counted_sql, progress, row, timed
from same_load import same_load
from site_run import run_on

import frappe

from salla_manager import contract
from salla_manager.adapters.host import build_host
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.core.dispatch import dispatch_to
from salla_manager.core.host import Host
from salla_manager.core.model import OutboundCommand, RecordKey, Settings
from salla_manager.core.new_commands import envelope
from salla_manager.platforms.salla.signature import SIGNATURE, STRATEGY, sign

WEBHOOK, PING = "/api/method/salla_manager.api.webhooks.salla", "/api/method/ping"
WEBHOOK_LIMIT = 2.0
COMMANDS, DISPATCH_ROUNDS, HTTP_ROUNDS = 30, 12, 10
# A worker of the site may take some of the commands, about once a minute; such a round does not count.
TRIES = 5


class LoopbackStore(FrappeHubStore):
    """The stub is on loopback, which a hub in production must not talk to."""

    def settings(self) -> Settings:
        return replace(super().settings(), allow_private_addresses=True)


@contextmanager
def stub_executor() -> Iterator[str]:
    script = Path(__file__).with_name("stub_executor.py")
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


class Dispatch:
    """Rounds of equally many commands: through the hub's dispatcher, and posted bare."""

    def __init__(self, run: str, instance: str, store: str, url: str):
        self.run, self.instance, self.store, self.url = run, instance, store, url
        self.host: Host = replace(build_host(), store=LoopbackStore())
        self.session = requests.Session()
        self._numbers = count(1)

    def queue(self) -> list[OutboundCommand]:
        hub, now = self.host.store, self.host.clock.now()
        commands = []
        with hub.transaction():
            for _ in range(COMMANDS):
                key = RecordKey(self.store, "product", f"{self.run}-{next(self._numbers)}")
                record = replace(hub.lock_record(key), status="Queued", revision=1, title=key.external_id)
                command = self._command(record, now)
                commands.append(replace(command, name=hub.add_command(command)))
                hub.save_record(record)
        return commands

    def _command(self, record: Any, now: Any) -> OutboundCommand:
        return OutboundCommand(
            name="",
            command_type="upsert_product",
            entity_type="product",
            store=self.store,
            customer_account="",
            erp_instance=self.instance,
            external_id=record.key.external_id,
            record=record.name,
            idempotency_key=frappe.generate_hash(length=64),
            payload=json.dumps(_product(record.key.external_id)),
            revision=1,
            created_at=now,
            title=record.title,
        )

    def dispatch(self) -> float:
        """Seconds of one round of which the dispatcher of this process delivered all."""
        for _ in range(TRIES):
            self.queue()
            began = time.perf_counter()
            report = dispatch_to(self.host, self.instance, COMMANDS)
            seconds = time.perf_counter() - began
            if report.done == COMMANDS:
                return seconds
            if report.retried or report.dead or report.held:
                raise RuntimeError(f"the stub executor was not understood: {report}")
        raise RuntimeError("the site's workers take the commands away; try again later")

    def bare(self, commands: list[OutboundCommand]) -> float:
        """The same bodies, signed before the clock runs."""
        key, url = "0" * 64, self.url + contract.DISPATCH_PATH
        bodies = [contract.encode_command(envelope(command)) for command in commands]
        now = int(time.time())
        signed = [(body, contract.signed_headers(self.instance, key, body, key, now=now)) for body in bodies]

        def loop() -> None:
            for body, headers in signed:
                self.session.post(url, data=body, headers=headers, timeout=30).raise_for_status()

        return timed(loop)


def _product(external_id: str) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "name": f"Cotton shirt {external_id}",
        "sku": external_id,
        "price": "100.00",
        "currency": "SAR",
        "description": "<p>Soft cotton, washed once.</p>" * 10,
    }


def dispatch_rows(run: str, instance: str, store: str, url: str) -> list[dict[str, Any]]:
    label = f"dispatch of {COMMANDS} commands"
    part = Dispatch(run, instance, store, url)
    known = part.queue()
    dispatch_to(part.host, instance, COMMANDS)
    part.bare(known)
    with counted_sql(frappe.db) as counts:
        part.dispatch()
    # What queueing needs is not the dispatcher's.
    with counted_sql(frappe.db) as queueing:
        part.queue()
    dispatch_to(part.host, instance, COMMANDS)
    ours, bare = [], []
    for number in range(DISPATCH_ROUNDS):
        progress(f"{label}: round {number + 1} of {DISPATCH_ROUNDS}")
        bare.append(part.bare(known))
        ours.append(part.dispatch())
    statements = (sum(counts.values()) - sum(queueing.values())) / COMMANDS
    title = f"dispatch, per command ({COMMANDS} in a row)"
    return [row(title, ours, bare, base_label="bare POST", sql=(round(statements, 1), 0), per=COMMANDS)]


def intake_rows(run: str, url: str, merchant: int) -> list[dict[str, Any]]:
    secrets = LoopbackStore().webhook_rules("salla").secrets
    if not secrets:
        raise SystemExit("the hub has no webhook secret; run `python3 scripts/bench/pair.py`")
    numbers = count(1)
    known = _webhook(secrets[0], run, merchant, 0)
    kinds: dict[str, Callable[[], Request]] = {
        "ping": lambda: Request("GET", PING),
        "new": lambda: _webhook(secrets[0], run, merchant, next(numbers)),
        "again": lambda: known,
    }
    rows = []
    for clients in (1, 4):
        times = interleaved_blocks(
            f"webhooks, {clients} at once",
            url,
            kinds,
            clients,
            HTTP_ROUNDS,
            lambda: hub_rows.settle(merchant),
        )
        together = same_load(
            f"webhooks among pings, {clients} at once",
            url,
            kinds,
            clients,
            HTTP_ROUNDS,
            lambda: hub_rows.settle(merchant),
        )
        who = f"{clients} client{'s' if clients > 1 else ''}"
        titles = {"new": f"webhook, {who}", "again": f"webhook of known content, {who}"}
        for kind, title in titles.items():
            ours, ping = together[kind], together["ping"]
            limit = WEBHOOK_LIMIT if kind == "new" else None
            rows.append(row(f"{title}, same load", ours, ping, base_label="ping among webhooks", limit=limit))
            # Beside pings that no worker disturbs.
            rows.append(row(f"{title}, alone", times[kind], times["ping"], base_label="pings alone"))
    return rows


def _webhook(secret: str, run: str, merchant: int, number: int) -> Request:
    body = json.dumps(
        {
            "event": "order.updated",
            "merchant": merchant,
            "created_at": "Thu Jan 01 2026 12:00:00 GMT+0300",
            "data": _order(run, number),
        }
    ).encode()
    headers = {"Content-Type": "application/json", STRATEGY: "Signature", SIGNATURE: sign(secret, body)}
    return Request("POST", WEBHOOK, body, headers)


def _order(run: str, number: int) -> dict[str, Any]:
    """In Salla's shape, with one line: 100 and VAT of 15."""
    line = {"price_without_tax": _sar(100), "total_discount": _sar(0), "tax": _tax(), "total": _sar(115)}
    amounts = {"sub_total": _sar(100), "shipping_cost": _sar(0), "cash_on_delivery": _sar(0)}
    return {
        "id": 1_000_000 + number,
        "reference_id": number,
        "date": {"date": "2026-01-01 12:00:00.000000", "timezone_type": 3, "timezone": "Asia/Riyadh"},
        "status": {"id": 566146469, "name": "بإنتظار المراجعة", "slug": "under_review"},
        "payment_method": "mada",
        "currency": "SAR",
        "amounts": amounts | {"tax": _tax(), "discounts": [], "total": _sar(115)},
        "items": [{"id": number, "name": "Cotton shirt", "sku": run, "quantity": 1, "amounts": line}],
        "shipments": [],
        # As large as an order with a few lines.
        "notes": "…" * 700,
    }


def _sar(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "SAR"}


def _tax() -> dict[str, Any]:
    return {"percent": "15.00", "amount": _sar(15)}


def main(run: str, url: str, parts: list[str]) -> dict[str, Any]:
    # No shop has a number so large.
    merchant = 9_000_000_000 + int(time.time()) % 1_000_000_000
    with stub_executor() as stub:
        try:
            instance, store = hub_rows.make(run, stub, merchant)
            measures = {
                "dispatch": lambda: dispatch_rows(run, instance, store, stub),
                "intake": lambda: intake_rows(run, url, merchant),
            }
            return {part: measures[part]() for part in parts}
        finally:
            hub_rows.sweep(run, merchant)


if __name__ == "__main__":
    run_on(sys.argv, main)
