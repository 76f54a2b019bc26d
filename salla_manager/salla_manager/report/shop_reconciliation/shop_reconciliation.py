"""What one Reconciliation found, the most urgent first."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from salla_manager.core.reconcile import ReconcileError
from salla_manager.core.reconciliation import RunStatus
from salla_manager.core.standing import State
from salla_manager.reconciling import key_of

RED = (State.MISSING, State.DIFFERENT, State.DEAD, State.FAILED)
FINDING = (
    "state",
    "title",
    "external_id",
    "reason",
    "shop_status",
    "shop_total",
    "hub_total",
    "currency",
    "command",
    "record",
    "erp_document",
    "url",
)


def execute(filters: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """(columns, rows, message, chart, summary)."""
    chosen = frappe._dict(filters or {})
    if not chosen.store:
        return columns(True), [], _("Choose a store.")
    frappe.has_permission("Store Account", "read", chosen.store, throw=True)
    try:
        key = key_of(chosen.store, chosen.entity_type or "order", chosen.day)
    except ReconcileError as error:
        frappe.throw(str(error))
    run = frappe.db.get_value("Reconciliation", {"name": ("=", key.name)}, "*", as_dict=True)
    is_order = key.entity_type == "order"
    if run is None:
        return columns(is_order), [], _("This was not reconciled yet. Press Reconcile Now.")
    return columns(is_order), rows(run.name, chosen.state), message(run), None, summary(run)


def columns(is_order: bool) -> list[dict[str, Any]]:
    found = [
        _column("state", _("State"), 110),
        _column("title", _("Reference") if is_order else _("Name in the Shop"), 130 if is_order else 240),
        _column("reason", _("Reason"), 420),
    ]
    if is_order:
        found += [
            _column("shop_status", _("Status in the Shop"), 160),
            _column("shop_total", _("Total in the Shop"), 150, align="right"),
            _column("hub_total", _("Total Here"), 110, align="right"),
            _column("currency", _("Currency"), 95),
        ]
    return [
        *found,
        _column("command", _("Command"), 160, fieldtype="Link", options="Outbound Client Command"),
        _column("erp_document", _("ERP Document"), 150),
        _column("external_id", _("External ID"), 130),
    ]


def rows(run: str, state: str | None) -> list[dict[str, Any]]:
    filters = {"run": run, **({"state": state} if state else {})}
    found = frappe.get_all("Reconciliation Finding", filters, list(FINDING), order_by="creation, name")
    return sorted(found, key=lambda row: State.ALL.index(row.state))


def message(run: Any) -> str:
    if run.status == RunStatus.RUNNING:
        return _("It is running: page {0} of {1}.").format(run.page, run.pages or "…")
    if run.status == RunStatus.INTERRUPTED:
        return _("The run was broken off at page {0} of {1}. Press Reconcile Now.").format(
            run.page, run.pages
        )
    at = frappe.utils.format_datetime(run.finished_at)
    is_complete = run.status == RunStatus.DONE and not (run.missing or run.different)
    said = _("Nothing is missing.") if is_complete else frappe.utils.escape_html(run.message or "")
    return f"{_('As of {0}.').format(at)} {said}".strip()


def summary(run: Any) -> list[dict[str, Any]]:
    cards = [
        _card(_("At the Shop"), run.at_shop, "blue"),
        _card(_("Received"), run.received, "blue"),
        _card(_("In the ERP"), run.applied, "green"),
    ]
    for state in State.ALL:
        count = run.get(frappe.scrub(state)) or 0
        if state != State.APPLIED and (count or state in State.READABLE):
            colour = "red" if state in RED and count else "orange" if count else "green"
            cards.append(_card(_(state), count, colour))
    return cards


def _column(name: str, label: str, width: int, **more: Any) -> dict[str, Any]:
    # Where nothing is said, what looks like a number goes to the right.
    shown = {"fieldtype": "Data", "align": "left", "width": width}
    return {"fieldname": name, "label": label, **shown, **more}


def _card(label: str, count: int, colour: str) -> dict[str, Any]:
    return {"label": label, "value": count, "datatype": "Int", "indicator": colour}
