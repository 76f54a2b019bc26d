"""Secrets at rest: they come back from their own place alone, and nothing shows them on the way."""

import base64
import json
import os
import re
import traceback
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salla_manager.erp.encryption import (
    DecryptionError,
    EncryptionService,
    MasterKey,
    MasterKeyError,
    MasterKeys,
    Place,
    derive_key,
    open_sealed,
    read_master_keys,
    seal,
)

OLD, NEW = MasterKey(bytes(range(32))), MasterKey(bytes(range(32, 64)))
PLACE = Place("hub.example.com", "Store Account", "SM-STORE-00001", "tokens")
SECRET = "token of the shop: متجر"
# Made with the standard library's HMAC (RFC 5869) and AES-GCM directly, not by this code.
GOLDEN = "v1:bc4bcae7e08f64a6:ZGVmZ2hpamtsbW5v:FwBJ20c9Rs3oVx0m3hTkT8g-tVAv48u1AAdcbSq4Kcm2aGf7lpLqg1wwkw"
SERVICE = EncryptionService(MasterKeys(OLD))
# The full figure takes about 5 s.
NONCES = 1_000_000 if os.environ.get("ALL_NONCES") else 100_000


def refused(envelope, place: Place = PLACE, service: EncryptionService = SERVICE) -> DecryptionError:
    with pytest.raises(DecryptionError) as caught:
        service.decrypt(envelope, place)
    return caught.value


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


# --- what comes back ---


def test_the_golden_envelope_is_read():
    assert SERVICE.decrypt(GOLDEN, PLACE) == SECRET
    assert SERVICE.fingerprint("abc") == "72c4"


@pytest.mark.parametrize(
    "plaintext",
    ["", "a", SECRET, "🔑" * 3, "\x00\n:", "é", "e\u0301", "x" * 1_000_000],
    ids=["empty", "one", "arabic", "emoji", "control", "composed", "decomposed", "1 MB"],
)
def test_texts_come_back_unchanged(plaintext):
    assert SERVICE.decrypt(SERVICE.encrypt(plaintext, PLACE), PLACE) == plaintext


def test_the_form_of_an_envelope():
    envelope = SERVICE.encrypt(SECRET, PLACE)
    assert re.fullmatch(r"v1:[0-9a-f]{16}:[A-Za-z0-9_-]{16}:[A-Za-z0-9_-]+", envelope)
    version, key_id, nonce, sealed = envelope.split(":")
    assert (version, key_id, len(decoded(nonce))) == ("v1", OLD.id, 12)
    assert len(decoded(sealed)) == len(SECRET.encode("utf-8")) + 16


@pytest.mark.parametrize(
    "config", [{}, {"url": "https://erp.example.com", "متجر": [1, 2.5, None, True, {"a": "b"}]}]
)
def test_configurations_come_back_unchanged(config):
    assert SERVICE.decrypt_config(SERVICE.encrypt_config(config, PLACE), PLACE) == config


@pytest.mark.parametrize(
    "config", [[], "text", None, {1: "a"}, {"a": (1, 2)}, {"a": float("nan")}, {"a": float("inf")}]
)
def test_what_json_would_change_is_no_configuration(config):
    with pytest.raises(ValueError, match=r"plain JSON|not JSON compliant"):
        SERVICE.encrypt_config(config, PLACE)


@pytest.mark.parametrize("text", ["", "[]", "no json", '"a"', "[" * 100_000])
def test_a_text_is_no_configuration(text):
    with pytest.raises(DecryptionError):
        SERVICE.decrypt_config(SERVICE.encrypt(text, PLACE), PLACE)


def test_no_nonce_comes_twice():
    nonces = {SERVICE.encrypt("", PLACE)[20:36] for _ in range(NONCES)}
    assert len(nonces) == NONCES


# --- what fails closed ---


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
@pytest.mark.parametrize(("part", "size"), [(1, 8), (2, 12), (3, len(SECRET.encode("utf-8")) + 16)])
def test_every_flipped_byte_is_noticed(part, size, flip):
    """part 1 is the key id, 2 the nonce, 3 the ciphertext and the tag of 16 bytes."""
    parts = GOLDEN.split(":")
    decode, encode = (bytes.fromhex, bytes.hex) if part == 1 else (decoded, encoded)
    data = decode(parts[part])
    assert len(data) == size
    for index in range(size):
        changed = bytearray(data)
        changed[index] ^= flip
        refused(":".join([*parts[:part], encode(bytes(changed)), *parts[part + 1 :]]))


@pytest.mark.parametrize("letter", ["A", "w", "x", "=", ":", " ", "\n", "\x00", "é", ""])
def test_every_changed_character_is_noticed(letter):
    """Also the bits of a last base64 character that stand for nothing."""
    for index, before in enumerate(GOLDEN):
        if letter != before:
            refused(GOLDEN[:index] + letter + GOLDEN[index + 1 :])


def test_the_id_of_another_known_key_is_noticed():
    service = EncryptionService(MasterKeys(OLD, (NEW,)))
    refused(GOLDEN.replace(OLD.id, NEW.id), service=service)


def test_another_spelling_of_the_same_bytes_is_refused():
    """The text ends in bits that no byte uses; a lenient decoder would take all of their spellings."""
    spelled = GOLDEN[:-1] + "x"
    assert decoded(spelled.split(":")[3]) == decoded(GOLDEN.split(":")[3])
    refused(spelled)
    refused(GOLDEN.replace(OLD.id, OLD.id.upper()))


@pytest.mark.parametrize("part", ["site", "doctype", "row", "field"])
def test_another_place_cannot_read(part):
    envelope = SERVICE.encrypt(SECRET, PLACE)
    assert SERVICE.decrypt(envelope, PLACE) == SECRET
    for value in ("other", getattr(PLACE, part) + " ", getattr(PLACE, part).swapcase()):
        refused(envelope, replace(PLACE, **{part: value}))


def test_swapped_rows_cannot_read():
    other = replace(PLACE, row="SM-STORE-00002")
    mine, theirs = SERVICE.encrypt("mine", PLACE), SERVICE.encrypt("theirs", other)
    refused(theirs, PLACE)
    refused(mine, other)


def test_places_do_not_run_into_each_other():
    refused(SERVICE.encrypt("a", Place("s", "ab", "c", "f")), Place("s", "a", "bc", "f"))
    refused(SERVICE.encrypt("a", Place("s", 'a", "b', "c", "f")), Place("s", "a", "b", "c"))


@pytest.mark.parametrize("part", ["site", "doctype", "row", "field"])
@pytest.mark.parametrize("value", ["", None, 1])
def test_a_place_has_all_its_parts(part, value):
    with pytest.raises(ValueError, match=f"The {part} of a secret's place"):
        replace(PLACE, **{part: value})


def test_another_purpose_cannot_read():
    other = EncryptionService(MasterKeys(OLD), "connector settings")
    refused(GOLDEN, service=other)
    assert other.fingerprint("abc") != SERVICE.fingerprint("abc")
    with pytest.raises(ValueError, match="needs a purpose"):
        EncryptionService(MasterKeys(OLD), "")


@pytest.mark.parametrize(
    "envelope",
    [
        None,
        b"v1",
        7,
        "",
        "v1",
        "v1:::",
        "********",
        GOLDEN + "\n",
        " " + GOLDEN,
        GOLDEN + ":",
        GOLDEN.replace("v1", "v2"),
        GOLDEN.replace("v1:", "V1:"),
        GOLDEN + "==",
        GOLDEN + "A",
        ":".join([*GOLDEN.split(":")[:3], ""]),
        ":".join([*GOLDEN.split(":")[:3], "A" * 21]),
        ":".join([*GOLDEN.split(":")[:3], "A" * 22]),
        ":".join([*GOLDEN.split(":")[:3], "A" * 25]),
    ],
)
def test_malformed_envelopes_are_refused(envelope):
    refused(envelope)
    with pytest.raises(DecryptionError):
        SERVICE.rewrap(envelope, PLACE)


ENVELOPE_LIKE = st.builds(
    "v1:{}:{}:{}".format,
    st.just(OLD.id),
    st.text("AZaz09_-", min_size=15, max_size=17),
    st.text("AZaz09_-", min_size=20, max_size=60),
)


@given(st.one_of(st.text(max_size=200), ENVELOPE_LIKE))
@example("v1:" + OLD.id + ":" + "A" * 16 + ":" + "A" * 22)
def test_any_text_is_refused_in_one_way(text):
    assert str(refused(text)) == str(DecryptionError())
    with suppress(DecryptionError):
        SERVICE.needs_rewrap(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), st.text(min_size=1, max_size=20))
def test_any_text_comes_back_in_any_row(plaintext, row):
    place = replace(PLACE, row=row)
    assert SERVICE.decrypt(SERVICE.encrypt(plaintext, place), place) == plaintext


@pytest.mark.parametrize(
    ("key", "nonce"), [(b"", bytes(12)), (bytes(16), bytes(12)), (bytes(32), b""), (bytes(32), bytes(16))]
)
def test_other_sizes_are_refused(key, nonce):
    for call in (seal, open_sealed):
        with pytest.raises(ValueError, match="AES-256-GCM takes"):
            call(key, nonce, bytes(16), b"")


# --- changing the key ---


def test_an_old_key_reads_until_everything_is_rewrapped():
    both = EncryptionService(MasterKeys(NEW, (OLD,)))
    assert both.decrypt(GOLDEN, PLACE) == SECRET
    assert both.needs_rewrap(GOLDEN)
    fresh = both.rewrap(GOLDEN, PLACE)
    assert not both.needs_rewrap(fresh)
    assert both.rewrap(fresh, PLACE) == fresh
    alone = EncryptionService(MasterKeys(NEW))
    assert alone.decrypt(fresh, PLACE) == SECRET
    refused(GOLDEN, service=alone)
    with pytest.raises(DecryptionError):
        alone.needs_rewrap(GOLDEN)


def test_new_envelopes_use_the_current_key():
    both = EncryptionService(MasterKeys(NEW, (OLD,)))
    assert both.encrypt(SECRET, PLACE).split(":")[1] == NEW.id != OLD.id


@pytest.mark.parametrize(
    "service", [SERVICE, EncryptionService(MasterKeys(NEW, (OLD,)))], ids=["current", "old"]
)
def test_rewrapping_checks_the_place(service):
    with pytest.raises(DecryptionError):
        service.rewrap(GOLDEN, replace(PLACE, row="SM-STORE-00002"))


# --- master keys of a host ---

HEX, OTHER, THIRD = (bytes(range(start, start + 32)).hex() for start in (0, 32, 64))
NAME, PREVIOUS = "ENCRYPTION_MASTER_KEY", "ENCRYPTION_MASTER_KEY_PREVIOUS"


@pytest.mark.parametrize(
    ("environment", "site_config"),
    [
        ({NAME: HEX}, {}),
        ({}, {NAME: HEX}),
        ({NAME: HEX}, {NAME: HEX}),
        ({NAME: ""}, {NAME: f" {HEX.upper()}\n"}),
    ],
)
def test_the_key_comes_from_either_source(environment, site_config):
    assert read_master_keys(environment, site_config) == MasterKeys(OLD)


def test_previous_keys_are_read_in_order():
    keys = read_master_keys({NAME: HEX}, {PREVIOUS: f"{OTHER}, {THIRD},"})
    assert keys == MasterKeys(OLD, (NEW, MasterKey(bytes(range(64, 96)))))


@pytest.mark.parametrize(
    ("environment", "site_config", "message"),
    [
        ({}, {}, "is missing"),
        ({NAME: ""}, {NAME: None}, "is missing"),
        ({PREVIOUS: HEX}, {}, "is missing"),
        ({NAME: " "}, {}, "is missing"),
        ({NAME: HEX[:-1]}, {}, "a value of 63 characters is not"),
        ({NAME: HEX[:32]}, {}, "a value of 32 characters is not"),
        ({NAME: HEX + "0"}, {}, "a value of 65 characters is not"),
        ({NAME: "g" + HEX[1:]}, {}, "has to be 64 hex characters"),
        ({NAME: "٠" + HEX[1:]}, {}, "has to be 64 hex characters"),
        ({NAME: HEX[:31] + "  " + HEX[33:]}, {}, "has to be 64 hex characters"),
        ({NAME: HEX, PREVIOUS: OTHER[:-1]}, {}, f"{PREVIOUS} has to be 64 hex characters"),
        ({}, {NAME: int("1" * 64)}, "has to be a text"),
        ({NAME: "0" * 64}, {}, "repeats its first half"),
        ({NAME: HEX[:32] * 2}, {}, "repeats its first half"),
        ({NAME: HEX}, {NAME: OTHER}, "differs between the environment"),
        ({NAME: HEX, PREVIOUS: HEX}, {}, "stands twice"),
        ({NAME: HEX, PREVIOUS: HEX.upper()}, {}, "stands twice"),
        ({NAME: HEX, PREVIOUS: f"{OTHER},{OTHER}"}, {}, "stands twice"),
    ],
)
def test_unfit_master_keys_are_refused_without_showing_them(environment, site_config, message):
    with pytest.raises(MasterKeyError, match=message) as caught:
        read_master_keys(environment, site_config)
    for value in (*environment.values(), *site_config.values()):
        assert len(str(value or "")) < 8 or str(value) not in str(caught.value)


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33), "a" * 32])
def test_a_master_key_has_32_bytes(secret):
    with pytest.raises(MasterKeyError, match="has 32 bytes"):
        MasterKey(secret)


def test_keys_differ_by_purpose():
    purposes = ["key id", "encrypt/a", "encrypt/b", "fingerprint/a"]
    assert len({derive_key(OLD.secret, purpose) for purpose in purposes} | {OLD.secret}) == 5


# --- what is shown ---


def test_fingerprints_are_short_and_keyed():
    assert re.fullmatch(r"[0-9a-f]{4}", SERVICE.fingerprint(SECRET))
    assert SERVICE.fingerprint(SECRET) == EncryptionService(MasterKeys(OLD)).fingerprint(SECRET)
    assert len({SERVICE.fingerprint(str(number)) for number in range(100)}) > 90
    assert SERVICE.fingerprint(SECRET) != EncryptionService(MasterKeys(NEW)).fingerprint(SECRET)


def test_no_repr_shows_a_key():
    keys = MasterKeys(OLD, (NEW,))
    service = EncryptionService(keys)
    shown = " ".join(
        form(thing) for form in (repr, str, "{}".format) for thing in (OLD, keys, service, [keys], {"a": OLD})
    )
    assert OLD.id in shown
    derived = [derive_key(key.secret, "encrypt/stored secrets") for key in keys.all()]
    for secret in [OLD.secret, NEW.secret, *derived]:
        for spelling in (secret.hex(), repr(secret)[2:-1], encoded(secret), str(list(secret))[1:-1]):
            assert spelling not in shown


def chain(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *chain(error.__cause__), *chain(error.__context__)]


def forged(data: bytes) -> str:
    """A good envelope of bytes that `encrypt` would not take."""
    nonce, key = bytes(12), derive_key(OLD.secret, "encrypt/stored secrets")
    aad = json.dumps(["v1", OLD.id, PLACE.site, PLACE.doctype, PLACE.row, PLACE.field]).encode("ascii")
    return f"v1:{OLD.id}:{encoded(nonce)}:{encoded(seal(key, nonce, data, aad))}"


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: SERVICE.decrypt(GOLDEN[:-2], PLACE), DecryptionError),
        (lambda: SERVICE.decrypt(forged(b"canary\xff"), PLACE), DecryptionError),
        (lambda: SERVICE.decrypt_config(SERVICE.encrypt("canary", PLACE), PLACE), DecryptionError),
        (lambda: SERVICE.encrypt("canary\ud800", PLACE), ValueError),
        (lambda: SERVICE.fingerprint("canary\ud800"), ValueError),
    ],
    ids=[
        "damaged",
        "no text",
        "no configuration",
        "encrypt half a character",
        "fingerprint half a character",
    ],
)
def test_errors_carry_nothing_of_the_content(call, kind):
    with pytest.raises(kind) as caught:
        call()
    assert not [error for error in chain(caught.value) if "canary" in repr(vars(error)) + repr(error.args)]
    assert "canary" not in str(caught.value)
    assert "canary\\x" not in "".join(traceback.format_exception_only(caught.value))
    assert not [
        error for error in chain(caught.value) if isinstance(error, UnicodeError | json.JSONDecodeError)
    ]
