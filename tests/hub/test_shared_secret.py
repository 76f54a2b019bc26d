"""Pairing codes, the agreement on a secret, and the checklist: the hub's half, against an ERP that is played."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hub_kit import INSTANCE, NOW, SECRET, SETTINGS, Hub, acked, broken, plain

from salla_manager import contract, key_agreement
from salla_manager.core import shared_secret
from salla_manager.core.check import FAILED, OK, WARNING, check_instance, is_good
from salla_manager.core.client_api import receive_check, receive_pair
from salla_manager.core.commands import OperatorError
from salla_manager.core.model import Instance
from salla_manager.core.transport import HttpAnswer
from salla_manager.key_agreement import PAIR, ROTATE, Question

AT = int(NOW.timestamp())


def instance_of(hub: Hub) -> Instance:
    instance = hub.rows.instance(INSTANCE)
    assert instance is not None
    return instance


def call(hub: Hub, door: str, secret: str, now: int = 0, **values: Any) -> tuple[int, dict[str, Any]]:
    """A small signed request of the ERP."""
    sent = {"action": door, "erp_instance": INSTANCE, **values}
    raw = contract.dump_json({name: value for name, value in sent.items() if value is not None})
    at = int(hub.clock.now().timestamp()) + now
    headers = contract.signed_headers(INSTANCE, secret, raw, "call-0001", now=at)
    return (receive_pair if door == "pair" else receive_check)(raw, headers, hub.host)


def ask(hub: Hub, signer: str, **values: Any) -> tuple[int, dict[str, Any], Question]:
    question = Question(PAIR, INSTANCE, signer)
    return *call(hub, "pair", signer, **{"public_key": question.public_key, **values}), question


def new_code(hub: Hub) -> str:
    return shared_secret.new_pairing_code(hub.host, INSTANCE, "https://hub.test").code


def agreed(hub: Hub, signer: str) -> str:
    status, answer, question = ask(hub, signer)
    assert status == 200, answer
    return question.secret_of(answer)


def test_a_code_makes_a_pending_secret_and_the_first_call_with_it_makes_it_current(hub: Hub) -> None:
    secret = agreed(hub, new_code(hub))
    kept = instance_of(hub)
    assert (kept.secret, kept.pending_secret, kept.pairing_code) == (SECRET, secret, "")
    status, answer = call(hub, "check", secret)
    assert (status, answer["ok"], answer["erp_url"]) == (200, True, "http://erp.test")
    kept = instance_of(hub)
    assert (kept.secret, kept.previous_secret, kept.pending_secret) == (secret, SECRET, "")
    assert hub.jobs.instances == [INSTANCE]


def test_a_secret_agreed_on_closes_the_breaker_that_the_wrong_one_opened(hub: Hub) -> None:
    hub.change_instance(breaker_open_until=NOW + timedelta(hours=1), breaker_reason="wrong secret")
    call(hub, "check", agreed(hub, new_code(hub)))
    assert instance_of(hub).breaker_open_until is None


def test_the_answer_to_a_check_is_proved(hub: Hub) -> None:
    raw = contract.dump_json({"action": "check", "erp_instance": INSTANCE})
    headers = contract.signed_headers(INSTANCE, SECRET, raw, "call-0001", now=AT)
    answer = receive_check(raw, headers, hub.host)[1]
    assert answer["proof"] == contract.answer_proof(SECRET, headers[contract.HEADER_NONCE], AT)
    assert answer["server_time"] == AT


def test_a_code_is_good_once(hub: Hub) -> None:
    code = new_code(hub)
    secret = agreed(hub, code)
    status, answer, _ = ask(hub, code)
    assert (status, answer["error_code"]) == (401, "unauthorized")
    assert instance_of(hub).pending_secret == secret


def test_of_two_requests_with_one_code_one_is_answered(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have passed the signature before the first one is written."""
    code, real = new_code(hub), key_agreement.answer

    def second_comes_first(*arguments: Any) -> Any:
        monkeypatch.setattr(key_agreement, "answer", real)
        with hub.rows.transaction():
            shared_secret._keep_pending(hub.host, INSTANCE, code, "of the other")
        return real(*arguments)

    monkeypatch.setattr(key_agreement, "answer", second_comes_first)
    assert ask(hub, code)[0] == 401
    assert instance_of(hub).pending_secret == "of the other"


@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (30, 401), (300, 401)])
def test_a_code_ends_after_half_an_hour(hub: Hub, minutes: int, status: int) -> None:
    code = new_code(hub)
    hub.clock.forward(60 * minutes)
    assert ask(hub, code)[0] == status


def test_a_newer_code_replaces_the_one_before(hub: Hub) -> None:
    first, second = new_code(hub), new_code(hub)
    assert ask(hub, first)[0] == 401
    assert ask(hub, second)[0] == 200


def test_a_code_opens_the_door_of_pairing_only(hub: Hub) -> None:
    code = new_code(hub)
    assert call(hub, "check", code)[1]["error_code"] == "unauthorized"


def test_a_failed_try_leaves_the_code(hub: Hub) -> None:
    code = new_code(hub)
    for change in ({"public_key": "0" * 64}, {"public_key": "x"}, {"erp_instance": "ERP-INSTANCE-0002"}):
        assert ask(hub, code, **change)[0] == 400
    assert ask(hub, "t" * 32)[0] == 401
    assert instance_of(hub).pending_secret == ""
    assert ask(hub, code)[0] == 200


@pytest.mark.parametrize("signer", ["secret", "previous_secret", "pending_secret"])
def test_the_erp_may_ask_with_any_secret_that_holds(hub: Hub, signer: str) -> None:
    hub.change_instance(previous_secret="p" * 64, pending_secret="q" * 64)
    before = getattr(instance_of(hub), signer)
    secret = agreed(hub, before)
    kept = instance_of(hub)
    assert kept.pending_secret == secret
    assert before in (kept.secret, kept.previous_secret)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"action": "check"}, 400, "bad_request"),
        ({"action": None}, 400, "bad_request"),
        ({"erp_instance": None}, 400, "header_mismatch"),
        ({"now": -301}, 401, "stale_timestamp"),
        ({"padding": "x" * 5000}, 413, "too_large"),
        ({"public_key": "A" * 64}, 400, "bad_key"),
    ],
)
def test_a_request_that_is_refused_changes_nothing(
    hub: Hub, change: dict[str, Any], status: int, code: str
) -> None:
    before = instance_of(hub)
    answer = ask(hub, SECRET, **change)
    assert (answer[0], answer[1]["error_code"]) == (status, code)
    assert instance_of(hub) == before


def test_only_one_changes_a_secret_at_a_time(hub: Hub) -> None:
    with hub.rows.changing_secret(INSTANCE):
        assert ask(hub, SECRET)[1]["error_code"] == "in_progress"
        with pytest.raises(OperatorError, match="right now"):
            shared_secret.rotate(hub.host, INSTANCE)
    assert ask(hub, SECRET)[0] == 200


def test_a_disabled_instance_can_be_paired_and_checked(hub: Hub) -> None:
    hub.change_instance(is_enabled=False)
    status, answer = call(hub, "check", agreed(hub, SECRET))
    assert (status, answer["is_enabled"]) == (200, False)


class Erp:
    """Answers a rotate_secret; `keeps` what it agreed on."""

    def __init__(self, signer: str = SECRET):
        self.signer = signer
        self.keeps = ""

    def __call__(self, envelope: dict[str, Any]) -> HttpAnswer:
        assert (envelope["command_type"], envelope["entity_type"]) == ("rotate_secret", "")
        self.keeps, answer = key_agreement.answer(ROTATE, INSTANCE, envelope["payload"], self.signer)
        return acked(**answer)(envelope)


def test_the_hub_changes_the_secret(hub: Hub) -> None:
    erp = Erp()
    hub.wire.answers = [erp]
    shared_secret.rotate(hub.host, INSTANCE)
    kept = instance_of(hub)
    assert (kept.secret, kept.previous_secret) == (erp.keeps, SECRET)
    (envelope, headers), body = hub.wire.sent[0], contract.dump_json(hub.wire.sent[0][0])
    expected = contract.sign(SECRET, headers[contract.HEADER_TIMESTAMP], headers[contract.HEADER_NONCE], body)
    assert headers[contract.HEADER_SIGNATURE] == expected
    assert kept.secret not in json.dumps(envelope)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Erp("of somebody else"), "somebody else"),
        (acked(), "public_key has to be"),
        (acked(public_key="0" * 64, proof="0" * 64), "not one of X25519"),
        (acked("rejected", 400, error_code="unknown_command_type"), "Rejected by the ERP"),
        (acked("rejected", 401, error_code="unauthorized"), "Check instance id and secret"),
        (acked("failed", 409, error_code="in_progress"), "still at work"),
        (plain(200), "no ack"),
        (broken("timeout"), "timeout"),
    ],
)
def test_without_a_proof_the_secret_stays(hub: Hub, answer: Any, reason: str) -> None:
    hub.wire.answers = [answer]
    with pytest.raises(OperatorError, match=f"{reason}.*go on with the secret they had"):
        shared_secret.rotate(hub.host, INSTANCE)
    kept = instance_of(hub)
    assert (kept.secret, kept.previous_secret) == (SECRET, "")


REFUSED = acked("rejected", 401, error_code="unauthorized")


@pytest.mark.parametrize(
    ("pong", "types", "current", "pending"),
    [
        (acked(), ["ping", "rotate_secret"], "q" * 64, ""),
        (REFUSED, ["ping", "rotate_secret"], SECRET, ""),
        (broken("timeout"), ["ping"], SECRET, "q" * 64),
        (plain(502), ["ping"], SECRET, "q" * 64),
    ],
)
def test_a_pending_secret_is_settled_before_another_is_asked_for(
    hub: Hub, pong: Any, types: list[str], current: str, pending: str
) -> None:
    hub.change_instance(pending_secret="q" * 64)
    hub.wire.answers = [pong, broken("timeout")]
    with pytest.raises(OperatorError, match="go on with the secret they had"):
        shared_secret.rotate(hub.host, INSTANCE)
    assert hub.wire.types() == types
    kept = instance_of(hub)
    assert (kept.secret, kept.pending_secret) == (current, pending)


def test_a_secret_entered_by_hand_meanwhile_stands(hub: Hub) -> None:
    hub.wire.answers = [Erp()]
    hub.wire.before = lambda: hub.change_instance(secret="h" * 64)
    with pytest.raises(OperatorError, match="that one stands"):
        shared_secret.rotate(hub.host, INSTANCE)
    assert instance_of(hub).secret == "h" * 64


def test_the_probe_finds_out_that_the_erp_kept_a_new_secret(hub: Hub) -> None:
    """Its confirmation was lost, and what is signed with the old one is refused."""
    secret = agreed(hub, new_code(hub))
    hub.change_instance(breaker_open_until=NOW, breaker_reason="HTTP 401")
    hub.absorb("brand")
    hub.wire.answers = [acked("rejected", 401, error_code="unauthorized"), acked()]
    assert hub.dispatch().done == 1
    assert hub.wire.types() == ["ping", "ping", "upsert_brand"]
    assert instance_of(hub).secret == secret


def states(rows: Any) -> dict[str, str]:
    return {row.check: row.state for row in rows}


def pong(**changes: Any) -> Any:
    says = {
        "server_time": AT,
        "is_enabled": True,
        "contract_version": "1.0",
        "versions": {"salla_executor": "0.1.0", "frappe": "15.72.4", "erpnext": "15.71.1"},
        "checks": [{"check": "Settings", "state": "ok", "message": "All is filled in."}],
    }
    return acked(**(says | changes))


def test_a_good_connection(hub: Hub) -> None:
    hub.change_instance(url="https://erp.test")
    hub.wire.normal = pong()
    rows = check_instance(hub.host, INSTANCE)
    assert set(states(rows).values()) == {OK}, [row.text for row in rows]
    assert [row.check for row in rows] == [
        "Enabled", "Address", "Connection", "Answer", "Clock", "Signature", "Versions", "ERP: Settings",
    ]  # fmt: skip


CHECKS = [
    (broken("tls"), "Connection", FAILED, "It was tls"),
    (broken("dns"), "Connection", FAILED, "It was dns"),
    (plain(200), "Answer", FAILED, "no ack"),
    (plain(302, location="https://x.test"), "Answer", FAILED, "redirects"),
    (plain(404), "Answer", FAILED, "salla_executor is installed"),
    (lambda sent: acked()({**sent, "command_id": "another"}), "Answer", FAILED, "another command"),
    (acked("rejected", 401, error_code="unauthorized"), "Signature", FAILED, "secret on both sides"),
    (pong(server_time=AT + 29), "Clock", OK, "agree"),
    (pong(server_time=AT - 30), "Clock", WARNING, "-30 s off"),
    (pong(server_time=AT + 301), "Clock", FAILED, "+301 s off"),
    (pong(contract_version="2.0"), "Versions", FAILED, "protocol 2.0"),
    (pong(versions={"salla_executor": "0.2.0"}), "Versions", WARNING, "salla_executor is 0.2.0"),
    (pong(versions={"frappe": "14.1.0"}), "Versions", WARNING, "frappe 14.1.0"),
    (pong(versions={"my_erp": "7"}), "Versions", OK, "my_erp 7"),
    (pong(versions=None), "Versions", WARNING, "does not say"),
    (pong(checks=None, is_enabled=False), "ERP", FAILED, "switched off"),
    (pong(checks=[{"check": "Company", "state": "failed", "message": "No"}]), "ERP: Company", FAILED, "No"),
    (pong(checks=[{"check": "Company", "state": "fine"}]), "ERP: Company", FAILED, "None"),
]


@pytest.mark.parametrize(("answer", "check", "state", "words"), CHECKS)
def test_what_is_wrong_has_a_row(hub: Hub, answer: Any, check: str, state: str, words: str) -> None:
    hub.wire.normal = answer
    rows = check_instance(hub.host, INSTANCE)
    (row,) = [row for row in rows if row.check == check]
    assert row.state == state
    assert words in row.text
    assert is_good(rows) == (state != FAILED)


def test_a_clock_beyond_the_window_is_told_and_the_rest_is_checked_all_the_same(hub: Hub) -> None:
    stale = acked("rejected", 401, error_code="stale_timestamp", server_time=AT + 400)
    hub.wire.answers, hub.wire.normal = [stale], pong(server_time=AT + 400)
    rows = states(check_instance(hub.host, INSTANCE))
    assert (rows["Clock"], rows["Signature"], rows["ERP: Settings"]) == (FAILED, OK, OK)


def test_an_address_in_the_clear_is_for_tests(hub: Hub) -> None:
    hub.wire.normal = pong()
    assert states(check_instance(hub.host, INSTANCE))["Address"] == WARNING
    hub.change_settings(allow_private_addresses=False)
    assert states(check_instance(hub.host, INSTANCE))["Address"] == FAILED
    hub.change_settings(allow_private_addresses=SETTINGS.allow_private_addresses)


def test_an_instance_that_is_off_or_has_no_secret_says_so(hub: Hub) -> None:
    hub.wire.normal = pong()
    hub.change_instance(is_enabled=False)
    assert states(check_instance(hub.host, INSTANCE))["Enabled"] == WARNING
    hub.change_instance(secret="", secret_problem="The master key is missing.")
    rows = check_instance(hub.host, INSTANCE)
    assert (rows[-1].check, rows[-1].state, rows[-1].text) == (
        "Signature",
        FAILED,
        "The master key is missing.",
    )
    with pytest.raises(OperatorError, match="does not exist"):
        check_instance(hub.host, "ERP-INSTANCE-0009")


def test_a_check_finds_out_that_the_erp_kept_a_new_secret(hub: Hub) -> None:
    secret = agreed(hub, SECRET)
    hub.wire.normal = pong()
    assert states(check_instance(hub.host, INSTANCE))["Shared Secret"] == OK
    assert instance_of(hub).secret == secret


def test_a_check_tells_of_a_new_secret_that_the_erp_did_not_keep(hub: Hub) -> None:
    agreed(hub, SECRET)
    hub.wire.answers, hub.wire.normal = [acked("rejected", 401, error_code="unauthorized")], pong()
    assert states(check_instance(hub.host, INSTANCE))["Shared Secret"] == WARNING
    assert instance_of(hub).secret == SECRET


def test_no_row_and_no_object_shows_a_secret(hub: Hub) -> None:
    code = new_code(hub)
    hub.change_instance(pending_secret="q" * 64)
    text = f"{instance_of(hub)!r} {check_instance(hub.host, INSTANCE)!r}"
    assert not re.search(f"{SECRET}|{code}|{'q' * 64}", text)
