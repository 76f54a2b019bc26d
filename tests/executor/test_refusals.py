"""Every way to be refused: exact status and code, and nothing written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from executor_kit import INSTANCE, NOW, SECRET, command, order, product, sign_body, signed

from salla_executor.contract import (
    HEADER_INSTANCE,
    HEADER_KEY,
    HEADER_NONCE,
    HEADER_SIGNATURE,
    HEADER_TIMESTAMP,
    MAX_BODY,
)

HEADERS = (HEADER_INSTANCE, HEADER_TIMESTAMP, HEADER_NONCE, HEADER_SIGNATURE, HEADER_KEY)


def refused(bench, body, headers, status, code, *, nonces=0):
    """Send it, check the answer and that only so many nonces were stored."""
    ack = bench.post(body, headers)
    assert (ack.http_status, ack.ack_status, ack.payload["error_code"]) == (status, "rejected", code)
    assert ack.payload["erp_doc"] is None
    assert ack.payload["message"]
    assert bench.counts() == {
        "nonces": nonces,
        "inbox": 0,
        "documents": 0,
        "refs": 0,
        "contacts": 0,
        "shop_orders": 0,
    }
    assert bench.store.errors == []
    return ack


def altered(changes, **signing):
    """A signed product command whose JSON body got other values; None removes a key."""
    values = json.loads(signed(command("product", product()))[0])
    key = values["idempotency_key"]
    values |= changes
    body = json.dumps({name: value for name, value in values.items() if value is not None}).encode()
    return body, sign_body(body, key, **signing)


@pytest.mark.parametrize("name", HEADERS)
def test_missing_header(bench, name):
    body, headers = signed(command("product", product()))
    del headers[name]
    refused(bench, body, headers, 400, "missing_header")


@pytest.mark.parametrize("name", HEADERS)
def test_empty_header(bench, name):
    body, headers = signed(command("product", product()))
    refused(bench, body, headers | {name: ""}, 400, "missing_header")


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("suffix", ["\n", " ", "\x00", "é", ",", ".x!"])
def test_header_outside_the_grammar(bench, name, suffix):
    body, headers = signed(command("product", product()))
    refused(bench, body, headers | {name: headers[name] + suffix}, 400, "bad_header")


@pytest.mark.parametrize("name", HEADERS)
def test_doubled_header(bench, name):
    body, headers = signed(command("product", product()))
    refused(bench, body, headers | {name: f"{headers[name]}, {headers[name]}"}, 400, "bad_header")


@pytest.mark.parametrize(
    "value", ["-1", "0", "179000000", "17900000000", "1790000000.0", "+179000000", "١٧٩٠٠٠٠٠٠٠"]
)
def test_timestamp_that_is_no_timestamp(bench, value):
    body, headers = signed(command("product", product()))
    refused(bench, body, headers | {HEADER_TIMESTAMP: value}, 400, "bad_header")


def test_body_too_large_before_any_other_check(bench):
    refused(bench, b"x" * (MAX_BODY + 1), {}, 413, "too_large")


def test_wrong_secret(bench):
    refused(bench, *signed(command("product", product()), secret="x" * 64), 401, "unauthorized")


def test_unknown_instance_gets_the_answer_of_a_wrong_signature(bench):
    sent = replace(command("product", product()), erp_instance="ERP-INSTANCE-0002")
    unknown = refused(bench, *signed(sent, instance_id="ERP-INSTANCE-0002"), 401, "unauthorized")
    wrong = refused(bench, *signed(command("product", product()), secret="x" * 64), 401, "unauthorized")
    assert unknown.body() == wrong.body()


def test_executor_without_secrets(bench):
    bench.set(secrets=())
    refused(bench, *signed(command("product", product()), secret="0" * 64), 401, "unauthorized")


def test_altered_body(bench):
    body, headers = signed(command("product", product()))
    refused(bench, body.replace(b"Mug", b"Cup"), headers, 401, "unauthorized")


@pytest.mark.parametrize("position", range(64))
def test_each_digit_of_the_signature_counts(bench, position):
    body, headers = signed(command("product", product()))
    text = headers[HEADER_SIGNATURE]
    other = "0" if text[position] != "0" else "1"
    headers[HEADER_SIGNATURE] = text[:position] + other + text[position + 1 :]
    refused(bench, body, headers, 401, "unauthorized")


@pytest.mark.parametrize("offset", [-301, 301, -86400])
def test_time_outside_the_window(bench, offset):
    body, headers = signed(command("product", product()), now=NOW + offset)
    ack = refused(bench, body, headers, 401, "stale_timestamp")
    assert ack.payload["server_time"] == NOW


@pytest.mark.parametrize("offset", [-300, 0, 300])
def test_time_inside_the_window(bench, offset):
    ack = bench.post(*signed(command("product", product()), now=NOW + offset))
    assert (ack.http_status, ack.ack_status) == (200, "applied")


def test_nonce_used_before(bench):
    body, headers = signed(command("product", {"external_id": "1"}, command_type="ping"))
    assert bench.post(body, headers).ack_status == "applied"
    refused(bench, body, headers, 401, "nonce_used", nonces=1)


def test_nonce_lives_as_long_as_its_request(bench):
    body, headers = signed(command("", {}, command_type="ping"), now=NOW + 300)
    assert bench.post(body, headers).http_status == 200
    for later, code in (
        (1, "nonce_used"),
        (301, "nonce_used"),
        (600, "nonce_used"),
        (601, "stale_timestamp"),
    ):
        bench.store.clock = lambda later=later: NOW + later
        refused(bench, body, headers, 401, code, nonces=1)


def test_nonce_lives_longer_where_the_window_is_wider(bench):
    bench.set(timestamp_window=1000)
    body, headers = signed(command("", {}, command_type="ping"), now=NOW + 1000)
    assert bench.post(body, headers).http_status == 200
    bench.store.clock = lambda: NOW + 2000
    refused(bench, body, headers, 401, "nonce_used", nonces=1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff{}",
        b'{"a": NaN}',
        b'{"a": 1e400}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b"[" * 5000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "cut", "utf8", "nan", "huge", "twice", "surrogate", "deep", "digits"],
)
def test_body_that_is_no_strict_json(bench, body):
    refused(bench, body, sign_body(body, "k" * 8), 400, "bad_json", nonces=1)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null", b"true"])
def test_body_that_is_no_object(bench, body):
    refused(bench, body, sign_body(body, "k" * 8), 400, "bad_envelope", nonces=1)


@pytest.mark.parametrize(
    "name", ["cmd", "sid", "csrf_token", "doctype", "docstatus", "owner", "flags", "name", "_"]
)
def test_names_that_steer_the_framework(bench, name):
    refused(bench, *altered({name: "x"}), 400, "bad_envelope", nonces=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"command_id": None},
        {"command_id": 7},
        {"store_account": ""},
        {"payload": []},
        {"revision": -1},
        {"revision": True},
        {"dry_run": "yes"},
        {"entity_type": "order"},
    ],
    ids=lambda changes: json.dumps(changes),
)
def test_envelope_of_another_form(bench, changes):
    refused(bench, *altered(changes), 400, "bad_envelope", nonces=1)


@pytest.mark.parametrize(
    "changes", [{"idempotency_key": "another-key"}, {"erp_instance": "ERP-INSTANCE-0002"}]
)
def test_header_and_body_differ(bench, changes):
    refused(bench, *altered(changes), 400, "header_mismatch", nonces=1)


def test_unknown_command_type(bench):
    refused(bench, *altered({"command_type": "delete_order"}), 400, "unknown_command_type", nonces=1)


def test_previous_secret_is_taken_during_a_rotation(bench):
    bench.set(secrets=("n" * 64, SECRET))
    for external_id, secret in (("1", SECRET), ("2", "n" * 64)):
        ack = bench.post(*signed(command("product", product(external_id)), secret=secret))
        assert ack.ack_status == "applied"


def test_refusal_after_the_signature_echoes_the_key(bench):
    body, headers = altered({"command_type": "delete_order"})
    assert bench.post(body, headers).idempotency_key == headers[HEADER_KEY]


def test_switched_off_holds_the_command(bench):
    bench.set(is_enabled=False)
    ack = bench.send("product", product())
    assert (ack.http_status, ack.ack_status) == (503, "failed")
    assert (ack.payload["error_code"], ack.headers) == ("disabled", {"Retry-After": "60"})
    assert ack.payload["retryable"] is True
    assert bench.counts("inbox", "documents", "refs") == {"inbox": 0, "documents": 0, "refs": 0}
    bench.set(is_enabled=True)
    assert bench.send("product", product()).ack_status == "applied"


def test_ping_answers_and_touches_nothing(bench):
    ack = bench.post(*signed(command("", {}, command_type="ping")))
    assert (ack.http_status, ack.ack_status) == (200, "applied")
    assert ack.payload["server_time"] == NOW
    assert ack.payload["is_enabled"] is True
    assert ack.payload["versions"]["contract"] == "1.0"
    assert bench.counts("inbox", "documents", "refs") == {"inbox": 0, "documents": 0, "refs": 0}


def test_ping_says_that_the_executor_is_switched_off(bench):
    bench.set(is_enabled=False)
    ack = bench.post(*signed(command("", {}, command_type="ping")))
    assert (ack.http_status, ack.payload["is_enabled"]) == (200, False)


def test_settings_do_not_show_their_secrets(bench):
    assert SECRET not in repr(bench.store.settings)
    assert INSTANCE in repr(bench.store.settings)


@pytest.mark.parametrize(
    ("entity_type", "payload", "field"),
    [
        ("product", {"name": "Mug"}, "external_id"),
        ("product", product(price="1.5 SAR"), "price"),
        ("product", product(external_id={"$ne": ""}), "external_id"),
        ("product", product(external_id=["like", "%"]), "external_id"),
        ("customer", {"external_id": "1", "name": ""}, "name"),
        ("order", order(currency="riyal"), "currency"),
        ("order", order(created_at="2026-03-01 10:00:00"), "created_at"),
        (
            "order",
            order(items=[{"external_id": "1", "name": "x", "quantity": "0", "unit_price": "1"}]),
            "items.0.quantity",
        ),
    ],
)
def test_payload_outside_its_model_is_a_lasting_failure(bench, entity_type, payload, field):
    sent = command(entity_type, payload)
    ack = bench.post(*signed(sent))
    assert (ack.http_status, ack.ack_status) == (422, "failed")
    assert (ack.payload["error_code"], ack.payload["retryable"]) == ("invalid_payload", False)
    assert f"{field}:" in ack.payload["message"]
    assert bench.counts("inbox", "documents", "refs") == {"inbox": 1, "documents": 0, "refs": 0}
    again = bench.post(*signed(sent))
    assert (again.http_status, again.ack_status) == (200, "failed")
    assert again.payload == ack.payload | {"repeat": True}
