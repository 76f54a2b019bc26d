"""A new secret on a real site, by the hub's command and by a code, and the checklist; the hub is played."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import requests

import frappe
from frappe.utils import add_to_date, now_datetime

from salla_executor.api import operations
from salla_executor.contract import DISPATCH_PATH, Command, answer_proof, encode_command, load_json, verify
from salla_executor.core.checklist import FAILED
from salla_executor.core.model import NewSecret
from salla_executor.erpnext.hub import FrappeHub
from salla_executor.erpnext.readiness import checks
from salla_executor.erpnext.secret_keeper import FrappeSecretKeeper
from salla_executor.erpnext.secrets import keep_secret
from salla_executor.erpnext.settings import DOCTYPE, read_secrets, read_settings
from salla_executor.key_agreement import PAIR, ROTATE, PairingCode, Question, answer, new_code
from salla_executor.tests.kit import Answer, ExecutorTestCase, HttpTestCase, instance_id, receive, sign

FIELDS = ("instance_id", "manager_base_url", "previous_secret_expires_at")


class SecretCase(ExecutorTestCase):
    """Puts the site's own pairing back, since it is committed."""

    def setUp(self) -> None:
        super().setUp()
        self.secret = read_secrets()[0]
        kept = frappe.db.get_singles_dict(DOCTYPE)
        before = {field: kept.get(field) for field in FIELDS}
        self.addCleanup(self.put_back, self.secret, before)

    def put_back(self, secret: str, before: dict[str, Any]) -> None:
        frappe.db.rollback()
        keep_secret(DOCTYPE, DOCTYPE, "shared_secret", secret)
        keep_secret(DOCTYPE, DOCTYPE, "previous_secret", "")
        frappe.db.set_single_value(DOCTYPE, before, update_modified=False)
        frappe.clear_document_cache(DOCTYPE, DOCTYPE)
        frappe.db.commit()

    def order(self, signer: str) -> tuple[Question, bytes, dict[str, str]]:
        """The hub's command for a new secret."""
        question = Question(ROTATE, instance_id(), signer)
        key = frappe.generate_hash(length=40)
        command = Command(key, ROTATE, "", "", "", instance_id(), key, {"public_key": question.public_key})
        body = encode_command(command)
        return question, body, sign(body, key, secret=signer)

    def rotated(self, signer: str) -> str:
        question, body, headers = self.order(signer)
        told = receive(body, headers)
        assert (told.status, told.verdict) == (200, "applied"), told.ack
        return question.secret_of(told.payload)

    def ping(self, secret: str) -> Answer:
        key = frappe.generate_hash(length=40)
        body = encode_command(Command(key, "ping", "", "", "", instance_id(), key, {}))
        return receive(body, sign(body, key, secret=secret))


class TestCommand(SecretCase):
    def test_the_former_secret_is_taken_until_a_day_after_the_hub_used_the_new_one(self):
        first = self.rotated(self.secret)
        assert read_secrets() == (first, self.secret)
        second = self.rotated(self.secret)
        assert read_secrets() == (second, self.secret)
        assert self.ping(self.secret).status == 200
        assert read_settings().is_rotating
        assert self.ping(second).status == 200
        assert not read_settings().is_rotating
        ends = frappe.db.get_single_value(DOCTYPE, "previous_secret_expires_at")
        assert add_to_date(now_datetime(), hours=23) < ends < add_to_date(now_datetime(), hours=25)
        assert " " in frappe.db.get_singles_dict(DOCTYPE)["previous_secret_expires_at"]
        with self.settings(previous_secret_expires_at=add_to_date(now_datetime(), seconds=-1)):
            assert self.ping(self.secret).status == 401
            assert self.ping(second).status == 200

    def test_nothing_of_it_is_kept_beside_the_secret(self):
        inbox, errors = frappe.db.count("Executor Inbox"), frappe.db.count("Error Log")
        secret = self.rotated(self.secret)
        assert (frappe.db.count("Executor Inbox"), frappe.db.count("Error Log")) == (inbox, errors)
        stored = str(frappe.db.sql("select * from `tabSingles` where doctype = %s", DOCTYPE))
        stored += str(frappe.db.sql("select password from `__Auth` where doctype = %s", DOCTYPE))
        assert secret not in stored
        assert self.secret not in stored

    def test_of_two_changes_one_is_kept(self):
        keeper = FrappeSecretKeeper()
        assert keeper.store_secret(NewSecret("a" * 64, self.secret, replaces=self.secret))
        assert not keeper.store_secret(NewSecret("b" * 64, self.secret, replaces=self.secret))
        assert read_secrets() == ("a" * 64, self.secret)

    def test_a_form_that_is_open_meanwhile_can_be_saved_and_keeps_the_new_secret(self):
        doc = frappe.get_doc(DOCTYPE)
        secret = self.rotated(self.secret)
        doc.delivery_days = doc.delivery_days
        doc.save()
        frappe.db.commit()
        assert read_secrets()[0] == secret


class PlayedHub:
    """In the place of FrappeHub.post."""

    def __init__(self, url: str, signer: str):
        self.url, self.signer, self.agreed, self.is_checked = url, signer, "", False

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        assert url.startswith(self.url)
        asked, now = load_json(body), int(time.time())
        secrets = [self.signer, self.agreed]
        request = verify(headers, body, instance_id=asked["erp_instance"], secrets=secrets, now=now)
        if asked["action"] == "pair":
            self.agreed, told = answer(PAIR, asked["erp_instance"], asked, request.secret)
            return 200, {"ok": True, **told}
        self.is_checked = request.secret == self.agreed
        proof = answer_proof(request.secret, request.nonce, now)
        says = {"server_time": now, "contract_version": "1.0", "is_enabled": True, "erp_url": ""}
        return 200, {"ok": True, "proof": proof, **says}


class TestPairing(SecretCase):
    def paired(self, hub: PlayedHub, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        with patch.object(FrappeHub, "post", lambda _self, *request: hub.post(*request)):
            return work()

    def test_by_a_code(self):
        code = PairingCode("https://hub.example.com", "ERP-INSTANCE-TEST-9", new_code())
        hub = PlayedHub(code.hub_url, code.code)
        told = self.paired(hub, lambda: operations.pair(f" {code.text()}\n"))
        settings = read_settings()
        assert (settings.instance_id, settings.hub_url) == (code.instance_id, code.hub_url)
        # Another hub's secret is not taken on.
        assert settings.secrets == (hub.agreed,)
        assert hub.is_checked
        assert told["ok"], told["rows"]

    def test_from_the_erp(self):
        hub = PlayedHub("http", self.secret)
        told = self.paired(hub, operations.rotate_secret)
        assert read_secrets() == (hub.agreed, self.secret)
        assert hub.is_checked
        assert told["ok"], told["rows"]

    def test_what_is_wrong_is_told_and_changes_nothing(self):
        cases = {
            "salla-pair:abc": "not a whole pairing code",
            PairingCode("http://hub.example.com", "E", new_code()).text(): "which is not a hub",
            PairingCode("https://hub.example.com/?<b>", "E", new_code()).text(): "&lt;b&gt;",
            PairingCode("http://127.0.0.1:9", "E", new_code()).text(): "cannot be reached",
        }
        for text, reason in cases.items():
            with self.subTest(reason), self.assertRaisesRegex(frappe.ValidationError, reason):
                operations.pair(text)
        assert read_secrets() == (self.secret,)


class TestChecklist(ExecutorTestCase):
    def failed(self) -> dict[str, str]:
        return {row.check: row.text for row in checks() if row.state == FAILED}

    def test_a_site_that_is_ready(self):
        assert self.failed() == {}

    def test_a_right_is_really_asked_for(self):
        with patch("salla_executor.erpnext.readiness.RIGHTS", {"Journal Entry": ("create",)}):
            assert "Journal Entry (create)" in self.failed()["Integration User"]

    def test_a_right_that_is_taken_away_is_missed(self):
        role = {"parent": "Sales Order", "role": "Salla Executor Integration"}
        frappe.db.set_value("Custom DocPerm", role, "submit", 0)
        frappe.clear_cache(doctype="Sales Order")
        try:
            assert "Sales Order" in self.failed()["Integration User"]
        finally:
            frappe.db.rollback()
            frappe.clear_cache(doctype="Sales Order")

    def test_a_field_without_its_column_is_missed(self):
        fields = {"Sales Order": [{"fieldname": "shop_absent", "fieldtype": "Data"}]}
        with (
            patch("salla_executor.setup.custom_fields.CUSTOM_FIELDS", fields),
            patch("salla_executor.erpnext.readiness.missing_custom_fields", return_value=[]),
        ):
            assert "Sales Order.shop_absent" in self.failed()["Custom Fields"]

    def test_a_disabled_warehouse_is_told(self):
        frappe.db.set_value("Warehouse", read_settings().warehouse, "disabled", 1)
        assert "is disabled" in self.failed()["Company"]

    def test_a_check_that_breaks_is_no_good_one(self):
        with patch("salla_executor.erpnext.readiness.missing_custom_fields", side_effect=OSError("word")):
            told = self.failed()["Custom Fields"]
        assert "OSError" in told
        assert "word" not in told

    def test_a_ping_brings_it_to_the_hub(self):
        told = self.send("ping", {}, store_account="", entity_type="")
        assert {row["state"] for row in told.payload["checks"]} == {"ok"}
        with self.settings(is_enabled=0):
            told = self.send("ping", {}, store_account="", entity_type="")
        assert "failed" in {row["state"] for row in told.payload["checks"]}


class TestOverHttp(HttpTestCase, SecretCase):
    def test_the_web_server_s_workers_take_the_new_secret_at_once(self):
        question, body, headers = self.order(self.secret)
        told = requests.post(self.base + DISPATCH_PATH, data=body, headers=headers, timeout=30).json()
        secret = question.secret_of(told["ack_payload"])
        for signer, status in ((secret, 200), (self.secret, 200), ("0" * 64, 401)):
            for _ in range(4):
                key = frappe.generate_hash(length=40)
                body = encode_command(Command(key, "ping", "", "", "", instance_id(), key, {}))
                headers = sign(body, key, secret=signer)
                told = requests.post(self.base + DISPATCH_PATH, data=body, headers=headers, timeout=30)
                assert told.status_code == status, told.text
