"""A web worker of the bench that dies at a named point of one request: gunicorn loads `application` from here.

The executor's own code runs; its receiver is wrapped, and the site's identity is the run's own instance, in these
processes only. CHAOS_ARMED names a file with {"point", "external_id"}: who meets both removes it and dies.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from frappe.app import application as frappe_application
from frappe.model.base_document import BaseDocument

from chaos.points import MortalSteps, Trap, in_halves
from salla_executor.api import commands
from salla_executor.core.model import Gate
from salla_executor.erpnext import secret_keeper
from salla_executor.erpnext.receiver import FrappeReceiver

ARMED, INSTANCE, SECRET = "CHAOS_ARMED", "CHAOS_INSTANCE", "CHAOS_SECRET"
# After this row (doctype, idx): an order with two of its three lines, an Item without its price.
AMID = (("Sales Order Item", 2), ("Item", 0))


class ArmedTrap(Trap):
    """Armed by a file, for one request, whichever worker gets it. One request at a time in a process."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.body = ""

    def at(self, point: str, about: str = "") -> None:
        try:
            armed = json.loads(self.path.read_text())
            if armed["point"] != point or armed["external_id"] not in self.body:
                return
            self.path.unlink()
        except FileNotFoundError:
            return
        self.die()


TRAP = ArmedTrap(Path(os.environ[ARMED]))


class MortalReceiver(MortalSteps, FrappeReceiver):
    trap = TRAP


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(raw)
    TRAP.body = raw.decode(errors="replace")
    answer = frappe_application(environ, start_response)
    try:
        body = b"".join(answer)
    finally:
        answer.close()
    return in_halves(body, TRAP)


def _read_gate() -> Gate:
    return replace(_site_gate(), instance_id=os.environ[INSTANCE], secrets=(os.environ[SECRET],))


def _insert(document: Any, *args: Any, **kwargs: Any) -> None:
    _plain_insert(document, *args, **kwargs)
    if (document.doctype, document.idx or 0) in AMID:
        TRAP.at("executor: amid documents")


_site_gate, secret_keeper.read_gate = secret_keeper.read_gate, _read_gate
_plain_insert, BaseDocument.db_insert = BaseDocument.db_insert, _insert
commands.FrappeReceiver = MortalReceiver
