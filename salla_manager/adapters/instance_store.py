"""ERP Instances for the core, with the secrets they share with their ERP."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import frappe
from frappe.utils import add_days, now_datetime
from frappe.utils.password import get_encryption_key

from salla_manager.adapters.config_store import switched_off
from salla_manager.adapters.rows import from_epoch, from_shown, key_of, plain, shown, to_epoch
from salla_manager.adapters.secrets import SecretError, keep_secret, read_secret
from salla_manager.core.model import Instance, is_connection

INSTANCE, CONNECTION = "ERP Instance", "ERP Connection"
# The ERP may have to be told the new secret meanwhile; both are taken from its side until then.
ROTATION_DAYS = 7
# Core's name of a secret -> its field.
SECRETS = {
    "secret": "shared_secret",
    "previous_secret": "previous_secret",
    "pending_secret": "pending_secret",
    "pairing_code": "pairing_code",
}


# The named one, else any: one statement and one reading of secrets either way.
NAMED_OR_OTHER = """select * from (
        (select * from `tabERP Instance` where name = %(name)s)
        union all (select * from `tabERP Instance` limit 1)
    ) found order by name = %(name)s desc limit 1"""


class InstanceRows:
    def instance(self, name: str) -> Instance | None:
        return _named(name, "select * from `tabERP Instance` where name = %(name)s")

    def instance_or_other(self, name: str) -> Instance | None:
        return _instance(name, NAMED_OR_OTHER)

    def lock_instance(self, name: str) -> Instance | None:
        return _named(name, "select * from `tabERP Instance` where name = %(name)s for update")

    def save_secrets(self, instance: Instance) -> None:
        before = self.instance(instance.name)
        changed = {name for name in SECRETS if getattr(instance, name) != getattr(before, name)}
        for name in changed:
            keep_secret(INSTANCE, instance.name, SECRETS[name], getattr(instance, name))
        values: dict[str, Any] = {"pairing_code_until": shown(instance.pairing_code_until)}
        if "previous_secret" in changed:
            values["previous_secret_until"] = add_days(now_datetime(), ROTATION_DAYS)
        if "secret" in changed:
            values |= {"secret_fingerprint": fingerprint_of(instance.secret), "secret_since": now_datetime()}
        frappe.db.set_value(INSTANCE, instance.name, values, update_modified=False)

    def move_release(self, destination: str, change: Callable[[datetime | None], datetime | None]) -> bool:
        doctype = doctype_of(destination)
        rows = frappe.db.sql(
            f"select release_until from `tab{doctype}` where name = %s for update", destination
        )
        moved = change(from_epoch(rows[0][0])) if rows else None
        if moved is not None:
            values = {"release_until": to_epoch(moved)}
            frappe.db.set_value(doctype, destination, values, update_modified=False)
        return moved is not None

    @contextmanager
    def changing_secret(self, instance: str) -> Iterator[bool]:
        lock = f"salla-secret-{key_of(frappe.local.site, instance)[:40]}"
        is_mine = frappe.db.sql("select get_lock(%s, 0)", lock)[0][0] == 1
        try:
            yield is_mine
        finally:
            if is_mine:
                frappe.db.sql("select release_lock(%s)", lock)

    def save_breaker(self, destination: str, failures: int, open_until: datetime | None, reason: str) -> None:
        values = {
            "consecutive_failures": failures,
            "breaker_status": "Open" if open_until else "Closed",
            "breaker_open_until": to_epoch(open_until),
            "breaker_until": shown(open_until),
            "breaker_reason": plain(reason),
        }
        # Not `modified`: it would refuse the save of someone who has the form open.
        frappe.db.set_value(doctype_of(destination), destination, values, update_modified=False)


def doctype_of(destination: str) -> str:
    return CONNECTION if is_connection(destination) else INSTANCE


def touch_success(destination: str) -> None:
    frappe.db.set_value(
        doctype_of(destination), destination, "last_success", now_datetime(), update_modified=False
    )


def fingerprint_of(secret: str) -> str:
    """Tells two secrets apart without telling them; with the site's key, so that nobody else can try some."""
    return hmac.new(get_encryption_key().encode(), secret.encode(), hashlib.sha256).hexdigest()


def _named(name: str, query: str) -> Instance | None:
    found = _instance(name, query)
    # The collation takes other spellings for the same.
    return found if found is not None and found.name == name else None


def _instance(name: str, query: str) -> Instance | None:
    rows = frappe.db.sql(query, {"name": name}, as_dict=True)
    if not rows:
        return None
    row = rows[0]
    secrets, problem = _secrets(row)
    return Instance(
        name=row.name,
        url=row.url,
        **secrets,
        secret_problem=problem,
        pairing_code_until=from_shown(row.pairing_code_until),
        is_enabled=bool(row.enabled),
        disabled_command_types=switched_off(row),
        breaker_open_until=from_epoch(row.breaker_open_until),
        breaker_reason=row.breaker_reason or "",
        consecutive_failures=row.consecutive_failures,
    )


def _secrets(row: Any) -> tuple[dict[str, str], str]:
    """Those that stand there, and why they cannot be read: one instance must not stop the others."""
    is_rotating = bool(row.previous_secret_until and row.previous_secret_until > now_datetime())
    # Stars stand in the field of a secret that is kept.
    wanted = {name: field for name, field in SECRETS.items() if row.get(field)}
    if not is_rotating:
        wanted.pop("previous_secret", None)
    try:
        found = {name: read_secret(INSTANCE, row.name, field) for name, field in wanted.items()}
    except SecretError as error:
        return dict.fromkeys(SECRETS, ""), str(error)
    return {**dict.fromkeys(SECRETS, ""), **found}, ""
