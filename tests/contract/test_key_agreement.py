"""The agreement on a secret: golden vectors, who cannot take part, and the text of a pairing code."""

import hmac
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from salla_manager import contract
from salla_manager.key_agreement import (
    CODE_PREFIX,
    PAIR,
    ROTATE,
    AgreementError,
    PairingCode,
    Question,
    answer,
    new_code,
    read_code,
)

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
INSTANCE, SIGNER = "ERP-INSTANCE-0001", "s" * 64


def asked(question: Question) -> dict[str, str]:
    return {"public_key": question.public_key}


def test_both_sides_come_to_the_same_secret():
    question = Question(PAIR, INSTANCE, SIGNER)
    secret, told = answer(PAIR, INSTANCE, asked(question), SIGNER)
    assert question.secret_of(told) == secret
    assert len(secret) == 64
    assert secret not in str(told)


def test_each_agreement_has_its_own_secret():
    secrets = {answer(PAIR, INSTANCE, asked(Question(PAIR, INSTANCE, SIGNER)), SIGNER)[0] for _ in range(20)}
    assert len(secrets) == 20


@pytest.mark.parametrize("vector", VECTORS["key_agreement"], ids=lambda vector: vector["purpose"])
def test_golden_vectors(vector):
    """Once by our code, and once by what RPC_CONTRACT.md says, step by step."""
    private = X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["asker_private_key"]))
    question = Question(vector["purpose"], vector["instance"], vector["signer"], private)
    assert question.public_key == vector["asker_public_key"]
    assert question.secret_of(vector["answer"]) == vector["secret"]
    theirs = X25519PublicKey.from_public_bytes(bytes.fromhex(vector["answer"]["public_key"]))
    lines = ["salla-key-agreement-1", vector["purpose"], vector["instance"], vector["asker_public_key"]]
    transcript = "\n".join([*lines, vector["answer"]["public_key"]]).encode()
    extracted = hmac.digest(vector["signer"].encode(), private.exchange(theirs), "sha256")
    secret = hmac.digest(extracted, transcript + b"\x01", "sha256").hex()
    assert secret == vector["secret"]
    assert hmac.digest(secret.encode(), transcript, "sha256").hex() == vector["answer"]["proof"]


def test_golden_proof_of_an_answer():
    vector = VECTORS["answer_proof"]
    message = f"answer.{vector['nonce']}.{vector['server_time']}".encode()
    assert hmac.digest(vector["secret"].encode(), message, "sha256").hex() == vector["proof"]
    assert contract.answer_proof(vector["secret"], vector["nonce"], vector["server_time"]) == vector["proof"]


@pytest.mark.parametrize(
    "theirs",
    [
        {"purpose": ROTATE},
        {"instance_id": "ERP-INSTANCE-0002"},
        {"signer": "t" * 64},
        {"question": {"public_key": Question(PAIR, INSTANCE, SIGNER).public_key}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_who_differs_in_anything_cannot_prove_it(theirs):
    question = Question(PAIR, INSTANCE, SIGNER)
    values = {
        "purpose": PAIR,
        "instance_id": INSTANCE,
        "question": asked(question),
        "signer": SIGNER,
    } | theirs
    told = answer(**values)[1]
    with pytest.raises(AgreementError, match="somebody else"):
        question.secret_of(told)


@pytest.mark.parametrize("field", ["public_key", "proof"])
def test_each_digit_of_the_answer_counts(field):
    question = Question(PAIR, INSTANCE, SIGNER)
    told = answer(PAIR, INSTANCE, asked(question), SIGNER)[1]
    # The highest bit of the last byte is none of X25519's.
    for index in range(63 if field == "proof" else 62):
        wrong = "0" if told[field][index] != "0" else "1"
        changed = told[field][:index] + wrong + told[field][index + 1 :]
        with pytest.raises(AgreementError):
            question.secret_of(told | {field: changed})


BAD_KEYS = [None, "", 5, "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n", ["0" * 64], "٠" * 64]
# Points of low order: whoever sends one knows the secret beforehand.
LOW_ORDER = [
    "0" * 64,
    "01" + "0" * 62,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("key", [*BAD_KEYS, *LOW_ORDER])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(AgreementError):
        answer(PAIR, INSTANCE, {"public_key": key}, SIGNER)
    with pytest.raises(AgreementError):
        Question(PAIR, INSTANCE, SIGNER).secret_of({"public_key": key, "proof": "0" * 64})


def test_secrets_and_keys_are_not_in_the_text_of_an_object():
    code = PairingCode("https://hub.example.com", INSTANCE, new_code())
    assert code.code not in repr(code)
    assert SIGNER not in repr(Question(PAIR, INSTANCE, SIGNER))


def test_the_text_of_a_code_comes_back():
    vector = VECTORS["pairing_code"]
    code = PairingCode(vector["hub"], vector["instance"], vector["code"])
    assert code.text() == vector["text"]
    for text in (vector["text"], f"  {vector['text'][:30]}\r\n {vector['text'][30:]}\n"):
        assert read_code(text) == code
    fresh = PairingCode("https://hub.example.com", INSTANCE, new_code())
    assert read_code(fresh.text()) == fresh
    assert len(fresh.code) >= 22


@pytest.mark.parametrize("cut", [1, 5, 20, 60])
def test_a_text_that_was_not_copied_whole_is_refused(cut):
    text = VECTORS["pairing_code"]["text"]
    for part in (text[:-cut], text[len(CODE_PREFIX) + cut :]):
        with pytest.raises(AgreementError, match="Copy all of it"):
            read_code(part)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text):
    with pytest.raises(AgreementError):
        read_code(text)
