"""What lists show of an entity, and the links into the merchant's dashboard."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from salla_manager.platforms.port import StoreContext
from salla_manager.platforms.salla.client import HTTP, SallaClient
from salla_manager.platforms.salla.platform import SALLA
from sandbox.salla.orders import add_order
from sandbox.salla.server import SimulatedSalla

CONTEXT = StoreContext()
LINKS = [
    ("product", "1672932878", {}, "https://s.salla.sa/products/1672932878"),
    ("product", "7", {"urls": {"admin": "https://shop.example/x"}}, "https://shop.example/x"),
    ("order", "7", {"urls": {"admin": "/orders/order/zAB3"}}, "https://s.salla.sa/orders/order/zAB3"),
    ("order", "7", {"urls": []}, ""),
    ("customer", "243798", {"urls": None}, "https://s.salla.sa/customers/243798"),
    ("product", "7", {"urls": {"admin": "javascript:alert(1)"}}, "https://s.salla.sa/products/7"),
    ("product", "7", {"urls": {"admin": "http://shop.example/x"}}, "https://s.salla.sa/products/7"),
    ("product", "7", {"urls": {"admin": "//evil.example/x"}}, "https://s.salla.sa/products/7"),
    ("product", "x/../y", {}, ""),
    ("brand", "7", {}, ""),
]


@pytest.mark.parametrize(("entity_type", "external_id", "body", "link"), LINKS)
def test_links_into_the_dashboard(
    entity_type: str, external_id: str, body: dict[str, Any], link: str
) -> None:
    assert SALLA.admin_url(entity_type, external_id, body) == link


def test_what_a_row_of_each_list_shows() -> None:
    row = {
        "id": 1,
        "reference_id": 41027662,
        "total": {"amount": Decimal("186.3"), "currency": "SAR"},
        "date": {"date": "2026-11-20 00:30:00.000000", "timezone": "Asia/Riyadh"},
        "status": {"id": 566146469, "name": "بإنتظار المراجعة"},
    }
    order = SALLA.entry("order", "1", row, CONTEXT)
    assert (order.title, order.status, order.total, order.currency) == (
        "41027662",
        "بإنتظار المراجعة",
        Decimal("186.30"),
        "SAR",
    )
    assert order.created_at == datetime(2026, 11, 19, 21, 30, tzinfo=timezone.utc)
    assert SALLA.entry("product", "2", {"name": "Oud", "status": "sale"}, CONTEXT).title == "Oud"
    assert SALLA.entry("customer", "3", {"first_name": "نورة", "last_name": None}, CONTEXT).title == "نورة"
    assert SALLA.entry("order", "4", {"total": [], "date": 5, "status": "x"}, CONTEXT).total is None


def client_of(salla: SimulatedSalla) -> SallaClient:
    tokens = salla.oauth.issue()
    http = replace(HTTP, allow_private_addresses=True)
    return SallaClient(lambda *_: tokens["access_token"], base_url=salla.api_url, http=http)


def test_the_orders_of_a_day_are_listed_with_as_few_calls_as_pages(salla: SimulatedSalla) -> None:
    salla.state.orders.clear()
    noon = datetime(2026, 11, 20, 9, 0, tzinfo=timezone.utc)
    for hours in range(-48, 49):
        add_order(salla.state, created=noon + timedelta(hours=hours))
    client, rows, cursor = client_of(salla), [], ""
    while cursor is not None:
        page = client.orders_of(noon.date(), cursor)
        rows += page.rows
        cursor = page.cursor
    entries = {key: SALLA.entry("order", key, row, CONTEXT) for key, row in rows}
    riyadh = timezone(timedelta(hours=3))
    of_day = {key for key, one in entries.items() if one.created_at.astimezone(riyadh).date() == noon.date()}
    assert len(of_day) == 24
    # The day itself and the one behind it; one call more where the walk looks for what came meanwhile.
    assert len(entries) == 48
    assert sum(salla.log.counts().values()) <= 3
    made = {str(order.id): order.total for order in salla.state.orders.values()}
    assert all(entry.total == made[key] for key, entry in entries.items())
