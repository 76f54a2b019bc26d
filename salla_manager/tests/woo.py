"""The simulated WooCommerce store for bench tests, over HTTP. It lies beside the apps and is not shipped with them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any
from unittest import SkipTest

import frappe

from salla_manager.adapters.pace_store import LIMIT
from salla_manager.tests.factories import SUFFIX, HubCase
from salla_manager.tests.shop import CHECKOUT

SETTINGS = "Salla Manager Settings"
SIZES = {"products": 12, "variations": 6, "orders": 8, "customers": 5, "categories": 4, "brands": 2}
WEBHOOK_SECRET = "WebhookSecretOfTheBenchTests0123456789"


class WooCase(HubCase):
    """One simulated shop on loopback, which the settings allow meanwhile, and a Store Account with its keys."""

    def setUp(self):
        super().setUp()
        self.told = self.patched("salla_manager.adapters.alarms.enqueue_create_notification")
        self.woo = simulated(**SIZES).start()
        self.addCleanup(self.woo.stop)
        was = frappe.db.get_single_value(SETTINGS, "allow_private_addresses")
        self.addCleanup(allow_private, was)
        allow_private(1)
        # Without an ERP Instance its commands are held, so that no worker of the site takes them.
        self.store = make_woo_store(self.woo)

    def tearDown(self):
        frappe.db.delete(LIMIT, {"name": ("like", "woocommerce store %")})
        super().tearDown()

    def doc(self) -> Any:
        frappe.db.rollback()
        return frappe.get_doc("Store Account", self.store)

    def records(self, entity_type: str) -> int:
        frappe.db.rollback()
        return frappe.db.count("External Record", {"store": self.store, "entity_type": entity_type})

    def commands(self) -> dict[tuple[str, str], int]:
        """How many commands each entity has."""
        frappe.db.rollback()
        rows = frappe.db.sql(
            """select entity_type, external_id, count(*) from `tabOutbound Client Command` where store = %s
            group by entity_type, external_id""",
            self.store,
        )
        return {(entity_type, external_id): count for entity_type, external_id, count in rows}


def simulated(**sizes: int) -> Any:
    """Raises SkipTest where the apps are installed without it."""
    if not (CHECKOUT / "sandbox").is_dir():
        raise SkipTest("the simulated store is not there")
    if str(CHECKOUT) not in sys.path:
        sys.path.append(str(CHECKOUT))
    generate, server = (import_module(f"sandbox.woocommerce.{name}") for name in ("generate", "server"))
    return server.SimulatedWoo(generate.generate(**sizes))


def allow_private(value: Any) -> None:
    frappe.db.set_single_value(SETTINGS, "allow_private_addresses", value)
    frappe.db.commit()
    frappe.clear_document_cache(SETTINGS, SETTINGS)


def make_woo_store(woo: Any, **values: Any) -> str:
    doc = frappe.get_doc(
        {
            "doctype": "Store Account",
            "store_name": f"{SUFFIX} woo",
            "platform": "WooCommerce",
            "merchant_id": f"{SUFFIX}-woo",
            "base_url": woo.url,
            "consumer_key": woo.consumer_key,
            "consumer_secret": woo.consumer_secret,
            "webhook_secret": WEBHOOK_SECRET,
            "calls_per_minute": 6000,
            **values,
        }
    ).insert()
    frappe.db.commit()
    return str(doc.name)
