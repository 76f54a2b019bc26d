"""The search for secrets finds them in whatever way they are written."""

import base64

import pytest

from chaos.bench_canaries import forms, hits

SECRET = "canary0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"secret={SECRET}\n".encode(),
        SECRET.encode().hex().encode(),
        SECRET.encode().hex().upper().encode(),
        base64.b64encode(SECRET.encode()),
        base64.b64encode(b"x" + SECRET.encode() + b"yz"),
        base64.b64encode(b"xy" + SECRET.encode() + b"z"),
        base64.b64encode(b"xyz" + SECRET.encode()),
    ],
)
def test_a_secret_is_found(text):
    assert hits({"one": SECRET, "two": SECRET[::-1]}, [b"nothing", text]) == {"one"}


def test_nothing_is_found_where_it_is_not():
    assert hits({"one": SECRET}, [b"", SECRET[:-1].encode(), b"canary"]) == set()


def test_a_canary_that_is_found_by_chance_is_none():
    with pytest.raises(ValueError, match="by chance"):
        forms("short")
