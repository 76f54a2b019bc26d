"""How a part of the benchmark runs on a site: arguments, connection, result file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frappe

# Mark of the run and URL of the site: what of it to measure, by name.
Parts = Callable[[str, str, list[str]], dict[str, Any]]


def run_on(arguments: list[str], measure: Parts) -> None:
    """arguments: script, site, mark of the run, URL of the site, file for the figures, names of the parts."""
    _, site, run, url, out, *parts = arguments
    frappe.init(site=site, sites_path=".")
    frappe.connect()
    # As sites run where nobody develops: either costs something at each statement or hook.
    frappe.local.conf.update(developer_mode=0, allow_tests=0)
    try:
        Path(out).write_text(json.dumps(measure(run, url, parts)))
    finally:
        frappe.destroy()
        print(file=sys.stderr)
