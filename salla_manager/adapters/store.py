"""The hub's store on frappe.db."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import frappe

from salla_manager.adapters.app_rows import AppRows
from salla_manager.adapters.config_store import ConfigRows
from salla_manager.adapters.dispatch_store import DispatchRows
from salla_manager.adapters.erp_connection_store import ConnectionRows
from salla_manager.adapters.event_store import EventRows
from salla_manager.adapters.instance_store import InstanceRows
from salla_manager.adapters.nonce_store import NonceRows
from salla_manager.adapters.record_store import RecordRows


class FrappeHubStore(
    ConfigRows, AppRows, InstanceRows, ConnectionRows, EventRows, RecordRows, DispatchRows, NonceRows
):
    """Implements core.ports.HubStore."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        # The read view is as old as the request's first query; decisions need a fresh one.
        frappe.db.rollback()
        frappe.local.salla_transaction = True
        try:
            yield
            # Leases, outcomes and outbox rows must be durable before the next HTTP request or answer.
            frappe.db.commit()
        except BaseException:
            frappe.db.rollback()
            raise
        finally:
            frappe.local.salla_transaction = False
