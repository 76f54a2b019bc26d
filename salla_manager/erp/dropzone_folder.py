"""A local or mounted folder as the place of a dropzone."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from salla_manager.erp.port import ConnectorError

# The folder's group may read; others may not, since the files hold customers.
MODE = 0o640
_SILENT = ("does not answer", "Look after the drive and mount it anew")
_CAUSES = {
    errno.ENOSPC: ("has no room left on its disk", "Make room there"),
    errno.EDQUOT: ("has used up its quota", "Make room there, or raise the quota"),
    errno.EROFS: ("can only be read", "Mount it for writing"),
    errno.EACCES: (
        "may not be written by the hub",
        "Give the user of the hub's workers the right to write there",
    ),
    errno.EPERM: (
        "may not be written by the hub",
        "Give the user of the hub's workers the right to write there",
    ),
    errno.ENOENT: ("is not there", "Is its drive mounted? Mount it, or correct the folder"),
    errno.ENOTDIR: ("is no folder", "Correct the folder"),
    **dict.fromkeys((errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.ETIMEDOUT), _SILENT),
}


def temporary_name(name: str) -> str:
    """Hidden, no `.json`, and another one at each call: of two at once, neither writes into the other's file."""
    return f".{name}.{secrets.token_hex(4)}.part"


class LocalFolder:
    """Everything goes through one descriptor, so a drive that goes away midway is noticed, not written under."""

    def __init__(self, folder: str, descriptor: int) -> None:
        self._folder = folder
        self._descriptor = descriptor

    @classmethod
    @contextmanager
    def opened(cls, folder: str, mount_point: str = "") -> Iterator[LocalFolder]:
        with _told(folder):
            if mount_point and not os.path.ismount(mount_point):
                raise ConnectorError(
                    f"No drive is mounted at {mount_point}; nothing was written. Mount it.",
                    action="break",
                    burns_attempt=False,
                )
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                yield cls(folder, descriptor)
            finally:
                os.close(descriptor)

    def path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def read(self, name: str, limit: int) -> bytes | None:
        try:
            with open(name, "rb", opener=self._open) as file:
                return file.read(limit + 1)
        except FileNotFoundError:
            return None

    def put(self, name: str, body: bytes) -> None:
        temporary = temporary_name(name)
        try:
            self._write(temporary, body)
            os.rename(temporary, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        except BaseException:
            with suppress(OSError):
                self.remove(temporary)
            raise

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def remove(self, name: str) -> None:
        os.unlink(name, dir_fd=self._descriptor)
        self.sync()

    def try_out(self) -> None:
        temporary = temporary_name("test")
        try:
            self._write(temporary, b"test\n")
        finally:
            with suppress(FileNotFoundError):
                self.remove(temporary)

    def _write(self, name: str, body: bytes) -> None:
        with open(name, "xb", opener=self._open) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())

    def _open(self, name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW, MODE, dir_fd=self._descriptor)


@contextmanager
def _told(folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        known = _CAUSES.get(error.errno or 0)
        if known is None:
            raise ConnectorError(
                f"{folder} cannot be used: {error.strerror or error}. Look at the folder.", is_uncertain=True
            ) from None
        raise ConnectorError(
            f"{folder} {known[0]}. {known[1]}.",
            action="break",
            burns_attempt=False,
            is_uncertain=known is _SILENT,
        ) from None
