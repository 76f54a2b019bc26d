"""Who may do what. Frappe's `only_for` lets everything pass in tests, so nothing here is built on it."""

from __future__ import annotations

import frappe

from salla_manager.adapters.store import FrappeHubStore
from salla_manager.api import operations
from salla_manager.core.model import CommandStatus
from salla_manager.tests.factories import (
    HubCase,
    make_command,
    make_event,
    make_instance,
    make_record,
    make_store,
)

OPERATOR, ADMIN = "Salla Manager Operator", "Salla Manager Admin"
MAPPED = '{"external_id": "p-1", "name": "Brand"}'
HUB_ROWS = (
    "Outbound Client Command",
    "External Record",
    "Salla Incoming Log",
    "SKU Skip Log",
    "Command Delivery Attempt",
    "Command ACK Log",
    "Sync Run",
)


def user_with(*roles: str) -> str:
    email = f"{'-'.join(roles).lower().replace(' ', '-') or 'nobody'}@bench-test.example"
    if not frappe.db.exists("User", email):
        user = {"doctype": "User", "email": email, "first_name": "Test", "send_welcome_email": 0}
        frappe.get_doc(user).insert().add_roles(*roles)
        frappe.db.commit()
    return email


class TestPermissions(HubCase):
    def setUp(self):
        super().setUp()
        self.instance = make_instance()
        self.store = make_store(erp_instance=self.instance)
        self.record = make_record(self.store, "p-1", "brand", revision=1, mapped=MAPPED)
        self.command = make_command(self.record, self.instance, status=CommandStatus.DEAD)
        make_record(self.store, "p-1", "brand", last_command=self.command)
        hub = FrappeHubStore()
        with hub.transaction():
            self.event, _ = hub.add_event(make_event("p", status="Ignored"))

    def actions(self):
        return (
            lambda: operations.retry_command(self.command),
            lambda: operations.cancel_command(self.command),
            lambda: operations.resend_record(self.record.name),
            lambda: operations.process_again(self.event),
            lambda: operations.pull_now(self.store),
            lambda: operations.check_connection(self.instance),
            lambda: operations.close_breaker(self.instance),
            lambda: operations.new_secret(self.instance),
            lambda: operations.pairing_code(self.instance),
            lambda: operations.rotate_secret(self.instance),
            lambda: operations.release_parked(),
            lambda: operations.health(),
        )

    def test_a_user_without_role_may_nothing(self):
        frappe.set_user(user_with())
        for action in self.actions():
            with self.assertRaises(frappe.PermissionError):
                action()
        for doctype in HUB_ROWS:
            assert not frappe.has_permission(doctype, "read")

    def test_the_operator_may_press_the_buttons(self):
        frappe.set_user(user_with(OPERATOR))
        fresh = operations.retry_command(self.command)
        assert fresh["status"] == "Queued"
        operations.cancel_command(fresh["command"], "not wanted")
        operations.process_again(self.event)
        assert operations.health()["commands"]["Cancelled"] >= 1
        reason = frappe.db.get_value("Outbound Client Command", fresh["command"], "reason")
        assert "not wanted" in reason
        assert user_with(OPERATOR) in reason

    def test_the_operator_may_not_change_rows_secrets_or_switches(self):
        frappe.set_user(user_with(OPERATOR))
        with self.assertRaises(frappe.ValidationError):
            frappe.client.set_value("Outbound Client Command", self.command, "payload", "{}")
        for action in (operations.new_secret, operations.pairing_code, operations.rotate_secret):
            with self.assertRaises(frappe.PermissionError):
                action(self.instance)
        for doctype in ("ERP Instance", "Store Account", "Salla Manager Settings"):
            assert not frappe.has_permission(doctype, "write")
        for doctype in HUB_ROWS:
            assert frappe.has_permission(doctype, "read")
            for right in ("create", "delete", "export", "import", "submit"):
                assert not frappe.has_permission(doctype, right), (doctype, right)

    def test_the_admin_may_set_up(self):
        frappe.set_user(user_with(ADMIN))
        assert len(operations.new_secret(self.instance)) == 64
        for doctype in ("ERP Instance", "Store Account", "Salla Manager Settings"):
            assert frappe.has_permission(doctype, "write")

    def test_nobody_may_edit_rows_of_the_hub(self):
        for doctype, name in (
            ("Outbound Client Command", self.command),
            ("External Record", self.record.name),
        ):
            with self.assertRaises(frappe.ValidationError):
                frappe.get_doc(doctype, name).save()
        with self.assertRaises(frappe.ValidationError):
            frappe.delete_doc("Outbound Client Command", self.command)

    def test_nothing_is_open_to_everybody(self):
        for doctype in frappe.get_all("DocType", {"module": "Salla Manager"}, pluck="name"):
            roles = {row.role for row in frappe.get_meta(doctype).permissions}
            assert roles <= {OPERATOR, ADMIN}, (doctype, roles)
