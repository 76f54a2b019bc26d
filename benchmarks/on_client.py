"""The parts that are measured on the client's site."""

from __future__ import annotations

import sys
from typing import Any

import apply
import client_rows
import lookups
import over_http
import unrelated
from client_run import ClientRun
from site_run import run_on


def main(name: str, url: str, parts: list[str]) -> dict[str, Any]:
    run = ClientRun(name)
    measures = {
        "masters": lambda: apply.master_rows(run),
        "orders": lambda: apply.order_rows(run),
        "long_orders": lambda: apply.long_order_rows(run),
        "documents_http": lambda: over_http.document_rows(run, url),
        "executor_http": lambda: over_http.ping_rows(run, url),
        "unrelated": lambda: unrelated.rows(run),
        "lookups": lambda: lookups.rows(run),
    }
    try:
        return {part: measures[part]() for part in parts}
    finally:
        client_rows.sweep(run.run)


if __name__ == "__main__":
    run_on(sys.argv, main)
