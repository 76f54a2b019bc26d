"""A folder on an SFTP server as the place of a dropzone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from salla_manager.erp.config import ConnectorConfig
from salla_manager.erp.dropzone_folder import temporary_name
from salla_manager.erp.port import ConnectorError
from salla_manager.erp.sftp_connection import Session, Sessions, destination_error, load_paramiko

_REFUSED = "Failure"


class SftpFolder:
    """A dropzone's target; errors are told by who opened it."""

    def __init__(self, sftp: Any, config: ConnectorConfig) -> None:
        self._sftp = sftp
        self._folder = config["folder"].rstrip("/") or "/"
        self._server = f"sftp://{config['host']}:{config['port']}"

    @classmethod
    @contextmanager
    def opened(cls, sessions: Sessions, config: ConnectorConfig) -> Iterator[SftpFolder]:
        with sessions.opened(config) as session, _told(session, config):
            yield cls(session.sftp, config)

    def path(self, name: str) -> str:
        return f"{self._server}/{self._remote(name).lstrip('/')}"

    def read(self, name: str, limit: int) -> bytes | None:
        try:
            with self._sftp.open(self._remote(name), "rb") as file:
                return file.read(limit + 1)
        except FileNotFoundError:
            return None

    def put(self, name: str, body: bytes) -> None:
        temporary = self._remote(temporary_name(name))
        try:
            self._write(temporary, body)
            # Not posix_rename: this one never replaces a file.
            self._sftp.rename(temporary, self._remote(name))
        except Exception:
            self._discard(temporary)
            raise

    def sync(self) -> None:
        """SFTP has no word for it."""

    def remove(self, name: str) -> None:
        self._sftp.remove(self._remote(name))

    def try_out(self) -> None:
        temporary = self._remote(temporary_name("test"))
        try:
            self._write(temporary, b"test\n")
        finally:
            self._discard(temporary)

    def _remote(self, name: str) -> str:
        return f"{self._folder.rstrip('/')}/{name}"

    def _write(self, path: str, body: bytes) -> None:
        with self._sftp.open(path, "wx") as file:
            file.write(body)
            file.flush()
            self._fsync(file)
        size = self._sftp.stat(path).st_size
        if size != len(body):
            raise OSError(f"it kept {size} of {len(body)} bytes")

    def _fsync(self, file: Any) -> None:
        """An extension of OpenSSH's that paramiko has no method for. A server without it answers in words of its own."""
        from paramiko.sftp import CMD_EXTENDED

        try:
            self._sftp._request(CMD_EXTENDED, "fsync@openssh.com", file.handle)
        except OSError as error:
            if str(error) == _REFUSED:
                raise

    def _discard(self, path: str) -> None:
        with suppress(OSError, EOFError):
            self._sftp.remove(path)


@contextmanager
def _told(session: Session, config: ConnectorConfig) -> Iterator[None]:
    place = f"{config['folder']} on {config['host']}"
    try:
        yield
    except FileNotFoundError:
        raise destination_error(
            f"{place} is not there. Make the folder on the server, or correct it."
        ) from None
    except PermissionError:
        raise destination_error(
            f"{place} may not be written by {config['username']}. Give that user the right to write there."
        ) from None
    except (OSError, EOFError, load_paramiko().SSHException) as error:
        is_answer = isinstance(error, OSError) and not isinstance(error, TimeoutError)
        if is_answer and session.transport.is_active():
            raise destination_error(
                f"{place} took nothing; the server says: {error}. Is its disk full, its quota used up, or the folder"
                " only readable?"
            ) from None
        raise ConnectorError(
            f"The connection to {config['host']} was lost midway: {error or 'it ended'}. Is the server up?",
            is_uncertain=True,
        ) from None
