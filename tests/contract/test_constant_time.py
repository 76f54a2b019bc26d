"""What no answer shows: how long a comparison takes. So it is looked at which function compares."""

import hmac

import pytest

from salla_executor import contract
from salla_manager.platforms.salla import signature

SECRET, NOW, BODY = "s" * 64, 1_790_000_000, b"{}"


@pytest.fixture
def compared(monkeypatch):
    """What went through compare_digest, as bytes."""
    seen, real = [], hmac.compare_digest

    def compare(left, right):
        seen.append({bytes(left), bytes(right)})
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    return seen


def test_a_signature_is_compared_by_digest_compare(compared):
    """With both secrets, also where the first one fits already, and for an instance that nobody knows."""
    headers = contract.signed_headers("ERP-1", SECRET, BODY, "key-00001", now=NOW)
    given = headers[contract.HEADER_SIGNATURE].encode()
    contract.verify(headers, BODY, instance_id="ERP-1", secrets=[SECRET, "old"], now=NOW)
    assert sum(given in pair for pair in compared) == 2
    compared.clear()
    with pytest.raises(contract.ProtocolError):
        contract.verify(headers, BODY, instance_id="", secrets=[], now=NOW)
    assert sum(given in pair for pair in compared) == 1


def test_a_webhook_s_proof_is_compared_by_digest_compare(compared):
    given = signature.sign(SECRET, BODY)
    signature.check({signature.SIGNATURE: given}, BODY, (SECRET, "old"))
    assert sum(given.encode() in pair for pair in compared) == 2
