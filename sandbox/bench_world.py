"""The scenario's world on a real bench: two sites, gunicorn, RQ workers and the scheduler; ERPNext's own documents.

Each run is a shop of its own (merchant, SKUs, people), so that it may be run again on the same sites.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from copy import copy
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox import dropzone
from sandbox.bench_erp import BenchErp
from sandbox.forgery import forge
from sandbox.frappe_site import FrappeSite
from sandbox.proxy import Proxy
from sandbox.salla.generate import generate
from sandbox.salla.orders import add_order
from sandbox.salla.server import SimulatedSalla
from sandbox.salla.shop import Delivery
from sandbox.salla.state import ShopState
from sandbox.woocommerce.generate import generate as generate_woo
from sandbox.woocommerce.server import SimulatedWoo
from sandbox.world import wait_until

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts" / "bench"
SETTLE_SECONDS = 420.0
# So quick that an outage shows within a demo; put back afterwards.
QUICK = {"retry_backoff_seconds": 1, "breaker_probe_seconds": 5}
HUB_SETTINGS, CONNECTION, DROPZONE = "Salla Manager Settings", "ERP Connection", "DROPZONE_JSON_V1"


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
        goods = {"products": 24, "variations": 20, "customers": 10, "orders": 24}
        # A folder of its own is a shop of its own, whatever port it gets.
        self.woo = SimulatedWoo(generate_woo(seed=run, mark=self.mark, **goods), folder=f"/run{self.mark}")
        self.dropzone = Path(tempfile.mkdtemp(prefix="salla-dropzone-"))
        self.store = self.woo_store = self.connection = ""

    def __enter__(self) -> BenchWorld:
        self._start_current_code()
        self.hub_url = self.scripts.site_url(self.bench, self.scripts.HUB)
        self.erp_url = self.scripts.site_url(self.bench, self.scripts.CLIENT)
        self.instance = self.scripts.pair(self.bench)["instance"]
        self.hub = FrappeSite(self.hub_url, "Administrator", self.password)
        self.erp = FrappeSite(self.erp_url, "Administrator", self.password)
        self.salla.start()
        self.woo.start()
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
        # Their shops are gone now.
        for store in (self.store, self.woo_store):
            self.hub.update("Store Account", store, enabled=0)
        self.hub.update(CONNECTION, self.connection, status="DISABLED")
        self.proxy.shut()
        self.salla.stop()
        self.woo.stop()
        shutil.rmtree(self.dropzone, ignore_errors=True)

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
        organisation = self.hub.document("Store Account", self.store)["customer_account"]
        self.woo_store = self._connect_woo(organisation)
        self.connection = self._connect_dropzone(organisation)

    def _connect_woo(self, organisation: str) -> str:
        """By the admin method, as a console of the integrator would."""
        woo = self.woo
        made = self.hub.call(
            "salla_manager.api.connectors.create_connector",
            platform="WooCommerce",
            title=f"Simulated WooCommerce store{self.mark}",
            url=woo.url,
            organisation=organisation,
            erp_instance=self.instance,
            currency=woo.state.currency,
            consumer_key=woo.consumer_key,
            consumer_secret=woo.consumer_secret,
            webhook_secret=woo.webhooks.secret,
            calls_per_minute=3000,
        )
        tested = self.hub.call("salla_manager.api.connectors.test_connection", name=made["name"])
        if not tested["ok"]:
            raise RuntimeError(f"The connection test failed: {tested['steps']}")
        return made["name"]

    def _connect_dropzone(self, organisation: str) -> str:
        """One active per organisation and type: an older run's is switched off."""
        active = [
            ["customer_account", "=", organisation],
            ["connector_type", "=", DROPZONE],
            ["status", "=", "ACTIVE"],
        ]
        for row in self.hub.rows(CONNECTION, ["name"], active):
            self.hub.update(CONNECTION, row["name"], status="DISABLED")
        routes = [{"store": self.woo_store}, {"store": self.store, "command_type": "upsert_order"}]
        config = json.dumps({"target": "Folder", "folder": str(self.dropzone)})
        values = {"customer_account": organisation, "connector_type": DROPZONE, "config": config}
        made = self.hub.insert(
            CONNECTION, title=f"Dropzone of the demo{self.mark}", status="ACTIVE", routes=routes, **values
        )
        return made["name"]

    def of_woo(self) -> BenchWorld:
        other = copy(self)
        other.store = self.woo_store
        return other

    @property
    def _webhook_url(self) -> str:
        url = f"{self.hub_url}/api/method/salla_manager.api.webhooks."
        is_woo = bool(self.store) and self.store == self.woo_store
        return url + (f"woocommerce?store={self.store}" if is_woo else "salla")

    def deliver(self, delivery: Delivery) -> int:
        return self.salla.deliver(self._webhook_url, delivery).status_code

    def look(self) -> None:
        before = self._looked()
        self.hub.call("salla_manager.api.connectors.sync", name=self.store, mode="delta")
        wait_until(lambda: self._looked() > before, "A look for changes", 120, 0.5)

    def _looked(self) -> str:
        """When the last look ended."""
        rows = self.hub.rows(
            "Sync Run", ["finished_at"], [["store", "=", self.store], ["kind", "=", "Changes"]]
        )
        return str(rows[0]["finished_at"] or "") if rows else ""

    def walk(self) -> None:
        self.scripts.call(self.bench, self.scripts.HUB, "salla", "walk", self.store)

    def files(self) -> tuple[int, list[str]]:
        mine = [["erp_connection", "=", self.connection], ["status", "=", "Done"]]
        sent = self.hub.rows("Outbound Client Command", ["name", "store", "idempotency_key"], mine)
        return sum(row["store"] == self.store for row in sent), dropzone.differences(self.dropzone, sent)

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
        return self._hub_rows("Outbound Client Command", fields, [["erp_connection", "is", "not set"]])

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

    def _hub_rows(self, doctype: str, fields: list[str], more: Sequence[Any] = ()) -> list[dict[str, Any]]:
        return self.hub.rows(doctype, fields, [["store", "=", self.store], *more])

    def references(self) -> dict[tuple[str, str], tuple[str, str]]:
        return BenchErp(self.erp, self.store).references()

    def documents(self, doctype: str) -> dict[str, dict[str, Any]]:
        return BenchErp(self.erp, self.store).documents(doctype)


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
