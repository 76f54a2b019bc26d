"""On the client's site: applying a command beside inserting the same documents, and signed requests beside `ping`.

Bare documents are inserted as Administrator: that skips all permission checks, so the floor is the lowest there is
and never flatters us. Both sides start each round with caches as cold as a web request finds them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any
from unittest.mock import patch

import client_rows
import contents
from contents import Unit
from load import Request, interleaved_blocks
from measure import Case, interleave, row, statements
from site_run import run_on

import frappe

from salla_executor import contract
from salla_executor.api.commands import _receive
from salla_executor.erpnext import receiver
from salla_executor.erpnext.settings import read_settings

# So few that all parts together stay below four minutes on two busy cores.
ROUNDS, HTTP_ROUNDS = 25, 10
PING = "/api/method/ping"


class ClientRun:
    """One run: its mark, its settings, and the commands it signs."""

    def __init__(self, run: str):
        self.run = run
        self.settings = read_settings()
        if not (self.settings.secrets and self.settings.is_enabled):
            raise SystemExit(
                "the executor is not paired or switched off; run `python3 scripts/bench/pair.py`"
            )
        self._numbers = count(1)

    def unit(self) -> Unit:
        number = next(self._numbers)
        # Adopting a customer goes by phone, so each unit has one that nobody else has.
        return Unit(f"{self.run}-{number:04d}-", f"+9665{int(time.time()) % 10_000:04d}{number:04d}")

    def request(self, command_type: str, payload: dict[str, Any], generation: int = 0) -> bytes:
        command = contract.Command(
            command_id=f"{self.run}-{generation}",
            command_type=command_type,
            entity_type=contract.COMMAND_TYPES.get(command_type, ""),
            store_account=self.run,
            customer_account="",
            erp_instance=self.settings.instance_id,
            idempotency_key=frappe.generate_hash(length=40),
            payload=payload,
            revision=1,
            generation=generation,
        )
        return contract.encode_command(command)

    def headers(self, body: bytes) -> dict[str, str]:
        key = contract.load_json(body)["idempotency_key"]
        now = int(time.time())
        return contract.signed_headers(
            self.settings.instance_id, self.settings.secrets[0], body, key, now=now
        )

    def receive(self, body: bytes, expected: str) -> Callable[[], Any]:
        """Prepared off the clock: signing is the hub's work, and the user is whom the web server starts with."""
        headers = self.headers(body)
        frappe.set_user("Guest")
        frappe.clear_messages()

        def work() -> dict[str, Any]:
            ack = _receive(body, headers)
            if ack.ack_status != expected:
                raise RuntimeError(f"the executor answered {ack.ack_status}: {ack.payload.get('message')}")
            return ack.payload

        return work


class Kind:
    """One kind of document: the cases of its rounds."""

    def __init__(
        self, run: ClientRun, command_type: str, make: Callable[[Unit], dict[str, Any]], submit: bool = False
    ):
        self.run, self.command_type, self.make, self.submit = run, command_type, make, submit
        self._generations = count(1)
        ack = self.apply()()
        self.model, self.model_unit = client_rows.read(ack["erp_doc"]), self.unit
        self.values = client_rows.values_of(self.model)

    def apply(self) -> Callable[[], Any]:
        self.unit = self.run.unit()
        self.body = self.run.request(self.command_type, self.make(self.unit))
        return self.run.receive(self.body, "applied")

    def again(self) -> Callable[[], Any]:
        """An operator's re-send: nothing changed, so each field is compared and nothing is written."""
        body = self.run.request(self.command_type, self.make(self.unit), next(self._generations))
        return self.run.receive(body, "skipped")

    def repeat(self) -> Callable[[], Any]:
        return self.run.receive(self.body, "applied")

    def bare(self) -> Callable[[], Any]:
        values = self.model_unit.put(self.values, self.run.unit())
        frappe.set_user("Administrator")
        frappe.clear_messages()
        return lambda: client_rows.insert(values, submit=self.submit)

    def warm(self) -> None:
        """Once each, off the record; both sides must agree in every field but names and times."""
        unit = self.run.unit()
        frappe.set_user("Administrator")
        docs = client_rows.insert(self.model_unit.put(self.values, unit), submit=self.submit)
        client_rows.check_same(self.model, self.model_unit, docs, unit)
        for case in (self.bare, self.apply, self.again, self.repeat):
            case()()


def measure_kind(label: str, kind: Kind) -> list[dict[str, Any]]:
    kind.warm()
    cases: dict[str, Case] = {
        "bare": kind.bare,
        "apply": kind.apply,
        "again": kind.again,
        "repeat": kind.repeat,
    }
    sql = {name: statements(frappe.db, case) for name, case in cases.items()}
    times = interleave(label, cases, ROUNDS)

    def line(title: str, name: str, base: str, base_label: str) -> dict[str, Any]:
        return row(title, times[name], times[base], base_label=base_label, sql=(sql[name], sql[base]))

    return [
        line(label, "apply", "bare", "bare ERPNext"),
        line("… re-send unchanged", "again", "apply", "first apply"),
        line("… repeat of the key", "repeat", "apply", "first apply"),
    ]


def apply_rows(run: ClientRun) -> list[dict[str, Any]]:
    product = Kind(run, "upsert_product", contents.product)
    rows = measure_kind("product → Item with a price", product)
    customer = Kind(run, "upsert_customer", contents.customer)
    rows += measure_kind("customer with contact and address", customer)
    buyer, items = contents.customer(customer.unit), _items(run)
    day = frappe.utils.nowdate()

    def order(unit: Unit) -> dict[str, Any]:
        return contents.order(unit, buyer, items, day)

    rows += measure_kind("order, 3 lines, draft", Kind(run, "upsert_order", order))
    with submitting():
        kind = Kind(run, "upsert_order", order, submit=True)
        rows += measure_kind("order, 3 lines, submitted", kind)
    return rows


def _items(run: ClientRun) -> list[Unit]:
    units = [run.unit() for _ in range(contents.LINES)]
    for unit in units:
        run.receive(run.request("upsert_product", contents.product(unit)), "applied")()
    return units


@contextmanager
def submitting() -> Iterator[None]:
    """The setting that submits orders, in this process only: others use the site meanwhile."""
    with patch.object(receiver, "read_settings", lambda: replace(read_settings(), submit_orders=True)):
        yield


def http_rows(run: ClientRun, url: str) -> list[dict[str, Any]]:
    known = run.request("upsert_product", contents.product(run.unit()))
    run.receive(known, "applied")()
    kinds = {
        "ping": lambda: Request("GET", PING),
        "signed": lambda: _signed(run, run.request("ping", {})),
        "repeat": lambda: _signed(run, known),
    }
    rows = []
    for clients in (1, 4):
        who = f"{clients} client{'s' if clients > 1 else ''}"
        label = f"executor over HTTP, {who}"
        times = interleaved_blocks(label, url, kinds, clients, HTTP_ROUNDS, settle=lambda: None)
        rows += [
            row(f"signed ping, {who}", times["signed"], times["ping"], base_label="frappe ping"),
            row(f"repeat of a key, {who}", times["repeat"], times["ping"], base_label="frappe ping"),
        ]
    return rows


def _signed(run: ClientRun, body: bytes) -> Request:
    return Request("POST", contract.DISPATCH_PATH, body, run.headers(body))


def main(name: str, url: str, parts: list[str]) -> dict[str, Any]:
    run = ClientRun(name)
    measures = {"apply": lambda: apply_rows(run), "executor_http": lambda: http_rows(run, url)}
    try:
        return {part: measures[part]() for part in parts}
    finally:
        client_rows.sweep(run.run)


if __name__ == "__main__":
    run_on(sys.argv, main)
