"""Pairing and a new secret on MariaDB and through Frappe's whole request handling; the ERP is played."""

from __future__ import annotations

import json
import time
from unittest.mock import patch

import frappe
from frappe.utils import add_to_date, now_datetime

from salla_manager import contract, key_agreement
from salla_manager.adapters.instance_store import fingerprint_of
from salla_manager.adapters.secrets import has_secret
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.api import operations
from salla_manager.contract import CHECK_PATH, PAIR_PATH
from salla_manager.core import shared_secret
from salla_manager.core.transport import HttpAnswer, HttpTransport
from salla_manager.key_agreement import PAIR, ROTATE, Question, read_code
from salla_manager.tests.factories import HubCase, beside, make_instance
from salla_manager.tests.web import answer, request

SETTINGS = "Salla Manager Settings"


class PairingCase(HubCase):
    def setUp(self):
        super().setUp()
        self.instance = make_instance()
        self.secret = self.kept().secret

    def kept(self):
        frappe.db.rollback()
        return FrappeHubStore().instance(self.instance)

    def code(self):
        text = operations.pairing_code(self.instance)["text"]
        frappe.db.commit()
        return read_code(text).code

    def post(self, path, secret, **values):
        action = path.rpartition(".")[2]
        raw = contract.dump_json({"action": action, "erp_instance": self.instance, **values})
        headers = contract.signed_headers(self.instance, secret, raw, "call-0001", now=int(time.time()))
        headers.pop("Content-Type")
        response = request("POST", path, raw, headers)
        return response.status_code, answer(response)

    def ask(self, signer):
        question = Question(PAIR, self.instance, signer)
        status, said = self.post(PAIR_PATH, signer, public_key=question.public_key)
        return status, said, question

    def agreed(self, signer):
        status, said, question = self.ask(signer)
        assert status == 200, said
        return question.secret_of(said)


class TestPairing(PairingCase):
    def test_by_a_code(self):
        code = self.code()
        secret = self.agreed(code)
        kept = self.kept()
        assert (kept.secret, kept.pending_secret, kept.pairing_code) == (self.secret, secret, "")
        assert not has_secret("ERP Instance", self.instance, "pairing_code")
        status, said = self.post(CHECK_PATH, secret)
        assert (status, said["ok"], said["is_enabled"]) == (200, True, True)
        assert said["versions"]["frappe"] == frappe.__version__
        kept, row = self.kept(), frappe.get_doc("ERP Instance", self.instance)
        assert (kept.secret, kept.previous_secret, kept.pending_secret) == (secret, self.secret, "")
        assert row.secret_fingerprint == fingerprint_of(secret)
        assert row.previous_secret_until > now_datetime()
        assert row.secret_since is not None

    def test_nothing_of_it_lies_in_the_clear(self):
        code = self.code()
        secret = self.agreed(self.secret)
        stored = str(frappe.db.get_value("ERP Instance", self.instance, "*"))
        stored += str(frappe.db.sql("select password from `__Auth` where name = %s", self.instance))
        for canary in (code, secret, self.secret):
            assert canary not in stored

    def test_a_code_is_good_once_also_for_two_at_the_same_moment(self):
        code = self.code()
        threads = [beside(lambda: agree_beside(self.instance, code)) for _ in range(4)]
        for thread, _ in threads:
            thread.join(30)
        told = [result[0] for _, result in threads]
        assert set(told) <= {"answered", "unauthorized", "in_progress"}, told
        assert told.count("answered") == 1, told
        assert self.ask(code)[0] == 401

    def test_a_code_ends(self):
        code = self.code()
        ended = add_to_date(now_datetime(), seconds=-1)
        frappe.db.set_value("ERP Instance", self.instance, "pairing_code_until", ended)
        frappe.db.commit()
        assert self.ask(code)[0] == 401

    def test_a_form_that_is_open_meanwhile_can_be_saved_and_keeps_what_was_agreed(self):
        doc = frappe.get_doc("ERP Instance", self.instance)
        secret = self.agreed(self.code())
        self.post(CHECK_PATH, secret)
        frappe.db.rollback()
        doc.title = f"{doc.title} renamed"
        doc.save()
        frappe.db.commit()
        assert self.kept().secret == secret

    def test_refusals_are_bare_and_leave_nothing(self):
        before = self.kept()
        for path in (PAIR_PATH, CHECK_PATH):
            wrong = self.post(path, "0" * 64, public_key="0" * 64)
            assert (wrong[0], wrong[1]["error_code"]) == (401, "unauthorized")
            for method, body in (("GET", None), ("POST", b"{broken"), ("POST", b'{"cmd":"frappe.ping"}')):
                response = request(method, path, body)
                assert response.status_code in (400, 403)
                assert answer(response)["ok"] is False
        assert self.ask(self.secret)[0] == 200
        assert self.kept().secret == before.secret

    def test_only_one_changes_a_secret_at_a_time(self):
        with FrappeHubStore().changing_secret(self.instance) as is_mine:
            assert is_mine
            assert self.ask(self.secret)[1]["error_code"] == "in_progress"
        assert self.ask(self.secret)[0] == 200


class TestHubUrl(PairingCase):
    def setUp(self):
        super().setUp()
        before = frappe.db.get_single_value(SETTINGS, "hub_url") or ""
        self.addCleanup(self.set_url, before)
        self.set_url("")

    def set_url(self, url):
        frappe.db.set_single_value(SETTINGS, "hub_url", url)
        frappe.clear_document_cache(SETTINGS, SETTINGS)
        frappe.db.commit()

    def test_it_is_asked_for_and_kept_and_never_taken_from_a_request(self):
        with patch.dict(frappe.local.conf, {"host_name": ""}):
            assert operations.pairing_code(self.instance)["text"] == ""
            made = operations.pairing_code(self.instance, "https://hub.example.com/")
            assert read_code(made["text"]).hub_url == made["hub_url"] == "https://hub.example.com"
            assert operations.pairing_code(self.instance)["hub_url"] == "https://hub.example.com"

    def test_it_is_the_site_s_host_name_where_nothing_is_set(self):
        with patch.dict(frappe.local.conf, {"host_name": "https://site.example.com"}):
            assert operations.pairing_code(self.instance)["hub_url"] == "https://site.example.com"

    def test_a_url_that_is_none_is_refused(self):
        with self.assertRaises(frappe.ValidationError):
            operations.pairing_code(self.instance, "javascript:alert(1)")


class TestRotation(PairingCase):
    def play(self, signer=None):
        """An ERP that takes whatever is signed, and keeps what it agrees on in self.erp."""

        def post(transport, url, body, headers, limits):
            sent = json.loads(body)
            assert sent["command_type"] == contract.ROTATE_SECRET
            self.erp, told = key_agreement.answer(
                ROTATE, self.instance, sent["payload"], signer or self.secret
            )
            keys = {name: sent[name] for name in ("idempotency_key", "command_id")}
            ack = {"ack_status": "applied", "ack_payload": {"message": "", **told}, **keys}
            return HttpAnswer(200, {}, contract.dump_json(ack))

        patcher = patch.object(HttpTransport, "post", post)
        self.addCleanup(patcher.stop)
        patcher.start()

    def test_from_the_hub(self):
        self.play()
        operations.rotate_secret(self.instance)
        kept = self.kept()
        assert (kept.secret, kept.previous_secret) == (self.erp, self.secret)

    def test_a_wrong_proof_changes_nothing_and_is_told(self):
        self.play(signer="somebody else")
        with self.assertRaisesRegex(frappe.ValidationError, "go on with the secret they had"):
            operations.rotate_secret(self.instance)
        assert self.kept().secret == self.secret

    def test_the_checklist_is_in_words(self):
        told = operations.check_connection(self.instance)
        assert told["ok"] is False
        states = {row["check"]: row["state"] for row in told["rows"]}
        assert states["Connection"] == "failed"


def agree_beside(instance, code):
    """On a connection of its own, as a request does."""
    host = operations.build_host()
    question = {"public_key": Question(PAIR, instance, code).public_key}
    signed = contract.SignedRequest(instance, 0, "", "", "", code)
    try:
        shared_secret.agree(host, instance, signed, question)
    except contract.ProtocolError as error:
        return error.error_code
    return "answered"
