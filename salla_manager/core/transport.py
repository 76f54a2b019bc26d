"""The one outgoing HTTP client, to ERPs and shops. Sends exactly the bytes given, once.

Built on http.client, since that has nothing to switch off: no redirects, no cookies, no proxies or netrc of the
environment, no retries, no decompression. Every byte is read and written under one total deadline.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import SplitResult

from salla_manager.core.addresses import TransportError, check_address, check_url
from salla_manager.core.model import Settings

MAX_ANSWER = 64 * 1024
IDLE_SECONDS = 5.0


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes of one request."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 30.0
    max_answer: int = MAX_ANSWER
    allow_private_addresses: bool = False


def limits_of(settings: Settings) -> Limits:
    return Limits(
        connect=settings.connect_timeout,
        read=settings.read_timeout,
        total=settings.total_timeout,
        allow_private_addresses=settings.allow_private_addresses,
    )


@dataclass(frozen=True)
class HttpAnswer:
    """headers: names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


class Transport(Protocol):
    def post(self, url: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> HttpAnswer:
        """Raises TransportError."""


class HttpTransport:
    """Keeps a few idle connections per origin; safe to share between threads."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        tls: ssl.SSLContext | None = None,
        max_idle: int = 8,
    ):
        self._monotonic = monotonic
        # Made when it is needed: reading the certificates takes longer than most requests.
        self._tls = tls
        self._max_idle = max_idle
        self._idle: dict[tuple[str, str, int], list[_Connection]] = {}
        self._lock = threading.Lock()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> HttpAnswer:
        return self._exchange("POST", url, body, headers, limits)

    def get(self, url: str, headers: Mapping[str, str], limits: Limits) -> HttpAnswer:
        """Raises TransportError."""
        return self._exchange("GET", url, None, headers, limits)

    def send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limits: Limits
    ) -> HttpAnswer:
        """Any other method. Raises TransportError."""
        return self._exchange(method, url, body, headers, limits)

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limits: Limits
    ) -> HttpAnswer:
        target = check_url(url, limits.allow_private_addresses)
        deadline = self._monotonic() + limits.total
        try:
            connection = self._connection(target, limits, deadline)
        except Exception as error:
            raise _connect_error(error, target.netloc) from error
        try:
            answer, is_reusable = connection.exchange(method, _path(target), body, headers, limits, deadline)
        except Exception as error:
            connection.close()
            raise _exchange_error(error, target.netloc) from error
        if is_reusable:
            self._keep(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def _connection(self, target: SplitResult, limits: Limits, deadline: float) -> _Connection:
        origin = _origin(target)
        with self._lock:
            waiting = self._idle.get(origin, [])
            while waiting:
                connection = waiting.pop()
                if self._monotonic() - connection.idle_since < IDLE_SECONDS and not connection.is_dropped():
                    return connection
                connection.close()
        context = self._tls_context() if target.scheme == "https" else None
        return _Connection(
            origin, open_socket(origin, context, limits, deadline, self._monotonic), self._monotonic
        )

    def _tls_context(self) -> ssl.SSLContext:
        with self._lock:
            self._tls = self._tls or ssl.create_default_context()
            return self._tls

    def _keep(self, connection: _Connection) -> None:
        connection.idle_since = self._monotonic()
        with self._lock:
            waiting = self._idle.setdefault(connection.origin, [])
            if len(waiting) < self._max_idle:
                waiting.append(connection)
                return
        connection.close()


def open_socket(
    origin: tuple[str, str, int],
    tls: ssl.SSLContext | None,
    limits: Limits,
    deadline: float,
    monotonic: Callable[[], float],
) -> socket.socket:
    """A connected socket; the address that was checked is the one connected to."""
    _, host, port = origin
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, address in addresses:
        check_address(str(address[0]), limits.allow_private_addresses)
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_left(deadline, monotonic, limits.connect))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return tls.wrap_socket(sock, server_hostname=host) if tls else sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


class _Connection(http.client.HTTPConnection):
    auto_open = 0

    def __init__(self, origin: tuple[str, str, int], sock: socket.socket, monotonic: Callable[[], float]):
        super().__init__(origin[1], origin[2])
        self.origin = origin
        self.default_port = 443 if origin[0] == "https" else 80
        self.idle_since = 0.0
        self._timed = _TimedSocket(sock, monotonic)
        self.sock: Any = self._timed

    def is_dropped(self) -> bool:
        """Something to read on an idle connection is its end."""
        poll = select.poll()
        poll.register(self._timed.sock, select.POLLIN)
        return bool(poll.poll(0))

    def exchange(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        limits: Limits,
        deadline: float,
    ) -> tuple[HttpAnswer, bool]:
        """The answer, and whether the connection can serve another request."""
        self._timed.deadline, self._timed.read_timeout = deadline, limits.read
        self.request(method, path, body=body, headers=dict(headers))
        response = self.getresponse()
        content = _read_all(response, limits.max_answer)
        names = {name.lower(): value for name, value in response.getheaders()}
        return HttpAnswer(response.status, names, content), not response.will_close and self.sock is not None


def _read_all(response: http.client.HTTPResponse, limit: int) -> bytes:
    content = response.read(limit + 1)
    if len(content) > limit:
        raise TransportError("too_large", f"The answer has more than {limit} bytes, the most that is read.")
    # read(n) does not complain about a body that ends before its Content-Length.
    if response.length:
        raise http.client.IncompleteRead(content, response.length)
    return content


class _TimedSocket:
    """As much of a socket as http.client uses, under a deadline that holds across reads."""

    def __init__(self, sock: socket.socket, monotonic: Callable[[], float]):
        self.sock = sock
        self.monotonic = monotonic
        self.deadline = 0.0
        self.read_timeout = 0.0

    def arm(self) -> None:
        self.sock.settimeout(_left(self.deadline, self.monotonic, self.read_timeout))

    def sendall(self, data: bytes) -> None:
        self.arm()
        self.sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self, self.sock.makefile(mode, buffering=0)))

    def close(self) -> None:
        self.sock.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, timed: _TimedSocket, raw: Any):
        self._timed = timed
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._timed.arm()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def _left(deadline: float, monotonic: Callable[[], float], most: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("the total time is used up")
    return min(left, most)


def _origin(target: SplitResult) -> tuple[str, str, int]:
    return target.scheme, target.hostname or "", target.port or (443 if target.scheme == "https" else 80)


def _path(target: SplitResult) -> str:
    return (target.path or "/") + (f"?{target.query}" if target.query else "")


def _connect_error(error: Exception, host: str) -> Exception:
    """Nothing has been sent yet."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return TransportError(
            "dns", f"The name {host} cannot be resolved ({error}). Check the URL and the DNS."
        )
    if isinstance(error, ssl.SSLError):
        return TransportError(
            "tls", f"No secure connection to {host}: {error}. Check the server's certificate."
        )
    if isinstance(error, TimeoutError):
        return TransportError("refused", f"{host} did not take the connection in time. Is the server up?")
    if isinstance(error, OSError):
        return TransportError("refused", f"No connection to {host}: {error}. Is the server up?")
    return error


def _exchange_error(error: Exception, host: str) -> Exception:
    """The request may have arrived."""
    if isinstance(error, TimeoutError):
        return TransportError("timeout", f"{host} did not answer in time.")
    if isinstance(error, OSError | http.client.HTTPException | ValueError):
        return TransportError("reset", f"{host} broke the connection off: {error!r}")
    return error
