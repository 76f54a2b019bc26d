"""Secrets at rest: envelopes of AES-256-GCM in Frappe's own table of passwords, where no form, report or API reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils.password import decrypt, remove_encrypted_password, set_encrypted_password

from salla_executor.encryption import (
    DecryptionError,
    EncryptionService,
    MasterKeyError,
    MasterKeys,
    Place,
    is_envelope,
    read_master_keys,
)

MODULE = "Salla Executor"
# Stands in the field for a secret that is kept; its length says nothing of the secret's.
STARS = "*" * 8


class SecretError(frappe.ValidationError):
    """A secret cannot be read or kept. Says why and what to do, never the value."""


def read_secret(doctype: str, name: str, fieldname: str) -> str:
    """The kept secret, "" where there is none. Raises SecretError."""
    return open_stored(doctype, name, fieldname, _stored(doctype, name, fieldname))


def open_stored(doctype: str, name: str, fieldname: str, stored: str) -> str:
    """The secret in an envelope that was read already. Raises SecretError."""
    if not stored:
        return ""
    try:
        return _opened(stored, _place(doctype, name, fieldname), read_master_keys(os.environ, frappe.conf))
    except (DecryptionError, MasterKeyError) as error:
        raise SecretError(_("{0} {1}, {2}: {3}").format(_(doctype), name, fieldname, error)) from None


def keep_secret(doctype: str, name: str, fieldname: str, secret: str) -> None:
    """In the transaction that is open; an empty one is removed. Raises SecretError without a master key."""
    if secret:
        set_encrypted_password(doctype, name, _sealed(doctype, name, fieldname, secret), fieldname)
    else:
        remove_encrypted_password(doctype, name, fieldname)
    _show(doctype, name, fieldname, STARS if secret else "")


def keep_typed(doc: Document) -> None:
    """For `validate`: what a person typed is kept before Frappe would keep it its own way; a field that nobody can
    type into is what is stored, whatever an older form says."""
    for field in doc.meta.get("fields", {"fieldtype": "Password"}):
        value = doc.get(field.fieldname)
        if field.read_only or field.hidden:
            doc.set(field.fieldname, STARS if has_secret(doc.doctype, doc.name, field.fieldname) else "")
        elif value and not doc.is_dummy_password(value):
            keep_in(doc, field.fieldname, value)


def keep_in(doc: Document, fieldname: str, secret: str) -> None:
    keep_secret(doc.doctype, doc.name, fieldname, secret)
    doc.set(fieldname, STARS if secret else "")


def has_secret(doctype: str, name: str, fieldname: str) -> bool:
    return bool(_stored(doctype, name, fieldname))


def rewrap_secrets(site_before: str = "") -> dict[str, int]:
    """Every secret of this app under the current master key; how many were changed and how many are kept.

    site_before: the name under which a moved site kept them. Raises SecretError at the first one that cannot be read;
    nothing is changed then, once the caller rolls back."""
    counts = {"changed": 0, "kept": 0}
    places = list(kept_here())
    # A site without secrets needs no key yet.
    service = encryption() if places else None
    for doctype, name, fieldname in places:
        stored = _stored(doctype, name, fieldname)
        try:
            sealed = _rewrapped(service, stored, doctype, name, fieldname, site_before)
        except DecryptionError as error:
            raise SecretError(_("{0} {1}, {2}: {3}").format(_(doctype), name, fieldname, error)) from None
        counts["kept"] += 1
        if sealed != stored:
            set_encrypted_password(doctype, name, sealed, fieldname)
            counts["changed"] += 1
    return counts


def _rewrapped(
    service: EncryptionService, stored: str, doctype: str, name: str, fieldname: str, site_before: str
) -> str:
    place = _place(doctype, name, fieldname)
    # From before this app encrypted: Frappe's own encryption was around it, as it is around an envelope.
    if not is_envelope(stored):
        return service.encrypt(stored, place)
    if not site_before:
        return service.rewrap(stored, place)
    return service.encrypt(service.decrypt(stored, Place(site_before, doctype, name, fieldname)), place)


def key_ids() -> dict[str, int]:
    """Id of a master key -> how many secrets of this site it encrypts; "none" for those of before this app did."""
    counts: dict[str, int] = {}
    for doctype, name, fieldname in kept_here():
        stored = _stored(doctype, name, fieldname)
        key_id = stored.split(":")[1] if is_envelope(stored) else "none"
        counts[key_id] = counts.get(key_id, 0) + 1
    return counts


def _stored(doctype: str, name: str, fieldname: str) -> str:
    # Written out, since each webhook and command reads one: Frappe's builds the same statement for longer than it runs.
    rows = frappe.db.sql(
        "select password from `__Auth` where doctype = %s and name = %s and fieldname = %s and encrypted = 1",
        (doctype, name, fieldname),
    )
    return decrypt(rows[0][0]) if rows else ""


# Each webhook and command needs one; another envelope, place or master key is another question.
@lru_cache(maxsize=64)
def _opened(stored: str, place: Place, keys: MasterKeys) -> str:
    return EncryptionService(keys).decrypt(stored, place)


def encryption() -> EncryptionService:
    """Raises MasterKeyError."""
    return EncryptionService(read_master_keys(os.environ, frappe.conf))


def _sealed(doctype: str, name: str, fieldname: str, secret: str) -> str:
    try:
        return encryption().encrypt(secret, _place(doctype, name, fieldname))
    except MasterKeyError as error:
        return frappe.throw(str(error), SecretError, title=_("The secret cannot be kept"))


def _place(doctype: str, name: str, fieldname: str) -> Place:
    return Place(frappe.local.site, doctype, name, fieldname)


def _show(doctype: str, name: str, fieldname: str, shown: str) -> None:
    # Not `modified`: it would refuse the save of someone who has the form open.
    if frappe.get_meta(doctype).issingle:
        frappe.db.set_single_value(doctype, fieldname, shown, update_modified=False)
    else:
        frappe.db.set_value(doctype, name, fieldname, shown, update_modified=False)


def kept_here() -> Iterator[tuple[Any, ...]]:
    yield from frappe.db.sql(
        """select doctype, name, fieldname from `__Auth`
        where encrypted = 1 and doctype in (select name from `tabDocType` where module = %s)
        order by doctype, name, fieldname for update""",
        MODULE,
    )
