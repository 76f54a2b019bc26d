"""Whether look-ups stay as they are with 20,000 older orders: measured before, with and after them.

A machine that others use is not equally fast before and after, so each round also times a fixed piece of work and is
scaled by it. What the database reads is counted as well. A whole command stands beside bare ERPNext amid the same rows,
since ERPNext has look-ups of its own that grow.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import contents
from apply import Kind
from client_run import ClientRun
from measure import Case, Times, interleave, row, rows_read
from older import NUMBER, older_orders

import frappe

from salla_executor.erpnext.customers import find_customers
from salla_executor.erpnext.receiver import FrappeReceiver
from salla_executor.erpnext.sales_orders import find_sales_order

# Of each half of the rounds without; a single look-up is too short for a clock.
ROUNDS, AT_ONCE, ROUNDS_WHOLE = 15, 20, 15
LIMIT = 1.10
FIXED = "fixed work"


def rows(run: ClientRun) -> list[dict[str, Any]]:
    customer = Kind(run, "upsert_customer", contents.customer)
    items = run.known_items(contents.product, contents.LINES)
    buyer = contents.customer(customer.model_unit)
    order = Kind(run, "upsert_order", contents.orders_of([buyer], items, frappe.utils.nowdate()))
    cases = _cases(run, customer, order)
    for case in cases.values():
        case()()
    before = interleave("look-ups", cases, ROUNDS)
    read = {label: [rows_read(frappe.db, case)] for label, case in cases.items()}
    with older_orders(run.run, order.model[0], customer.model[0].reload()):
        amid = interleave(f"look-ups amid {NUMBER} older orders", cases, 2 * ROUNDS)
        for label, case in cases.items():
            read[label].insert(0, rows_read(frappe.db, case))
        whole = _beside_bare(customer, "customer")
        whole += _beside_bare(order, "order, draft")
    # What was deleted is cleared away in the background.
    time.sleep(3)
    after = interleave("look-ups afterwards", cases, ROUNDS)
    labels = [label for label in cases if label != FIXED]
    return [_row(label, amid, before, after, read[label]) for label in labels] + whole


def _row(label: str, amid: Times, before: Times, after: Times, read: Sequence[int]) -> dict[str, Any]:
    usual = statistics.median(amid[FIXED] + before[FIXED] + after[FIXED])

    def scaled(times: Times) -> list[float]:
        return [one * usual / fixed for one, fixed in zip(times[label], times[FIXED], strict=True)]

    without = [seconds for pair in zip(scaled(before), scaled(after), strict=True) for seconds in pair]
    counts = (read[0], read[1])
    return row(label, scaled(amid), without, base_label="no older orders", limit=LIMIT, rows_read=counts)


def _beside_bare(kind: Kind, label: str) -> list[dict[str, Any]]:
    cases: dict[str, Case] = {"apply": kind.apply, "bare": kind.bare}
    for case in cases.values():
        case()()
    times = interleave(f"{label} amid {NUMBER} older orders", cases, ROUNDS_WHOLE)
    read = (rows_read(frappe.db, kind.apply), rows_read(frappe.db, kind.bare))
    title = f"{label}, first apply amid them"
    return [row(title, times["apply"], times["bare"], base_label="bare, amid them", rows_read=read)]


def _cases(run: ClientRun, customer: Kind, order: Kind) -> Mapping[str, Case]:
    receiver, name, mark = FrappeReceiver(), order.model[0].name, order.model_unit.mark
    phone, email = customer.model_unit.phone, f"{customer.model_unit.mark}@example.com"
    return {
        FIXED: _often(lambda: frappe.db.sql("SELECT name FROM `tabDocType` WHERE name = 'Item'")),
        f"order by the shop's id, {AT_ONCE} times": _often(lambda: find_sales_order(run.run, mark)),
        f"reference by the shop's id, {AT_ONCE} times": _often(
            lambda: receiver.find_reference(run.run, "order", mark)
        ),
        f"references of an order, {AT_ONCE} times": _often(
            lambda: receiver.references_of("Sales Order", name)
        ),
        f"customer by phone and e-mail, {AT_ONCE} times": _often(lambda: find_customers((phone,), email)),
        "order unchanged, new revision": order.same,
        "order unchanged, sent by a person": order.again,
        "repeat of an order's key": order.repeat,
    }


def _often(look: Callable[[], Any]) -> Case:
    def prepare() -> Callable[[], Any]:
        if not look():
            raise RuntimeError("a look-up found nothing")
        return lambda: [look() for _ in range(AT_ONCE)]

    return prepare
