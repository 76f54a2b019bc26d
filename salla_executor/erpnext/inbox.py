"""What was received: rows of Executor Nonce and Executor Inbox.

Names of rows are sha256 over what has to be unique, since the collation takes `abc` and `ABC` for equal.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import frappe
from frappe.utils import now

from salla_executor.contract import Command, dump_json
from salla_executor.core.model import Claim

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


def row_name(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def insert_nonce(instance_id: str, nonce: str, expires_at: int) -> bool:
    """False where it was used before. expires_at: Unix seconds."""
    row = {"name": row_name(instance_id, nonce), "now": now(), "expires_at": expires_at}
    return _is_inserted(INSERT_NONCE, row)


def claim(name: str, command: Command, body_hash: str) -> Claim:
    try:
        is_new = _is_inserted(INSERT_CLAIM, _claim_row(name, command, body_hash))
    except frappe.QueryTimeoutError:
        return Claim("in_progress")
    return Claim("new") if is_new else _known(name, body_hash)


def store_ack(name: str, ack: dict[str, Any]) -> None:
    payload = ack.get("ack_payload") or {}
    document = payload.get("erp_doc") or {}
    row = {
        "name": name,
        "status": ack["ack_status"],
        "ack": dump_json(ack).decode(),
        "message": payload.get("message"),
        "doctype": document.get("doctype"),
        "docname": document.get("name"),
    }
    frappe.db.sql(STORE_ACK, row)


def has_answer(name: str) -> bool:
    return bool(frappe.db.get_value("Executor Inbox", name, "status"))


def _is_inserted(statement: str, row: dict[str, Any]) -> bool:
    try:
        frappe.db.sql(statement, row)
    except Exception as error:
        if not frappe.db.is_duplicate_entry(error):
            raise
        return False
    return True


def _known(name: str, body_hash: str) -> Claim:
    row = frappe.db.get_value("Executor Inbox", name, ["body_hash", "ack"], as_dict=True)
    if row is None or not row.ack:
        return Claim("in_progress")
    return Claim("known" if row.body_hash == body_hash else "conflict", json.loads(row.ack))


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
