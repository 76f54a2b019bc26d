"""Locks that a command takes before its first plain read, which fixes what it sees."""

from __future__ import annotations

from collections.abc import Mapping

import frappe

from salla_executor.core.model import Settings
from salla_executor.erpnext.inbox import row_name
from salla_executor.erpnext.settings import DOCTYPE

# Not InnoDB's locks: two persons who are both new lie in one gap of its index, and would deadlock.
PERSON = "SELECT {}"
TAKE, FREE = "GET_LOCK(%s, 5)", "RELEASE_LOCK(%s)"
# ERPNext sums reserved quantities from its read view, so two submits at once would each miss the other's. One row for
# the whole site, since stores may sell from one warehouse; this one is there wherever commands are taken.
SUBMITS = """
    SET STATEMENT innodb_lock_wait_timeout = 10 FOR
    SELECT value FROM `tabSingles` WHERE doctype = %s AND field = 'instance_id' FOR UPDATE
"""


def names_of(person: Mapping[str, str]) -> list[str]:
    """Sorted, so that two commands of one person never wait for each other; they hold for the whole server."""
    return sorted(row_name(frappe.conf.db_name, kind, value.casefold()) for kind, value in person.items())


def take_person(names: list[str]) -> bool:
    """False where another connection had one of them for 5 seconds."""
    (taken,) = frappe.db.sql(PERSON.format(", ".join([TAKE] * len(names))), names)
    return all(taken)


def free_person(names: list[str]) -> None:
    if names:
        frappe.db.sql(PERSON.format(", ".join([FREE] * len(names))), names)


def changes_reservations(of_store: Settings) -> bool:
    """Whether the settings let a command submit, cancel or amend an order of this store, whatever its status asks for."""
    return of_store.submit_orders or of_store.changed_orders != "ask"


def lock_submits() -> None:
    """Raises frappe.QueryTimeoutError after 10 s."""
    frappe.db.sql(SUBMITS, DOCTYPE)
