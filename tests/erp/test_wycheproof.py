"""AES-256-GCM and HMAC-SHA256 against published vectors, through the functions that the product uses."""

import hmac
from collections import Counter

import pytest
from wycheproof import MISSING, load

from salla_manager import contract
from salla_manager.erp.encryption import DecryptionError, open_sealed, seal

needs_vectors = pytest.mark.skipif(bool(MISSING), reason="Wycheproof vectors not found")
OUR_SIZES = {"keySize": 256, "ivSize": 96, "tagSize": 128}


def aes_gcm(ours: bool) -> list[dict]:
    """The vectors that have our sizes, or all the others."""
    vectors = load("wycheproof_aes_gcm_test.json")
    return [vector for vector in vectors if ours == (OUR_SIZES.items() <= vector.items())]


def arguments(vector: dict) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """key, nonce, plaintext, ciphertext + tag, aad"""
    key, nonce, plaintext, ciphertext, tag, aad = (
        bytes.fromhex(vector[name]) for name in ("key", "iv", "msg", "ct", "tag", "aad")
    )
    return key, nonce, plaintext, ciphertext + tag, aad


@needs_vectors
def test_aes_gcm_of_our_sizes():
    seen = Counter()
    for vector in aes_gcm(ours=True):
        key, nonce, plaintext, sealed, aad = arguments(vector)
        if vector["result"] == "valid":
            assert seal(key, nonce, plaintext, aad) == sealed, vector["tcId"]
            assert open_sealed(key, nonce, sealed, aad) == plaintext, vector["tcId"]
        else:
            assert seal(key, nonce, plaintext, aad) != sealed, vector["tcId"]
            with pytest.raises(DecryptionError):
                open_sealed(key, nonce, sealed, aad)
        seen[vector["result"]] += 1
    assert seen == {"valid": 39, "invalid": 27}


@needs_vectors
def test_aes_gcm_of_other_sizes_is_refused_before_any_work():
    seen = Counter()
    for vector in aes_gcm(ours=False):
        key, nonce, plaintext, sealed, aad = arguments(vector)
        with pytest.raises(ValueError, match="AES-256-GCM takes"):
            seal(key, nonce, plaintext, aad)
        with pytest.raises(ValueError, match="AES-256-GCM takes"):
            open_sealed(key, nonce, sealed, aad)
        seen[vector["result"]] += 1
    assert seen == {"valid": 190, "invalid": 60}


@needs_vectors
def test_hmac_sha256():
    """The contract promises whole signatures: a shortened one is never equal, however right its beginning is."""
    seen = Counter()
    for vector in load("wycheproof_hmac_sha256_test.json"):
        ours = contract.hmac_hex(bytes.fromhex(vector["key"]), bytes.fromhex(vector["msg"]))
        whole = vector["tagSize"] == 256
        valid = vector["result"] == "valid"
        assert hmac.compare_digest(ours, vector["tag"]) == (whole and valid), vector["tcId"]
        assert ours.startswith(vector["tag"]) == valid, vector["tcId"]
        seen[(vector["tagSize"], vector["result"])] += 1
    assert seen == {(256, "valid"): 33, (256, "invalid"): 54, (128, "valid"): 33, (128, "invalid"): 54}


@pytest.mark.parametrize(
    ("plaintext", "sealed"),
    [
        ("", "530f8afbc74536b9a963b4f1c4cb738b"),
        ("00" * 16, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    ],
    ids=["case 13", "case 14"],
)
def test_aes_gcm_of_its_specification(plaintext, sealed):
    """ref: McGrew and Viega, The Galois/Counter Mode of Operation, appendix B"""
    key, nonce = bytes(32), bytes(12)
    assert seal(key, nonce, bytes.fromhex(plaintext), b"").hex() == sealed
    assert open_sealed(key, nonce, bytes.fromhex(sealed), b"").hex() == plaintext


@pytest.mark.parametrize(
    ("key", "message", "digest"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
    ids=["case 1", "case 2", "case 6"],
)
def test_hmac_sha256_of_its_specification(key, message, digest):
    """ref: RFC 4231"""
    assert contract.hmac_hex(key, message) == digest


def test_a_signature_is_this_hmac():
    message = b"1700000000.nonce-of-16-chars.{}"
    assert contract.sign("shared", "1700000000", "nonce-of-16-chars", b"{}") == contract.hmac_hex(
        b"shared", message
    )
