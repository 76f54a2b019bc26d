"""What every connector has to hold: a mixin for its tests. Standard library only, since a bench has no pytest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from salla_manager.core.transport import Limits
from salla_manager.erp.port import ConfigField, ConnectorError, ERPConnectorPort, ExportResult

# Tests have their ERP on loopback.
LIMITS = Limits(connect=2, read=2, total=5, allow_private_addresses=True)
_KINDS = ("text", "secret", "number", "check", "choice", "long_text")
_MARK = "Zebra-7f3a-Quokka"


def sample_command(**changes: Any) -> dict[str, Any]:
    """A command as it travels; changes replace its keys."""
    return {
        "command_id": "SM-COMMAND-00001",
        "command_type": "upsert_order",
        "entity_type": "order",
        "store_account": "SM-STORE-00001",
        "customer_account": "CUST-0001",
        "erp_instance": "",
        "idempotency_key": "0123456789abcdef" * 4,
        "payload": {
            "external_id": "1001",
            "status": "completed",
            "created_at": "2026-01-31T09:30:00+00:00",
            "currency": "SAR",
            "total": "115.00",
            "customer": {"external_id": "7", "name": "Nora Ali", "email": "nora@example.com"},
            "items": [{"sku": "MUG-1", "name": "Mug", "quantity": "2", "price": "50.00"}],
        },
        "revision": 1,
        "generation": 0,
    } | changes


class ConnectorChecks:
    """Beside unittest.TestCase. The test says `connector` and `config`, which makes an export succeed."""

    connector: ERPConnectorPort
    config: Mapping[str, Any]

    def test_its_fields_can_be_shown_as_a_form(self: Any) -> None:
        fields: tuple[ConfigField, ...] = self.connector.config_fields()
        for field in fields:
            self.assertRegex(field.name, r"\A[a-z][a-z0-9_]*\Z")
            self.assertTrue(field.label)
            self.assertIn(field.kind, _KINDS)
            self.assertEqual(field.kind == "choice", bool(field.choices), field.name)
        self.assertEqual(len({field.name for field in fields}), len(fields))
        self.assertLessEqual(set(self.config), {field.name for field in fields})

    def test_an_export_succeeds_and_the_same_key_again_gives_the_same(self: Any) -> None:
        first = self.connector.export(sample_command(), self.config)
        again = self.connector.export(sample_command(), self.config)
        self.assertIsInstance(first, ExportResult)
        self.assertTrue(first.success)
        self.assertEqual((first.export_id, first.storage_key), (again.export_id, again.storage_key))

    def test_the_connection_is_tested(self: Any) -> None:
        result = self.connector.test_connection(self.config)
        self.assertEqual((result.success, result.error_message), (True, ""))

    def test_each_required_field_is_missed(self: Any) -> None:
        for field in self.connector.config_fields():
            if field.is_required and field.default is None:
                without = {name: value for name, value in self.config.items() if name != field.name}
                result = self.connector.test_connection(without)
                self.assertFalse(result.success)
                self.assertIn(field.label, result.error_message)
                with self.assertRaises(ConnectorError):
                    self.connector.export(sample_command(), without)

    def test_a_rehearsal_is_not_delivered(self: Any) -> None:
        with self.assertRaises(ConnectorError):
            self.connector.export(sample_command(dry_run=True), self.config)

    def test_no_message_shows_a_secret(self: Any) -> None:
        names = [field.name for field in self.connector.config_fields() if field.kind == "secret"]
        config = {**self.config, **dict.fromkeys(names, _MARK)}
        said = [self.connector.test_connection(config).error_message]
        try:
            said.append(repr(self.connector.export(sample_command(), config)))
        except ConnectorError as error:
            said += [str(error), repr(error), repr(error.__context__)]
        self.assertEqual([text for text in said if _MARK[:8] in text], [])

    def test_messages_name_a_next_step(self: Any) -> None:
        """More than one sentence: the cause, and what to do."""
        try:
            self.connector.export(sample_command(), {})
        except ConnectorError as error:
            self.assertGreaterEqual(len(re.findall(r"[.?]( |$)", str(error))), 2, str(error))

    def test_an_export_is_taken_back_where_it_says_so(self: Any) -> None:
        result = self.connector.export(sample_command(), self.config)
        if self.connector.can_rollback():
            self.assertTrue(self.connector.rollback(result, self.config).success)
        else:
            with self.assertRaises(ConnectorError):
                self.connector.rollback(result, self.config)
