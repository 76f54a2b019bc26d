"""Requests that no well-behaved client sends: doubled headers, lying lengths, any method and path."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Headers = Iterable[tuple[str, str | bytes]]


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes

    @property
    def ack(self) -> dict[str, Any]:
        """Raises where it is no bare ack."""
        ack = json.loads(self.body)
        assert set(ack) == {"ack_status", "ack_payload", "idempotency_key", "command_id"}, ack
        return ack

    @property
    def code(self) -> str | None:
        return self.ack["ack_payload"]["error_code"]


def exchange(base: str, method: str, path: str, headers: Headers, body: bytes) -> Reply:
    """Send the headers as they are; a Content-Length is added unless they say how long the body is."""
    parts = urlsplit(base)
    headers = list(headers)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        if not {"content-length", "transfer-encoding"} & {name.lower() for name, _ in headers}:
            connection.putheader("Content-Length", str(len(body)))
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return Reply(answer.status, answer.read())
    finally:
        connection.close()


def chunked(body: bytes, size: int = 10_000) -> bytes:
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
