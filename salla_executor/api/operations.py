"""What the buttons of Salla Executor Settings call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import frappe
from frappe import _
from frappe.utils import cint, escape_html, get_datetime, get_system_timezone

from salla_executor.core.checklist import Row, is_good
from salla_executor.core.hub_calls import HubError
from salla_executor.erpnext import flagged_orders, hub
from salla_executor.erpnext.settings import DOCTYPE
from salla_executor.key_agreement import AgreementError
from salla_executor.setup import pairing

PULLABLE = ("categories", "brands", "order_statuses", "products", "customers", "orders")
MOST = 10_000


@frappe.whitelist(methods=["POST"])
def check_connection() -> dict[str, Any]:
    """The hub and this side, as a checklist: ok, and rows of check, state and message."""
    frappe.has_permission(DOCTYPE, "write", throw=True)
    return _shown(pairing.checklist)


@frappe.whitelist(methods=["POST"])
def pair(text: str) -> dict[str, Any]:
    """Agree with a hub on a secret, by the pairing code that it has made; the checklist afterwards."""
    frappe.has_permission(DOCTYPE, "write", throw=True)
    return _shown(lambda: pairing.pair_by_code(text))


@frappe.whitelist(methods=["POST"])
def rotate_secret() -> dict[str, Any]:
    """Agree with the hub on a new secret, which nobody sees; the checklist afterwards."""
    frappe.has_permission(DOCTYPE, "write", throw=True)
    return _shown(pairing.rotate_secret)


@frappe.whitelist(methods=["POST"])
def request_pull(
    store_id: str, entity_types: list[str] | str | None = None, since: str = "", limit: int = 100
) -> dict[str, Any]:
    """Ask the hub to fetch from the shop; since is a time of this site's zone, limit counts per entity type."""
    frappe.has_permission(DOCTYPE, "write", throw=True)
    chosen = frappe.parse_json(entity_types) if isinstance(entity_types, str) else entity_types
    chosen = chosen or list(PULLABLE)
    unknown = [str(entity) for entity in chosen if entity not in PULLABLE]
    if unknown:
        frappe.throw(
            _("{0} cannot be fetched. Choose of: {1}.").format(", ".join(unknown), ", ".join(PULLABLE))
        )
    # Desk sends it as text.
    limit = cint(limit)
    if not 1 <= limit <= MOST:
        frappe.throw(_("At most: write a number from 1 to {0}.").format(MOST))
    return hub.request_pull(store_id.strip(), list(chosen), _with_zone(since), limit)


@frappe.whitelist(methods=["POST"])
def send_flagged_again() -> int:
    """Ask the hub for the drafts again whose money differs from the shop's; how many come."""
    frappe.has_permission(DOCTYPE, "write", throw=True)
    try:
        return flagged_orders.ask_again()
    except HubError as error:
        # Desk shows it as HTML, and the hub has its word in it.
        frappe.throw(escape_html(_(str(error))), title=_("Not possible now"))


def _with_zone(since: str) -> str:
    """The contract wants a time with its zone; Desk gives one of the site's."""
    if not since:
        return ""
    moment = get_datetime(since)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(get_system_timezone()))
    return moment.isoformat()


def _shown(work: Callable[[], list[Row]]) -> dict[str, Any]:
    try:
        rows = work()
    except (HubError, AgreementError) as error:
        # Desk shows it as HTML, and the hub has its word in it.
        frappe.throw(escape_html(_(str(error))), title=_("Not possible now"))
    return {"ok": is_good(rows), "rows": said(rows)}


def said(rows: list[Row]) -> list[dict[str, str]]:
    """In the language of whoever asks."""
    return [
        {"check": _(row.check), "state": row.state, "message": _(row.message).format(*row.values)}
        for row in rows
    ]
