"""The port `Receiver` on Frappe's database: replay guard, inbox, references and the one transaction.

Names of rows are sha256 over what has to be unique, since the collation takes `abc` and `ABC` for equal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import frappe
from frappe import _
from frappe.utils import now

import erpnext

from salla_executor import __version__
from salla_executor.contract import Command, dump_json
from salla_executor.core.model import BusinessError, Claim, Reference, Settings
from salla_executor.erpnext import order_tasks, waiting
from salla_executor.erpnext.dry_run import outside_untouched
from salla_executor.erpnext.erp import ErpNext
from salla_executor.erpnext.errors import CONFLICTS, StaleViewError, log_redacted
from salla_executor.erpnext.guard import CommitGuard
from salla_executor.erpnext.readiness import checks
from salla_executor.erpnext.secret_keeper import FrappeSecretKeeper
from salla_executor.erpnext.settings import DOCTYPE as SETTINGS

INSERT_NONCE = """
    INSERT INTO `tabExecutor Nonce` (name, creation, modified, owner, modified_by, expires_at)
    VALUES (%(name)s, %(now)s, %(now)s, 'Guest', 'Guest', %(expires_at)s)
"""
# The default is to wait 50 s for a twin that is being applied, and to hold a worker all that time.
INSERT_CLAIM = """
    SET STATEMENT innodb_lock_wait_timeout = 1 FOR
    INSERT INTO `tabExecutor Inbox` (name, creation, modified, owner, modified_by, idempotency_key, instance_id,
        body_hash, command_id, command_type, store_account, external_id, revision)
    VALUES (%(name)s, %(now)s, %(now)s, 'Guest', 'Guest', %(key)s, %(instance)s,
        %(body_hash)s, %(command_id)s, %(command_type)s, %(store)s, %(external_id)s, %(revision)s)
"""
STORE_ACK = """
    UPDATE `tabExecutor Inbox`
    SET status = %(status)s, ack = %(ack)s, message = %(message)s, document_type = %(doctype)s,
        document_name = %(docname)s
    WHERE name = %(name)s
"""
# Not InnoDB's locks: two persons who are both new lie in one gap of its index, and would deadlock.
LOCK_PERSON = "SELECT {}"
TAKE, FREE = "GET_LOCK(%s, 5)", "RELEASE_LOCK(%s)"
# One statement makes the row or finds it, and locks it either way; a SELECT first would deadlock two newcomers.
LOCK_REFERENCE = """
    SET STATEMENT innodb_lock_wait_timeout = 5 FOR
    INSERT INTO `tabExternal Reference` (name, creation, modified, owner, modified_by, source, entity_type,
        external_id)
    VALUES (%(name)s, %(now)s, %(now)s, 'Guest', 'Guest', %(source)s, %(entity_type)s, %(external_id)s)
    ON DUPLICATE KEY UPDATE name = VALUES(name)
    RETURNING source, entity_type, external_id, document_type, document_name, revision, generation, content_hash,
        is_deleted, not_applied, item_code
"""
# ERPNext sums reserved quantities from its read view, so two submits at once would each miss the other's. The lock
# is taken before the first plain read, which is what fixes the view.
LOCK_SUBMITS = """
    SET STATEMENT innodb_lock_wait_timeout = 10 FOR
    SELECT name FROM `tabWarehouse` WHERE name = %s FOR UPDATE
"""
# What waits for a person to change this Sales Order.
ORDER = "order:"
# Written out, since each command needs them: Frappe's builds the same statement for longer than it runs.
FIND_REFERENCE = """
    SELECT source, entity_type, external_id, document_type, document_name, revision, generation, content_hash,
        is_deleted, not_applied, item_code
    FROM `tabExternal Reference` WHERE name = %s
"""
SOLD_ITEMS = """
    SELECT reference.name, item.name
    FROM `tabExternal Reference` reference JOIN `tabItem` item ON item.name = reference.document_name
    WHERE reference.name IN %(names)s AND reference.document_type = 'Item' AND item.has_variants = 0
"""
REFERENCE_FIELDS = [
    "source",
    "entity_type",
    "external_id",
    "document_type",
    "document_name",
    "revision",
    "generation",
    "content_hash",
    "is_deleted",
    "not_applied",
    "item_code",
]


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
        name = row_name(self.gate().instance_id, nonce)
        try:
            frappe.db.sql(INSERT_NONCE, {"name": name, "now": now(), "expires_at": expires_at})
        except Exception as error:
            if not frappe.db.is_duplicate_entry(error):
                raise
            frappe.db.rollback()
            return False
        # A replay has to be refused even if this command fails and is rolled back.
        frappe.db.commit()
        self._nonce = nonce
        return True

    def claim(self, command: Command, body_hash: str) -> Claim:
        # Nothing was read since the nonce's commit, or the rollback before another try: duplicates are decided on a
        # view that begins here.
        self._store = command.store_account
        self._inbox = row_name(command.erp_instance, command.idempotency_key)
        try:
            frappe.db.sql(INSERT_CLAIM, _claim_row(self._inbox, command, body_hash))
        except frappe.QueryTimeoutError:
            return Claim("in_progress")
        except Exception as error:
            if not frappe.db.is_duplicate_entry(error):
                raise
            return self._known(body_hash)
        return Claim("new")

    def _known(self, body_hash: str) -> Claim:
        row = frappe.db.get_value("Executor Inbox", self._inbox, ["body_hash", "ack"], as_dict=True)
        if row is None or not row.ack:
            return Claim("in_progress")
        return Claim("known" if row.body_hash == body_hash else "conflict", json.loads(row.ack))

    def lock_person(self, keys: Mapping[str, str]) -> None:
        # Sorted, so that two commands of one person never wait for each other; the names hold for the whole server.
        if self._has_read:
            # Who had the lock before may have made the customer behind this view. The settings are known by the next try.
            raise StaleViewError("person")
        names = sorted(row_name(frappe.conf.db_name, kind, value.casefold()) for kind, value in keys.items())
        self._persons = names
        (taken,) = frappe.db.sql(LOCK_PERSON.format(", ".join([TAKE] * len(names))), names)
        if not all(taken):
            message = _("Another command of the same person is being applied; this one is tried again.")
            raise BusinessError("busy", message, retryable=True)

    def _free_persons(self) -> None:
        names, self._persons = self._persons, []
        if names:
            frappe.db.sql(LOCK_PERSON.format(", ".join([FREE] * len(names))), names)

    def lock_reference(self, source: str, entity_type: str, external_id: str) -> Reference:
        row = {
            "name": row_name(source, entity_type, external_id),
            "now": now(),
            "source": source,
            "entity_type": entity_type,
            "external_id": external_id,
        }
        try:
            if entity_type == "order":
                self._lock_submits(source)
            locked = _reference(frappe.db.sql(LOCK_REFERENCE, row, as_dict=True)[0])
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
        settings = self.settings().of(source)
        if not (settings.submit_orders or settings.acts_on_status):
            return
        if self._has_read:
            # The settings came from the database; what others submit meanwhile would not be seen. The next try knows them.
            raise StaleViewError("submits")
        frappe.db.sql(LOCK_SUBMITS, settings.warehouse)

    def find_reference(self, source: str, entity_type: str, external_id: str) -> Reference | None:
        name = row_name(source, entity_type, external_id)
        rows = frappe.db.sql(FIND_REFERENCE, name, as_dict=True)
        return _reference(rows[0]) if rows else None

    def sold_items(self, source: str, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        names = {row_name(source, *key): key for key in wanted}
        rows = frappe.db.sql(SOLD_ITEMS, {"names": tuple(names)}) if names else ()
        return {names[name]: item for name, item in rows}

    def references_of(self, doctype: str, docname: str) -> list[Reference]:
        filters = {"document_type": ("=", doctype), "document_name": ("=", docname)}
        rows = frappe.get_all("External Reference", filters=filters, fields=REFERENCE_FIELDS)
        return [_reference(row) for row in rows]

    def save_reference(self, reference: Reference) -> None:
        values = {
            "name": row_name(reference.source, reference.entity_type, reference.external_id),
            "modified": now(),
            "modified_by": frappe.session.user,
            "document_type": reference.doctype,
            "document_name": reference.docname,
            "revision": reference.revision,
            "generation": reference.generation,
            "content_hash": reference.content_hash,
            "is_deleted": reference.is_deleted,
            "not_applied": reference.not_applied,
            **waiting.NOTHING,
        }
        fields = ", ".join(f"`{field}` = %({field})s" for field in values)
        frappe.db.sql(f"UPDATE `tabExternal Reference` SET {fields} WHERE name = %(name)s", values)

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
        payload = ack.get("ack_payload") or {}
        document = payload.get("erp_doc") or {}
        row = {
            "name": row_name(self.gate().instance_id, idempotency_key),
            "status": ack["ack_status"],
            "ack": dump_json(ack).decode(),
            "message": payload.get("message"),
            "doctype": document.get("doctype"),
            "docname": document.get("name"),
        }
        frappe.db.sql(STORE_ACK, row)

    @contextmanager
    def applying(self, *, is_dry_run: bool = False) -> Iterator[None]:
        before = frappe.session.user
        self._guard.arm()
        try:
            frappe.set_user(_integration_user())
            with outside_untouched() if is_dry_run else nullcontext():
                yield
        finally:
            frappe.set_user(before)

    def commit(self) -> None:
        """A COMMIT may succeed and still raise, by a callback that runs after it; the inbox row tells."""
        self._guard.disarm()
        try:
            # The whole effect of a command and its stored answer, or nothing.
            frappe.db.commit()
        except Exception:
            frappe.db.rollback()
            if not frappe.db.get_value("Executor Inbox", self._inbox, "status"):
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


def row_name(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def _claim_row(name: str, command: Command, body_hash: str) -> dict[str, Any]:
    return {
        "name": name,
        "now": now(),
        "key": command.idempotency_key,
        "instance": command.erp_instance,
        "body_hash": body_hash,
        "command_id": command.command_id,
        "command_type": command.command_type,
        "store": command.store_account,
        "external_id": command.external_id[:140],
        "revision": command.revision,
    }


def _reference(row: dict[str, Any]) -> Reference:
    return Reference(
        source=row["source"],
        entity_type=row["entity_type"],
        external_id=row["external_id"],
        doctype=row["document_type"] or "",
        docname=row["document_name"] or "",
        revision=row["revision"] or 0,
        generation=row["generation"] or 0,
        content_hash=row["content_hash"] or "",
        is_deleted=bool(row["is_deleted"]),
        not_applied=row["not_applied"] or "",
        item_code=row["item_code"] or "",
        is_new=not row["document_name"],
    )


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
