"""A WooCommerce store on MariaDB against the simulated shop over HTTP: its form, keys, test, syncs."""

from __future__ import annotations

import json
from unittest.mock import patch

import frappe

from salla_manager import reading, reconciling, tasks
from salla_manager.adapters.host import build_host
from salla_manager.adapters.secrets import STARS, read_secret, rewrap_secrets
from salla_manager.adapters.sync_store import changes_name
from salla_manager.api import connectors, operations
from salla_manager.core.pull import request_pull
from salla_manager.tests.factories import SUFFIX, HubCase, make_instance, make_record
from salla_manager.tests.woo import WEBHOOK_SECRET, WooCase, allow_private

RUN = "Sync Run"


class TestStoreAccount(HubCase):
    def make(self, **values):
        values = {
            "doctype": "Store Account",
            "store_name": f"{SUFFIX} form",
            "platform": "WooCommerce",
            "base_url": f"https://{SUFFIX}.example.com/shop/wp-json/wc/v3/",
            "consumer_key": "ck_" + "a" * 40,
            "consumer_secret": "cs_" + "b" * 40,
            **values,
        }
        return frappe.get_doc(values).insert()

    def test_the_address_is_put_right_and_names_the_shop(self):
        doc = self.make(base_url=f"HTTPS://{SUFFIX}.Example.com/shop-1/wp-json/wc/v3/")
        assert doc.base_url == f"https://{SUFFIX}.example.com/shop-1"
        assert doc.merchant_id == f"{SUFFIX}.example.com/shop-1"
        # A shop that moves stays the same shop.
        doc.base_url = f"https://{SUFFIX}-moved.example.com"
        doc.save()
        assert doc.merchant_id == f"{SUFFIX}.example.com/shop-1"
        with self.assertRaises(frappe.ValidationError):
            self.make(base_url=f"https://{SUFFIX}.example.com/shop-1/")

    def test_addresses_that_are_refused(self):
        allow_private(0)
        for url in (
            "",
            None,
            "http://shop.example.com",
            "https://127.0.0.1/shop",
            "https://10.0.0.1",
            "https://169.254.169.254/latest",
            "https://[::1]",
            "ftp://shop.example.com",
            "https://shop.example.com/?x=1",
            "<script>",
        ):
            with self.subTest(str(url)), self.assertRaises(frappe.ValidationError):
                self.make(base_url=url)

    def test_keys_are_needed_and_kept_encrypted(self):
        for name in ("consumer_key", "consumer_secret"):
            with self.subTest(name), self.assertRaises(frappe.MandatoryError):
                self.make(**{name: ""})
        doc = self.make(webhook_secret=WEBHOOK_SECRET)
        row = frappe.db.get_value(
            "Store Account", doc.name, ["consumer_key", "consumer_secret", "webhook_secret"]
        )
        assert row == (STARS, STARS, STARS)
        assert read_secret("Store Account", doc.name, "consumer_secret") == "cs_" + "b" * 40
        kept = frappe.db.sql("select password from `__Auth` where name = %s", doc.name, pluck=True)
        assert len(kept) == 3
        assert not [text for text in kept if "b" * 40 in text or "a" * 40 in text or WEBHOOK_SECRET in text]
        # Stars that a form sends back change nothing.
        doc.save()
        assert read_secret("Store Account", doc.name, "consumer_key") == "ck_" + "a" * 40
        assert rewrap_secrets()["kept"] >= 3

    def test_a_webhook_secret_that_woocommerce_would_alter_is_refused(self):
        for secret in ("short", "a&amp;" + "b" * 40, "x" * 141):
            with (
                self.subTest(secret[:10]),
                self.assertRaisesRegex(frappe.ValidationError, "letters and digits"),
            ):
                self.make(webhook_secret=secret)

    def test_salla_still_needs_its_merchant_id(self):
        doc = {"doctype": "Store Account", "store_name": SUFFIX, "platform": "Salla"}
        with self.assertRaises(frappe.MandatoryError):
            frappe.get_doc(doc).insert()

    def tearDown(self):
        allow_private(1 if self.was_allowed else 0)
        super().tearDown()

    def setUp(self):
        super().setUp()
        self.was_allowed = frappe.db.get_single_value("Salla Manager Settings", "allow_private_addresses")


class TestConnection(WooCase):
    def test_a_good_connection(self):
        told = connectors.test_connection(self.store)
        assert told["ok"], told
        assert {step["state"] for step in told["steps"]} == {"ok"}
        doc = self.doc()
        assert (doc.test_result, bool(doc.tested_at)) == ("Passed", True)
        assert json.loads(doc.test_steps) == told["steps"]

    def test_the_real_cause_is_told(self):
        causes = {
            "strips_authorization": "drops the header Authorization",
            "is_inactive": "Activate the plugin WooCommerce",
            "hides_tls": "X-Forwarded-Proto",
        }
        for name, words in causes.items():
            with self.subTest(name):
                setattr(self.woo.surroundings, name, True)
                told = connectors.test_connection(self.store)
                setattr(self.woo.surroundings, name, False)
                assert not told["ok"]
                assert words in told["steps"][-1]["message"] + " ".join(s["message"] for s in told["steps"])
        assert self.doc().test_result == "Failed"

    def test_a_wrong_secret_is_told_and_no_secret_is_shown(self):
        doc = self.doc()
        doc.consumer_secret = "cs_wrong"
        doc.save()
        frappe.db.commit()
        told = connectors.test_connection(self.store)
        assert "its secret is not" in json.dumps(told)
        assert "cs_wrong" not in json.dumps(told)

    def test_key_in_url(self):
        self.woo.surroundings.strips_authorization = True
        connectors.update_connector(self.store, query_auth=True)
        frappe.db.commit()
        assert connectors.test_connection(self.store)["ok"]


class TestSync(WooCase):
    def full(self):
        with patch("salla_manager.reading.wake"):
            name = reading.read_all(self.store)
        assert name, self.doc().last_sync_error
        for _ in range(100):
            run = reading.read_on(name, 60.0)
            if run is None or run.status != "Running":
                break
        return frappe.get_doc(RUN, name)

    def look(self):
        frappe.db.set_value(RUN, {"name": changes_name(self.store)}, "started", 1)
        frappe.db.commit()
        reading.look(self.store)
        frappe.db.rollback()
        return frappe.get_doc(RUN, changes_name(self.store))

    def test_a_full_sync_brings_everything_once(self):
        run = self.full()
        assert (run.status, run.message) == ("Done", ""), run.message
        state = self.woo.state
        assert self.records("product") == len(state.products)
        assert self.records("variant") == len(state.variations)
        assert self.records("order") == len(state.orders)
        assert set(self.commands().values()) == {1}
        assert self.doc().last_sync_at
        before = self.commands()
        again = self.full()
        assert again.status == "Done"
        assert self.commands() == before

    def test_a_look_brings_what_changed_and_only_that(self):
        self.full()
        before, at = self.commands(), self.doc().last_sync_at
        key = next(iter(self.woo.state.orders))
        self.woo.shop.change_order_status(key, "completed")
        row = self.look()
        assert (row.status, row.message) == ("Done", "")
        changed = {entity for entity, count in self.commands().items() if count != before.get(entity, 0)}
        assert changed == {("order", str(key))}
        assert self.doc().last_sync_at >= at

    def test_a_list_that_fails_never_stops_the_look_at_the_others(self):
        self.woo.faults.add("/products/categories", "error", times=None)
        key = next(iter(self.woo.state.orders))
        self.woo.shop.change_order_status(key, "completed")
        row = self.look()
        assert row.status == "Failed", row.as_dict()
        steps = {step["entity_type"]: step for step in json.loads(row.steps)}
        assert steps["categories"]["failed"] == 1
        assert steps["orders"]["queued"] >= 1
        assert frappe.db.exists("External Record", {"store": self.store, "external_id": str(key)})
        assert "could not be read to its end" in self.doc().last_sync_error

    def test_what_is_switched_off_is_neither_read_nor_sent(self):
        self.full()
        instance = make_instance()
        connectors.update_connector(self.store, read_products=False, erp_instance=instance)
        self.woo.log.clear()
        self.look()
        asked = {path for path, count in self.woo.calls.items() if count}
        assert "/products" not in asked
        assert "/orders" in asked
        with self.assertRaises(frappe.ValidationError):
            connectors.sync(self.store, "full", ["products"])
        assert "products" not in request_pull(build_host(), self.store)["queued"]
        record = make_record(
            self.store, "p-off", "product", revision=1, mapped='{"external_id": "p-off", "name": "x"}'
        )
        told = operations.resend_record(record.name)
        assert (told["status"], "switched off on" in told["reason"]) == ("Held", True)

    def test_looks_are_due_for_a_store_with_keys(self):
        from salla_manager.adapters import look_rows
        from salla_manager.adapters.clock import FrappeClock

        frappe.db.set_value("Store Account", self.store, "creation", "2020-01-01", update_modified=False)
        frappe.db.commit()
        assert self.store in look_rows.due_looks(FrappeClock().now())
        connectors.update_connector(self.store, look_minutes=0)
        assert self.store not in look_rows.due_looks(FrappeClock().now())
        reading.look_now(self.store)
        assert self.store in look_rows.due_looks(FrappeClock().now())


class TestNightlyWalk(WooCase):
    def setUp(self):
        super().setUp()
        request_pull(build_host(), self.store)
        frappe.db.rollback()

    def read_what_was_asked(self):
        for _ in range(5):
            tasks.process_events()
        frappe.db.rollback()

    def record(self, entity_type, key):
        frappe.db.rollback()
        return frappe.get_doc(
            "External Record", {"store": self.store, "entity_type": entity_type, "external_id": str(key)}
        )

    def test_nothing_changed_nothing_read(self):
        told = reconciling.walk(self.store)
        assert {kind: row.get("read_again") for kind, row in told.items()} == {
            "products": 0,
            "variants": 0,
            "orders": 0,
            "unsettled": None,
        }, told
        assert told["unsettled"].get("queued") == {"orders": 0}, told["unsettled"]

    def test_lines_that_were_edited_without_a_new_time_are_found(self):
        state = self.woo.state
        key = next(key for key, order in state.orders.items() if order.status == "processing")
        product = next(row for row in state.products.values() if not row.variation_ids and row.sku)
        before = self.commands()["order", str(key)]
        self.woo.shop.edit_order(key, [(product.id, 0, 1)])
        told = reconciling.walk(self.store)
        assert told["unsettled"]["queued"]["orders"] == 1, told
        assert self.commands()["order", str(key)] == before + 1

    def test_what_no_look_showed_is_read(self):
        key = next(iter(self.woo.state.products))
        self.woo.shop.rename(key, "A new name")
        told = reconciling.walk(self.store)
        assert told["products"]["read_again"] == 1, told
        self.read_what_was_asked()
        assert self.record("product", key).title == "A new name"

    def test_what_is_gone_twice_is_marked_and_nothing_is_done_about_it(self):
        key = next(key for key, row in self.woo.state.products.items() if not row.variation_ids)
        kept = self.woo.state.products.pop(key)
        before = self.commands()["product", str(key)]
        reconciling.walk(self.store)
        assert not self.record("product", key).missing_at_source
        reconciling.walk(self.store)
        marked = self.record("product", key)
        assert marked.missing_at_source
        assert (
            frappe.db.count("External Record", {"store": self.store, "missing_at_source": ("is", "set")}) == 1
        )
        reconciling.walk(self.store)
        assert self.record("product", key).missing_at_source == marked.missing_at_source
        assert self.commands()["product", str(key)] == before
        self.woo.state.products[key] = kept
        reconciling.walk(self.store)
        assert not self.record("product", key).missing_at_source

    def test_the_night_hands_it_over(self):
        with (
            patch("salla_manager.reconciling.enqueue_walk") as walk,
            patch("salla_manager.reconciling.enqueue"),
        ):
            reconciling.nightly()
        assert self.store in [call.args[0] for call in walk.call_args_list]
