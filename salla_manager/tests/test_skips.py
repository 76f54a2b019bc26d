"""What is skipped for its SKU is read again by the hour, what holds orders first."""

from __future__ import annotations

import json

import frappe

from salla_manager import shop_care
from salla_manager.adapters.host import build_host
from salla_manager.adapters.sku_rows import FrappeSkipRows
from salla_manager.core import outbox
from salla_manager.payloads import parse_payload
from salla_manager.tests.shop import SimulatedShop
from salla_manager.tests.test_shop_care import ShopCase


class TestSkips(ShopCase):
    def setUp(self):
        super().setUp()
        self.shop = SimulatedShop(products=1, customers=1, orders=0, categories=1, brands=1)
        self.patched(
            "salla_manager.adapters.host.client_for", side_effect=lambda store: self.shop.client(store)
        )
        self.store = self.make("a", 9)

    def absorb(self, entity_type, **values):
        host = build_host()
        payload = parse_payload(entity_type, {"name": "Oud", "price": "10", "currency": "SAR", **values})
        return outbox.absorb(payload, host.store.store(self.store), host)

    def asked(self):
        frappe.db.rollback()
        rows = frappe.get_all(
            "Salla Incoming Log",
            {"store": self.store, "event": "hub.read"},
            ["raw"],
            order_by="received, name",
        )
        return [json.loads(row.raw)["external_id"] for row in rows]

    def test_products_of_what_is_skipped_are_asked_for_once_an_hour(self):
        self.absorb("product", external_id="1", sku=None)
        self.absorb("product", external_id="2", sku="A")
        self.absorb("variant", external_id="21", product_id="2", sku=None)
        self.absorb("product", external_id="3", sku="B")
        self.assertEqual(FrappeSkipRows().skipped_products(self.store), ["1", "2"])
        for _ in range(2):
            shop_care.read_skips()
        self.assertEqual(sorted(self.asked()), ["1", "2"])

    def test_held_orders_are_found(self):
        self.absorb("product", external_id="1", sku=None)
        line = {"external_id": "9", "product_id": "1", "name": "Oud", "quantity": "1", "unit_price": "10"}
        values = {"external_id": "900", "status": "new", "created_at": "2026-11-20T11:00:00+00:00"}
        self.absorb("order", **values, total="10", items=[line])
        (payload,) = FrappeSkipRows().held_orders(self.store, 5)
        self.assertEqual(json.loads(payload)["external_id"], "900")

    def test_a_store_without_access_is_left_alone(self):
        self.absorb("product", external_id="1", sku=None)
        frappe.db.set_value("Store Account", self.store, "token_error", "Lost.")
        frappe.db.commit()
        shop_care.read_skips()
        self.assertEqual(self.asked(), [])
