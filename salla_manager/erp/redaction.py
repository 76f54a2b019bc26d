"""Takes secrets out of texts: whole, in parts, and in the spellings in which libraries show them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "•••"
# As many characters of a secret in a row are taken out; shorter secrets are taken out whole.
RUN = 8


class Redactor:
    """secrets: texts; empty ones are left out. Its repr shows none of them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {one for secret in secrets if secret for one in _spellings(secret)}
        self._short = sorted((one for one in spellings if len(one) < RUN), key=len, reverse=True)
        self._runs = {one[at : at + RUN] for one in spellings for at in range(len(one) - RUN + 1)}

    def __repr__(self) -> str:
        return "Redactor()"

    def __call__(self, text: str) -> str:
        """The text with MASK where a secret, or a part of it, stood."""
        text = self._without_runs(text)
        for secret in self._short:
            text = text.replace(secret, MASK)
        return text

    def inside(self, value: Any) -> Any:
        """A JSON value with every text in it redacted, names included."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(str(name)): self.inside(one) for name, one in value.items()}
        return [self.inside(one) for one in value] if isinstance(value, list | tuple) else value

    def _without_runs(self, text: str) -> str:
        parts, masked_to, kept_from = [], 0, 0
        for at in range(len(text) - RUN + 1):
            if text[at : at + RUN] not in self._runs:
                continue
            if at > masked_to or not masked_to:
                parts += [text[kept_from:at], MASK]
            masked_to = kept_from = at + RUN
        return "".join([*parts, text[kept_from:]])


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    raw = secret.encode("utf-8", "surrogatepass")
    yield quote(raw, safe="")
    yield quote(raw)
    yield quote_plus(raw)
    yield raw.hex()
    # Base64 of "user:secret" has the secret at one of three places within a group.
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw)[(0, 2, 3)[shift] : -4].decode("ascii")
        if len(encoded) >= RUN:
            yield encoded
            yield encoded.translate(str.maketrans("+/", "-_"))
