"""Keys of SSH: the pinned ones of a server, and the hub's own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from itertools import pairwise
from typing import Any

from salla_manager.erp.port import ConnectorError

_FINGERPRINT = re.compile(r"\ASHA256:[A-Za-z0-9+/]{43}\Z", re.ASCII)
_PEM = re.compile(r"\s*(-----BEGIN [A-Z ]+-----)(.+?)(-----END [A-Z ]+-----)\s*\Z", re.DOTALL)
_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")


class HostKeys:
    """text: lines as of known_hosts or ssh-keyscan (`[host] type base64`), or fingerprints `SHA256:…`.

    types: the algorithms that the pinned keys are used with. Raises ConnectorError on a line that is neither.
    """

    def __init__(self, text: str) -> None:
        self.types: set[str] = set()
        self._fingerprints: set[str] = set()
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                self._add(line.split())

    def check(self, key: Any, server: str) -> None:
        """key: what the server showed. Raises ConnectorError when it is not pinned."""
        shown = fingerprint(key.asbytes())
        if shown in self._fingerprints:
            return
        said = f"{server} shows the host key {shown} ({key.get_name()})"
        if not self._fingerprints:
            message = (
                f"{said}, and none is pinned. Ask its administrator whether that is its fingerprint; if so, enter it"
                " as Host Key."
            )
        else:
            message = (
                f"{said}, which is not the pinned one; nothing was sent. Ask its administrator whether the key was"
                " changed: if so, enter the new one as Host Key; if not, something stands between you and the server."
            )
        raise ConnectorError(message, action="break", burns_attempt=False)

    def _add(self, words: list[str]) -> None:
        for word in words:
            if _FINGERPRINT.match(word):
                self._fingerprints.add(word)
                return
        for kind, encoded in pairwise(words):
            blob = _decoded(encoded)
            # A public key begins with its own type.
            if blob[4:].startswith(kind.encode()):
                self._fingerprints.add(fingerprint(blob))
                self.types |= set(_RSA) if kind == "ssh-rsa" else {kind}
                return
        raise ConnectorError(
            "A line of Host Key is neither a public key nor a fingerprint SHA256:…. Take what"
            " `ssh-keyscan HOST` prints, and have the server's administrator confirm it.",
            action="break",
            burns_attempt=False,
        )


def fingerprint(blob: bytes) -> str:
    """As ssh-keygen -l shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode("ascii")


def load_private_key(text: str, passphrase: str | None) -> Any:
    """Raises ConnectorError, whose words never quote the key."""
    import paramiko

    kinds = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
    for kind in kinds:
        try:
            return kind.from_private_key(io.StringIO(_with_lines(text)), passphrase or None)
        except paramiko.PasswordRequiredException:
            reason = "needs its passphrase. Fill it in"
            break
        except (paramiko.SSHException, ValueError, TypeError, IndexError):
            reason = "cannot be read, or not with this passphrase. Enter an Ed25519, ECDSA or RSA key, all of its lines"
    raise ConnectorError(f"The private key {reason}.", action="break", burns_attempt=False)


def _with_lines(text: str) -> str:
    """A form's field of one line turns line breaks into blanks, or a person into a written `\\n`."""
    text = text.replace("\\n", "\n")
    found = _PEM.match(text)
    if not found or "\n" in found[2].strip() or ":" in found[2]:
        return text.strip() + "\n"
    return "\n".join([found[1], *found[2].split(), found[3]]) + "\n"


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
