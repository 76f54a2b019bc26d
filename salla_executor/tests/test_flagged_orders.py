"""A fixed mapping releases what differs: the hub is asked for those drafts again, by itself or by a button."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import frappe

from salla_executor.api import operations
from salla_executor.contract import SEND_AGAIN_PATH, load_json, verify
from salla_executor.core.hub_calls import HubError
from salla_executor.erpnext import flagged_orders
from salla_executor.erpnext.hub import FrappeHub
from salla_executor.erpnext.settings import DOCTYPE, SUBMIT, read_secrets
from salla_executor.tests.kit import ExecutorTestCase, instance_id
from salla_executor.tests.maps import account, saudi_taxes, tables
from salla_executor.tests.payloads import line, order, product


class TestFlaggedOrders(ExecutorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.applied("upsert_product", product(self.code("A")))
        self.asked: list[dict[str, Any]] = []

    def flag(self, number: int = 1) -> list[str]:
        """Orders whose shop says 10.00 more than its lines come to."""
        names = []
        for index in range(number):
            payload = order(f"{self.store}-{index}", [line(self.code("A"), "1", "100.00")], "125.00", "15.00")
            names.append(self.applied("upsert_order", payload).document.name)
        return names

    def hub(self, answer: Any = None):
        """The hub on the far side: what it is asked, checked as it checks it."""

        def post(_self: Any, url: str, body: bytes, headers: Any) -> tuple[int, dict[str, Any]]:
            assert url.endswith(SEND_AGAIN_PATH)
            verify(
                headers,
                body,
                instance_id=instance_id(),
                secrets=read_secrets(),
                now=int(headers["X-Timestamp"]),
            )
            said = load_json(body)
            if said["store_id"] == self.store:
                self.asked.append(said)
            return answer or (200, {"ok": True, "sent": len(said["orders"]), "not_sent": {}})

        paired = patch.object(flagged_orders, "flagged_orders", wraps=lambda: {self.store: self.own()})
        url = frappe.db.get_single_value(DOCTYPE, "manager_base_url") or "http://localhost:8000"
        frappe.db.set_single_value(DOCTYPE, "manager_base_url", url)
        frappe.clear_document_cache(DOCTYPE, DOCTYPE)
        frappe.db.commit()
        return patch.multiple(FrappeHub, post=post), paired

    def own(self) -> list[str]:
        filters = {"shop_store": self.store, "docstatus": 0, "shop_difference_note": ("is", "set")}
        return frappe.get_all("Sales Order", filters, pluck="shop_order", order_by="creation desc")

    def test_flagged_drafts_are_found_by_store_without_those_that_a_person_accepted(self):
        first, second = self.flag(2)
        frappe.db.set_value("Sales Order", first, "shop_accepted_by", "Administrator")
        found = flagged_orders.flagged_orders()
        assert found[self.store] == [frappe.db.get_value("Sales Order", second, "shop_order")]

    def test_the_button_asks_for_them_twenty_at_once(self):
        self.flag(1)
        hub, own = self.hub()
        ids = [f"o-{number}" for number in range(25)]
        with hub, own, patch.object(self, "own", lambda: ids):
            assert operations.send_flagged_again() == 25
        assert [len(said["orders"]) for said in self.asked] == [20, 5]
        assert self.asked[0]["action"] == "send_again"

    def test_what_the_hub_refuses_is_told(self):
        self.flag(1)
        hub, own = self.hub((403, {"ok": False, "error_code": "unknown_store", "message": "No <b>store</b>"}))
        with hub, own, self.assertRaisesRegex(frappe.ValidationError, "No &lt;b&gt;store"):
            operations.send_flagged_again()

    def test_a_mended_setting_asks_by_itself_and_another_does_not(self):
        self.flag(1)
        settings = frappe.get_doc(DOCTYPE)
        with patch.object(frappe, "enqueue") as enqueue:
            settings.delivery_days = (settings.delivery_days or 0) + 1
            settings.save()
            assert not enqueue.called
            settings.rounding_account = account("Rounding Mended")
            settings.save()
        assert enqueue.call_args.args == ("salla_executor.erpnext.flagged_orders.work",)
        assert enqueue.call_args.kwargs["enqueue_after_commit"]
        frappe.db.rollback()

    def test_so_does_a_row_of_a_map_but_not_the_same_rows_again(self):
        self.flag(1)
        with tables(taxes=saudi_taxes()), patch.object(frappe, "enqueue") as enqueue:
            settings = frappe.get_doc(DOCTYPE)
            settings.save()
            assert not enqueue.called
            settings.taxes[0].reason_code = "VATEX-SA-35"
            settings.save()
            assert enqueue.called
            frappe.db.rollback()

    def test_what_comes_again_is_submitted_once_it_agrees(self):
        """As the hub sends it: the same revision, a new generation."""
        [name] = self.flag(1)
        payload = order(f"{self.store}-0", [line(self.code("A"), "1", "100.00")], "125.00", "15.00")
        with self.settings(money_tolerance=10, order_policy=SUBMIT):
            after = self.applied("upsert_order", payload, revision=1, generation=1).document
        assert (after.name, after.docstatus) == (name, 1)

    def test_a_hub_that_is_away_is_told_in_the_error_log(self):
        self.flag(1)
        with patch.object(flagged_orders, "ask_again", side_effect=HubError("The hub cannot be reached.")):
            flagged_orders.work()
        log = frappe.get_last_doc("Error Log")
        assert "cannot be reached" in log.error and "Send Flagged Orders Again" in log.error
