"""Servers on loopback to upload to: OpenSSH's own, one in Python that takes passwords, and a way there that breaks."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
# Where Debian's sshd wants an empty folder; its service makes it.
PRIVSEP = Path("/run/sshd")


@dataclass
class Server:
    """config: fields of a dropzone that get in. log: what the server says."""

    port: int
    folder: Path
    config: dict[str, Any]
    log: Path
    keys: Path
    process: subprocess.Popen[bytes]

    def host_key(self, kind: str = "ed25519") -> str:
        return (self.keys / f"host_{kind}.pub").read_text()


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "", *more: str) -> Path:
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path), *more]
    subprocess.run(command, check=True)
    return path


@contextmanager
def openssh(base: Path, host_keys: tuple[str, ...] = ("ed25519", "rsa"), *lines: str) -> Iterator[Server]:
    """A real sshd with a key of its own; further lines go into its configuration."""
    folder, keys, log = base / "in", base / "keys", base / "sshd.log"
    folder.mkdir()
    keys.mkdir(mode=0o700)
    if os.geteuid() == 0:
        PRIVSEP.mkdir(mode=0o755, exist_ok=True)
    for kind in host_keys:
        make_key(keys / f"host_{kind}", kind)
    make_key(keys / "user")
    shutil.copy(keys / "user.pub", keys / "authorized")
    port = free_port()
    settings = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        *(f"HostKey {keys}/host_{kind}" for kind in host_keys),
        f"AuthorizedKeysFile {keys}/authorized",
        "PidFile none",
        "StrictModes no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
        "UsePAM no",
        "MaxStartups 100",
        "Subsystem sftp internal-sftp",
        *lines,
    ]
    (keys / "sshd_config").write_text("\n".join(settings) + "\n")
    with log.open("wb") as out:
        process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(keys / "sshd_config")], stderr=out)
    try:
        wait_for(port, process, log)
        config = {
            "target": "SFTP",
            "folder": str(folder),
            "host": "127.0.0.1",
            "port": port,
            "username": getpass.getuser(),
            "private_key": (keys / "user").read_text(),
            "host_key": (keys / f"host_{host_keys[0]}.pub").read_text(),
        }
        yield Server(port, folder, config, log, keys, process)
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"sshd ended: {log.read_text()}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"sshd does not listen: {log.read_text()}")


@contextmanager
def breaking_way(port: int, most: int, *, hangs: bool = False) -> Iterator[int]:
    """A port that leads to the other one for `most` bytes from the client, and then is cut, or silent."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def carry(source: socket.socket, target: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(16384):
                data = data if left is None else data[:left]
                target.sendall(data)
                if left is not None and not (left := left - len(data)):
                    if hangs:
                        ended.wait(30)
                    break
        for sock in (source, target):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
                threading.Thread(target=carry, args=(client, server, most), daemon=True).start()
                threading.Thread(target=carry, args=(server, client, None), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with closing(listener):
        yield listener.getsockname()[1]
    ended.set()


class _Login(paramiko.ServerInterface):
    """ways: what is asked for, one after the other; `seen` is what was entered."""

    def __init__(self, password: str, ways: tuple[str, ...], seen: list[str]) -> None:
        self.password, self.left, self.seen = password, list(ways), seen

    def get_allowed_auths(self, username: str) -> str:
        return ",".join(self.left)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_auth_password(self, username: str, password: str) -> int:
        self.seen.append("password")
        return self._passed("password", password == self.password)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.seen.append("publickey")
        return self._passed("publickey", True)

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        self.seen.append("keyboard-interactive")
        return paramiko.InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return self._passed("keyboard-interactive", responses == [self.password])

    def _passed(self, way: str, is_right: bool) -> int:
        if not is_right or way not in self.left:
            return paramiko.AUTH_FAILED
        self.left.remove(way)
        return paramiko.AUTH_PARTIALLY_SUCCESSFUL if self.left else paramiko.AUTH_SUCCESSFUL


class _Files(paramiko.SFTPServerInterface):
    """Just enough of a server: no extension, and a rename that replaces nothing. faults: errno per method."""

    faults: dict[str, int] = {}

    def stat(self, path: str) -> Any:
        return self._told("stat", lambda: paramiko.SFTPAttributes.from_stat(os.stat(path)))

    lstat = stat

    def remove(self, path: str) -> Any:
        return self._told("remove", lambda: os.remove(path) or paramiko.SFTP_OK)

    def rename(self, oldpath: str, newpath: str) -> Any:
        return self._told(
            "rename", lambda: os.link(oldpath, newpath) or os.remove(oldpath) or paramiko.SFTP_OK
        )

    def open(self, path: str, flags: int, attr: Any) -> Any:
        def opened() -> paramiko.SFTPHandle:
            handle = paramiko.SFTPHandle(flags)
            file = os.fdopen(os.open(path, flags, 0o600), "wb" if flags & os.O_WRONLY else "rb")
            handle.readfile = handle.writefile = file
            return handle

        return self._told("open for writing" if flags & os.O_WRONLY else "open", opened)

    def _told(self, method: str, work: Any) -> Any:
        if method in self.faults:
            return self.faults[method]
        try:
            return work()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)


@contextmanager
def python_server(
    password: str, ways: tuple[str, ...] = ("password",), faults: dict[str, int] | None = None
) -> Iterator[tuple[int, str, list[str]]]:
    """Port, host key and what was tried. faults: SFTP status by method."""
    listener = socket.create_server(("127.0.0.1", 0))
    host_key, seen, transports = paramiko.ECDSAKey.generate(), [], []
    files = type("Files", (_Files,), {"faults": faults or {}})

    def serve() -> None:
        with suppress(OSError):
            while True:
                transport = paramiko.Transport(listener.accept()[0])
                transports.append(transport)
                transport.add_server_key(host_key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
                # With an event it does not wait, so that one slow client holds up no other.
                transport.start_server(threading.Event(), _Login(password, ways, seen))

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1], f"{host_key.get_name()} {host_key.get_base64()}", seen
    finally:
        listener.close()
        for transport in transports:
            transport.close()
