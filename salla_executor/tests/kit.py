"""Commands for the tests: signed as the hub signs them, received as the site receives them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import SkipTest
from unittest.mock import patch

import requests

import frappe
from frappe.tests.utils import FrappeTestCase

from salla_executor.api.commands import _receive
from salla_executor.contract import (
    COMMAND_TYPES,
    Command,
    encode_command,
    load_json,
    new_secret,
    signed_headers,
)
from salla_executor.erpnext.inbox import row_name
from salla_executor.erpnext.settings import DOCTYPE, read_secrets
from salla_executor.setup.defaults import fill_defaults


@dataclass(frozen=True)
class Answer:
    status: int
    ack: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        return self.ack["ack_status"]

    @property
    def payload(self) -> dict[str, Any]:
        return self.ack["ack_payload"]

    @property
    def message(self) -> str:
        return self.payload["message"]

    @property
    def document(self) -> Any:
        return frappe.get_doc(self.payload["erp_doc"]["doctype"], self.payload["erp_doc"]["name"])


class ExecutorTestCase(FrappeTestCase):
    """Each test is a shop of its own, since received commands are committed."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # A developer's site prints a stack for each query that Frappe tries in vain.
        quiet = patch.dict(frappe.conf, developer_mode=0)
        quiet.start()
        cls.addClassCleanup(quiet.stop)
        frappe.set_user("Administrator")
        prepare_site()

    def setUp(self) -> None:
        frappe.db.rollback()
        self.store = f"TEST-{frappe.generate_hash(length=10)}"
        self.numbers: Counter[str] = Counter()

    def tearDown(self) -> None:
        frappe.db.rollback()

    def send(self, command_type: str, payload: dict[str, Any], **changes: Any) -> Answer:
        """A signed command; the revision rises by itself unless one is given."""
        return receive(*self.request(command_type, payload, **changes))

    def request(
        self, command_type: str, payload: dict[str, Any], **changes: Any
    ) -> tuple[bytes, dict[str, str]]:
        key = f"{command_type}-{payload.get('external_id')}"
        self.numbers[key] += 1
        values: dict[str, Any] = {
            "command_id": f"SM-COMMAND-{frappe.generate_hash(length=8)}",
            "command_type": command_type,
            "entity_type": COMMAND_TYPES.get(command_type, ""),
            "store_account": self.store,
            "customer_account": "CUST-0001",
            "erp_instance": instance_id(),
            "idempotency_key": frappe.generate_hash(length=40),
            "payload": payload,
            "revision": self.numbers[key],
        }
        command = Command(**{**values, **changes})
        body = encode_command(command)
        return body, sign(body, command.idempotency_key)

    def applied(self, command_type: str, payload: dict[str, Any], **changes: Any) -> Answer:
        answer = self.send(command_type, payload, **changes)
        assert (answer.status, answer.verdict) == (200, "applied"), answer.ack
        return answer

    def code(self, name: str) -> str:
        """A SKU or name of this test only."""
        return f"{name}-{self.store}"

    @contextmanager
    def settings(self, **values: Any) -> Iterator[None]:
        """Other settings for a while. They are committed, since a command starts with a rollback."""
        before = {name: frappe.db.get_single_value(DOCTYPE, name) for name in values}
        save_settings(values)
        try:
            yield
        finally:
            frappe.db.rollback()
            save_settings(before)


def save_settings(values: dict[str, Any]) -> None:
    frappe.db.set_single_value(DOCTYPE, values)
    frappe.clear_document_cache(DOCTYPE, DOCTYPE)
    # The next command reads them in a transaction of its own.
    frappe.db.commit()


def prepare_site() -> None:
    """Leaves a site that is paired already as it is."""
    fill_defaults()
    settings = frappe.get_doc(DOCTYPE)
    if not (settings.instance_id and read_secrets()):
        settings.instance_id = settings.instance_id or "ERP-INSTANCE-TEST"
        settings.shared_secret = new_secret()
    settings.is_enabled = 1
    settings.save()
    frappe.db.commit()


def instance_id() -> str:
    return frappe.db.get_single_value(DOCTYPE, "instance_id")


def sign(body: bytes, key: str, **changes: Any) -> dict[str, str]:
    values = {"instance": instance_id(), "secret": read_secrets()[0], "now": int(time.time()), **changes}
    return signed_headers(values["instance"], values["secret"], body, key, now=values["now"])


def receive(body: bytes, headers: dict[str, str]) -> Answer:
    """As a guest, in this process."""
    frappe.set_user("Guest")
    try:
        ack = _receive(body, headers)
    finally:
        frappe.set_user("Administrator")
    return Answer(ack.http_status, load_json(ack.body()), ack.headers)


def reference_of(store: str, entity_type: str, external_id: str) -> Any:
    return frappe.db.get_value(
        "External Reference", row_name(store, entity_type, external_id), "*", as_dict=True
    )


@contextmanager
def counted_sql() -> Iterator[Counter[str]]:
    """Statements by their first word, commit and begin left out."""
    counts: Counter[str] = Counter()
    original = frappe.db.sql

    def counting(query: Any, *args: Any, **kwargs: Any) -> Any:
        word = str(query).split(None, 1)[0].lower()
        if word not in ("commit", "start", "rollback"):
            counts[word] += 1
        return original(query, *args, **kwargs)

    frappe.db.sql = counting
    try:
        yield counts
    finally:
        del frappe.db.sql


class HttpTestCase(ExecutorTestCase):
    """Speaks real HTTP to the site's web server at `base`."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.base = (frappe.conf.host_name or "http://localhost:8000").rstrip("/")
        try:
            requests.get(f"{cls.base}/api/method/ping", timeout=3).raise_for_status()
        except requests.RequestException:
            raise SkipTest(f"no web server at {cls.base}") from None


def addresses_of(customer_name: str) -> list:
    names = frappe.get_all(
        "Dynamic Link",
        filters={"link_doctype": "Customer", "link_name": customer_name, "parenttype": "Address"},
        pluck="parent",
    )
    return [frappe.get_doc("Address", name) for name in names]
