"""ERP Connections on Frappe: kept encrypted, one active at a time, delivered to, tested, and used as roles allow."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import frappe
from frappe.utils.password import get_decrypted_password, set_encrypted_password

from salla_manager.adapters import erp_connection_health, erp_connectors
from salla_manager.adapters.host import build_host
from salla_manager.adapters.rows import key_of
from salla_manager.adapters.secrets import key_ids, rewrap_secrets
from salla_manager.adapters.store import FrappeHubStore
from salla_manager.api import erp_connections as api
from salla_manager.core.dispatch import DispatchReport, dispatch_to
from salla_manager.core.host import Host
from salla_manager.core.model import Attempt, CommandStatus, RecordStatus, Route
from salla_manager.core.outbox import absorb
from salla_manager.core.release import release_parked
from salla_manager.erp.base import BaseConnector
from salla_manager.erp.encryption import KEY_SETTING, PREVIOUS_KEYS_SETTING, is_envelope
from salla_manager.erp.orchestrator import PushOrchestrator
from salla_manager.erp.port import ConfigField, ConnectorError, ExportResult
from salla_manager.payloads import parse_payload
from salla_manager.salla_manager.doctype.command_delivery_attempt.command_delivery_attempt import (
    rename_outcomes,
)
from salla_manager.salla_manager.report.erp_connection_health.erp_connection_health import execute
from salla_manager.tests.factories import (
    NOW,
    SUFFIX,
    HubCase,
    beside,
    make_command,
    make_connection,
    make_customer,
    make_instance,
    make_record,
    make_store,
)
from salla_manager.tests.test_permissions import ADMIN, OPERATOR, user_with

CANARY = "canary-of-a-token"


class BooksConnector(BaseConnector):
    """Of another app, as its hook would name it."""

    connector_type = "BOOKS_TEST"
    outcome: ExportResult | ConnectorError = ExportResult(True, "INV-1", "books://1")
    seen: dict[str, Any] = {}

    def config_fields(self) -> tuple[ConfigField, ...]:
        return (
            ConfigField("url", "URL", is_required=True),
            ConfigField("token", "Token", "secret", is_required=True),
            ConfigField("note", "Note", "secret"),
        )

    def deliver(self, command: Any, config: Any) -> ExportResult:
        type(self).seen = dict(command)
        if isinstance(self.outcome, ConnectorError):
            raise self.outcome
        return self.outcome

    def probe(self, config: Any) -> None:
        if config["url"] == "down":
            raise ConnectorError(f"{config['token']} is refused. Enter another one.")

    def take_back(self, result: ExportResult, config: Any) -> ExportResult:
        return result


CONFIG = {"url": "up", "token": CANARY}


class ConnectionCase(HubCase):
    def setUp(self):
        super().setUp()
        path = f"{__name__}.BooksConnector"
        real = frappe.get_hooks

        def hooks(hook: str | None = None, *args: Any, **kwargs: Any) -> Any:
            if hook == erp_connectors.HOOK:
                return {"BOOKS_TEST": [path], "MOCK": [path]}
            return real(hook, *args, **kwargs)

        self.patched("frappe.get_hooks", new=hooks)
        self.forget_connectors()
        self.addCleanup(self.forget_connectors)
        BooksConnector.outcome = ExportResult(True, "INV-1", "books://1")
        self.customer = make_customer()
        self.instance = make_instance()
        self.store = make_store(customer_account=self.customer, erp_instance=self.instance)

    def forget_connectors(self):
        frappe.local.salla_connectors = None

    def books(self, **values: Any) -> str:
        config = values.pop("config", CONFIG)
        return make_connection(self.customer, config, connector_type="BOOKS_TEST", **values)

    def host(self) -> Host:
        return build_host()

    def absorb(self, **values: Any) -> None:
        payload = parse_payload("brand", {"external_id": "b-1", "name": "Oud", "raw": {}, **values})
        host = self.host()
        store = host.store.store(self.store)
        absorb(payload, store, host)

    def dispatch(self, destination: str) -> DispatchReport:
        return dispatch_to(self.host(), destination, 10)

    def commands(self, destination: str = "") -> list[Any]:
        filters = {"store": self.store} | ({"erp_connection": destination} if destination else {})
        return frappe.get_all("Outbound Client Command", filters, ["*"], order_by="created, name")


class TestConfiguration(ConnectionCase):
    def test_it_lies_encrypted_in_its_place_and_nowhere_else(self):
        name = self.books()
        assert FrappeHubStore().connection(name).config == CONFIG
        (row,) = frappe.db.sql("select * from `tabERP Connection` where name = %s", name, as_dict=True)
        assert CANARY not in str(row)
        assert CANARY not in str(frappe.db.sql("select * from `__Auth` where name = %s", name))
        assert CANARY not in frappe.get_doc("ERP Connection", name).as_json()
        assert CANARY not in str(frappe.get_all("Version", {"docname": name}, ["data"]))

    def test_what_frappe_keeps_is_an_envelope_of_this_row(self):
        first, second = self.books(), make_connection(self.customer, {"mode": "failure"})
        stored = get_decrypted_password("ERP Connection", first, "config")
        assert is_envelope(stored)
        set_encrypted_password("ERP Connection", second, stored, "config")
        moved = FrappeHubStore().connection(second)
        assert moved.config == {}
        assert "cannot be read" in moved.config_problem

    def test_a_new_master_key_takes_it_along(self):
        name = self.books()
        old = frappe.conf[KEY_SETTING]
        fresh = {KEY_SETTING: "ab" * 16 + "cd" * 16, PREVIOUS_KEYS_SETTING: old}
        with patch.dict(frappe.conf, fresh):
            rewrap_secrets()
            assert len(key_ids()) == 1
            del frappe.conf[PREVIOUS_KEYS_SETTING]
            assert FrappeHubStore().connection(name).config == CONFIG
        frappe.db.rollback()

    def test_what_is_missing_or_unknown_is_refused_and_not_shown(self):
        for config, word in (({"url": "up"}, "Token is missing"), ({**CONFIG, "x": CANARY}, "no field")):
            with self.assertRaisesRegex(frappe.ValidationError, word) as raised:
                self.books(config=config)
            assert CANARY not in str(raised.exception)

    def test_without_one_what_is_made_is_held(self):
        name = self.books(config=None)
        self.absorb()
        (held,) = self.commands(name)
        assert held.status == CommandStatus.HELD
        assert "has no configuration" in held.reason
        api.configure(name, json.dumps(CONFIG))
        frappe.db.commit()
        release_parked(self.host())
        (command,) = self.commands(name)
        assert (command.status, command.reason) == (CommandStatus.QUEUED, "")

    def test_a_connector_that_needs_none_has_an_empty_one(self):
        assert FrappeHubStore().connection(make_connection(self.customer)).config_problem == ""

    def test_the_form_gets_no_secret_and_keeps_those_left_empty(self):
        name = self.books()
        form = api.configuration(name)
        assert CANARY not in str(form)
        kept = {field["name"]: (field["value"], field["is_kept"]) for field in form["fields"]}
        assert kept == {"url": ("up", False), "token": (None, True), "note": (None, False)}
        api.configure(name, {"url": "other", "token": "", "note": "n"})
        assert FrappeHubStore().connection(name).config == {"url": "other", "token": CANARY, "note": "n"}
        (comment,) = frappe.get_all(
            "Comment", {"reference_name": name, "comment_type": "Info"}, pluck="content"
        )
        assert comment == "changed the configuration: note, url"
        api.configure(name, {"url": "other", "token": "", "note": None})
        assert FrappeHubStore().connection(name).config == {"url": "other", "token": CANARY}

    def test_a_saved_form_keeps_it(self):
        name = self.books()
        doc = frappe.get_doc("ERP Connection", name)
        doc.title = f"{SUFFIX} renamed"
        doc.save()
        assert FrappeHubStore().connection(name).config == CONFIG


class TestConnection(ConnectionCase):
    def test_one_is_active_per_organisation_and_type(self):
        name = self.books()
        with self.assertRaisesRegex(frappe.ValidationError, f"{name} is the active BOOKS_TEST"):
            self.books()
        second = self.books(status="DISABLED")
        doc = frappe.get_doc("ERP Connection", second)
        doc.status = "ACTIVE"
        with self.assertRaises(frappe.ValidationError):
            doc.save()
        frappe.get_doc("ERP Connection", name).update({"status": "DISABLED"}).save()
        frappe.get_doc("ERP Connection", second).update({"status": "ACTIVE"}).save()
        make_connection(make_customer("B"), CONFIG, connector_type="BOOKS_TEST")

    def test_the_database_holds_that_against_two_at_once(self):
        name = self.books()
        key = key_of(self.customer, "BOOKS_TEST")
        assert frappe.db.get_value("ERP Connection", name, "active_key") == key
        other = self.books(status="DISABLED")
        with self.assertRaises(Exception) as raised:
            frappe.db.sql("update `tabERP Connection` set active_key = %s where name = %s", (key, other))
        assert frappe.db.is_duplicate_entry(raised.exception)
        frappe.db.rollback()

    def test_a_type_that_is_none_is_refused(self):
        with self.assertRaisesRegex(frappe.ValidationError, "Unknown connector type: 'NONE_SUCH'"):
            make_connection(self.customer, connector_type="NONE_SUCH")

    def test_routes_name_stores_of_the_organisation(self):
        stranger = make_store("m-2", customer_account=make_customer("B"))
        with self.assertRaisesRegex(frappe.ValidationError, "is no store of"):
            self.books(routes=[{"store": stranger}])
        name = self.books(routes=[{"store": self.store, "command_type": "upsert_order"}])
        expected = (Route(self.store, "upsert_order"),)
        assert FrappeHubStore().connection(name).routes == expected
        (listed,) = FrappeHubStore().connections_of(self.customer)
        assert (listed.name, listed.routes, dict(listed.config)) == (name, expected, {})

    def test_hooks_of_other_apps_are_found_and_conflicts_told(self):
        answer = api.connector_types()
        assert {"BOOKS_TEST", "CLIENT_EXECUTOR", "DROPZONE_JSON_V1", "MOCK"} <= set(answer["types"])
        (conflict,) = answer["conflicts"]
        assert "'MOCK' is taken" in conflict


class TestDelivery(ConnectionCase):
    def test_a_change_goes_to_the_instance_and_as_a_copy_to_the_connection(self):
        name = self.books()
        self.absorb()
        leading, copy = self.commands()
        assert (leading.erp_instance, leading.erp_connection, leading.is_copy) == (self.instance, None, 0)
        assert (copy.erp_instance, copy.erp_connection, copy.is_copy) == (None, name, 1)
        assert leading.lane != copy.lane
        assert name in FrappeHubStore().destinations_with_due_commands(self.host().clock.now())
        assert self.dispatch(name).done == 1
        assert BooksConnector.seen["idempotency_key"] == copy.idempotency_key
        (copy,) = self.commands(name)
        assert (copy.status, copy.lane_in_flight) == (CommandStatus.DONE, None)
        record = FrappeHubStore().records([copy.record])[0]
        assert (record.status, record.last_command, record.applied_revision) == (
            RecordStatus.QUEUED,
            leading.name,
            0,
        )

    def test_the_attempt_and_ack_name_the_connection(self):
        name = self.books()
        self.absorb()
        self.dispatch(name)
        (attempt,) = frappe.get_all("Command Delivery Attempt", {"erp_connection": name}, ["*"])
        assert (attempt.status, attempt.connector_type, attempt.erp_instance) == (
            "SUCCESS",
            "BOOKS_TEST",
            None,
        )
        assert json.loads(attempt.request)["target"] == f"BOOKS_TEST {name}"
        assert json.loads(attempt.response)["export_id"] == "INV-1"
        (ack,) = frappe.get_all("Command ACK Log", {"erp_connection": name}, ["*"])
        assert (ack.ack_status, ack.erp_document) == ("applied", "INV-1")
        assert CANARY not in str((attempt, ack))

    def test_without_an_instance_the_connection_leads(self):
        frappe.db.set_value("Store Account", self.store, "erp_instance", None)
        frappe.db.commit()
        self.absorb()
        (held,) = self.commands()
        assert (held.status, held.erp_connection) == (CommandStatus.HELD, None)
        name = self.books()
        release_parked(self.host())
        (command,) = self.commands()
        assert (command.reason, command.erp_connection) == ("", name)
        assert (command.status, command.is_copy) == (CommandStatus.QUEUED, 0)
        self.dispatch(name)
        record = FrappeHubStore().records([command.record])[0]
        assert (record.status, record.erp_document) == (RecordStatus.APPLIED, "INV-1")

    def test_the_breaker_is_kept_on_the_connection(self):
        name = self.books()
        BooksConnector.outcome = ConnectorError("No such host.", action="break")
        self.absorb()
        assert self.dispatch(name).breaker == "open"
        row = frappe.db.get_value("ERP Connection", name, ["breaker_status", "breaker_reason"], as_dict=True)
        assert (row.breaker_status, row.breaker_reason) == ("Open", "No such host.")
        assert FrappeHubStore().instance(self.instance).breaker_open_until is None
        BooksConnector.outcome = ExportResult(True, "INV-1")
        api.close_breaker(name)
        assert self.dispatch(name).done == 1

    def test_supersede_tells_copies_apart(self):
        name = self.books()
        self.absorb()
        hub = FrappeHubStore()
        record = hub.records([self.commands(name)[0].record])[0]
        with hub.transaction():
            assert hub.supersede_commands(record.key, 1, "Again.", 1, with_copies=False) == 1
        assert [row.status for row in self.commands(name)] == [CommandStatus.QUEUED]
        with hub.transaction():
            assert hub.supersede_commands(record.key, 2, "Newer.") == 1

    def test_held_ones_go_on_at_its_pace(self):
        name = self.books()
        with FrappeHubStore().transaction():
            assert FrappeHubStore().move_release(name, lambda kept: NOW)
        with FrappeHubStore().transaction():
            assert not FrappeHubStore().move_release(name, lambda kept: None if kept == NOW else NOW)

    def test_push_order_keeps_its_attempt_and_knows_it_again(self):
        name = self.books()
        draft = {
            "command_type": "upsert_brand",
            "entity_type": "brand",
            "store_account": self.store,
            "payload": {"external_id": "b-9"},
        }
        orchestrator = PushOrchestrator(self.host())
        result = orchestrator.push_order(self.customer, draft)[name]
        assert (result.success, result.export_id) == (True, "INV-1")
        BooksConnector.outcome = ExportResult(True, "INV-2")
        assert orchestrator.push_order(self.customer, draft)[name].export_id == "INV-1"
        assert frappe.db.count("Command Delivery Attempt", {"erp_connection": name}) == 1

    def test_roll_back_takes_back_and_says_so(self):
        name = self.books()
        self.absorb()
        self.dispatch(name)
        (command,) = self.commands(name)
        assert api.can_roll_back(command.name)
        assert api.roll_back(command.name, "Wrong price.") == "INV-1"
        (command,) = self.commands(name)
        assert command.status == CommandStatus.CANCELLED
        assert command.reason == "Rolled back by an operator. Administrator: Wrong price."
        assert not api.can_roll_back(command.name)


class TestTestAndHealth(ConnectionCase):
    def test_a_test_is_kept_with_its_time_and_error(self):
        name = self.books()
        assert api.test_connection(name)["ok"]
        row = frappe.get_doc("ERP Connection", name)
        assert (row.test_ok, row.test_error) == (1, "")
        assert row.last_test
        api.configure(name, {"url": "down", "token": ""})
        answer = api.test_connection(name)
        assert not answer["ok"]
        assert CANARY not in answer["message"]
        row = frappe.get_doc("ERP Connection", name)
        assert (row.test_ok, row.test_error) == (0, answer["message"])
        assert "Enter another one." in row.test_error

    def test_a_copy_of_the_site_tests_and_exports_nothing(self):
        name = self.books()
        self.absorb()
        self.patched("salla_manager.adapters.config_store.standstill_of", return_value="This is a copy.")
        BooksConnector.seen = {}
        assert self.dispatch(name).reason == "This is a copy."
        with self.assertRaisesRegex(frappe.ValidationError, "This is a copy"):
            api.test_connection(name)
        assert BooksConnector.seen == {}

    def test_health_counts_the_last_day_and_week(self):
        name = self.books()
        hub = FrappeHubStore()
        outcomes = ("SUCCESS", "SUCCESS", "SUCCESS", "FAILED", "PENDING")
        with hub.transaction():
            for number, status in enumerate(outcomes):
                error = "" if status == "SUCCESS" else f"{status} is why."
                hub.add_attempt(
                    Attempt(
                        command="",
                        erp_instance="",
                        number=1,
                        idempotency_key="k",
                        started_at=NOW,
                        latency_ms=10 * number,
                        status=status,
                        error=error,
                        attempt_key=f"{name}:{number}",
                        connector_type="BOOKS_TEST",
                        erp_connection=name,
                    )
                )
        frappe.db.sql(
            """update `tabCommand Delivery Attempt` set creation = now() - interval 3 day
            where erp_connection = %s and status = 'SUCCESS' limit 1""",
            name,
        )
        found = erp_connection_health.health_of([name, "ERP-CONNECTION-99999"])
        assert (found[name]["day"]["attempts"], found[name]["week"]["attempts"]) == (4, 5)
        assert (found[name]["day"]["success_rate"], found[name]["week"]["success_rate"]) == (66.7, 75.0)
        assert found[name]["week"]["slowest_ms"] == 40
        assert found[name]["last_error"] in ("FAILED is why.", "PENDING is why.")
        assert found["ERP-CONNECTION-99999"]["day"]["success_rate"] is None

    def test_the_report_shows_it(self):
        name = self.books()
        columns, rows = execute()
        (row,) = [row for row in rows if row["name"] == name]
        assert {column["fieldname"] for column in columns} <= row.keys()


class TestAttemptsOfBefore(ConnectionCase):
    def test_their_outcomes_get_the_new_words(self):
        record = make_record(self.store, "b-1", "brand", revision=1, mapped="{}")
        dead = make_command(record, self.instance, status=CommandStatus.DEAD, attempts=2)
        done = make_command(record, self.instance, revision=2, status=CommandStatus.DONE, attempts=2)
        before = (
            (dead, 1, "Unknown", "RETRYING", 1),
            (dead, 2, "Failed", "FAILED", 0),
            (done, 1, "Failed", "RETRYING", 0),
            (done, 2, "Succeeded", "SUCCESS", 0),
        )
        for command, number, status, _status, _uncertain in before:
            frappe.db.sql(
                """insert into `tabCommand Delivery Attempt`
                (name, creation, command, retry_count, status, connector_type, attempt_key)
                values (%s, now(), %s, %s, %s, 'SALLA_EXECUTOR', %s)""",
                (
                    *[frappe.generate_hash(length=20)],
                    command,
                    number,
                    status,
                    frappe.generate_hash(length=30),
                ),
            )
        rename_outcomes()
        after = frappe.get_all(
            "Command Delivery Attempt",
            {"command": ("in", (dead, done))},
            ["command", "retry_count", "status", "is_uncertain", "connector_type"],
        )
        assert {(row.command, row.retry_count): (row.status, row.is_uncertain) for row in after} == {
            (command, number): (status, uncertain) for command, number, _before, status, uncertain in before
        }
        assert {row.connector_type for row in after} == {"CLIENT_EXECUTOR"}


class TestRights(ConnectionCase):
    def setUp(self):
        super().setUp()
        self.name = self.books()
        self.absorb()
        self.dispatch(self.name)
        (self.command,) = [row.name for row in self.commands(self.name)]

    def for_operators(self):
        return (
            lambda: api.connector_types(),
            lambda: api.health(self.name),
            lambda: api.test_connection(self.name),
            lambda: api.close_breaker(self.name),
            lambda: api.can_roll_back(self.command),
            lambda: api.roll_back(self.command),
        )

    def for_admins(self):
        return (
            lambda: api.configuration(self.name),
            lambda: api.configure(self.name, json.dumps({"url": "up", "token": ""})),
        )

    def test_a_user_without_role_may_nothing(self):
        frappe.set_user(user_with())
        for action in (*self.for_operators(), *self.for_admins()):
            with self.assertRaises(frappe.PermissionError):
                action()
        assert not frappe.has_permission("ERP Connection", "read")

    def test_an_operator_runs_it_and_changes_nothing_of_it(self):
        frappe.set_user(user_with(OPERATOR))
        for action in self.for_operators():
            action()
        for action in self.for_admins():
            with self.assertRaises(frappe.PermissionError):
                action()
        for right in ("create", "write", "delete"):
            assert not frappe.has_permission("ERP Connection", right)

    def test_an_admin_sets_it_up(self):
        frappe.set_user(user_with(ADMIN))
        for action in (*self.for_admins(), *self.for_operators()):
            action()
        assert frappe.has_permission("ERP Connection", "create")

    def test_two_who_activate_at_once_leave_one(self):
        other = self.books(status="DISABLED")
        frappe.get_doc("ERP Connection", self.name).update({"status": "DISABLED"}).save()
        frappe.db.commit()

        def activate(name: str) -> None:
            frappe.get_doc("ERP Connection", name).update({"status": "ACTIVE"}).save()
            frappe.db.commit()

        with patch("salla_manager.adapters.erp_connection_config.keep_typed"):
            works = [beside(lambda name=name: activate(name)) for name in (self.name, other)]
            for thread, _result in works:
                thread.join()
        active = frappe.get_all("ERP Connection", {"customer_account": self.customer, "status": "ACTIVE"})
        assert len(active) == 1
