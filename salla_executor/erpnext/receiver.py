"""The port `Receiver` on Frappe's database: replay guard, inbox, references and the one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import frappe
from frappe import _

import erpnext

from salla_executor import __version__
from salla_executor.contract import Command
from salla_executor.core.model import BusinessError, Claim, Reference, Settings
from salla_executor.erpnext import inbox, locks, order_tasks, reference_rows, waiting
from salla_executor.erpnext.dry_run import outside_untouched
from salla_executor.erpnext.erp import ErpNext
from salla_executor.erpnext.errors import CONFLICTS, StaleViewError, log_redacted
from salla_executor.erpnext.guard import CommitGuard
from salla_executor.erpnext.inbox import row_name
from salla_executor.erpnext.readiness import checks
from salla_executor.erpnext.secret_keeper import FrappeSecretKeeper
from salla_executor.erpnext.settings import DOCTYPE as SETTINGS

# What waits for a person to change this Sales Order.
ORDER = "order:"


class FrappeReceiver(FrappeSecretKeeper):
    """One request's host; is_conflict says after it whether another transaction won and it should run again."""

    def __init__(self) -> None:
        super().__init__()
        self.is_conflict = False
        self._erp: ErpNext | None = None
        self._guard = CommitGuard()
        self._inbox = ""
        self._store = ""
        self._nonce = ""
        self._has_read = False
        self._persons: list[str] = []

    def settings(self) -> Settings:
        """On a cold cache they come from the database, and that fixes what plain reads see until the transaction ends."""
        if self._settings is None:
            before = frappe.db.last_query
            super().settings()
            self._has_read = self._has_read or frappe.db.last_query is not before
        return super().settings()

    @property
    def erp(self) -> ErpNext:
        self._erp = self._erp or ErpNext(lambda: self.settings().of(self._store))
        return self._erp

    def remember_nonce(self, nonce: str, expires_at: int) -> bool:
        if nonce == self._nonce:
            # The same request, run again after a conflict.
            return True
        if not inbox.insert_nonce(self.gate().instance_id, nonce, expires_at):
            frappe.db.rollback()
            return False
        # A replay has to be refused even if this command fails and is rolled back.
        if frappe.db.transaction_writes == 1:
            # One trip where Frappe's commit takes two; nobody else wrote anything that could wait for it.
            frappe.db.sql("commit and chain")
        else:
            frappe.db.commit()
        self._nonce = nonce
        return True

    def claim(self, command: Command, body_hash: str) -> Claim:
        # Nothing was read since the nonce's commit, or the rollback before another try: duplicates are decided on a
        # view that begins here.
        self._store = command.store_account
        self._inbox = row_name(command.erp_instance, command.idempotency_key)
        return inbox.claim(self._inbox, command, body_hash)

    def lock_person(self, keys: Mapping[str, str]) -> None:
        if self._has_read:
            # Who had the lock before may have made the customer behind this view. The settings are known by the next try.
            raise StaleViewError("person")
        self._persons = locks.names_of(keys)
        if not locks.take_person(self._persons):
            message = _("Another command of the same person is being applied; this one is tried again.")
            raise BusinessError("busy", message, retryable=True)

    def _free_persons(self) -> None:
        names, self._persons = self._persons, []
        locks.free_person(names)

    def lock_reference(self, source: str, entity_type: str, external_id: str) -> Reference:
        try:
            if entity_type == "order":
                self._lock_submits(source)
            locked = reference_rows.lock(source, entity_type, external_id)
        except frappe.QueryTimeoutError:
            message = _("Another command of {0} {1} is being applied; this one is tried again.").format(
                entity_type, external_id
            )
            raise BusinessError("busy", message, retryable=True) from None
        if self._has_read and locked != self.find_reference(source, entity_type, external_id):
            raise StaleViewError(f"{entity_type} {external_id}")
        # From here on plain reads see the database as it is at the first of them.
        self._has_read = True
        return locked

    def _lock_submits(self, source: str) -> None:
        of_store = self.settings().of(source)
        if not (self.erp.acts_on_status(source) or locks.changes_reservations(of_store)):
            return
        if self._has_read:
            # The settings came from the database; what others submit meanwhile would not be seen. The next try knows them.
            raise StaleViewError("submits")
        locks.lock_submits()

    def find_reference(self, source: str, entity_type: str, external_id: str) -> Reference | None:
        return reference_rows.find(source, entity_type, external_id)

    def usable_documents(
        self, source: str, wanted: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], str]:
        return reference_rows.usable_documents(source, wanted)

    def references_of(self, doctype: str, docname: str) -> list[Reference]:
        return reference_rows.of_document(doctype, docname)

    def save_reference(self, reference: Reference) -> None:
        reference_rows.save(reference)

    def note_wait(self, command: Command, error: BusinessError) -> None:
        row = {
            "name": row_name(command.store_account, command.entity_type, command.external_id),
            "source": command.store_account,
            "entity_type": command.entity_type,
            "external_id": command.external_id,
            "revision": command.revision,
            "generation": command.generation,
            "waits_on": error.waits_on,
            "message": str(error),
            "candidates": "\n".join(error.candidates),
            "title": waiting.title_of(command.payload),
        }
        waiting.note_wait(row)
        if error.waits_on.startswith(ORDER):
            with self.applying():
                order_tasks.ask_person(
                    frappe.get_doc("Sales Order", error.waits_on.removeprefix(ORDER)), str(error)
                )
            self._guard.disarm()
        # The command was rolled back before; the note stands alone.
        frappe.db.commit()

    def store_ack(self, idempotency_key: str, ack: dict[str, Any]) -> None:
        inbox.store_ack(row_name(self.gate().instance_id, idempotency_key), ack)

    @contextmanager
    def applying(self, *, is_dry_run: bool = False) -> Iterator[None]:
        before = frappe.session.user
        self._guard.arm()
        try:
            _become(_integration_user())
            with outside_untouched() if is_dry_run else nullcontext():
                yield
        finally:
            _become(before)

    def commit(self) -> None:
        """A COMMIT may succeed and still raise, by a callback that runs after it; the inbox row tells."""
        self._guard.disarm()
        try:
            # The whole effect of a command and its stored answer, or nothing.
            frappe.db.commit()
        except Exception:
            frappe.db.rollback()
            if not inbox.has_answer(self._inbox):
                raise
        finally:
            # It holds the order and, by its settings, this; a busy worker collects such rings much too late.
            self._erp = None
            self._free_persons()

    def rollback(self) -> None:
        self._guard.disarm()
        # What it holds was never written.
        self._erp = None
        self._has_read = False
        frappe.db.rollback()
        # Another transaction may have won, so the next try reads anew. Webhooks of what is undone would stand in the way
        # of its own: Frappe asks for a queue to be sent only when it is begun.
        frappe.local.cache = {}
        frappe.local._webhook_queue = []
        self._free_persons()

    def report(self, error: Exception) -> bool:
        self.is_conflict = isinstance(error, CONFLICTS)
        if not self.is_conflict:
            log_redacted("Salla Executor: a command failed", error)
            # The command was rolled back before; the log row stands alone.
            frappe.db.commit()
        return self.is_conflict

    def versions(self) -> dict[str, str]:
        return {
            "salla_executor": __version__,
            "frappe": frappe.__version__,
            "erpnext": erpnext.__version__,
        }

    def checks(self) -> list[dict[str, str]]:
        return [{"check": row.check, "state": row.state, "message": row.text} for row in checks()]


def _become(user: str) -> None:
    # What was read so far is the same for anybody, or stands there by user; Frappe would read all of it once more.
    known = frappe.local.cache
    frappe.set_user(user)
    frappe.local.cache = known


def _integration_user() -> str:
    user = frappe.get_cached_doc(SETTINGS).integration_user
    if user and frappe.get_cached_value("User", user, "enabled"):
        return user
    raise BusinessError(
        "no_integration_user",
        _(
            "The integration user is missing or disabled. Choose one in Salla Executor Settings; the command is"
            " tried again."
        ),
        waits_on="setting:integration_user",
    )
