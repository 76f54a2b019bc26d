"""Secrets at rest: AES-256-GCM bound to the place where each one lies, and master keys that can be changed.

An envelope is the text `v1:<key id>:<nonce>:<ciphertext and tag>`, the last two in base64url without padding.
Where keys and envelopes are stored is the host's business; nothing here reads a file or makes a key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_SETTING = "ENCRYPTION_MASTER_KEY"
PREVIOUS_KEYS_SETTING = "ENCRYPTION_MASTER_KEY_PREVIOUS"

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
FINGERPRINT_LENGTH = 4

_HEX_KEY = re.compile(r"\A[0-9a-fA-F]{64}\Z", re.ASCII)
# 16 characters are the 12 bytes of a nonce; 22 are the 16 bytes of a tag with nothing before it.
_ENVELOPE = re.compile(r"\Av1:([0-9a-f]{16}):([A-Za-z0-9_-]{16}):([A-Za-z0-9_-]{22,})\Z", re.ASCII)
_UNREADABLE = "The secret cannot be read: it is damaged, it belongs to another place, or its key is not here."


class MasterKeyError(ValueError):
    """A master key is missing or unfit. Names the setting and what to do, never the value."""


class DecryptionError(Exception):
    """An envelope cannot be read. The same words whatever the cause, so that they tell nothing of the content."""

    def __init__(self) -> None:
        super().__init__(_UNREADABLE)


@dataclass(frozen=True)
class Place:
    """Where a secret lies. An envelope that is moved to another place cannot be read there.

    Raises ValueError when a part is empty, for example the name of a row that is not saved yet.
    """

    site: str
    doctype: str
    row: str
    field: str

    def __post_init__(self) -> None:
        for part in fields(self):
            value = getattr(self, part.name)
            if not isinstance(value, str) or not value:
                raise ValueError(f"The {part.name} of a secret's place has to be a text that is not empty.")


@dataclass(frozen=True)
class MasterKey:
    """One master key of 32 bytes. Its repr shows the id alone."""

    secret: bytes = field(repr=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.secret, bytes) or len(self.secret) != KEY_BYTES:
            raise MasterKeyError(f"A master key has {KEY_BYTES} bytes.")
        # Derived and not chosen, so that an id cannot come to stand for another key.
        object.__setattr__(self, "id", derive_key(self.secret, "key id")[:8].hex())


@dataclass(frozen=True)
class MasterKeys:
    """The key that encrypts, and those before it that may still be needed to read.

    Raises MasterKeyError when a key stands there twice.
    """

    current: MasterKey
    previous: tuple[MasterKey, ...] = ()

    def __post_init__(self) -> None:
        if len({key.id for key in self.all()}) != len(self.all()):
            raise MasterKeyError(
                f"A master key stands twice in {KEY_SETTING} and {PREVIOUS_KEYS_SETTING}. Each has to be another one."
            )

    def all(self) -> tuple[MasterKey, ...]:
        return (self.current, *self.previous)


def read_master_keys(environment: Mapping[str, Any], site_config: Mapping[str, Any]) -> MasterKeys:
    """The master keys of a host, each 64 hex characters; previous ones are separated by commas.

    Each setting may stand in the environment or in the site's configuration.
    Raises MasterKeyError when the current key is missing, when a key is unfit or doubled, and when both sources
    hold the setting with different values.
    """
    current = _setting(KEY_SETTING, environment, site_config)
    if not current:
        raise MasterKeyError(
            f"{KEY_SETTING} is missing. Make one with `bench salla master-key --make` (or `salla-executor`), or put 64"
            " random hex characters into the environment. Without it no stored secret can be read."
        )
    previous = _setting(PREVIOUS_KEYS_SETTING, environment, site_config)
    return MasterKeys(
        _read_key(current, KEY_SETTING),
        tuple(_read_key(text.strip(), PREVIOUS_KEYS_SETTING) for text in previous.split(",") if text.strip()),
    )


def is_envelope(text: str) -> bool:
    """Whether a text has the form of an envelope; whether it can be read is another matter."""
    return bool(_ENVELOPE.match(text))


def _setting(name: str, *sources: Mapping[str, Any]) -> str:
    values = [source[name] for source in sources if source.get(name) not in (None, "")]
    if not all(isinstance(value, str) for value in values):
        raise MasterKeyError(f"{name} has to be a text. Put it between quotation marks.")
    found = {value.strip() for value in values}
    # Two processes that see different sources would write with different keys.
    if len(found) > 1:
        raise MasterKeyError(
            f"{name} differs between the environment and the site's configuration. Keep one."
        )
    return found.pop() if found else ""


# Kept: to derive its id takes longer than to read a secret.
@lru_cache(maxsize=16)
def _read_key(text: str, name: str) -> MasterKey:
    if not _HEX_KEY.match(text):
        raise MasterKeyError(f"{name} has to be 64 hex characters; a value of {len(text)} characters is not.")
    secret = bytes.fromhex(text)
    if secret[:16] == secret[16:]:
        raise MasterKeyError(f"{name} repeats its first half. It has to be 64 random hex characters.")
    return MasterKey(secret)


def derive_key(secret: bytes, purpose: str) -> bytes:
    """32 bytes by HKDF-SHA256 (no salt: the secret is random already), a different key for each purpose."""
    info = f"salla_manager/{VERSION}/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AES-256-GCM: the ciphertext and after it the full tag of 16 bytes.

    key: 32 bytes, nonce: 12 bytes that this key has never seen, aad: bytes that have to be the same to open.
    Raises ValueError on other sizes.
    """
    _check_sizes(key, nonce)
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def open_sealed(key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext that `seal` took. Raises DecryptionError, and ValueError on sizes that `seal` refuses."""
    _check_sizes(key, nonce)
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise DecryptionError from None


def _check_sizes(key: bytes, nonce: bytes) -> None:
    # The library would also take shorter keys and nonces, which are weaker.
    if len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError(f"AES-256-GCM takes a key of {KEY_BYTES} bytes and a nonce of {NONCE_BYTES} bytes.")


class EncryptionService:
    """Encrypts texts and configurations with the current key, reads them with any key that is known.

    purpose: word for the kind of secrets; services of different purposes cannot read each other's envelopes.
    One key should encrypt fewer than 2**32 texts, since nonces are random.
    """

    def __init__(self, keys: MasterKeys, purpose: str = "stored secrets") -> None:
        if not purpose:
            raise ValueError("An encryption service needs a purpose.")
        self.current_id = keys.current.id
        self._purpose = purpose
        self._keys = {key.id: derive_key(key.secret, f"encrypt/{purpose}") for key in keys.all()}
        self._fingerprint_key = derive_key(keys.current.secret, f"fingerprint/{purpose}")

    def __repr__(self) -> str:
        return f"EncryptionService(purpose={self._purpose!r}, key_ids={list(self._keys)!r})"

    def encrypt(self, plaintext: str, place: Place) -> str:
        """An envelope for this place, another one at each call. Raises ValueError on a text that has no UTF-8."""
        nonce = os.urandom(NONCE_BYTES)
        aad = _associated_data(self.current_id, place)
        sealed = seal(self._keys[self.current_id], nonce, _to_bytes(plaintext), aad)
        return f"{VERSION}:{self.current_id}:{_to_base64(nonce)}:{_to_base64(sealed)}"

    def decrypt(self, envelope: str, place: Place) -> str:
        """The text of an envelope of this place. Raises DecryptionError."""
        key_id, nonce, sealed = self._parse(envelope)
        return _to_text(open_sealed(self._keys[key_id], nonce, sealed, _associated_data(key_id, place)))

    def encrypt_config(self, config: dict[str, Any], place: Place) -> str:
        """An envelope of a JSON object. Raises ValueError or TypeError on what JSON would not give back unchanged."""
        text = json.dumps(config, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        if not isinstance(config, dict) or json.loads(text) != config:
            raise ValueError("A configuration has to be an object of plain JSON values with texts as keys.")
        return self.encrypt(text, place)

    def decrypt_config(self, envelope: str, place: Place) -> dict[str, Any]:
        """The object of an envelope that `encrypt_config` made. Raises DecryptionError."""
        config = _load_json(self.decrypt(envelope, place))
        if not isinstance(config, dict):
            raise DecryptionError
        return config

    def needs_rewrap(self, envelope: str) -> bool:
        """Whether an older key wrote it. Raises DecryptionError when it has no known form or key."""
        return self._parse(envelope)[0] != self.current_id

    def rewrap(self, envelope: str, place: Place) -> str:
        """The same secret under the current key; one that is current comes back as it is, checked all the same.

        Raises DecryptionError.
        """
        plaintext = self.decrypt(envelope, place)
        return self.encrypt(plaintext, place) if self.needs_rewrap(envelope) else envelope

    def fingerprint(self, secret: str) -> str:
        """The last 4 hex characters of a keyed hash, to compare by eye; changes with the master key.

        Raises ValueError on a text that has no UTF-8.
        """
        digest = hmac.new(self._fingerprint_key, _to_bytes(secret), hashlib.sha256).hexdigest()
        return digest[-FINGERPRINT_LENGTH:]

    def _parse(self, envelope: str) -> tuple[str, bytes, bytes]:
        """Key id, nonce, ciphertext and tag. Raises DecryptionError."""
        match = _ENVELOPE.match(envelope) if isinstance(envelope, str) else None
        if match is None or match[1] not in self._keys:
            raise DecryptionError
        return match[1], _from_base64(match[2]), _from_base64(match[3])


def _associated_data(key_id: str, place: Place) -> bytes:
    # A JSON list, since parts that are merely joined can be cut elsewhere and still be equal.
    return json.dumps([VERSION, key_id, place.site, place.doctype, place.row, place.field]).encode("ascii")


def _to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64(text: str) -> bytes:
    if len(text) % 4 == 1:
        raise DecryptionError
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The last character may have bits that are not used; only one spelling of an envelope is good.
    if _to_base64(data) != text:
        raise DecryptionError
    return data


# These raise outside of `except`, since Python's own errors carry the whole text.
def _to_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        pass
    raise ValueError("The text holds half a character (a lone surrogate) and cannot be encrypted.")


def _to_text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise DecryptionError


def _load_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    raise DecryptionError
