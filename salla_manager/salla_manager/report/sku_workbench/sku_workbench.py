"""SKUs of a store that have to be mended, each with the way into the shop."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from salla_manager.adapters.sku_rows import shown_problems
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.core.workbench import Kind

HELD = (Kind.MISSING, Kind.DUPLICATE, Kind.SPELLING)


def execute(filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """(columns, rows, message, chart, summary)."""
    chosen = frappe._dict(filters or {})
    store = FrappeHubStore().store(chosen.store) if chosen.store else None
    if store is None:
        return columns(), [], _("Choose a store.")
    frappe.has_permission("Store Account", "read", store.name, throw=True)
    found = shown_problems(store)
    rows = [row for row in found if chosen.kind in (None, "", row["kind"])]
    return columns(), rows, "" if found else _("Every product has a SKU of its own."), None, summary(found)


def columns() -> list[dict[str, Any]]:
    return [
        _column("kind", _("What Is Wrong"), 150),
        _column("sku", _("SKU"), 140),
        _column("title", _("Name in the Shop"), 230),
        _column("action", "", 110),
        _column("beside", _("Beside It"), 200),
        _column("reason", _("Reason"), 460),
        _column("erp_document", _("ERP Document"), 130),
        _column("entity_type", _("Entity Type"), 100),
        _column("external_id", _("External ID"), 120),
        _column("record", _("External Record"), 160, fieldtype="Link", options="External Record"),
    ]


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    labels = {
        Kind.MISSING: _("Without SKU"),
        Kind.DUPLICATE: _("Taken Twice"),
        Kind.SPELLING: _("Spelt Differently"),
        Kind.ALIKE: _("Easily Mixed Up"),
    }
    return [
        _card(labels[kind], sum(row["kind"] == kind for row in rows), "red" if kind in HELD else "orange")
        for kind in Kind.ALL
    ]


def _column(name: str, label: str, width: int, **more: Any) -> dict[str, Any]:
    # Where nothing is said, what looks like a number goes to the right.
    shown = {"fieldtype": "Data", "align": "left", "width": width}
    return {"fieldname": name, "label": label, **shown, **more}


def _card(label: str, count: int, colour: str) -> dict[str, Any]:
    return {"label": label, "value": count, "datatype": "Int", "indicator": colour if count else "green"}
