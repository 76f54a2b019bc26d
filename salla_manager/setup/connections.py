"""ERP Connections from the command line and from set-up scripts."""

from __future__ import annotations

import json
from typing import Any

import frappe

from salla_manager.adapters.instance_store import CONNECTION


def save_connection(
    title: str,
    customer: str,
    connector_type: str,
    config: dict[str, Any] | None = None,
    store: str = "",
    command_types: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Make an active connection, or change the one that has this title and organisation. Gives connection, created."""
    where = {"title": ("=", title), "customer_account": ("=", customer)}
    name = frappe.db.exists(CONNECTION, where)
    doc = frappe.get_doc(CONNECTION, name) if name else frappe.new_doc(CONNECTION)
    doc.update({"title": title, "customer_account": customer, "connector_type": connector_type})
    doc.set("routes", _routes(store, command_types))
    if config is not None:
        doc.config = json.dumps(config)
    doc.save()
    return {"connection": doc.name, "created": not name}


def _routes(store: str, command_types: tuple[str, ...]) -> list[dict[str, str]]:
    if command_types:
        return [{"store": store, "command_type": command_type} for command_type in command_types]
    return [{"store": store}] if store else []
