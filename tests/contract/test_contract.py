"""The protocol file: golden vectors, header grammar, strict JSON and the envelope."""

import json
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salla_manager import contract

ROOT = Path(__file__).resolve().parents[2]
VECTORS = json.loads((ROOT / "tests/contract/vectors.json").read_text(encoding="utf-8"))
ACCEPTED = VECTORS["accepted"]
INSTANCE, SECRET, NOW = "ERP-INSTANCE-0001", ACCEPTED[0]["secret"], ACCEPTED[0]["now"]


def verify(headers: dict, body: bytes, **changes):
    options = {"instance_id": INSTANCE, "secrets": [SECRET], "now": NOW} | changes
    return contract.verify(headers, body, **options)


def refusal(call, *arguments, **options) -> contract.ProtocolError:
    with pytest.raises(contract.ProtocolError) as caught:
        call(*arguments, **options)
    return caught.value


def signed(body: bytes = b'{"a":1}', key: str = "key-0001") -> dict:
    return contract.signed_headers(INSTANCE, SECRET, body, key, now=NOW)


@pytest.mark.parametrize("name", ["contract.py", "key_agreement.py", "payloads.py"])
def test_both_apps_carry_the_same_file(name):
    assert (ROOT / "salla_manager" / name).read_bytes() == (ROOT / "salla_executor" / name).read_bytes()


def test_secrets_are_kept_alike_in_both_apps():
    """They are installed apart, so each carries its own; nothing but the places of modules differs."""
    pairs = {
        "salla_manager/erp/encryption.py": "salla_executor/encryption.py",
        "salla_manager/adapters/secrets.py": "salla_executor/erpnext/secrets.py",
        "salla_manager/setup/master_key.py": "salla_executor/setup/master_key.py",
    }
    for ours, theirs in pairs.items():
        text = (ROOT / ours).read_text()
        if "frappe" in text:
            text = text.replace("salla_manager.erp.encryption", "salla_executor.encryption")
            text = text.replace("salla_manager.adapters.", "salla_executor.erpnext.")
            text = text.replace('"Salla Manager"', '"Salla Executor"')
        # The imports are in another order.
        assert sorted(text.splitlines()) == sorted((ROOT / theirs).read_text().splitlines()), theirs


@pytest.mark.parametrize("vector", ACCEPTED, ids=lambda vector: vector["name"])
def test_golden_vectors_are_accepted(vector):
    body = vector["body"].encode("utf-8")
    request = contract.verify(
        vector["headers"], body, instance_id=INSTANCE, secrets=[vector["secret"]], now=vector["now"]
    )
    command = contract.decode_command(body, request)
    assert contract.encode_command(command) == body
    assert command.idempotency_key == contract.idempotency_key(
        command.erp_instance,
        command.command_type,
        command.store_account,
        command.external_id,
        command.revision,
        command.generation,
    )


@pytest.mark.parametrize("change", VECTORS["refused"], ids=lambda change: change["name"])
def test_golden_vectors_are_refused(change):
    headers, body = dict(ACCEPTED[0]["headers"]), ACCEPTED[0]["body"].encode("utf-8")
    if "header" in change:
        value = headers[change["header"]].upper() if change.get("transform") else change["value"]
        headers[change["header"]] = value
    error = refusal(
        verify,
        headers,
        body + change.get("append", "").encode(),
        secrets=[change.get("secret", SECRET)],
        now=change.get("now", NOW),
    )
    assert (error.http_status, error.error_code) == (change["status"], change["error_code"])


def test_vectors_file_is_what_the_script_writes():
    import runpy

    made = runpy.run_path(str(ROOT / "scripts/contract_vectors.py"))["vectors"]()
    assert made == VECTORS


@pytest.mark.parametrize("offset", [-300, 0, 300])
def test_window_is_taken_on_both_sides(offset):
    body = b"{}"
    assert verify(signed(body), body, now=NOW + offset).timestamp == NOW


def test_stale_answer_tells_the_servers_time():
    body = b"{}"
    assert refusal(verify, signed(body), body, now=NOW + 999).extra == {"server_time": NOW + 999}


@pytest.mark.parametrize("secrets", [["new", SECRET], [SECRET, "old"], [SECRET, ""]])
def test_previous_secret_is_taken_during_a_rotation(secrets):
    body = b"{}"
    assert verify(signed(body), body, secrets=secrets).nonce


@pytest.mark.parametrize("secrets", [[], [""], ["wrong"]])
def test_no_or_wrong_secret_is_refused(secrets):
    body = b"{}"
    assert refusal(verify, signed(body), body, secrets=secrets).error_code == "unauthorized"


def test_a_request_signed_with_the_dummy_secret_is_refused_where_no_secret_is_set():
    body = b"{}"
    headers = contract.signed_headers(INSTANCE, "0" * 64, body, "key-0001", now=NOW)
    assert refusal(verify, headers, body, secrets=[]).error_code == "unauthorized"


BAD_VALUES = {
    "X-Timestamp": ["1", "-700000000", "17000000000", "1.70000000", "1_70000000", "+170000000", " 170000000",
                    "١٧٠٠٠٠٠٠٠٠", "1700000000\n", "1e9"],
    "X-Nonce": ["short", "a" * 65, "a" * 16 + "\n", "abcd.efgh.ijklmnop", "ünicode-nonce-0000", "a b" * 8],
    "X-Signature": ["A" * 64, "a" * 63, "a" * 65, "sha256=" + "a" * 57, "a" * 64 + "\n", "é" * 64],
    "X-Idempotency-Key": ["short", "k" * 129, "key 0000001", "key\x000000001", "kéy-00000001"],
    "X-Instance-ID": ["a b", "x" * 141, "ERP\n", "ERP'--", "إي"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("header", "value"), [(name, value) for name, values in BAD_VALUES.items() for value in values]
)
def test_header_grammar(header, value):
    body = b"{}"
    error = refusal(verify, signed(body) | {header: value}, body)
    assert (error.http_status, error.error_code) == (400, "bad_header")


@pytest.mark.parametrize("header", sorted(BAD_VALUES))
def test_each_header_is_needed(header):
    body = b"{}"
    headers = signed(body)
    del headers[header]
    assert refusal(verify, headers, body).error_code == "missing_header"


def test_every_position_of_the_signature_counts():
    body, headers = b"{}", signed(b"{}")
    for index, digit in enumerate(headers["X-Signature"]):
        wrong = "0" if digit != "0" else "1"
        changed = headers["X-Signature"][:index] + wrong + headers["X-Signature"][index + 1 :]
        assert refusal(verify, headers | {"X-Signature": changed}, body).error_code == "unauthorized"


@pytest.mark.parametrize(("size", "taken"), [(contract.MAX_BODY, True), (contract.MAX_BODY + 1, False)])
def test_body_limit(size, taken):
    body = b" " * size
    if taken:
        assert verify(signed(body), body)
    else:
        assert refusal(verify, signed(body), body).http_status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b'"\\ud800"', b"[" * 200_000, b"[" * 33 + b"]" * 33, b'{"a":1,"a":2}', b"NaN",
        b"-Infinity", b"1e400", b"9" * 5000, b"\xef\xbb\xbf{}", b"{} {}",
    ],
)  # fmt: skip
def test_strict_json(body):
    error = refusal(contract.load_json, body)
    assert (error.http_status, error.error_code) == (400, "bad_json")


def test_decimals_keep_every_digit():
    assert contract.load_json(b'{"price":19.990}') == {"price": Decimal("19.990")}
    assert contract.dump_json({"price": Decimal("19.990")}) == b'{"price":"19.990"}'


def envelope(**changes) -> bytes:
    values = json.loads(ACCEPTED[0]["body"]) | changes
    return json.dumps({name: value for name, value in values.items() if value is not ...}).encode()


def decode(body: bytes) -> contract.Command:
    key = json.loads(ACCEPTED[0]["body"])["idempotency_key"]
    return contract.decode_command(body, verify(signed(body, key), body))


@pytest.mark.parametrize(
    ("changes", "error_code"),
    [
        ({"command_type": "upsert_unicorn"}, "unknown_command_type"),
        ({"command_type": "upsert_brand"}, "bad_envelope"),
        ({"command_id": ...}, "bad_envelope"),
        ({"command_id": 7}, "bad_envelope"),
        ({"command_id": "x" * 141}, "bad_envelope"),
        ({"store_account": ""}, "bad_envelope"),
        ({"payload": []}, "bad_envelope"),
        ({"revision": -1}, "bad_envelope"),
        ({"revision": True}, "bad_envelope"),
        ({"revision": "1"}, "bad_envelope"),
        ({"dry_run": "yes"}, "bad_envelope"),
        ({"idempotency_key": "another-key"}, "header_mismatch"),
        ({"erp_instance": "ERP-INSTANCE-0002"}, "header_mismatch"),
        *[({name: "x"}, "bad_envelope") for name in sorted(contract.FORBIDDEN_BODY_KEYS)],
    ],
)
def test_envelope_is_checked(changes, error_code):
    error = refusal(decode, envelope(**changes))
    assert (error.http_status, error.error_code) == (400, error_code)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null", b"true"])
def test_the_body_is_an_object(body):
    assert refusal(decode, body).error_code == "bad_envelope"


def test_unknown_keys_are_additions():
    assert decode(envelope(later_addition={"a": 1})).command_id == "SM-COMMAND-00001"


def test_revision_and_generation_make_new_keys():
    keys = {
        contract.idempotency_key("E", "upsert_product", "S", "1", revision, generation)
        for revision in (1, 2, 12)
        for generation in (0, 1, 2)
    }
    assert len(keys) == 9
    assert contract.idempotency_key("E", "upsert_product", "S", "1", 1) in keys


@given(st.text(max_size=20), st.text(max_size=20))
def test_parts_of_the_key_do_not_run_together(store, external_id):
    one = contract.idempotency_key("E", "upsert_product", store, external_id, 1)
    other = contract.idempotency_key("E", "upsert_product", store + external_id, "", 1)
    assert (one == other) == (external_id == "")


@given(st.binary(max_size=200))
def test_any_body_is_parsed_or_refused(body):
    with suppress(contract.ProtocolError):
        contract.load_json(body)


@given(st.dictionaries(st.sampled_from(sorted(BAD_VALUES)), st.text(max_size=80)))
def test_any_headers_are_checked_or_refused(headers):
    with pytest.raises(contract.ProtocolError):
        verify(signed(b"{}") | {"X-Signature": "0" * 64} | headers, b"{}")
