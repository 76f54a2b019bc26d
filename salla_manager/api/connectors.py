"""The admin methods of shops, described by docs/admin-openapi.json. Permission first, then one call.

Annotations are no strings here: Frappe checks the arguments against them.
"""

from typing import Literal

import frappe

from salla_manager.adapters import connection_test, connectors
from salla_manager.api.told import told
from salla_manager.core.connector_views import ConnectorView, RunView, SyncView, TestView
from salla_manager.setup.stores import create_store, update_store

STORE, RUN = "Store Account", "Sync Run"


@frappe.whitelist(methods=["GET"])
def list_connectors(platform: str = "", organisation: str = "") -> list[ConnectorView]:
    """Shops, by name; of one platform or organisation where these are given."""
    frappe.has_permission(STORE, "read", throw=True)
    return connectors.views(platform, organisation)


@frappe.whitelist(methods=["POST"])
def create_connector(
    platform: Literal["Salla", "WooCommerce"],
    title: str,
    url: str = "",
    merchant_id: str = "",
    organisation: str = "",
    erp_instance: str = "",
    currency: str = "",
    consumer_key: str = "",
    consumer_secret: str = "",
    webhook_secret: str = "",
    query_auth: bool = False,
    calls_per_minute: int = 240,
    look_minutes: int = 15,
    read_products: bool = True,
    read_orders: bool = True,
    enabled: bool = True,
) -> ConnectorView:
    """A new shop. Keys and secrets are kept encrypted and are part of no answer."""
    frappe.has_permission(STORE, "create", throw=True)
    return connectors.view(create_store(platform, merchant_id, _given(locals())))


@frappe.whitelist(methods=["POST"])
def update_connector(
    name: str,
    title: str | None = None,
    url: str | None = None,
    organisation: str | None = None,
    erp_instance: str | None = None,
    currency: str | None = None,
    consumer_key: str | None = None,
    consumer_secret: str | None = None,
    webhook_secret: str | None = None,
    query_auth: bool | None = None,
    calls_per_minute: int | None = None,
    look_minutes: int | None = None,
    read_products: bool | None = None,
    read_orders: bool | None = None,
    enabled: bool | None = None,
) -> ConnectorView:
    """Change what is given; the rest stays as it is."""
    frappe.has_permission(STORE, "write", name, throw=True)
    return connectors.view(update_store(name, _given(locals())))


@frappe.whitelist(methods=["POST"])
def test_connection(name: str) -> TestView:
    """Ask the shop, step by step, and keep the result. What is wrong is told with what to do about it."""
    frappe.has_permission("External Record", "write", throw=True)
    frappe.has_permission(STORE, "read", name, throw=True)
    return told(connection_test.run, name)


@frappe.whitelist(methods=["POST"])
def sync(
    name: str,
    mode: Literal["delta", "full"] = "delta",
    entity_types: list[str] | str | None = None,
    since: str | None = None,
) -> SyncView:
    """Read the shop in the background: what changed since the last look, or all of it by a plan that can be paused.

    entity_types: plurals of the contract; since: of orders, the day from which on they were made. Both for `full` only.
    """
    frappe.has_permission(RUN, "write", throw=True)
    frappe.has_permission(STORE, "read", name, throw=True)
    wanted = frappe.parse_json(entity_types) if isinstance(entity_types, str) else entity_types
    return told(connectors.begin_sync, name, mode, wanted or None, since or None)


@frappe.whitelist(methods=["GET"])
def runs(name: str = "", limit: int = 20) -> list[RunView]:
    """Syncs and how far they are, the newest first; of one shop where its name is given."""
    frappe.has_permission(RUN, "read", throw=True)
    return connectors.runs(name, limit)


def _given(arguments: dict) -> dict:
    """By field of Store Account."""
    fields = {"title": "store_name", "url": "base_url", "organisation": "customer_account"}
    fields |= {"look_minutes": "changes_every"}
    left_out = ("name", "platform", "merchant_id")
    return {
        fields.get(name, name): value
        for name, value in arguments.items()
        if value is not None and name not in left_out
    }
