"""The work behind a refusal: as many statements and decrypted secrets for a stranger as for a wrong signature."""

from __future__ import annotations

import secrets
import time
from unittest.mock import patch

import frappe

from salla_manager import contract
from salla_manager.adapters import instance_store
from salla_manager.adapters.host import build_host
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.core.pull_api import receive_pull
from salla_manager.tests.factories import HubCase, make_instance


class TestCallers(HubCase):
    def cost(self, instance: str) -> tuple[int, int]:
        """(statements, secrets read) of a refused pull."""
        body = b'{"store_id": "SM-STORE-00001"}'
        headers = contract.signed_headers(
            instance, secrets.token_hex(32), body, contract.new_nonce(), now=int(time.time())
        )
        host = build_host()
        with (
            patch.object(frappe.db, "sql", wraps=frappe.db.sql) as sql,
            patch.object(instance_store, "read_secret", wraps=instance_store.read_secret) as read,
        ):
            status, answer = receive_pull(body, headers, host)
        self.assertEqual((status, answer["error_code"]), (401, "unauthorized"))
        return sql.call_count, read.call_count

    def test_a_stranger_costs_as_much_as_a_wrong_signature(self):
        make_instance()
        # The one that is read in the stranger's place.
        known = FrappeHubStore().instance_or_other("ERP-INSTANCE-NONE")
        self.cost(known.name)
        wrong, stranger = self.cost(known.name), self.cost("ERP-INSTANCE-NONE")
        self.assertEqual(stranger, wrong)
        self.assertGreaterEqual(wrong[1], 1)

    def test_the_named_one_is_found(self):
        hub = FrappeHubStore()
        names = [make_instance("A"), make_instance("B")]
        self.assertEqual([hub.instance_or_other(name).name for name in names], names)
        self.assertEqual(
            [hub.instance_or_other(name).secret for name in names],
            [hub.instance(name).secret for name in names],
        )
        self.assertIsNone(hub.instance("ERP-INSTANCE-NONE"))
