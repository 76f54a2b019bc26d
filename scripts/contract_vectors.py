"""Writes tests/contract/vectors.json: signed requests that any implementation of the protocol has to agree with."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from salla_manager import contract, key_agreement

TARGET = Path(__file__).resolve().parents[1] / "tests" / "contract" / "vectors.json"
NOW = 1700000000
SECRET = "9f2c6d0e5b7a41f38c1d9e0a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e"


def command(
    number: int, command_type: str, payload: dict, revision: int = 1, generation: int = 0
) -> contract.Command:
    instance, store = "ERP-INSTANCE-0001", "SM-STORE-00001"
    key = contract.idempotency_key(
        instance, command_type, store, payload["external_id"], revision, generation
    )
    return contract.Command(
        f"SM-COMMAND-{number:05d}",
        command_type,
        contract.COMMAND_TYPES[command_type],
        store,
        "CUST-0001",
        instance,
        key,
        payload,
        revision=revision,
        generation=generation,
    )


def commands() -> dict[str, contract.Command]:
    return {
        "product": command(
            1, "upsert_product", {"external_id": "101", "name": "Coffee", "sku": "C-1", "price": "19.99"}
        ),
        "arabic name": command(
            2, "upsert_customer", {"external_id": "7", "name": "نورة العتيبي", "phone": "+966501234567"}
        ),
        "second revision": command(3, "upsert_brand", {"external_id": "5", "name": "Dallah"}, revision=2),
        "deliberate re-send": command(4, "upsert_brand", {"external_id": "5", "name": "Dallah"}, 2, 1),
    }


def vector(name: str, item: contract.Command) -> dict:
    body = contract.encode_command(item)
    nonce = f"nonce-{item.command_id}-abcdef"
    headers = contract.signed_headers(
        item.erp_instance, SECRET, body, item.idempotency_key, now=NOW, nonce=nonce
    )
    return {"name": name, "secret": SECRET, "now": NOW, "body": body.decode("utf-8"), "headers": headers}


def refused() -> list[dict]:
    """Changes to the first vector and the answer they must get."""
    return [
        {
            "name": "signature upper case",
            "header": "X-Signature",
            "transform": "upper",
            "status": 400,
            "error_code": "bad_header",
        },
        {
            "name": "signature of another secret",
            "secret": "another",
            "status": 401,
            "error_code": "unauthorized",
        },
        {"name": "one byte more in the body", "append": " ", "status": 401, "error_code": "unauthorized"},
        {"name": "301 s in the past", "now": NOW + 301, "status": 401, "error_code": "stale_timestamp"},
        {"name": "301 s in the future", "now": NOW - 301, "status": 401, "error_code": "stale_timestamp"},
        {
            "name": "nonce with a dot",
            "header": "X-Nonce",
            "value": "abcdefgh.ijklmnop",
            "status": 400,
            "error_code": "bad_header",
        },
        {
            "name": "other instance",
            "header": "X-Instance-ID",
            "value": "ERP-INSTANCE-0002",
            "status": 401,
            "error_code": "unauthorized",
        },
        {
            "name": "no timestamp",
            "header": "X-Timestamp",
            "value": "",
            "status": 400,
            "error_code": "missing_header",
        },
    ]


def agreement(purpose: str) -> dict:
    """Fixed private keys, as nobody may use them."""
    asker, answerer = (X25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in (1, 2))
    question = key_agreement.Question(purpose, "ERP-INSTANCE-0001", SECRET, asker)
    asked = {"public_key": question.public_key}
    secret, answer = key_agreement.answer(purpose, "ERP-INSTANCE-0001", asked, SECRET, answerer)
    return {
        "purpose": purpose,
        "instance": "ERP-INSTANCE-0001",
        "signer": SECRET,
        "asker_private_key": "01" * 32,
        "asker_public_key": question.public_key,
        "answerer_private_key": "02" * 32,
        "answer": answer,
        "secret": secret,
    }


def pairing_code() -> dict:
    code = key_agreement.PairingCode("https://hub.example.com", "ERP-INSTANCE-0001", "A" * 32)
    return {"text": code.text(), "hub": code.hub_url, "instance": code.instance_id, "code": code.code}


def answer_proof() -> dict:
    nonce = "nonce-of-the-request"
    proof = contract.answer_proof(SECRET, nonce, NOW)
    return {"secret": SECRET, "nonce": nonce, "server_time": NOW, "proof": proof}


def vectors() -> dict:
    return {
        "contract_version": contract.CONTRACT_VERSION,
        "key_agreement": [agreement(purpose) for purpose in (key_agreement.PAIR, key_agreement.ROTATE)],
        "pairing_code": pairing_code(),
        "answer_proof": answer_proof(),
        "accepted": [vector(name, item) for name, item in commands().items()],
        "refused": refused(),
    }


if __name__ == "__main__":
    TARGET.write_text(json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {TARGET.name}")
