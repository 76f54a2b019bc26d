"""What may come back instead of an ack, over a real socket, and where the hub must not go at all: each with its outcome.

python -m scripts.broken_answers     counts, and ends non-zero on any miss; a part of `make fuzz`
"""

from __future__ import annotations

import gzip
import json
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any
from unittest.mock import patch

from salla_manager import contract
from salla_manager.core.answers import BREAK, DEAD, DONE, RESIGN, RETRY, WAIT, Verdict, judge
from salla_manager.core.transport import HttpTransport, Limits, TransportError

KEY = "k" * 64
COMMAND = contract.Command("SM-COMMAND-00001", "upsert_product", "product", "S", "C", "I", KEY, {})
LIMITS = Limits(connect=1, read=0.3, total=0.6, allow_private_addresses=True)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)
MEMORY_MIB = 20
Script = Callable[[socket.socket], None]

# Where no request may go, however it is written. Nothing listens there; nothing is sent either.
URLS = [
    *("http://erp.example.com", "ftp://erp.example.com", "file:///etc/passwd", "gopher://erp.example.com"),
    *(
        "ws://erp.example.com",
        "javascript:alert(1)",
        "erp.example.com",
        "//erp.example.com",
        "https://",
        "https:///x",
    ),
    *("https://user:pw@erp.example.com", "https://user@erp.example.com", "https://erp.example.com@127.0.0.1"),
    *(f"https://erp.example.com:{port}" for port in (0, 22, 25, 3306, 6379, 11211, 99999)),
    *(
        "https://[::1",
        "https://erp.example.com/a b",
        "https://erp.example.com/\x7f",
        "https://erp.example.com/\r\nX: y",
    ),
    *("https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f000001", "https://0177.0.0.1"),
    *(
        "https://127.0.0.1.",
        "https://localhost",
        "https://localhost.",
        "https://LOCALHOST",
        "https://127.255.255.254",
    ),
    *(
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[::]",
        "https://[fe80::1]",
        "https://[fc00::1]",
    ),
    *(
        "https://[::ffff:10.0.0.1]",
        "https://[fd00:ec2::254]",
        "https://[64:ff9b::7f00:1]",
        "https://[2002:7f00:1::]",
    ),
    *(
        "https://10.0.0.1",
        "https://172.16.0.1",
        "https://192.168.1.1",
        "https://100.64.0.1",
        "https://0.0.0.0",
    ),
    *("https://169.254.169.254", "https://100.100.100.200", "https://224.0.0.1", "https://255.255.255.255"),
    *("https://198.18.0.1", "https://240.0.0.1", "https://192.0.0.1"),
]


def answer(status: int, body: bytes = b"", *headers: str) -> Script:
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n" + "".join(
        f"{one}\r\n" for one in headers
    )
    return lambda peer: peer.sendall(head.encode() + b"\r\n" + body)


def ack(status: str = "applied", http: int = 200, *, headers: tuple[str, ...] = (), **changes: Any) -> Script:
    said = {"ack_status": status, "ack_payload": {}, "idempotency_key": KEY, "command_id": COMMAND.command_id}
    return answer(http, json.dumps({**said, **changes}).encode(), *headers)


def _endless(start: bytes, more: bytes) -> Script:
    def script(peer: socket.socket) -> None:
        peer.sendall(start)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            peer.sendall(more)

    return script


def _drip(text: bytes) -> Script:
    def script(peer: socket.socket) -> None:
        for number in range(len(text)):
            peer.sendall(text[number : number + 1])
            time.sleep(0.05)

    return script


def _cut(text: bytes) -> Script:
    return lambda peer: peer.sendall(text) or peer.close()


def _silent(text: bytes) -> Script:
    return lambda peer: peer.sendall(text) or time.sleep(0.8)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
HTML = b"<html><title>Sign in to the Wi-Fi</title></html>"
GOOD = json.dumps(
    {"ack_status": "applied", "idempotency_key": KEY, "command_id": COMMAND.command_id}
).encode()
BOMB = gzip.compress(b"0" * 20_000_000)
STALE = {"error_code": "stale_timestamp", "server_time": int(NOW.timestamp()) + 400}

# Name, what comes back, what the table makes of it, whether it burns an attempt.
ANSWERS: list[tuple[str, Script, str, bool]] = [
    ("a good ack", ack(), DONE, True),
    ("HTML with 200", answer(200, HTML), RETRY, True),
    ("nothing with 200", answer(200), RETRY, True),
    ("204", answer(204), RETRY, True),
    ("Frappe's envelope", answer(200, b'{"message": ' + GOOD + b"}"), RETRY, True),
    ("a list", answer(200, b"[" + GOOD + b"]"), RETRY, True),
    ("null", answer(200, b"null"), RETRY, True),
    ("half of the JSON", answer(200, GOOD[: len(GOOD) // 2]), RETRY, True),
    ("a doubled answer", answer(200, GOOD + GOOD), RETRY, True),
    ("doubled keys", answer(200, b'{"ack_status": "applied", "ack_status": "failed"}'), RETRY, True),
    ("bytes that are no UTF-8", answer(200, b"\xff\xfe"), RETRY, True),
    ("nesting without end", answer(200, b"[" * 60_000), RETRY, True),
    ("an unknown ack status", ack("accepted"), RETRY, True),
    ("an ack status that is a list", ack(ack_status=["applied"]), RETRY, True),
    ("another command's key", ack(idempotency_key="x" * 64), RETRY, True),
    ("another command's id", ack(command_id="SM-COMMAND-00002"), RETRY, True),
    ("applied with 201", ack(http=201), RETRY, True),
    ("applied with 500", ack(http=500), RETRY, True),
    *(
        (f"{status} redirect", answer(status, b"", "Location: https://other.test/"), BREAK, False)
        for status in (301, 302, 303, 307, 308)
    ),
    *((f"{status} without an ack", answer(status, HTML), BREAK, False) for status in (401, 403, 404, 410)),
    *(
        (f"{status} without an ack", answer(status, HTML), RETRY, True)
        for status in (400, 408, 417, 500, 502, 503, 504, 508)
    ),
    ("413 of the web server", answer(413, HTML), DEAD, True),
    ("a key used for another body", ack("rejected", 422, error_code="idempotency_conflict"), DEAD, True),
    ("a refused envelope", ack("rejected", 400, error_code="bad_envelope"), DEAD, True),
    ("a wrong clock", ack("rejected", 401, **STALE), RESIGN, False),
    ("a nonce used before", ack("rejected", 401, error_code="nonce_used"), RETRY, True),
    ("409", ack("failed", 409, headers=("Retry-After: 2",)), WAIT, False),
    ("425", answer(425), WAIT, False),
    ("429 with Retry-After", answer(429, b"", "Retry-After: 7"), RETRY, False),
    ("429 without", answer(429), RETRY, False),
    ("503 with Retry-After", answer(503, b"", "Retry-After: 7"), RETRY, False),
    ("503 with rubbish in Retry-After", answer(503, b"", "Retry-After: soon"), RETRY, True),
    ("closed at once", lambda peer: peer.close(), RETRY, True),
    ("another protocol", _cut(b"SSH-2.0-OpenSSH\r\n"), RETRY, True),
    ("half a body, then the end", _cut(OK + b"Content-Length: 900\r\n\r\n" + GOOD), RETRY, True),
    ("headers, then silence", _silent(OK + b"Content-Length: 9\r\n\r\n"), RETRY, True),
    ("silence", _silent(b""), RETRY, True),
    ("a byte now and then", _drip(OK + b"Content-Length: 99\r\n\r\n" + GOOD), RETRY, True),
    ("100 MB", _endless(OK + b"Content-Length: 104857600\r\n\r\n", b"x" * 65536), RETRY, True),
    ("a gzip bomb", _endless(OK + b"Content-Encoding: gzip\r\n\r\n", BOMB), RETRY, True),
    ("a negative length", _endless(OK + b"Content-Length: -5\r\n\r\n", b"x" * 1000), RETRY, True),
    ("a huge chunk", _endless(CHUNKED + b"ffffffffffffffff\r\n", b"x" * 1000), RETRY, True),
    ("a negative chunk", _endless(CHUNKED + b"-5\r\n", b"x" * 1000), RETRY, True),
    ("headers without end", _endless(OK, b"X: y\r\n"), RETRY, True),
    ("100 Continue without end", _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), RETRY, True),
    ("trailers without end", _endless(CHUNKED + b"0\r\n", b"X: y\r\n"), RETRY, True),
]


@contextmanager
def server(script: Script) -> Iterator[tuple[str, list[bytes]]]:
    """A URL on loopback that answers each request by the script, and the requests it got."""
    requests: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer_one, args=(peer,), daemon=True).start()

    def answer_one(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            requests.append(peer.recv(65536))
            script(peer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", requests
    finally:
        listening.close()


def verdict_of(script: Script) -> tuple[Verdict, float, int]:
    """What the hub makes of it, the seconds it took, and how many requests there were."""
    with server(script) as (url, requests):
        transport, began, said, error = HttpTransport(), time.monotonic(), None, None
        try:
            said = transport.post(url, b"{}", {}, LIMITS)
        except TransportError as failure:
            error = failure
        seconds = time.monotonic() - began
        transport.close()
        parts = (said.status, said.headers, said.body) if said else (0, {}, b"")
        return judge(*parts, error, COMMAND, NOW), seconds, len(requests)


def kind_of_refusal(url: str) -> str:
    """`blocked` where the guard refused; what else happened otherwise. No packet leaves in any case."""

    def connect(*_: Any) -> None:
        raise AssertionError("it wanted to connect")

    with patch.object(socket.socket, "connect", connect):
        try:
            HttpTransport().post(url, b"{}", {}, Limits())
        except TransportError as error:
            return error.kind
        except AssertionError as error:
            return str(error)
    return "answered"


def main() -> int:
    # A name with a dot behind may not be known to the resolver at all.
    missed = [f"{url!r}: {kind}" for url in URLS if (kind := kind_of_refusal(url)) not in ("blocked", "dns")]
    print(f"{len(URLS)} URLs: {len(URLS) - len(missed)} refused before a connection")
    before, slowest = _mebibytes(), 0.0
    for name, script, action, burns in ANSWERS:
        verdict, seconds, requests = verdict_of(script)
        slowest = max(slowest, seconds)
        if (verdict.action, verdict.burns_attempt, requests) != (action, burns, 1):
            missed.append(f"{name}: {verdict.action}, burns {verdict.burns_attempt}, {requests} requests")
    grown = _mebibytes() - before
    print(f"{len(ANSWERS) - 1} broken answers and a good one: each led to the table's action by one request")
    print(f"slowest {slowest:.1f} s of {LIMITS.total} s and 1 s allowed; memory grew by {grown:.1f} MiB")
    if slowest > LIMITS.total + 1:
        missed.append(f"an exchange took {slowest:.1f} s")
    if grown > MEMORY_MIB:
        missed.append(f"memory grew by {grown:.1f} MiB")
    for text in missed:
        print(text, file=sys.stderr)
    return 1 if missed else 0


def _mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
