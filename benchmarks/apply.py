"""Applying a command beside inserting the same documents bare, in one process.

Bare documents are inserted by the same user, so both sides pay for ERPNext's checks of permissions; beside that stands
the lowest floor there is: as Administrator, for whom nothing is checked. Both sides start each round with caches as
cold as a web request finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any
from unittest.mock import patch

import client_rows
import contents
from client_run import ClientRun
from contents import Unit
from measure import Case, interleave, row, statements

import frappe

from salla_executor.erpnext import secret_keeper
from salla_executor.erpnext.settings import read_settings
from salla_executor.setup.integration_user import INTEGRATION_USER

# Of a first apply.
LIMIT_UNCHANGED = 0.1
LIMIT_MASTERS, LIMIT_ORDERS = 1.15, 1.10
ROUNDS_MASTERS, ROUNDS, ROUNDS_LONG = 45, 25, 11
LONG = 50


class Kind:
    """One kind of document: the cases of its rounds."""

    def __init__(
        self, run: ClientRun, command_type: str, make: Callable[[Unit], dict[str, Any]], submit: bool = False
    ):
        self.run, self.command_type, self.make, self.submit = run, command_type, make, submit
        self._revisions = count(2)
        ack = self.apply()()
        self.model, self.model_unit = client_rows.read(ack["erp_doc"]), self.unit
        self.values = client_rows.values_of(self.model)

    def apply(self) -> Callable[[], Any]:
        self.unit = self.run.unit()
        self.body = self.run.request(self.command_type, self.make(self.unit))
        return self.run.receive(self.body, "applied")

    def same(self) -> Callable[[], Any]:
        """A new revision and key, and the content as it stands."""
        body = self.run.request(self.command_type, self.make(self.unit), next(self._revisions))
        return self.run.receive(body, "skipped")

    def again(self) -> Callable[[], Any]:
        """An operator's re-send: nothing changed, but each field is compared, as a person wants it."""
        body = self.run.request(self.command_type, self.make(self.unit), next(self._revisions), 1)
        return self.run.receive(body, "skipped")

    def repeat(self) -> Callable[[], Any]:
        return self.run.receive(self.body, "applied")

    def bare(self) -> Callable[[], Any]:
        return self._bare_as(INTEGRATION_USER)

    def floor(self) -> Callable[[], Any]:
        return self._bare_as("Administrator")

    def _bare_as(self, user: str) -> Callable[[], Any]:
        values = self.bare_values()
        frappe.set_user(user)
        frappe.clear_messages()
        return lambda: client_rows.insert(values, submit=self.submit)

    def bare_values(self) -> client_rows.Values:
        return self.model_unit.put(self.values, self.run.unit())

    def warm(self) -> None:
        """Once each, off the record; both sides must agree in every field but names and times."""
        unit = self.run.unit()
        frappe.set_user("Administrator")
        docs = client_rows.insert(self.model_unit.put(self.values, unit), submit=self.submit)
        client_rows.check_same(self.model, self.model_unit, docs, unit)
        for case in (self.bare, self.floor, self.apply, self.same, self.again, self.repeat):
            case()()


def measure_kind(label: str, kind: Kind, limit: float, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    kind.warm()
    cases: dict[str, Case] = {
        "bare": kind.bare,
        "floor": kind.floor,
        "apply": kind.apply,
        "same": kind.same,
        "again": kind.again,
        "repeat": kind.repeat,
    }
    sql = {name: statements(frappe.db, case) for name, case in cases.items()}
    times = interleave(label, cases, rounds)

    def line(title: str, name: str, base: str, base_label: str, limit: float | None) -> dict[str, Any]:
        return row(
            title, times[name], times[base], base_label=base_label, sql=(sql[name], sql[base]), limit=limit
        )

    return [
        line(label, "apply", "bare", "bare ERPNext", limit),
        line("… beside Administrator", "apply", "floor", "bare, unchecked", None),
        line("… unchanged, new revision", "same", "apply", "first apply", LIMIT_UNCHANGED),
        line("… unchanged, sent by a person", "again", "apply", "first apply", None),
        line("… repeat of the key", "repeat", "apply", "first apply", LIMIT_UNCHANGED),
    ]


def master_rows(run: ClientRun) -> list[dict[str, Any]]:
    product = Kind(run, "upsert_product", contents.product)
    found = measure_kind("product → Item with a price", product, LIMIT_MASTERS, ROUNDS_MASTERS)
    customer = Kind(run, "upsert_customer", contents.customer)
    label = "customer with contact and address"
    return found + measure_kind(label, customer, LIMIT_MASTERS, ROUNDS_MASTERS)


def order_rows(run: ClientRun, lines: int = contents.LINES, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    items = run.known_items(contents.product, lines)
    buyer = contents.customer(run.unit())
    run.receive(run.request("upsert_customer", buyer), "applied")()
    make = contents.orders_of([buyer], items, frappe.utils.nowdate())
    draft = Kind(run, "upsert_order", make)
    found = measure_kind(f"order, {lines} lines, draft", draft, LIMIT_ORDERS, rounds)
    with submitting():
        kind = Kind(run, "upsert_order", make, submit=True)
        return found + measure_kind(f"order, {lines} lines, submitted", kind, LIMIT_ORDERS, rounds)


def long_order_rows(run: ClientRun) -> list[dict[str, Any]]:
    return order_rows(run, LONG, ROUNDS_LONG)


@contextmanager
def submitting() -> Iterator[None]:
    """The setting that submits orders, in this process only: others use the site meanwhile."""
    with patch.object(
        secret_keeper, "read_settings", lambda gate: replace(read_settings(gate), submit_orders=True)
    ):
        yield
