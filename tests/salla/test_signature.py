import hashlib
import hmac

import pytest

from salla_manager.platforms.port import SignatureError
from salla_manager.platforms.salla.platform import SALLA

RAW = '{"event":"order.created","name":"محمد"}'.encode()
SECRET = "a-webhook-secret"
SIGNATURE = hmac.new(SECRET.encode(), RAW, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Salla-Security-Strategy": "Signature", "X-Salla-Signature": SIGNATURE},
        {"x-salla-security-strategy": "signature", "x-salla-signature": SIGNATURE.upper()},
        {"X-Salla-Signature": SIGNATURE},
        {"X-Salla-Security-Strategy": "Token", "Authorization": SECRET},
        {"Authorization": SECRET},
    ],
)
def test_either_strategy_and_any_of_two_secrets_is_taken(headers):
    SALLA.check_signature(headers, RAW, (SECRET,))
    SALLA.check_signature(headers, RAW, ("next", SECRET))


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        ({}, "neither signed nor"),
        ({"X-Salla-Security-Strategy": "Signature", "Authorization": SECRET}, "X-Salla-Signature is missing"),
        ({"X-Salla-Security-Strategy": "Token", "X-Salla-Signature": SIGNATURE}, "Authorization is missing"),
        ({"X-Salla-Security-Strategy": "None", "X-Salla-Signature": SIGNATURE}, "'none' is not known"),
        ({"X-Salla-Signature": "0" * 64}, "does not fit"),
        ({"X-Salla-Signature": "توقيع"}, "does not fit"),
        ({"Authorization": f"Bearer {SECRET}"}, "does not fit"),
        ({"Authorization": "\udc80"}, "does not fit"),
    ],
)
def test_a_refusal_names_its_cause(headers, cause):
    with pytest.raises(SignatureError, match=cause):
        SALLA.check_signature(headers, RAW, (SECRET,))


def test_one_changed_byte_is_refused():
    with pytest.raises(SignatureError):
        SALLA.check_signature({"X-Salla-Signature": SIGNATURE}, RAW + b" ", (SECRET,))


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_nothing_is_taken(secrets):
    empty = hmac.new(b"", RAW, hashlib.sha256).hexdigest()
    with pytest.raises(SignatureError, match="No webhook secret"):
        SALLA.check_signature({"X-Salla-Signature": empty}, RAW, secrets)
