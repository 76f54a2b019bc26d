"""Connecting this site to a hub, and the state of the connection."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.query_builder.functions import Count
from frappe.utils import add_to_date, get_url, now_datetime

from salla_executor.core import hub_calls
from salla_executor.core.checklist import Row, hub_rows
from salla_executor.core.hub_calls import HubError
from salla_executor.erpnext.hub import FrappeHub, is_safe_address
from salla_executor.erpnext.readiness import checks, problems
from salla_executor.erpnext.secret_keeper import OVERLAP_HOURS, FrappeSecretKeeper
from salla_executor.erpnext.secrets import read_secret
from salla_executor.erpnext.settings import DOCTYPE
from salla_executor.key_agreement import read_code
from salla_executor.setup.defaults import fill_defaults


def pair_by_code(text: str) -> list[Row]:
    """Agree with the hub on a secret and keep it; the checklist afterwards. Its first call tells the hub that the secret
    is kept. Raises HubError or AgreementError."""
    code = read_code(text)
    if not is_safe_address(code.hub_url):
        raise HubError(_("The code names {0}, which is not a hub's https address.").format(code.hub_url))
    hub_calls.pair(code, FrappeHub(), FrappeSecretKeeper())
    return checklist()


def rotate_secret() -> list[Row]:
    """Raises HubError."""
    hub_calls.rotate(FrappeHub(), FrappeSecretKeeper())
    return checklist()


def checklist() -> list[Row]:
    """The hub first, then this side."""
    return [*hub_rows(FrappeSecretKeeper(), FrappeHub(), get_url()), *checks()]


def pair_and_enable(text: str, company: str | None = None) -> dict[str, Any]:
    """For the command line: fills empty settings first, so that a code is not spent on a site that is not ready."""
    filled = fill_defaults(company)
    # The secret is kept in a transaction of its own, which begins with a rollback.
    frappe.db.commit()
    pair_by_code(text)
    settings = frappe.get_doc(DOCTYPE)
    settings.is_enabled = 1
    settings.save()
    return {"instance_id": settings.instance_id, "filled": filled, "problems": problems()}


def pair(instance_id: str, manager_url: str, secret: str, company: str | None = None) -> dict[str, Any]:
    filled = fill_defaults(company)
    settings = frappe.get_doc(DOCTYPE)
    before = read_secret(DOCTYPE, DOCTYPE, "shared_secret")
    if secret and secret != before:
        settings.shared_secret = secret
        if before:
            settings.previous_secret = before
            settings.previous_secret_expires_at = add_to_date(now_datetime(), hours=OVERLAP_HOURS)
    settings.instance_id = instance_id
    settings.manager_base_url = manager_url
    settings.is_enabled = 1
    settings.save()
    return {"instance_id": instance_id, "filled": filled, "problems": problems()}


def status() -> dict[str, Any]:
    settings = frappe.get_doc(DOCTYPE)
    since = add_to_date(now_datetime(), days=-1)
    inbox = frappe.qb.DocType("Executor Inbox")
    counts = (
        frappe.qb.from_(inbox)
        .select(inbox.status, Count("*"))
        .where(inbox.creation > since)
        .groupby(inbox.status)
        .run()
    )
    last = frappe.get_all("Executor Inbox", fields=["creation"], order_by="creation desc", limit=1)
    return {
        "instance_id": settings.instance_id or "",
        "is_enabled": bool(settings.is_enabled),
        "company": settings.company or "",
        "manager_base_url": settings.manager_base_url or "",
        "problems": problems(),
        "answers_of_24_hours": dict(counts),
        "last_command_at": str(last[0].creation) if last else None,
        "references": frappe.db.count("External Reference"),
    }
