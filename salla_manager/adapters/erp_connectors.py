"""The connectors of this site: those that come with the app and those that other apps name in their hooks."""

from __future__ import annotations

import frappe

from salla_manager.adapters.config_store import ConfigRows
from salla_manager.core.model import CLIENT_EXECUTOR
from salla_manager.core.transport import Limits, limits_of
from salla_manager.erp.client_executor import ClientExecutorConnector
from salla_manager.erp.port import ERPConnectorPort
from salla_manager.erp.registry import ConnectorRegistry

HOOK = "salla_manager_erp_connectors"


def connector(connector_type: str) -> ERPConnectorPort:
    """Raises ValueError where nothing is registered under the type, or what is cannot be loaded."""
    return registry().get(connector_type)


def registry() -> ConnectorRegistry:
    """Of this request or job, since sites have different apps."""
    return _read()[0]


def conflicts() -> list[str]:
    """Types that two apps give; the first one has it."""
    return _read()[1]


def _read() -> tuple[ConnectorRegistry, list[str]]:
    found = getattr(frappe.local, "salla_connectors", None)
    if found is None:
        found = frappe.local.salla_connectors = _build()
    return found


def _build() -> tuple[ConnectorRegistry, list[str]]:
    made, problems = ConnectorRegistry(limits=limits_of(ConfigRows().settings())), []
    made.register(CLIENT_EXECUTOR, _client_executor)
    for connector_type, paths in frappe.get_hooks(HOOK, default={}).items():
        for path in paths:
            try:
                made.register(connector_type, path)
            except ValueError as error:
                problems.append(str(error))
    return made, problems


def _client_executor(limits: Limits) -> ERPConnectorPort:
    # Which imports this module.
    from salla_manager.adapters.host import build_host

    return ClientExecutorConnector(build_host(), limits)
