"""How a part of the benchmark runs on a site: arguments, connection, result file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frappe

Part = Callable[[str, str], dict[str, Any]]


def run_on(arguments: list[str], part: Part) -> None:
    """arguments: script, site, mark of the run, URL of the site, file for the figures."""
    _, site, run, url, out = arguments
    frappe.init(site=site, sites_path=".")
    frappe.connect()
    try:
        Path(out).write_text(json.dumps(part(run, url)))
    finally:
        frappe.destroy()
        print(file=sys.stderr)
