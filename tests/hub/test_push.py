"""PushOrchestrator for a caller that waits: push_order, its keys and what it has given before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from connection_kit import FIRST, ORGANISATION, ConnectedHub
from hub_kit import STORE

from salla_manager.core.model import AttemptStatus, Route
from salla_manager.erp.orchestrator import PushOrchestrator
from salla_manager.erp.port import ConnectorError

SECOND = "ERP-CONNECTION-00002"


@pytest.fixture
def hub(tmp_path: Path) -> ConnectedHub:
    hub = ConnectedHub(str(tmp_path / "hub.sqlite"))
    hub.pair()
    hub.connect()
    return hub


def draft(**values: Any) -> dict[str, Any]:
    common = {
        "command_id": "",
        "command_type": "upsert_order",
        "entity_type": "order",
        "store_account": STORE,
        "customer_account": ORGANISATION,
        "payload": {"external_id": "900", "total": "10.00"},
    }
    return {**common, **values}


def push(hub: ConnectedHub, **values: Any) -> Any:
    return PushOrchestrator(hub.host).push_order(ORGANISATION, draft(**values))


def test_the_result_is_the_connectors_and_the_attempt_is_kept(hub: ConnectedHub) -> None:
    result = push(hub)[FIRST]
    assert result.success
    assert result.export_id.startswith("DOC-")
    assert result.connector_metadata == {"rows": 1}
    [attempt] = hub.attempts()
    assert (attempt["status"], attempt["number"], attempt["command"]) == (AttemptStatus.SUCCESS, 1, "")


def test_delays_double(hub: ConnectedHub) -> None:
    hub.connectors["WAREHOUSE"].outcomes = [ConnectorError("Down.")] * 3
    slept: list[float] = []
    hub.clock.sleep = slept.append  # type: ignore[method-assign]
    assert push(hub)[FIRST].success
    assert slept == [1.0, 2.0, 4.0]
    attempts = [(row["number"], row["status"]) for row in hub.attempts()]
    assert attempts == [(1, "RETRYING"), (2, "RETRYING"), (3, "RETRYING"), (4, "SUCCESS")]
    assert len({draft["idempotency_key"] for draft in hub.connectors["WAREHOUSE"].exported}) == 1


def test_it_ends_after_the_last_retry(hub: ConnectedHub) -> None:
    hub.connectors["WAREHOUSE"].always = ConnectorError("Down.")
    result = PushOrchestrator(hub.host).push_order(ORGANISATION, draft(), max_retries=1, retry_delay_base=0.5)
    assert (result[FIRST].success, result[FIRST].connector_metadata) == (False, {"error": "Down."})
    assert [row["status"] for row in hub.attempts()] == ["RETRYING", "FAILED"]


@pytest.mark.parametrize(("action", "status"), [("dead", "FAILED"), ("hold", "PENDING"), ("break", "FAILED")])
def test_what_no_retry_mends_is_not_retried(hub: ConnectedHub, action: Any, status: str) -> None:
    hub.connectors["WAREHOUSE"].always = ConnectorError("No.", action=action)
    assert push(hub)[FIRST].connector_metadata == {"error": "No."}
    assert [row["status"] for row in hub.attempts()] == [status]


def test_the_same_order_again_is_not_sent_again(hub: ConnectedHub) -> None:
    first = push(hub)
    assert push(hub) == first
    assert len(hub.connectors["WAREHOUSE"].exported) == 1
    push(hub, payload={"external_id": "900", "total": "12.00"})
    assert len(hub.connectors["WAREHOUSE"].exported) == 2


def test_what_a_command_has_brought_is_known(hub: ConnectedHub) -> None:
    hub.absorb("order")
    hub.dispatch(FIRST)
    [command] = hub.commands_to(FIRST)
    orchestrator = PushOrchestrator(hub.host)
    key = orchestrator.generate_idempotency_key(FIRST, draft(revision=1))
    assert key == command.idempotency_key
    known = orchestrator.check_idempotency(key)
    assert known is not None
    assert push(hub, revision=1) == {FIRST: known}
    assert len(hub.connectors["WAREHOUSE"].exported) == 1
    assert orchestrator.check_idempotency("0" * 64) is None


def test_one_that_fails_delays_no_other(hub: ConnectedHub) -> None:
    hub.connect("BOOKS")
    hub.connectors["WAREHOUSE"].always = ConnectorError("Down.")
    order: list[str] = []
    hub.clock.sleep = lambda seconds: order.append("sleep")  # type: ignore[method-assign]
    results = push(hub)
    assert [results[FIRST].success, results[SECOND].success] == [False, True]
    assert [row["erp_connection"] for row in hub.rows.rows("attempt")][:2] == [FIRST, SECOND]


def test_its_failures_open_the_breaker_that_holds_for_commands_too(hub: ConnectedHub) -> None:
    hub.connectors["WAREHOUSE"].always = ConnectorError("No such host.", action="break")
    push(hub)
    assert hub.connection().breaker_open_until is not None
    assert push(hub, revision=7)[FIRST].connector_metadata["error"].startswith(f"{FIRST} takes nothing")
    assert len(hub.attempts()) == 1


def test_gates_hold(hub: ConnectedHub) -> None:
    hub.change_settings(disabled_command_types=frozenset({"upsert_order"}))
    assert "switched off" in push(hub)[FIRST].connector_metadata["error"]
    hub.change_settings(standstill="This is a copy.")
    with pytest.raises(ConnectorError, match="This is a copy"):
        push(hub)
    assert hub.connectors["WAREHOUSE"].exported == []


def test_who_may_not_is_told_why(hub: ConnectedHub) -> None:
    orchestrator = PushOrchestrator(hub.host)
    with pytest.raises(ValueError, match="no Store Account of CUST-0002"):
        orchestrator.push_order("CUST-0002", draft())
    hub.change_connection(routes=(Route(command_type="upsert_product"),))
    with pytest.raises(ValueError, match="No active ERP Connection of CUST-0001 takes upsert_order"):
        orchestrator.push_order(ORGANISATION, draft())
