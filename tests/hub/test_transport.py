"""The outgoing client against a raw socket server: what comes back, how long it may take, where it may go."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from salla_manager.core.transport import HttpTransport, Limits, TransportError, check_address, check_url

LIMITS = Limits(connect=1, read=0.15, total=0.3, allow_private_addresses=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request on each connection by `script(connection)`; counts connections."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/path?x=1"
        self.script: Callable[[socket.socket], None] = lambda peer: peer.sendall(OK)
        self.connections = 0
        self.requests: list[bytes] = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer: socket.socket) -> None:
        # A script may have closed the connection, and a client may go away.
        with peer, suppress(OSError):
            while data := peer.recv(65536):
                if b"\r\n\r\n" in data and not data.endswith(b"body"):
                    data += peer.recv(65536)
                self.requests.append(data)
                self.script(peer)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.socket.close()


def post(server: Server, transport: HttpTransport | None = None, limits: Limits = LIMITS) -> bytes:
    return (transport or HttpTransport()).post(server.url, b"body", {"X-Nonce": "n"}, limits).body


def test_it_sends_the_bytes_and_reads_the_answer(server: Server) -> None:
    server.script = lambda peer: peer.sendall(
        b"HTTP/1.1 429 Slow\r\nRetry-After: 5\r\nContent-Length: 2\r\n\r\nno"
    )
    answer = HttpTransport().post(server.url, b"body", {"X-Nonce": "n"}, LIMITS)
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "5", b"no")
    [request] = server.requests
    assert request.startswith(b"POST /path?x=1 HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\nbody")
    assert b"X-Nonce: n" in request
    assert b"Cookie" not in request


def wait_for_end_of(transport: HttpTransport) -> None:
    """Until the news that the other end has closed is here."""
    for _ in range(200):
        if all(one.is_dropped() for kept in transport._idle.values() for one in kept):
            return
        time.sleep(0.005)


def test_connections_are_kept_while_they_live(server: Server) -> None:
    transport = HttpTransport()
    assert [post(server, transport) for _ in range(3)] == [b"{}"] * 3
    assert server.connections == 1
    server.script = lambda peer: peer.sendall(OK) or peer.close()
    post(server, transport)
    wait_for_end_of(transport)
    server.script = lambda peer: peer.sendall(OK)
    assert post(server, transport) == b"{}"
    transport.close()


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.script = lambda peer: peer.sendall(
        b"HTTP/1.1 307 No\r\nLocation: " + server.url.encode() + b"\r\nContent-Length: 0\r\n\r\n"
    )
    assert HttpTransport().post(server.url, b"body", {}, LIMITS).status == 307
    assert len(server.requests) == 1


def drip(peer: socket.socket, text: bytes) -> None:
    for number in range(len(text)):
        peer.sendall(text[number : number + 1])
        time.sleep(0.02)


def endless(start: bytes, more: bytes) -> Callable[[socket.socket], None]:
    def script(peer: socket.socket) -> None:
        peer.sendall(start)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            peer.sendall(more)

    return script


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b"0" * 20_000_000)
FAULTS = [
    ("timeout", endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
    ("timeout", endless(CHUNKED + b"0\r\n", b"X: y\r\n")),
    ("reset", endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")),
    ("reset", endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 1000)),
    ("reset", endless(CHUNKED + b"-5\r\n", b"x" * 1000)),
    ("reset", endless(b"HTTP/1.1 99999 OK\r\n\r\n", b"x")),
    ("too_large", endless(CHUNKED + b"ffffffffffffffff\r\n", b"x" * 1000)),
    ("too_large", endless(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b"x" * 1000)),
    ("too_large", endless(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", b"x" * 65536)),
    # Never unpacked, so it is as large as it is sent.
    ("too_large", endless(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", BOMB)),
    ("reset", lambda peer: peer.close()),
    ("reset", lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}") or peer.close()),
    ("reset", lambda peer: peer.sendall(b"SSH-2.0-OpenSSH\r\n") or peer.close()),
    ("timeout", lambda peer: time.sleep(0.4)),
    (
        "timeout",
        lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n") or time.sleep(0.4),
    ),
    ("timeout", lambda peer: drip(peer, OK)),
    ("timeout", lambda peer: drip(peer, OK[:-2] + b" " * 99)),
    ("too_large", lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000) or peer.close()),
    (
        "too_large",
        lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000),
    ),
]


@pytest.mark.parametrize(("kind", "script"), FAULTS)
def test_faults_have_a_kind_and_end_in_time(
    server: Server, kind: str, script: Callable[[socket.socket], None]
) -> None:
    server.script = script
    began = time.monotonic()
    with pytest.raises(TransportError) as error:
        post(server)
    assert error.value.kind == kind
    assert time.monotonic() - began < LIMITS.total + 0.5


def test_refused_dns_and_tls(server: Server) -> None:
    transport = HttpTransport()
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    cases = [
        (f"http://127.0.0.1:{port}", "refused"),
        ("http://no-such-host.invalid", "dns"),
        (server.url.replace("http:", "https:"), "tls"),
    ]
    server.script = lambda peer: peer.sendall(b"plain") or peer.close()
    for url, kind in cases:
        with pytest.raises(TransportError) as error:
            transport.post(url, b"", {}, LIMITS)
        assert error.value.kind == kind


BLOCKED = [
    "http://erp.example.com",
    "ftp://erp.example.com",
    "file:///etc/passwd",
    "gopher://erp.example.com",
    "https://user:pw@erp.example.com",
    "https://erp.example.com:22",
    "https://erp.example.com:3306",
    "https://erp.example.com:6379",
    "https://erp.example.com:99999",
    "https://[::1",
    "https://",
    "https://erp.example.com/a b",
    "https://erp.example.com/\x7f",
    "erp.example.com",
]


@pytest.mark.parametrize("url", BLOCKED)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(TransportError) as error:
        check_url(url, allow_private=False)
    assert error.value.kind == "blocked"


PRIVATE = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "255.255.255.255"),
    *("::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    # NAT64 and 6to4: the address of a machine nearby within one that looks public.
    *("64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "2002:7f00:1::", "2002:c0a8:101::"),
]
NEVER = [
    *("169.254.169.254", "::ffff:169.254.169.254", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200"),
    *("0.0.0.0", "::", "224.0.0.1", "ff02::1", "64:ff9b::169.254.169.254"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_refused_unless_allowed(address: str) -> None:
    with pytest.raises(TransportError, match="not a public address"):
        check_address(address, allow_private=False)
    check_address(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allow_private", [False, True])
def test_addresses_that_are_always_refused(address: str, allow_private: bool) -> None:
    with pytest.raises(TransportError, match="no ERP and no shop can be"):
        check_address(address, allow_private=allow_private)


def test_public_addresses_pass() -> None:
    check_address("93.184.216.34", allow_private=False)
    check_address("2606:2800:220:1:248:1893:25c8:1946", allow_private=False)
    assert check_url("https://erp.example.com:8443/x", allow_private=False).port == 8443


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost"])
def test_other_spellings_of_loopback_get_no_request(server: Server, host: str) -> None:
    url = server.url.replace("http://127.0.0.1", f"https://{host}")
    with pytest.raises(TransportError) as error:
        HttpTransport().post(url, b"", {}, Limits())
    assert error.value.kind == "blocked"
    assert server.connections == 0
