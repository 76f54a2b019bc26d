"""The scenario's world on a real bench: two sites, gunicorn, RQ workers and the scheduler; ERPNext's own documents.

Each run is a shop of its own (merchant, SKUs, people), so that it may be run again on the same sites.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.frappe_site import FrappeSite
from sandbox.proxy import Proxy
from sandbox.salla.generate import generate
from sandbox.salla.orders import add_order
from sandbox.salla.server import SimulatedSalla
from sandbox.salla.shop import Delivery
from sandbox.salla.state import ShopState
from sandbox.world import forge, wait_until

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts" / "bench"
SETTLE_SECONDS = 420.0
# So quick that an outage shows within a demo; put back afterwards.
QUICK = {"retry_backoff_seconds": 1, "breaker_probe_seconds": 5}
HUB_SETTINGS = "Salla Manager Settings"


class BenchWorld:
    name = "a real bench (Frappe, ERPNext, gunicorn, RQ)"

    def __init__(self, bench_dir: str | None, password: str):
        sys.path.insert(0, str(SCRIPTS))
        import layout
        import pair
        import services

        self.scripts, self.services = pair, services
        self.bench = layout.existing_bench(bench_dir)
        self.password = password
        run = int(time.time())
        self.mark = f"-{run % 10**6:06d}"
        self.salla = SimulatedSalla(_shop(run, self.mark), webhook_secret=pair.WEBHOOK_SECRET)
        self.store = ""

    def __enter__(self) -> BenchWorld:
        self._start_current_code()
        self.hub_url = self.scripts.site_url(self.bench, self.scripts.HUB)
        self.erp_url = self.scripts.site_url(self.bench, self.scripts.CLIENT)
        self.instance = self.scripts.pair(self.bench)["instance"]
        self.hub = FrappeSite(self.hub_url, "Administrator", self.password)
        self.erp = FrappeSite(self.erp_url, "Administrator", self.password)
        self.salla.start()
        self._kept_settings = self.hub.document(HUB_SETTINGS, HUB_SETTINGS)
        self.scripts.connect_shop(self.bench, self.salla.url)
        self.hub.update(HUB_SETTINGS, HUB_SETTINGS, **QUICK)
        port = urlsplit(self.erp_url).port or 80
        self.proxy = Proxy(("127.0.0.1", port))
        self.proxy.open()
        self.hub.update("ERP Instance", self.instance, url=f"http://{self.scripts.CLIENT}:{self.proxy.port}")
        self._install()
        return self

    def __exit__(self, *_: object) -> None:
        """The sites are left as they were found, but for the documents."""
        self.hub.update("ERP Instance", self.instance, url=self.erp_url)
        kept = {name: self._kept_settings[name] for name in (*QUICK, "salla_accounts_url")}
        self.hub.update(HUB_SETTINGS, HUB_SETTINGS, **kept)
        # Its shop is gone now.
        self.hub.update("Store Account", self.store, enabled=0)
        self.proxy.shut()
        self.salla.stop()

    def _start_current_code(self) -> None:
        """Web and workers must run this checkout's code, whatever they ran before."""
        apps = [sys.executable, str(SCRIPTS / "apps.py"), "--bench", str(self.bench.root), "--app"]
        for site, app in ((self.scripts.HUB, "salla_manager"), (self.scripts.CLIENT, "salla_executor")):
            subprocess.run([*apps, app, "--site", site], check=True)
        if self.services.web_is_running(self.bench):
            self.services.restart_web(self.bench)
        self.services.start(self.bench)

    def _install(self) -> None:
        answer = self.salla.deliver(self._webhook_url, self.salla.authorize())
        if answer.status_code != 200:
            raise RuntimeError(f"The hub refused the installation: {answer.status_code} {answer.text[:300]}")
        merchant = str(self.salla.state.merchant_id)
        self.store = self.scripts.add_store(self.bench, self.instance, merchant, self.salla.api_url)

    @property
    def _webhook_url(self) -> str:
        return f"{self.hub_url}/api/method/salla_manager.api.webhooks.salla"

    def deliver(self, delivery: Delivery) -> int:
        return self.salla.deliver(self._webhook_url, delivery).status_code

    def pull(self, entity_types: list[str]) -> dict[str, Any]:
        """The button of the client's settings page: a signed request from site to site."""
        total: dict[str, Any] = {"ok": True, "queued": {}, "skipped_missing_sku": 0}
        for entity_type in entity_types:
            answer = self.erp.call(
                "salla_executor.api.operations.request_pull", store_id=self.store, entity_types=[entity_type]
            )
            total["queued"] |= answer["queued"]
            total["skipped_missing_sku"] += answer["skipped_missing_sku"]
        return total

    def settle(self) -> None:
        wait_until(self._is_idle, "Coming to rest", SETTLE_SECONDS, 0.5)
        # The operator's button; the sweep would do it within a minute.
        if self.hub.call("salla_manager.api.operations.release_parked"):
            wait_until(self._is_idle, "Coming to rest", SETTLE_SECONDS, 0.5)

    def _is_idle(self) -> bool:
        mine = [["store", "=", self.store]]
        return not (
            self.hub.count("Salla Incoming Log", [*mine, ["status", "=", "Received"]])
            or self.hub.count("Outbound Client Command", [*mine, ["status", "in", ["Queued", "Sending"]]])
        )

    def wait_for_failed_attempt(self) -> None:
        filters = {"erp_instance": self.instance, "http_status": 0}
        before = self.hub.count("Command Delivery Attempt", filters)
        wait_until(
            lambda: self.hub.count("Command Delivery Attempt", filters) > before, "A failed attempt", 120, 0.5
        )

    def set_toggle(self, command_type: str, is_on: bool) -> None:
        self.hub.update("ERP Instance", self.instance, **{command_type: int(is_on)})

    def shut_executor(self) -> None:
        self.proxy.shut()

    def open_executor(self) -> None:
        self.proxy.open()

    def forge(self) -> int:
        return forge(self.erp_url, self.instance)

    def commands(self) -> list[dict[str, Any]]:
        fields = ["name", "entity_type", "external_id", "status", "reason", "attempts"]
        return self._hub_rows("Outbound Client Command", fields)

    def records(self) -> list[dict[str, Any]]:
        return self._hub_rows("External Record", ["entity_type", "external_id", "status", "message"])

    def skips(self) -> list[dict[str, Any]]:
        rows = self._hub_rows("SKU Skip Log", ["entity_type", "external_id", "reason", "resolved"])
        return [{**row, "is_resolved": bool(row["resolved"])} for row in rows]

    def attempts(self) -> Counter[str]:
        mine = [row["name"] for row in self.commands()]
        rows = self.hub.rows("Command Delivery Attempt", ["command"], [["command", "in", mine]])
        return Counter(row["command"] for row in rows)

    def events(self) -> dict[str, int]:
        rows = self._hub_rows("Salla Incoming Log", ["status", "duplicates"])
        return dict(Counter(row["status"] for row in rows)) | {
            "duplicates": sum(row["duplicates"] for row in rows)
        }

    def _hub_rows(self, doctype: str, fields: list[str]) -> list[dict[str, Any]]:
        return self.hub.rows(doctype, fields, [["store", "=", self.store]])

    def references(self) -> dict[tuple[str, str], tuple[str, str]]:
        fields = ["entity_type", "external_id", "document_type", "document_name"]
        rows = self.erp.rows("External Reference", fields, [["source", "=", self.store]])
        return {
            (row["entity_type"], row["external_id"]): (row["document_type"], row["document_name"])
            for row in rows
            if row["document_name"]
        }

    def documents(self, doctype: str) -> dict[str, dict[str, Any]]:
        if doctype == "Sales Order":
            return dict(self._sales_orders())
        names = sorted({name for kind, name in self.references().values() if kind == doctype})
        reader = {"Item": self._items, "Customer": self._customers}.get(doctype, self._named)
        return dict(reader(doctype, names)) if names else {}

    def _named(self, doctype: str, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        title = {"Item Group": "item_group_name", "Brand": "brand"}[doctype]
        fields = ["name", title] + (["parent_item_group"] if doctype == "Item Group" else [])
        for row in self.erp.rows(doctype, fields, [["name", "in", names]]):
            yield row["name"], {"title": row[title], "parent": row.get("parent_item_group")}

    def _items(self, doctype: str, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        prices: dict[str, list[dict[str, Any]]] = {}
        fields = ["item_code", "price_list_rate", "price_list"]
        for row in self.erp.rows("Item Price", fields, [["item_code", "in", names]]):
            prices.setdefault(row["item_code"], []).append({"rate": _money(row["price_list_rate"])})
        fields = ["name", "item_code", "item_name", "has_variants", "variant_of", "is_stock_item", "disabled"]
        for row in self.erp.rows(doctype, fields, [["name", "in", names]]):
            yield row["name"], {**row, "prices": prices.get(row["item_code"], [])}

    def _customers(self, doctype: str, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        contacts = self.erp.rows(
            "Contact", ["phone", "mobile_no", "email_id", "`tabDynamic Link`.link_name"],
            [["Dynamic Link", "link_doctype", "=", "Customer"], ["Dynamic Link", "link_name", "in", names]],
        )  # fmt: skip
        by_customer = {row["link_name"]: row for row in contacts}
        for row in self.erp.rows(doctype, ["name", "customer_name"], [["name", "in", names]]):
            contact = by_customer.get(row["name"], {})
            phone = contact.get("mobile_no") or contact.get("phone")
            yield (
                row["name"],
                {
                    "title": row["customer_name"],
                    "phone": phone,
                    "email": contact.get("email_id") or None,
                },
            )

    def _sales_orders(self) -> Iterator[tuple[str, dict[str, Any]]]:
        fields = [
            "name",
            "customer",
            "currency",
            "grand_total",
            "total_taxes_and_charges",
            "docstatus",
            "shop_status",
            "shop_status_name",
            "shop_reference",
        ]
        fields.append("shop_difference_note")
        for row in self.erp.rows("Sales Order", fields, [["shop_store", "=", self.store]]):
            document = self.erp.document("Sales Order", row["name"])
            lines = [
                {"item_code": line["item_code"], "quantity": str(line["qty"])} for line in document["items"]
            ]
            yield (
                row["name"],
                {
                    **row,
                    "grand_total": _money(row["grand_total"]),
                    "total_taxes_and_charges": _money(row["total_taxes_and_charges"]),
                    "reference": row["shop_reference"],
                    "difference": row["shop_difference_note"],
                    "lines": lines,
                },
            )


def _money(value: Any) -> str:
    """A Currency field as JSON gives it, in whole halalas."""
    return f"{float(value or 0):.2f}"


def _shop(run: int, mark: str) -> ShopState:
    """A store whose SKUs and people no earlier run has used."""
    state = generate(
        seed=run,
        categories=9,
        brands=4,
        products=32,
        customers=15,
        orders=0,
        merchant_id=1_000_000_000 + run % 10**9,
    )
    for product in state.products.values():
        for holder in (product, *product["skus"]):
            holder["sku"] = holder["sku"] and holder["sku"] + mark
    for customer in state.customers.values():
        if customer["email"]:
            customer["email"] = f"{mark[1:]}.{customer['email']}"
    for hours in range(20, 0, -1):
        add_order(state, created=state.now() - timedelta(hours=6 * hours))
    return state
