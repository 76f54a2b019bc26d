"""ERP Connections for the core, with the configuration that their connector needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import frappe
from frappe import _
from frappe.utils.password import get_decrypted_password, set_encrypted_password

from salla_manager.adapters.instance_store import CONNECTION
from salla_manager.adapters.rows import from_epoch
from salla_manager.adapters.secrets import SecretError, encryption
from salla_manager.core.model import Connection, Route
from salla_manager.erp.encryption import DecryptionError, MasterKeyError, Place

ACTIVE, DISABLED = "ACTIVE", "DISABLED"
CONFIG = "config"

_ACTIVE_ONES = """select connection.name, connection.connector_type, route.name as route, route.store, route.command_type
    from `tabERP Connection` connection
    left join `tabERP Connection Route` route on route.parent = connection.name
    where connection.customer_account = %s and connection.status = 'ACTIVE'
    order by connection.name, route.idx"""


class ConnectionRows:
    def connection(self, name: str) -> Connection | None:
        rows = frappe.db.sql("select * from `tabERP Connection` where name = %s", name, as_dict=True)
        # The collation takes other spellings for the same.
        return _connection(rows[0]) if rows and rows[0].name == name else None

    def connections_of(self, customer_account: str) -> list[Connection]:
        found: dict[str, Connection] = {}
        routes: dict[str, list[Route]] = {}
        for row in frappe.db.sql(_ACTIVE_ONES, customer_account, as_dict=True):
            found[row.name] = Connection(row.name, customer_account, row.connector_type)
            if row.route:
                routes.setdefault(row.name, []).append(_route(row))
        return [replace(one, routes=tuple(routes.get(name, ()))) for name, one in found.items()]


def _connection(row: Any) -> Connection:
    routes = frappe.db.sql(
        "select store, command_type from `tabERP Connection Route` where parent = %s order by idx",
        row.name,
        as_dict=True,
    )
    config, problem = _config(row.name)
    return Connection(
        name=row.name,
        customer_account=row.customer_account,
        connector_type=row.connector_type,
        config=config,
        config_problem=problem,
        is_enabled=row.status == ACTIVE,
        routes=tuple(map(_route, routes)),
        breaker_open_until=from_epoch(row.breaker_open_until),
        breaker_reason=row.breaker_reason or "",
        consecutive_failures=row.consecutive_failures,
    )


def read_config(name: str) -> dict[str, Any] | None:
    """The kept configuration, None where there is none. Raises SecretError."""
    stored = get_decrypted_password(CONNECTION, name, CONFIG, raise_exception=False)
    try:
        return encryption().decrypt_config(stored, _place(name)) if stored else None
    except (DecryptionError, MasterKeyError) as error:
        raise SecretError(_("{0} {1}, {2}: {3}").format(_(CONNECTION), name, CONFIG, error)) from None


def keep_config(name: str, config: dict[str, Any]) -> None:
    """Encrypted as a whole, in the transaction that is open. Raises SecretError without a master key."""
    try:
        sealed = encryption().encrypt_config(config, _place(name))
    except MasterKeyError as error:
        frappe.throw(str(error), SecretError, title=_("The secret cannot be kept"))
    set_encrypted_password(CONNECTION, name, sealed, CONFIG)


def _place(name: str) -> Place:
    return Place(frappe.local.site, CONNECTION, name, CONFIG)


def _config(name: str) -> tuple[dict[str, Any], str]:
    """What is kept, and why it cannot be read: one connection must not stop the others."""
    try:
        config = read_config(name)
    except SecretError as error:
        return {}, str(error)
    if config is None:
        return {}, _("The ERP Connection {0} has no configuration. Press Configure on its form.").format(name)
    return config, ""


def _route(row: Any) -> Route:
    return Route(row.store or "", row.command_type or "")
