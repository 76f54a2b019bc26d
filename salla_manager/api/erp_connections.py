"""What the buttons of ERP Connections call. Permission first, then one call."""

from __future__ import annotations

from typing import Any

import frappe

from salla_manager.adapters import erp_connection_config, erp_connection_health, erp_connectors
from salla_manager.adapters.host import build_host
from salla_manager.adapters.instance_store import CONNECTION
from salla_manager.api.told import told
from salla_manager.core import commands

COMMAND = "Outbound Client Command"


@frappe.whitelist(methods=["GET"])
def connector_types() -> dict[str, list[str]]:
    """types: those that can be chosen; conflicts: types that two apps give."""
    frappe.has_permission(CONNECTION, "read", throw=True)
    types = sorted(erp_connectors.registry().names())
    return {"types": types, "conflicts": erp_connectors.conflicts()}


@frappe.whitelist(methods=["GET"])
def configuration(connection: str) -> dict[str, Any]:
    """The fields of the connector, with what is kept; of a secret, whether one is."""
    frappe.has_permission(CONNECTION, "write", connection, throw=True)
    return erp_connection_config.form_of(connection)


@frappe.whitelist(methods=["POST"])
def configure(connection: str, values: dict | str) -> None:
    """values: by field; an empty secret leaves the kept one, null takes it away."""
    frappe.has_permission(CONNECTION, "write", connection, throw=True)
    erp_connection_config.save(connection, frappe.parse_json(values))


@frappe.whitelist(methods=["POST"])
def test_connection(connection: str) -> dict[str, Any]:
    """ok, message and latency_ms; kept on the connection as its last test."""
    frappe.has_permission(COMMAND, "write", throw=True)
    frappe.has_permission(CONNECTION, "read", connection, throw=True)
    return told(erp_connection_health.test_and_keep, connection)


@frappe.whitelist(methods=["GET"])
def health(connection: str) -> dict[str, Any]:
    """Success rate, latency and last error of the last day and week."""
    frappe.has_permission(CONNECTION, "read", connection, throw=True)
    return erp_connection_health.health_of([connection])[connection]


@frappe.whitelist(methods=["POST"])
def close_breaker(connection: str) -> None:
    """Send again at once, without waiting for the next probe."""
    frappe.has_permission(COMMAND, "write", throw=True)
    frappe.has_permission(CONNECTION, "read", connection, throw=True)
    commands.close_breaker(build_host(), connection)


@frappe.whitelist(methods=["GET"])
def can_roll_back(name: str) -> bool:
    """Whether what this command gave can be taken back from here."""
    frappe.has_permission(COMMAND, "write", name, throw=True)
    return commands.can_roll_back(build_host(), name)


@frappe.whitelist(methods=["POST"])
def roll_back(name: str, reason: str = "") -> str:
    """Take back what a Done command gave to its ERP Connection; what the destination called it."""
    frappe.has_permission(COMMAND, "write", name, throw=True)
    by = f"{frappe.session.user}: {reason}".rstrip(": ")
    return told(commands.roll_back_command, build_host(), name, by)
