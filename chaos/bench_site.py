"""In the bench's Python: answer what `chaos.bench.OnSite` asks, and delete a run's documents without a trace."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import frappe

Action = Callable[..., Any]


def serve(actions: Mapping[str, Action]) -> None:
    """Lines of JSON in, one line of JSON out for each; whatever else is printed goes to stderr."""
    site = sys.argv[1]
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:
        os.dup2(2, 1)
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                answer = {"value": actions[asked.pop("do")](site, **asked)}
            except Exception as error:
                traceback.print_exc()
                answer = {"error": f"{type(error).__name__}: {error}"}
            answers.write(json.dumps(answer, default=str) + "\n")


@contextmanager
def connected(site: str) -> Iterator[None]:
    """A connection for one question: the database may have been killed since the one before."""
    frappe.init(site=site)
    frappe.connect()
    try:
        yield
    finally:
        frappe.destroy()


def health(site: str) -> dict[str, int]:
    """errors: rows of the Error Log; connections: of the whole database server."""
    with connected(site):
        status = frappe.db.sql("show global status like 'Threads_connected'")
        return {"errors": frappe.db.count("Error Log"), "connections": int(status[0][1])}


def last_errors(site: str, limit: int) -> list[str]:
    with connected(site):
        return frappe.get_all("Error Log", pluck="method", limit=limit, order_by="creation desc")


def delete_rows(doctype: str, names: list[str]) -> None:
    """With children, in batches; by SQL, since deleting thousands of documents one by one takes minutes."""
    for start in range(0, len(names), 1000):
        batch = names[start : start + 1000]
        for field in frappe.get_meta(doctype).get_table_fields():
            frappe.db.delete(field.options, {"parent": ("in", batch), "parenttype": doctype})
        for beside in ("Dynamic Link", "Version"):
            column = {"Dynamic Link": "parent", "Version": "docname"}[beside]
            frappe.db.delete(beside, {column: ("in", batch)})
        frappe.db.sql("delete from `__global_search` where doctype = %s and name in %s", (doctype, batch))
        frappe.db.delete(doctype, {"name": ("in", batch)})
        # Locks of a shared site are not held for long.
        frappe.db.commit()
