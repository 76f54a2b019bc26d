"""Orders that may have changed without the shop's telling when are read again each night."""

from __future__ import annotations

from typing import Any

from salla_manager.core.host import Host
from salla_manager.core.pull import PullReport, absorb_listed, source_of
from salla_manager.core.reconcile import patiently
from salla_manager.platforms.pace import BACKFILL
from salla_manager.platforms.port import ShopError


def read_unsettled(host: Host, store_id: str) -> dict[str, Any]:
    """As `request_pull` answers. What of them is unchanged sends nothing. Raises PullError, ShopError."""
    store, client = source_of(host, store_id)
    client, report = client.in_lane(BACKFILL), PullReport()
    report.queued["orders"] = 0

    def leave_out(external_id: str, error: ShopError) -> None:
        report.fail("orders", f"order {external_id}: {error}")

    cursor: str | None = ""
    while cursor is not None:
        at = cursor
        page = patiently(host, lambda at=at: client.unsettled(at))  # type: ignore[misc]
        bodies = [row for _, row in page.rows]
        absorb_listed(host, store, client, "orders", bodies, report, leave_out)
        cursor = page.cursor
    return report.answer()
