"""The protocol at the edge: repeats, refusals, rollbacks, the guard and the integration user."""

import time
from unittest.mock import patch

import frappe

from salla_executor.contract import new_secret
from salla_executor.erpnext import items
from salla_executor.erpnext.erp import ErpNext
from salla_executor.erpnext.inbox import row_name
from salla_executor.erpnext.receiver import FrappeReceiver
from salla_executor.erpnext.settings import read_secrets
from salla_executor.setup.integration_user import INTEGRATION_USER, RIGHTS
from salla_executor.tests.kit import ExecutorTestCase, instance_id, receive, reference_of, sign
from salla_executor.tests.payloads import line, order, product


class TestReceive(ExecutorTestCase):
    def test_ping(self):
        answer = self.send("ping", {}, store_account="", entity_type="")
        assert (answer.status, answer.verdict) == (200, "applied")
        assert set(answer.payload["versions"]) == {"salla_executor", "frappe", "erpnext"}

    def test_second_delivery_answers_with_the_first_answer(self):
        body, headers = self.request(
            "upsert_product", product(self.code("A")), idempotency_key="k" * 20 + self.store
        )
        first = receive(body, headers)
        again = receive(body, sign(body, headers["X-Idempotency-Key"]))
        assert (first.status, first.verdict) == (200, "applied"), first.ack
        assert (again.status, again.verdict) == (200, "applied")
        assert again.payload["repeat"]
        assert again.payload["erp_doc"] == first.payload["erp_doc"]
        assert frappe.db.count("Item", {"name": self.code("A")}) == 1

    def test_same_key_with_another_body_is_a_conflict(self):
        key = "c" * 20 + self.store
        self.applied("upsert_product", product(self.code("A")), idempotency_key=key)
        answer = self.send("upsert_product", product(self.code("A"), name="Other"), idempotency_key=key)
        assert (answer.status, answer.verdict) == (422, "rejected")
        assert frappe.db.get_value("Item", self.code("A"), "item_name") == "Cotton shirt"

    def test_same_request_twice_is_refused(self):
        body, headers = self.request("upsert_product", product(self.code("A")))
        receive(body, headers)
        again = receive(body, headers)
        assert (again.status, again.payload["error_code"]) == (401, "nonce_used")

    def test_stale_revision_changes_nothing(self):
        self.applied("upsert_product", product(self.code("A"), name="New"), revision=5)
        answer = self.send("upsert_product", product(self.code("A"), name="Old"), revision=4)
        assert (answer.verdict, answer.payload["error_code"]) == ("skipped", "stale")
        assert frappe.db.get_value("Item", self.code("A"), "item_name") == "New"

    def test_refused_requests_write_nothing(self):
        before = table_counts()
        body, headers = self.request("upsert_product", product(self.code("A")))
        key = headers["X-Idempotency-Key"]
        attempts = [
            (body, {**headers, "X-Signature": "0" * 64}),
            (body, sign(body, key, secret=new_secret())),
            (body, sign(body, key, instance="ERP-INSTANCE-9999")),
            (body, sign(body, key, now=int(time.time()) - 301)),
            (body + b" ", headers),
            (b"x" * (256 * 1024 + 1), headers),
            (body, {name: value for name, value in headers.items() if name != "X-Nonce"}),
        ]
        for raw, forged in attempts:
            answer = receive(raw, forged)
            assert answer.verdict == "rejected"
            assert answer.status in (400, 401, 413)
        assert table_counts() == before

    def test_failure_keeps_its_answer_and_no_documents(self):
        body, headers = self.request("upsert_product", {**product(self.code("A")), "sku": None})
        first = receive(body, headers)
        again = receive(body, sign(body, headers["X-Idempotency-Key"]))
        assert (first.status, first.payload["error_code"]) == (422, "missing_sku")
        assert again.verdict == "failed"
        assert reference_of(self.store, "product", f"p-{self.code('A')}") is None

    def test_hidden_commit_fails_the_command_and_leaves_nothing(self):
        for ending in ("commit", "rollback"):
            body, headers = self.request("upsert_product", product(self.code(ending)))
            with patch.object(
                items, "save_price", side_effect=lambda *_, end=ending, **__: getattr(frappe.db, end)()
            ):
                answer = receive(body, headers)
            assert (answer.status, answer.payload["error_code"]) == (503, "internal")
            assert not frappe.db.exists("Item", self.code(ending))
            assert reference_of(self.store, "product", f"p-{self.code(ending)}") is None
            again = receive(body, sign(body, headers["X-Idempotency-Key"]))
            assert again.verdict == "applied", again.ack

    def test_callback_that_fails_after_the_commit_leaves_the_answer_applied(self):
        answer = self.send_with_callback("after_commit")
        self.assertEqual((answer.status, answer.verdict), (200, "applied"), answer.ack)
        self.assertTrue(frappe.db.exists("Item", self.code("after_commit")))

    def test_callback_that_fails_before_the_commit_leaves_nothing(self):
        answer = self.send_with_callback("before_commit")
        self.assertEqual((answer.status, answer.payload["error_code"]), (503, "internal"))
        self.assertFalse(frappe.db.exists("Item", self.code("before_commit")))
        self.assertEqual(frappe.db.count("Executor Inbox", {"store_account": self.store}), 0)

    def send_with_callback(self, moment):
        original = items.save_price

        def save(*args, **options):
            getattr(frappe.db, moment).add(fail)
            return original(*args, **options)

        with patch.object(items, "save_price", side_effect=save):
            return self.send("upsert_product", product(self.code(moment)))

    def test_deadlock_runs_the_command_again(self):
        calls = []
        original = items.save_price

        def once(*args, **options):
            calls.append(("read before" in frappe.local.cache, bool(frappe.local._webhook_queue)))
            if len(calls) == 1:
                # What the rival wrote since is not in the cache of this process, and what is undone sends no webhook.
                frappe.local.cache["read before"] = frappe.local._webhook_queue = ["stale"]
                raise frappe.QueryDeadlockError
            return original(*args, **options)

        frappe.local._webhook_queue = []
        with patch.object(items, "save_price", side_effect=once):
            self.applied("upsert_product", product(self.code("A")))
        assert calls == [(False, False), (False, False)]

    def test_customer_that_another_command_made_meanwhile_is_seen(self):
        self.applied("upsert_product", product(self.code("A")))
        lines = [line(self.code("A"), "1", "100.00")]
        first = self.applied("upsert_order", order(self.store, lines, "115.00", "15.00")).document
        blind = []
        find, look_up = FrappeReceiver.find_reference, FrappeReceiver.usable_documents

        def stale(receiver, source, entity_type, external_id):
            if entity_type == "customer" and len(blind) < 2:
                blind.append(1)
                return None
            return find(receiver, source, entity_type, external_id)

        def stale_look_up(receiver, source, wanted):
            known = look_up(receiver, source, wanted)
            if not blind:
                blind.append(1)
                return {key: name for key, name in known.items() if key[0] != "customer"}
            return known

        buyer = order(self.store, lines, "115.00", "15.00")["customer"]
        with (
            patch.object(FrappeReceiver, "find_reference", stale),
            patch.object(FrappeReceiver, "usable_documents", stale_look_up),
            patch.object(ErpNext, "find_customers", return_value=[]),
        ):
            second = self.applied(
                "upsert_order", order(f"{self.store}2", lines, "115.00", "15.00", customer=buyer)
            ).document
        assert (second.customer, len(blind)) == (first.customer, 2)

    def test_unexpected_error_is_logged_without_personal_data(self):
        error = RuntimeError("Sara sara@example.com +966501234567")
        with patch.object(items, "save_price", side_effect=error):
            answer = self.send("upsert_product", product(self.code("A")))
        assert (answer.status, answer.payload["error_code"]) == (503, "internal")
        log = frappe.get_all("Error Log", fields=["error"], order_by="creation desc", limit=1)[0].error
        assert "RuntimeError" in log
        assert "sara@example.com" not in log
        assert "966501234567" not in log
        assert read_secrets()[0] not in log

    def test_switched_off_holds_the_command(self):
        with self.settings(is_enabled=0):
            answer = self.send("upsert_product", product(self.code("A")))
        assert (answer.status, answer.payload["error_code"]) == (503, "disabled")

    def test_dry_run_stores_nothing(self):
        before = table_counts()
        answer = self.send("upsert_product", product(self.code("A")), dry_run=True)
        assert (answer.verdict, answer.payload["dry_run"]) == ("applied", True)
        after = table_counts()
        assert {**after, "Executor Nonce": 0} == {**before, "Executor Nonce": 0}

    def test_inbox_row_tells_what_happened(self):
        key = "i" * 20 + self.store
        self.applied("upsert_product", product(self.code("A")), idempotency_key=key)
        row = frappe.get_doc("Executor Inbox", row_name(instance_id(), key))
        assert (row.status, row.document_name) == ("applied", self.code("A"))
        assert (row.store_account, row.external_id) == (self.store, f"p-{self.code('A')}")

    def test_documents_belong_to_the_integration_user(self):
        item = self.applied("upsert_product", product(self.code("A"))).document
        assert item.owner == INTEGRATION_USER
        assert frappe.get_roles(INTEGRATION_USER).count("System Manager") == 0
        assert frappe.db.get_value("User", INTEGRATION_USER, "user_type") == "Website User"
        # ERPNext asks for it where a line of a submitted order is taken away.
        for doctype in set(RIGHTS) - {"Sales Order"}:
            assert not frappe.has_permission(doctype, "delete", user=INTEGRATION_USER), doctype

    def test_lacking_right_is_said_and_tried_again(self):
        role = {"parent": "Brand", "role": "Salla Executor Integration"}
        name = frappe.db.get_value("Custom DocPerm", role)
        set_right(name, 0)
        self.addCleanup(set_right, name, 1)
        answer = self.send("upsert_brand", {"external_id": "1", "name": self.code("Acme")})
        assert (answer.status, answer.payload["error_code"]) == (503, "not_permitted")
        assert "Brand" in answer.message


def fail() -> None:
    raise RuntimeError("a callback of another app")


def set_right(name: str, value: int) -> None:
    frappe.db.set_value("Custom DocPerm", name, "create", value)
    frappe.clear_cache(doctype="Brand")
    frappe.db.commit()


def table_counts() -> dict[str, int]:
    doctypes = ("Item", "External Reference", "Executor Inbox", "Executor Nonce", "Error Log")
    return {doctype: frappe.db.count(doctype) for doctype in doctypes}
