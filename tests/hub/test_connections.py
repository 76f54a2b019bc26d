"""ERP Connections: which commands go to them, copies and the leading one, and how they fail by themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from connection_kit import FIRST, ORGANISATION, SECRET, ConnectedHub
from hub_kit import INSTANCE, STORE, acked, broken, line, plain

from salla_manager import contract
from salla_manager.core.commands import (
    OperatorError,
    cancel_command,
    resend_record,
    retry_command,
    roll_back_command,
)
from salla_manager.core.commands import test_connection as check_connection
from salla_manager.core.model import CLIENT_EXECUTOR, AttemptStatus, Connection, RecordStatus, Route
from salla_manager.core.outbox import wake
from salla_manager.core.release import release_parked
from salla_manager.erp.port import ConnectorError, ExportResult, TestResult

SECOND = "ERP-CONNECTION-00002"


@pytest.fixture
def hub(tmp_path: Path) -> ConnectedHub:
    hub = ConnectedHub(str(tmp_path / "hub.sqlite"))
    hub.pair()
    return hub


def test_a_change_goes_to_the_instance_and_as_a_copy_to_every_connection(hub: ConnectedHub) -> None:
    hub.connect()
    hub.connect("BOOKS")
    hub.absorb("product")
    made = [(command.destination, command.is_copy, command.status) for command in hub.commands()]
    assert made == [(INSTANCE, False, "Queued"), (FIRST, True, "Queued"), (SECOND, True, "Queued")]
    assert len({command.idempotency_key for command in hub.commands()}) == 3
    assert hub.record("product", "1").last_command == hub.commands()[0].name


def test_whoever_wakes_wakes_every_destination(hub: ConnectedHub) -> None:
    hub.connect()
    wake([hub.absorb("product")], hub.host)
    assert hub.jobs.instances == [INSTANCE, FIRST]
    assert hub.rows.destinations_with_due_commands(hub.clock.now()) == [INSTANCE, FIRST]


def test_a_connector_gets_the_command_as_it_travels_and_the_configuration(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    assert hub.dispatch(FIRST).done == 1
    connector = hub.connectors["WAREHOUSE"]
    [draft_order], [config] = connector.exported, connector.configs
    [command] = hub.commands_to(FIRST)
    assert (draft_order["command_id"], draft_order["erp_instance"]) == (command.name, FIRST)
    assert draft_order["idempotency_key"] == command.idempotency_key
    assert (draft_order["payload"]["sku"], draft_order["revision"]) == ("OUD-1", 1)
    assert config == {"token": SECRET}
    assert command.status == "Done"
    assert hub.wire.sent == []


def test_the_attempt_says_what_went_out_and_what_came_back(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    hub.dispatch(FIRST)
    [attempt], [ack] = hub.attempts(), hub.rows.rows("ack")
    assert (attempt["connector_type"], attempt["status"], attempt["number"]) == ("WAREHOUSE", "SUCCESS", 1)
    request = json.loads(attempt["request"])
    assert (request["method"], request["target"]) == ("EXPORT", f"WAREHOUSE {FIRST}")
    assert request["bytes"] > 100
    assert len(request["sha256"]) == 64
    response = json.loads(attempt["response"])
    assert response["connector_metadata"] == {"rows": 1}
    assert (ack["ack_status"], ack["erp_connection"]) == ("applied", FIRST)
    assert json.loads(ack["payload"])["erp_doc"] == response["export_id"]
    assert SECRET not in json.dumps(hub.rows.rows("attempt") + hub.rows.rows("ack"), default=str)


def test_the_executor_is_a_connector_among_them(hub: ConnectedHub) -> None:
    hub.absorb("product")
    hub.dispatch()
    [attempt] = hub.rows.rows("attempt")
    request = json.loads(attempt["request"])
    assert (attempt["connector_type"], attempt["erp_instance"]) == ("CLIENT_EXECUTOR", INSTANCE)
    assert request["target"].startswith("http://erp.test/api/method/")
    assert request["method"] == "POST"


def test_a_copy_never_touches_the_record(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    before = hub.record("product", "1")
    hub.dispatch(FIRST)
    assert hub.record("product", "1") == before
    hub.connectors["WAREHOUSE"].outcomes = [ConnectorError("Too long.", action="dead")]
    hub.absorb("product", name="Oud 2")
    before = hub.record("product", "1")
    hub.dispatch(FIRST)
    assert hub.commands_to(FIRST)[-1].status == "Dead"
    assert hub.record("product", "1") == before


def test_a_copy_waits_for_nothing(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    hub.absorb("customer", external_id="7", name="Noura")
    hub.absorb("order")
    leading, copy = hub.commands("order")
    assert (leading.status, copy.status) == ("Waiting", "Queued")


def test_a_dead_destination_delays_no_other(hub: ConnectedHub) -> None:
    hub.connect()
    hub.connectors["WAREHOUSE"].always = ConnectorError("It is down.")
    hub.absorb("product")
    hub.dispatch(FIRST)
    assert hub.dispatch().done == 1
    assert hub.record("product", "1").status == RecordStatus.APPLIED
    hub.wire.answers = [broken("timeout")]
    hub.absorb("product", external_id="2", sku="OUD-2")
    hub.connectors["WAREHOUSE"].always = None
    hub.dispatch()
    assert hub.dispatch(FIRST).done == 1


def test_the_leading_command_in_flight_keeps_no_copy_back(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    now = hub.clock.now()
    with hub.rows.transaction():
        assert hub.rows.lease_due_commands(INSTANCE, now, 10, "token", now + timedelta(seconds=90))
    assert hub.dispatch(FIRST).done == 1


def test_copies_of_one_entity_go_one_at_a_time_in_order(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    now = hub.clock.now()
    with hub.rows.transaction():
        [first] = hub.rows.lease_due_commands(FIRST, now, 10, "token", now + timedelta(seconds=90))
    hub.absorb("product", name="Oud 2")
    assert hub.dispatch(FIRST).sent == 0
    assert first.revision == 1


def test_a_newer_revision_supersedes_copies(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    hub.absorb("product", name="Oud 2")
    assert [command.status for command in hub.commands_to(FIRST)] == ["Superseded", "Queued"]


@pytest.mark.parametrize(
    ("routes", "products", "orders"),
    [
        ((), 1, 1),
        ((Route(),), 1, 1),
        ((Route(command_type="upsert_order"),), 0, 1),
        ((Route(command_type="upsert_order"), Route(command_type="upsert_product")), 1, 1),
        ((Route(store=STORE),), 1, 1),
        ((Route(store="SM-STORE-00009"),), 0, 0),
        ((Route(store=STORE, command_type="upsert_product"),), 1, 0),
    ],
)
def test_routes_say_what_a_connection_takes(
    hub: ConnectedHub, routes: tuple[Route, ...], products: int, orders: int
) -> None:
    hub.connect("WAREHOUSE", *routes)
    hub.absorb("product")
    hub.absorb("order")
    made = [command.entity_type for command in hub.commands_to(FIRST)]
    assert (made.count("product"), made.count("order")) == (products, orders)


def test_no_other_organisation_gets_it(hub: ConnectedHub) -> None:
    hub.connect(organisation="CUST-0002")
    hub.absorb("product")
    assert hub.commands_to(FIRST) == []


def test_one_is_active_per_organisation_and_type(hub: ConnectedHub) -> None:
    hub.connect()
    with pytest.raises(ValueError, match="active WAREHOUSE already"):
        hub.connect()
    hub.connect(organisation="CUST-0002")
    hub.change_connection(is_enabled=False)
    hub.connect()


def test_a_disabled_connection_holds_and_gets_nothing_new(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    hub.change_connection(is_enabled=False)
    hub.absorb("product", external_id="2", sku="OUD-2")
    hub.dispatch(FIRST)
    [held] = hub.commands_to(FIRST)
    assert (held.status, held.attempts) == ("Held", 0)
    assert held.reason == f"The ERP Connection {FIRST} is disabled. Enable it to send."
    hub.change_connection(is_enabled=True)
    release_parked(hub.host)
    assert hub.dispatch(FIRST).done == 1


def test_a_toggle_holds_copies_too(hub: ConnectedHub) -> None:
    hub.connect()
    hub.change_settings(disabled_command_types=frozenset({"upsert_product"}))
    hub.absorb("product")
    assert {command.status for command in hub.commands()} == {"Held"}
    hub.change_settings(disabled_command_types=frozenset())
    assert release_parked(hub.host).released == 2


def test_a_route_taken_away_holds(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    hub.change_connection(routes=(Route(command_type="upsert_order"),))
    hub.dispatch(FIRST)
    [held] = hub.commands_to(FIRST)
    assert held.status == "Held"
    assert "do not take upsert_product" in held.reason


def test_a_configuration_that_cannot_be_read_holds(hub: ConnectedHub) -> None:
    hub.connect()
    hub.change_connection(config_problem="The key is not here.")
    hub.absorb("product")
    [held] = hub.commands_to(FIRST)
    assert (held.status, held.reason) == ("Held", "The key is not here.")


@pytest.mark.parametrize(
    ("error", "status", "attempt", "attempts", "is_uncertain"),
    [
        (ConnectorError("Down."), "Queued", AttemptStatus.RETRYING, 1, 0),
        (ConnectorError("Slow.", is_uncertain=True), "Queued", AttemptStatus.RETRYING, 1, 1),
        (ConnectorError("Busy.", burns_attempt=False), "Queued", AttemptStatus.RETRYING, 0, 0),
        (
            ConnectorError("At work.", action="wait", burns_attempt=False, retry_after=3),
            "Queued",
            AttemptStatus.PENDING,
            0,
            0,
        ),
        (ConnectorError("Wrong.", action="dead"), "Dead", AttemptStatus.FAILED, 1, 0),
        (
            ConnectorError("Ask Ali.", action="hold", burns_attempt=False),
            "Held",
            AttemptStatus.PENDING,
            0,
            0,
        ),
        (ConnectorError("No such host.", action="break"), "Queued", AttemptStatus.RETRYING, 0, 0),
    ],
)
def test_what_becomes_of_a_command_is_what_the_connector_says(
    hub: ConnectedHub,
    error: ConnectorError,
    status: str,
    attempt: str,
    attempts: int,
    is_uncertain: int,
) -> None:
    hub.connect()
    hub.connectors["WAREHOUSE"].outcomes = [error]
    hub.absorb("product")
    hub.dispatch(FIRST)
    [command], [row] = hub.commands_to(FIRST), hub.attempts()
    assert (command.status, command.attempts) == (status, attempts)
    assert (row["status"], row["is_uncertain"], row["error"]) == (attempt, is_uncertain, str(error))
    if error.action == "wait":
        assert command.due_at == hub.clock.now() + timedelta(seconds=3)


def test_a_fault_of_a_connector_is_told_without_its_words(hub: ConnectedHub) -> None:
    hub.connect()
    hub.connectors["WAREHOUSE"].outcomes = [KeyError(f"token {SECRET}")]
    hub.absorb("product")
    hub.dispatch(FIRST)
    [command], [attempt] = hub.commands_to(FIRST), hub.attempts()
    assert command.reason == "The connector WAREHOUSE stumbled: KeyError. Tell who wrote it."
    assert attempt["is_uncertain"] == 1


def test_a_result_without_success_and_metadata_that_is_no_json(hub: ConnectedHub) -> None:
    hub.connect()
    hub.connectors["WAREHOUSE"].outcomes = [
        ExportResult(False),
        ExportResult(True, "DOC", connector_metadata={"a": object()}),
    ]
    hub.absorb("product")
    hub.dispatch(FIRST)
    assert hub.commands_to(FIRST)[0].status == "Queued"
    hub.clock.forward(60)
    assert hub.dispatch(FIRST).done == 1


def test_an_unknown_type_opens_the_breaker_and_names_the_next_step(hub: ConnectedHub) -> None:
    hub.connect()
    hub.change_connection(connector_type="GONE")
    hub.absorb("product")
    report = hub.dispatch(FIRST)
    assert report.breaker == "open"
    assert report.reason.startswith("Unknown connector type: 'GONE'. Install the app")
    assert hub.commands_to(FIRST)[0].attempts == 0


def test_the_breaker_is_the_connections_own_and_a_test_closes_it(hub: ConnectedHub) -> None:
    hub.connect()
    connector = hub.connectors["WAREHOUSE"]
    connector.always = ConnectorError("Host key differs.", action="break")
    hub.absorb("product")
    assert hub.dispatch(FIRST).breaker == "open"
    assert hub.dispatch().done == 1
    assert hub.dispatch(FIRST).sent == 0
    hub.clock.forward(61)
    connector.test = TestResult(False, "Host key differs.")
    assert hub.dispatch(FIRST).sent == 0
    assert hub.connection().breaker_reason == "Host key differs."
    hub.clock.forward(61)
    connector.test, connector.always = TestResult(True), None
    assert hub.dispatch(FIRST).done == 1
    assert hub.connection().breaker_open_until is None


def test_a_copy_of_the_hub_exports_nothing(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    hub.change_settings(standstill="This is a copy.")
    assert hub.dispatch(FIRST).reason == "This is a copy."
    assert hub.connectors["WAREHOUSE"].exported == []


def test_held_copies_go_on_at_the_pace_of_their_connection(hub: ConnectedHub) -> None:
    hub.connect()
    hub.change_settings(release_per_minute=2, disabled_command_types=frozenset({"upsert_product"}))
    for number in range(6):
        hub.absorb("product", external_id=str(number), sku=f"OUD-{number}")
    hub.change_settings(disabled_command_types=frozenset())
    release_parked(hub.host)
    for destination in (INSTANCE, FIRST):
        queued = [c for c in hub.commands_to(destination) if c.status == "Queued"]
        assert len(queued) in (1, 2)


def test_a_second_executor_is_a_connection_too(hub: ConnectedHub) -> None:
    config = {"url": "http://books.test", "instance_id": "ERP-INSTANCE-0042", "shared_secret": "t" * 64}
    with hub.rows.transaction():
        hub.rows.add_connection(Connection("", ORGANISATION, CLIENT_EXECUTOR, config))
    hub.absorb("product")
    ahead = int(hub.clock.now().timestamp()) + 900
    hub.wire.answers = [acked("rejected", 401, error_code="stale_timestamp", server_time=ahead)]
    assert hub.dispatch(FIRST).done == 1
    (_first, _), (envelope, headers) = hub.wire.sent
    assert envelope["erp_instance"] == headers[contract.HEADER_INSTANCE] == "ERP-INSTANCE-0042"
    assert int(headers[contract.HEADER_TIMESTAMP]) == ahead
    body = contract.dump_json(envelope)
    signed = contract.sign("t" * 64, headers["X-Timestamp"], headers["X-Nonce"], body)
    assert headers[contract.HEADER_SIGNATURE] == signed
    [attempt] = hub.attempts()
    assert (attempt["connector_type"], attempt["status"]) == (CLIENT_EXECUTOR, "SUCCESS")
    hub.wire.answers = [plain(401)]
    result = check_connection(hub.host, FIRST)
    assert not result.success
    assert "Check instance id and secret" in result.error_message


def test_a_test_is_told_and_ends_in_time(hub: ConnectedHub) -> None:
    hub.connect()
    connector = hub.connectors["WAREHOUSE"]
    assert check_connection(hub.host, FIRST).success
    connector.test = TestResult(False, "No such folder. Make it.")
    assert check_connection(hub.host, FIRST).error_message == "No such folder. Make it."
    connector.test = KeyError(SECRET)
    assert SECRET not in check_connection(hub.host, FIRST).error_message
    hub.change_settings(standstill="This is a copy.")
    with pytest.raises(OperatorError, match="This is a copy"):
        check_connection(hub.host, FIRST)


# A store without an ERP Instance


def test_without_an_instance_the_first_connection_leads(hub: ConnectedHub) -> None:
    hub.change_store(erp_instance="")
    hub.connect()
    hub.connect("BOOKS")
    hub.absorb("product")
    made = [(command.destination, command.is_copy) for command in hub.commands()]
    assert made == [(FIRST, False), (SECOND, True)]
    hub.dispatch(FIRST)
    record = hub.record("product", "1")
    assert (record.status, record.applied_revision) == (RecordStatus.APPLIED, 1)
    assert record.erp_document.startswith("DOC-")


def test_an_order_waits_for_what_the_leading_connection_takes(hub: ConnectedHub) -> None:
    hub.change_store(erp_instance="")
    hub.connect("WAREHOUSE", Route(command_type="upsert_order"), Route(command_type="upsert_product"))
    hub.absorb("product")
    hub.absorb("customer", external_id="7", name="Noura")
    hub.absorb("order", items=[line()])
    assert hub.statuses("customer") == ["Held"]
    [order] = hub.commands("order")
    assert (order.status, len(order.waits_for)) == ("Waiting", 1)
    hub.dispatch(FIRST)
    assert hub.statuses("order") == ["Done"]
    sent = [draft["entity_type"] for draft in hub.connectors["WAREHOUSE"].exported]
    assert sent == ["product", "order"]


def test_a_product_does_not_wait_for_what_no_destination_takes(hub: ConnectedHub) -> None:
    hub.change_store(erp_instance="")
    hub.connect("WAREHOUSE", Route(command_type="upsert_product"))
    hub.absorb("brand", external_id="b", name="Brand")
    hub.absorb("product", brand_id="b")
    assert (hub.statuses("brand"), hub.statuses("product")) == (["Held"], ["Queued"])
    assert "no ERP Connection takes upsert_brand" in hub.commands("brand")[0].reason


def test_what_had_no_destination_goes_to_the_first_that_comes(hub: ConnectedHub) -> None:
    hub.change_store(erp_instance="")
    hub.absorb("product")
    [held] = hub.commands()
    assert (held.status, held.destination) == ("Held", "")
    hub.connect()
    release_parked(hub.host)
    [command] = hub.commands()
    assert (command.status, command.destination, command.is_copy) == ("Queued", FIRST, False)
    assert hub.dispatch(FIRST).done == 1


# What an operator does


def test_a_dead_copy_is_tried_again_under_its_key(hub: ConnectedHub) -> None:
    hub.connect()
    hub.connectors["WAREHOUSE"].outcomes = [ConnectorError("Wrong.", action="dead")]
    hub.absorb("product")
    hub.dispatch(FIRST)
    [dead] = hub.commands_to(FIRST)
    outcome = retry_command(hub.host, dead.name)
    assert (outcome.command, outcome.status) == (dead.name, "Queued")
    assert hub.jobs.instances[-1] == FIRST
    assert hub.dispatch(FIRST).done == 1
    assert [draft["idempotency_key"] for draft in hub.connectors["WAREHOUSE"].exported] == [
        dead.idempotency_key
    ] * 2
    assert len(hub.commands()) == 2


def test_a_retry_of_the_leading_one_leaves_copies_as_they_are(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    with hub.rows.transaction():
        hub.rows._update("command", hub.commands()[0].name, {"status": "Dead"})
    retry_command(hub.host, hub.commands()[0].name)
    assert [command.status for command in hub.commands_to(FIRST)] == ["Queued"]
    hub.connectors["WAREHOUSE"].outcomes = [ConnectorError("Down.")]
    hub.dispatch(FIRST)
    assert [command.status for command in hub.commands_to(FIRST)] == ["Queued"]


def test_send_again_sends_to_all(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    hub.dispatch(FIRST)
    resend_record(hub.host, hub.record("product", "1").name)
    assert [command.status for command in hub.commands_to(FIRST)] == ["Done", "Queued"]
    assert hub.jobs.instances == [INSTANCE, FIRST]


def test_a_cancelled_copy_leaves_the_record(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    before = hub.record("product", "1")
    cancel_command(hub.host, hub.commands_to(FIRST)[0].name)
    assert hub.record("product", "1") == before


def test_roll_back_takes_back_what_was_given(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    hub.dispatch(FIRST)
    [command] = hub.commands_to(FIRST)
    document = roll_back_command(hub.host, command.name, "Wrong price.")
    [result] = hub.connectors["WAREHOUSE"].rolled_back
    assert (result.export_id, result.connector_metadata) == (document, {"rows": 1})
    [command] = hub.commands_to(FIRST)
    assert (command.status, command.reason) == ("Cancelled", "Rolled back by an operator. Wrong price.")
    with pytest.raises(OperatorError, match="nothing to roll back"):
        roll_back_command(hub.host, command.name)


def test_roll_back_is_refused_where_it_cannot_be(hub: ConnectedHub) -> None:
    hub.connect()
    hub.absorb("product")
    hub.dispatch(FIRST)
    hub.dispatch()
    leading, copy = hub.commands()
    with pytest.raises(OperatorError, match="not Done by an ERP Connection"):
        roll_back_command(hub.host, leading.name)
    hub.connectors["WAREHOUSE"].takes_back = False
    with pytest.raises(OperatorError, match="takes nothing back"):
        roll_back_command(hub.host, copy.name)
    hub.connectors["WAREHOUSE"].takes_back = True
    hub.change_settings(standstill="This is a copy.")
    with pytest.raises(OperatorError, match="This is a copy"):
        roll_back_command(hub.host, copy.name)
    assert hub.connectors["WAREHOUSE"].rolled_back == []
    assert hub.commands_to(FIRST)[0].status == "Done"


def test_a_connection_shows_nothing_of_its_configuration(hub: ConnectedHub) -> None:
    hub.connect()
    assert SECRET not in repr(hub.connection())
    assert SECRET not in repr(replace(hub.connection(), name="X"))
