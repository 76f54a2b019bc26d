"""Each row of the answer table: what an answer makes of the command, whether it burns an attempt, how long to wait."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hub_kit import INSTANCE, NOW, acked, plain
from hypothesis import given
from hypothesis import strategies as st

from salla_manager import contract
from salla_manager.core.answers import BREAK, DEAD, DONE, HOLD, RESIGN, RETRY, WAIT, Verdict, judge
from salla_manager.core.transport import TransportError

KEY = "k" * 64
COMMAND = contract.Command("SM-COMMAND-00001", "upsert_product", "product", "S", "C", INSTANCE, KEY, {})


def verdict(answer: Any) -> Verdict:
    said = answer({"idempotency_key": KEY, "command_id": COMMAND.command_id})
    return judge(said.status, said.headers, said.body, None, COMMAND, NOW)


def raw(value: Any, status: int = 200) -> Verdict:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return judge(status, {}, content, None, COMMAND, NOW)


HTML = plain(502)
SERVER_TIME = int(NOW.timestamp()) + 400
TABLE = [
    # answer, action, burns, delay
    (acked("applied"), DONE, True, 0),
    (acked("skipped"), DONE, True, 0),
    (acked("failed", retryable=False), DEAD, True, 0),
    (acked("failed", 422, retryable=False), DEAD, True, 0),
    (acked("failed", 422), DEAD, True, 0),
    (acked("failed", retryable=True), RETRY, True, 0),
    # A foreign executor that does not say whether it is worth trying again.
    (acked("failed"), RETRY, True, 0),
    (acked("failed", 503, retryable=True), RETRY, True, 0),
    (acked("failed", 503, retryable=True, waits_on="setting:tax_account"), HOLD, False, 0),
    # Whoever says that nothing helps is believed.
    (acked("failed", 422, retryable=False, waits_on="setting:tax_account"), DEAD, True, 0),
    (acked("failed", 500), RETRY, True, 0),
    (acked("failed", 409, {"retry-after": "2"}), WAIT, False, 2),
    (acked("failed", 409), WAIT, False, 2),
    (acked("failed", 409, {"retry-after": "600"}), WAIT, False, 5),
    (plain(425), WAIT, False, 2),
    (acked("rejected", 422, error_code="idempotency_conflict"), DEAD, True, 0),
    (acked("rejected", 400, error_code="bad_envelope"), DEAD, True, 0),
    (acked("rejected", 415), DEAD, True, 0),
    (acked("rejected", 413), DEAD, True, 0),
    (plain(413), DEAD, True, 0),
    (acked("rejected", 200, error_code="bad_envelope"), DEAD, True, 0),
    (acked("rejected", 401, error_code="unauthorized"), BREAK, False, 0),
    (acked("rejected", 403), BREAK, False, 0),
    (acked("rejected", 200, error_code="unauthorized"), BREAK, False, 0),
    (plain(401), BREAK, False, 0),
    (plain(403), BREAK, False, 0),
    (acked("rejected", 401, error_code="stale_timestamp", server_time=SERVER_TIME), RESIGN, False, 0),
    (acked("rejected", 401, error_code="stale_timestamp"), BREAK, False, 0),
    (acked("rejected", 401, error_code="nonce_used"), RETRY, True, 0),
    (plain(429), RETRY, False, 0),
    (plain(429, retry_after="120"), RETRY, False, 120),
    (plain(503, retry_after="Fri, 20 Nov 2026 12:01:00 GMT"), RETRY, False, 60),
    (plain(503, retry_after="soon"), RETRY, True, 0),
    (plain(503), RETRY, True, 0),
    (plain(404), BREAK, False, 0),
    (plain(410), BREAK, False, 0),
    (plain(301, location="https://other.test"), BREAK, False, 0),
    (plain(307), BREAK, False, 0),
    (plain(308), BREAK, False, 0),
    (plain(400), RETRY, True, 0),
    (plain(408), RETRY, True, 0),
    (plain(417), RETRY, True, 0),
    (plain(500), RETRY, True, 0),
    (plain(502), RETRY, True, 0),
    (plain(504), RETRY, True, 0),
    (plain(200), RETRY, True, 0),
    (plain(204, b""), RETRY, True, 0),
    (acked("applied", 201), RETRY, True, 0),
    (acked("applied", 500), RETRY, True, 0),
]


@pytest.mark.parametrize(("answer", "action", "burns", "delay"), TABLE)
def test_answer_table(answer: Any, action: str, burns: bool, delay: float) -> None:
    said = verdict(answer)
    assert (said.action, said.burns_attempt, said.delay) == (action, burns, delay)
    assert action == DONE or said.reason


ERRORS = [
    ("refused", RETRY, False),
    ("dns", BREAK, False),
    ("tls", BREAK, False),
    ("blocked", BREAK, False),
    ("timeout", RETRY, True),
    ("reset", RETRY, True),
    ("too_large", RETRY, True),
]


@pytest.mark.parametrize(("kind", "action", "burns"), ERRORS)
def test_no_answer(kind: str, action: str, burns: bool) -> None:
    said = judge(0, {}, b"", TransportError(kind, "why"), COMMAND, NOW)
    assert (said.action, said.burns_attempt, said.is_connection_like, said.reason) == (
        action,
        burns,
        True,
        "why",
    )


GOOD = {"ack_status": "applied", "ack_payload": {}, "idempotency_key": KEY, "command_id": COMMAND.command_id}
NO_ACKS = [
    ({**GOOD, "idempotency_key": "x" * 64}, "idempotency_key is that of another command"),
    ({**GOOD, "command_id": "SM-COMMAND-00002"}, "command_id is that of another command"),
    ({"message": GOOD}, "has no ack_status"),
    ({**GOOD, "ack_status": "ok"}, "is not one of the contract"),
    ({**GOOD, "ack_status": ["applied"]}, "is not one of the contract"),
    ([GOOD], "has no ack_status"),
    (b"\xff", "is no ack"),
    (b"", "is no ack but: nothing"),
    (b'{"ack_status": "applied", "ack_status": "failed"}', "is no ack"),
]


@pytest.mark.parametrize(("body", "flaw"), NO_ACKS)
def test_what_is_no_ack_is_unknown(body: Any, flaw: str) -> None:
    said = raw(body)
    assert (said.action, said.burns_attempt, said.ack, said.is_connection_like) == (RETRY, True, None, True)
    assert flaw in said.reason


def test_an_ack_without_echo_counts() -> None:
    assert raw({"ack_status": "applied"}).action == DONE
    assert raw({**GOOD, "idempotency_key": "", "command_id": None}).action == DONE


def test_codes_beside_the_ack_payload_count() -> None:
    assert raw({**GOOD, "ack_status": "failed", "retryable": False}).action == DEAD


def test_the_offset_is_the_servers_time_less_ours() -> None:
    said = verdict(acked("rejected", 401, error_code="stale_timestamp", server_time=SERVER_TIME))
    assert said.offset == 400
    assert verdict(acked("rejected", 401, error_code="stale_timestamp", server_time=True)).action == BREAK


def test_a_redirect_names_its_target() -> None:
    assert "https://other.test" in verdict(plain(301, location="https://other.test")).reason


def test_throttling_speaks_for_the_instance() -> None:
    assert verdict(plain(429)).is_throttled
    assert not verdict(plain(503)).is_throttled


@given(
    st.integers(100, 599),
    st.binary(max_size=200),
    st.dictionaries(st.just("retry-after"), st.text(max_size=20)),
)
def test_no_answer_raises_and_rubbish_is_never_done(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    said = judge(status, headers, body, None, COMMAND, NOW)
    assert said.action in (RETRY, WAIT, DEAD, BREAK)
    assert 0 <= said.delay <= 3600
