"""Connections to SFTP servers: the host key is pinned, and every wait has an end. paramiko is an extra, imported late."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from salla_manager.core.addresses import TransportError
from salla_manager.core.transport import Limits, open_socket
from salla_manager.erp.config import ConnectorConfig
from salla_manager.erp.port import ConnectorError
from salla_manager.erp.ssh_keys import HostKeys, load_private_key

# Seconds for which a connection waits for the next file. To connect takes half a second, a file some milliseconds.
IDLE_SECONDS = 20.0


@dataclass
class Session:
    """An open SFTP connection. key: process and configuration that may use it."""

    key: tuple[int, bytes]
    transport: Any
    sftp: Any
    idle_since: float = 0.0

    def close(self) -> None:
        self.transport.close()


class Sessions:
    """Keeps the connection that was used last for a moment; safe to share between threads."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle: Session | None = None
        self._lock = threading.Lock()

    def __del__(self) -> None:
        if self._idle:
            self._idle.close()

    @contextmanager
    def opened(self, config: ConnectorConfig) -> Iterator[Session]:
        """A connection for one use, which ends with it after `limits.total` seconds. Raises ConnectorError."""
        session = self._take(config) or connect(config, self._limits)
        try:
            with _ended_after(self._limits.total, session.transport):
                yield session
        except BaseException:
            session.close()
            raise
        session.idle_since = time.monotonic()
        with self._lock:
            session, self._idle = self._idle, session
        if session:
            session.close()

    def _take(self, config: ConnectorConfig) -> Session | None:
        with self._lock:
            session, self._idle = self._idle, None
        if session is None or session.key != _key(config):
            return None
        is_fresh = time.monotonic() - session.idle_since < IDLE_SECONDS and session.transport.is_active()
        if not is_fresh:
            session.close()
        return session if is_fresh else None


def connect(config: ConnectorConfig, limits: Limits) -> Session:
    """A connection to the server whose host key is pinned. Raises ConnectorError."""
    paramiko = load_paramiko()
    keys = HostKeys(config["host_key"] or "")
    server = f"{config['host']}:{config['port']}"
    transport = paramiko.Transport(_socket(config, limits))
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = limits.read
    try:
        with _ended_after(limits.total, transport):
            return _signed_in(paramiko, transport, keys, config, limits)
    except ConnectorError:
        transport.close()
        raise
    except (paramiko.SSHException, OSError, EOFError) as error:
        transport.close()
        raise _not_connected(paramiko, error, server, config) from None


def _signed_in(
    paramiko: Any, transport: Any, keys: HostKeys, config: ConnectorConfig, limits: Limits
) -> Session:
    options = transport.get_security_options()
    # A server with several keys shall show the one that is pinned.
    options.key_types = sorted(options.key_types, key=lambda kind: kind not in keys.types)
    transport.start_client(timeout=limits.read)
    # Before anything of ours is shown to it.
    keys.check(transport.get_remote_server_key(), f"{config['host']}:{config['port']}")
    _sign_in(transport, config)
    channel = transport.open_session(timeout=limits.read)
    channel.settimeout(limits.read)
    channel.invoke_subsystem("sftp")
    return Session(_key(config), transport, paramiko.SFTPClient(channel))


def _sign_in(transport: Any, config: ConnectorConfig) -> None:
    """By key, by password, or by both where the server asks for both."""
    wanted: list[str] = []
    if config["private_key"]:
        key = load_private_key(config["private_key"], config["passphrase"])
        wanted = transport.auth_publickey(config["username"], key)
    if config["password"] and not transport.is_authenticated():
        wanted = transport.auth_password(config["username"], config["password"])
    if not transport.is_authenticated():
        raise ConnectorError(
            f"The server asks for more to sign in: {', '.join(wanted)}. Fill in password and private key.",
            action="break",
            burns_attempt=False,
        )


def _socket(config: ConnectorConfig, limits: Limits) -> socket.socket:
    host, port = config["host"], config["port"]
    try:
        return open_socket(("ssh", host, port), None, limits, time.monotonic() + limits.total, time.monotonic)
    except TransportError as error:
        raise ConnectorError(str(error), action="break", burns_attempt=False) from None
    except (socket.gaierror, UnicodeError):
        raise ConnectorError(
            f"The name {host} cannot be resolved. Correct the host, or the DNS.",
            action="break",
            burns_attempt=False,
        ) from None
    except OSError as error:
        raise ConnectorError(
            f"No connection to {host}:{port}: {error}. Is the server up, and does its firewall let the hub in?",
            burns_attempt=False,
        ) from None


def _not_connected(paramiko: Any, error: Exception, server: str, config: ConnectorConfig) -> ConnectorError:
    if isinstance(error, paramiko.BadAuthenticationType):
        ways = " or ".join(error.allowed_types)
        message = f"{server} lets nobody in this way, only by {ways}. Fill in what it asks for."
    elif isinstance(error, paramiko.AuthenticationException):
        what = " and ".join(word for word, is_given in _given(config) if is_given)
        message = (
            f"{server} does not let the user {config['username']} in with this {what}. Correct it, or have the server's"
            " administrator enter it there."
        )
    elif isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        message = f"{server} and the hub know no common algorithm: {error}. The server has to be updated."
    else:
        return ConnectorError(
            f"{server} took the connection and then said no SSH: {error or 'it ended'}. Is it an SFTP server, and up?",
            burns_attempt=False,
        )
    return ConnectorError(message, action="break", burns_attempt=False)


def _given(config: ConnectorConfig) -> tuple[tuple[str, Any], ...]:
    return ("private key", config["private_key"]), ("password", config["password"])


@contextmanager
def _ended_after(seconds: float, transport: Any) -> Iterator[None]:
    """Whatever waits for an answer meanwhile gets an error, however slowly the server feeds it."""
    timer = threading.Timer(seconds, transport.close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def destination_error(message: str) -> ConnectorError:
    """The destination has to be mended; no command is to blame."""
    return ConnectorError(message, action="break", burns_attempt=False)


def _key(config: ConnectorConfig) -> tuple[int, bytes]:
    # A connection does not outlive a fork.
    return os.getpid(), hashlib.sha256(json.dumps(dict(config), sort_keys=True).encode()).digest()


def load_paramiko() -> Any:
    """The module. Raises ConnectorError where it is not installed."""
    try:
        import paramiko
    except ImportError:
        raise destination_error(
            "SFTP needs the Python package paramiko, which is not installed here. Run `bench pip install paramiko`"
            " (or `pip install 'salla_manager[sftp]'`) and restart the hub."
        ) from None
    return paramiko
