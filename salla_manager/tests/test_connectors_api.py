"""The admin methods of shops through Frappe's own checks: rights, types, answers without a secret, as documented."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import ConfigDict, TypeAdapter, with_config

import frappe

from salla_manager.api import backfills, connectors
from salla_manager.core import connector_views as views
from salla_manager.tests.factories import SUFFIX
from salla_manager.tests.shop import CHECKOUT
from salla_manager.tests.test_access import api_key
from salla_manager.tests.test_permissions import ADMIN, OPERATOR, user_with
from salla_manager.tests.web import API, answer, request
from salla_manager.tests.woo import WEBHOOK_SECRET, WooCase

STORE = "Store Account"
NEW = {
    "platform": "WooCommerce",
    "title": f"{SUFFIX} new",
    "url": f"https://{SUFFIX}-new.example.com",
    "merchant_id": f"{SUFFIX}-new",
    "consumer_key": "ck_canary",
    "consumer_secret": "cs_canary",
    "webhook_secret": "CanaryCanaryCanaryCanaryCanaryCanary",
}
# Method: verb, body, and the status for Guest, nobody, operator and admin.
METHODS: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "list_connectors": ("GET", {}, (403, 403, 200, 200)),
    "create_connector": ("POST", NEW, (403, 403, 403, 200)),
    "update_connector": ("POST", {"name": "NAME", "title": f"{SUFFIX} b"}, (403, 403, 403, 200)),
    "test_connection": ("POST", {"name": "NAME"}, (403, 403, 200, 200)),
    "sync": ("POST", {"name": "NAME"}, (403, 403, 200, 200)),
    "runs": ("GET", {}, (403, 403, 200, 200)),
}


class TestConnectorsApi(WooCase):
    def setUp(self):
        super().setUp()
        self.headers = {"Guest": {}}
        for who, roles in (("nobody", ()), ("operator", (OPERATOR,)), ("admin", (ADMIN,))):
            self.headers[who] = {"Authorization": f"token {api_key(user_with(*roles))}"}
        frappe.db.commit()

    def call(self, who, method, body=None, verb="POST"):
        body = {key: self.store if value == "NAME" else value for key, value in (body or {}).items()}
        with patch("salla_manager.reading.wake"):
            return request(verb, f"{API}connectors.{method}", json.dumps(body).encode(), self.headers[who])

    def message(self, response):
        self.assertEqual(response.status_code, 200, response.get_data(as_text=True)[:500])
        return answer(response)["message"]

    def test_rights_and_verbs(self):
        for method, (verb, body, statuses) in METHODS.items():
            for who, status in zip(("Guest", "nobody", "operator", "admin"), statuses, strict=True):
                with self.subTest(f"{method} {who}"):
                    self.assertEqual(self.call(who, method, body, verb).status_code, status)
                    if verb == "POST":
                        self.assertEqual(self.call(who, method, body, "GET").status_code, 403)
        named = {name for name in vars(connectors) if getattr(connectors, name) in frappe.whitelisted}
        self.assertEqual(named, set(METHODS))

    def test_answers_are_as_documented_and_hold_no_secret(self):
        made = self.message(self.call("admin", "create_connector", NEW))
        self.assertEqual((made["url"], made["has_access"], made["read_orders"]), (NEW["url"], True, True))
        changed = {
            "name": made["name"],
            "read_orders": False,
            "calls_per_minute": 60,
            "consumer_secret": "cs_canary2",
        }
        changed = self.message(self.call("admin", "update_connector", changed))
        self.assertEqual(
            (changed["read_orders"], changed["read_products"], changed["calls_per_minute"]), (False, True, 60)
        )
        listed = self.message(self.call("operator", "list_connectors", {"platform": "WooCommerce"}, "GET"))
        tested = self.message(self.call("operator", "test_connection", {"name": "NAME"}))
        synced = self.message(self.call("operator", "sync", {"name": "NAME"}))
        runs = self.message(self.call("operator", "runs", {"name": self.store}, "GET"))
        self.assertIn(made["name"], [one["name"] for one in listed])
        self.assertTrue(tested["ok"], tested)
        self.assertEqual((synced["mode"], synced["run"]), ("delta", runs[0]["name"]))
        for kind, value in (
            (views.ConnectorView, made),
            (views.ConnectorView, changed),
            (list[views.ConnectorView], listed),
            (views.TestView, tested),
            (views.SyncView, synced),
            (list[views.RunView], runs),
        ):
            check(kind, value)
        text = json.dumps([made, changed, listed, tested, synced, runs])
        secrets = ("canary", WEBHOOK_SECRET, self.woo.consumer_secret, self.woo.consumer_key)
        for secret in secrets:
            self.assertNotIn(secret.lower(), text.lower())

    def test_arguments_of_another_type_are_refused_and_change_nothing(self):
        before = self.message(self.call("admin", "list_connectors", verb="GET"))
        for method, body in (
            *(("update_connector", {"name": name}) for name in (["like", "%"], {"name": "x"}, 5)),
            *(
                ("update_connector", {"name": "NAME", **change})
                for change in (
                    {"title": ["x"]},
                    {"calls_per_minute": "many"},
                    {"read_orders": "perhaps"},
                    {"url": {"a": 1}},
                )
            ),
            ("create_connector", {**NEW, "platform": "Shopware"}),
            ("create_connector", {**NEW, "platform": None}),
            ("sync", {"name": "NAME", "mode": "all"}),
            ("sync", {"name": "NAME", "mode": ["full"]}),
            ("sync", {"name": "NAME", "mode": "full", "entity_types": {"a": 1}}),
            ("sync", {"name": "NAME", "mode": "full", "entity_types": ["pictures"]}),
            ("sync", {"name": "NAME", "mode": "full", "since": "yesterday"}),
            ("sync", {"name": "NAME", "entity_types": ["orders"]}),
            ("runs", {"limit": "x"}),
        ):
            with self.subTest(f"{method} {body}"[:90]):
                response = self.call("admin", method, body, METHODS[method][0])
                self.assertEqual(response.status_code, 417, response.get_data(as_text=True)[:300])
        self.assertEqual(self.message(self.call("admin", "list_connectors", verb="GET")), before)

    def test_a_name_is_no_pattern(self):
        for method in ("update_connector", "test_connection", "sync"):
            for name in ("none", "%", "' or 1=1 --"):
                with self.subTest(f"{method} {name}"):
                    self.assertEqual(self.call("admin", method, {"name": name}).status_code, 404)

    def test_hidden_fields_cannot_be_set(self):
        more = {
            "last_sync_error": "x",
            "tokens": "x",
            "test_result": "Passed",
            "owner": "Guest",
            "doctype": "User",
        }
        made = self.message(self.call("admin", "create_connector", {**NEW, **more}))
        doc = frappe.get_doc(STORE, made["name"])
        self.assertFalse(doc.last_sync_error or doc.tokens or doc.test_result)
        self.assertNotEqual(doc.owner, "Guest")

    def test_a_full_sync_is_planned_and_begun_by_a_worker(self):
        with patch("frappe.enqueue") as enqueue:
            told = connectors.sync(self.store, "full", ["orders"])
        self.assertEqual((told["mode"], told["run"]), ("full", ""))
        self.assertEqual(enqueue.call_args.args[0], "salla_manager.reading.read_all")
        with patch("salla_manager.reading.wake"):
            from salla_manager import reading

            name = reading.read_all(self.store, ["orders"])
        (run,) = connectors.runs(self.store)
        self.assertEqual((run["name"], run["mode"], run["status"]), (name, "full", "Running"))
        self.assertEqual(run["counts"][0]["total"], len(self.woo.state.orders))
        with self.assertRaisesRegex(frappe.ValidationError, "Finish or cancel it first"):
            connectors.sync(self.store, "full")
        backfills.pause(name)
        self.assertEqual(connectors.runs(self.store)[0]["status"], "Paused")
        backfills.start(name)
        reading.read_on(name)
        self.assertEqual(connectors.runs(self.store)[0]["status"], "Done")

    def test_annotations_are_what_frappe_checks(self):
        source = Path(connectors.__file__).read_text(encoding="utf-8")
        imported = [node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
        self.assertNotIn("__future__", imported, "As strings Frappe does not check them.")
        described = json.loads((CHECKOUT / "docs/admin-openapi.json").read_text(encoding="utf-8"))["paths"]
        self.assertLessEqual({f"{API}connectors.{name}" for name in METHODS}, set(described))


def check(kind: Any, value: Any) -> None:
    """Raises ValidationError where anything is missing, of another type or beside what is documented."""
    strict = ConfigDict(strict=True, extra="forbid")
    if kind in (views.ConnectorView, views.TestView, views.SyncView):
        with_config(strict)(kind)
    TypeAdapter(kind).validate_python(value)
