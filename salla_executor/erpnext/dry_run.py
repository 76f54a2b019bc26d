"""What a dry run keeps from the world outside the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import frappe
from frappe.model.document import Document


@contextmanager
def outside_untouched() -> Iterator[None]:
    """Desk's search takes what is saved from Redis, whatever becomes of the transaction; mails are sent from there too.

    So are the notices of Notifications, Assignment Rules and Energy Points.
    """
    conf, flags = frappe.local.conf, frappe.flags
    before = conf.get("disable_global_search"), flags.mute_emails, flags.in_setup_wizard
    conf["disable_global_search"], flags.mute_emails = 1, True
    # What keeps Assignment Rules, Energy Points and Milestones out, and nothing that a command writes.
    flags.in_setup_wizard = True
    flags.salla_dry_run = True
    try:
        yield
    finally:
        conf["disable_global_search"], flags.mute_emails, flags.in_setup_wizard = before
        flags.salla_dry_run = False


def mute_notifications(doc: Document, method: str | None = None) -> None:
    """First event of whatever is written: in a dry run Frappe has no Notification to look at."""
    if frappe.flags.salla_dry_run:
        doc.flags.notifications = []
