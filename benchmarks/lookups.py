"""Whether look-ups stay as fast with 20,000 older orders: measured before, with and after them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import client_rows
import contents
from apply import Kind
from client_run import ClientRun
from measure import Case, Times, interleave, row
from older import NUMBER, older_orders

import frappe

from salla_executor.erpnext.receiver import FrappeReceiver
from salla_executor.erpnext.sales_orders import find_sales_order

# Of each half of the rounds without; a single look-up is too short for a clock.
ROUNDS, AT_ONCE = 15, 20
LIMIT = 1.10


def rows(run: ClientRun) -> list[dict[str, Any]]:
    customer = Kind(run, "upsert_customer", contents.customer)
    items = run.known_items(contents.product, contents.LINES)
    buyer = contents.customer(customer.model_unit)
    order = Kind(run, "upsert_order", contents.orders_of(buyer, items, frappe.utils.nowdate()))
    cases = _cases(run, customer, order)
    for case in cases.values():
        case()()
    before = interleave("look-ups", cases, ROUNDS)
    doc = client_rows.read({"doctype": "Customer", "name": customer.model[0].name})[0]
    with older_orders(run.run, order.model[0], doc):
        amid = interleave(f"look-ups amid {NUMBER} older orders", cases, 2 * ROUNDS)
    # What was deleted is cleared away in the background.
    time.sleep(3)
    after = interleave("look-ups afterwards", cases, ROUNDS)
    return [_row(label, amid, before, after) for label in cases]


def _row(label: str, amid: Times, before: Times, after: Times) -> dict[str, Any]:
    without = [seconds for pair in zip(before[label], after[label], strict=True) for seconds in pair]
    return row(label, amid[label], without, base_label="no older orders", limit=LIMIT)


def _cases(run: ClientRun, customer: Kind, order: Kind) -> Mapping[str, Case]:
    receiver, name, mark = FrappeReceiver(), order.model[0].name, order.model_unit.mark
    return {
        f"order by the shop's id, {AT_ONCE} times": _often(lambda: find_sales_order(run.run, mark)),
        f"reference by the shop's id, {AT_ONCE} times": _often(
            lambda: receiver.find_reference(run.run, "order", mark)
        ),
        f"references of an order, {AT_ONCE} times": _often(
            lambda: receiver.references_of("Sales Order", name)
        ),
        "customer, with the search for the person": customer.apply,
        "order, draft": order.apply,
        "order unchanged, sent by a person": order.again,
        "repeat of an order's key": order.repeat,
    }


def _often(look: Callable[[], Any]) -> Case:
    def prepare() -> Callable[[], Any]:
        if not look():
            raise RuntimeError("a look-up found nothing")
        return lambda: [look() for _ in range(AT_ONCE)]

    return prepare
