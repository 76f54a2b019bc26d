"""DROPZONE_JSON_V1: each command is one JSON file in a folder, which the ERP empties.

A file stands under its final name whole or not at all. Its name follows from the command, so the same key again is the
same file. Who reads the folder takes `*.json` and remembers `idempotency_key`: a file that was taken away before its
command was known to be done comes a second time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from salla_manager import contract
from salla_manager.core.transport import Limits
from salla_manager.erp.base import BaseConnector
from salla_manager.erp.config import ConnectorConfig
from salla_manager.erp.dropzone_folder import LocalFolder
from salla_manager.erp.dropzone_sftp import SftpFolder
from salla_manager.erp.port import ConfigField, ConnectorError, ExportResult
from salla_manager.erp.sftp_connection import Sessions

FORMAT = "DROPZONE_JSON_V1"
FOLDER, SFTP = "Folder", "SFTP"
_UNSAFE = re.compile(r"[^A-Za-z0-9]+", re.ASCII)
# The whole name stays within 140 characters.
_PART = 30
_NAME = re.compile(r"\A[A-Za-z0-9_]+(-[A-Za-z0-9_]+)+\.json\Z", re.ASCII)


class Target(Protocol):
    """An open folder; names are bare. Every method raises ConnectorError."""

    def path(self, name: str) -> str:
        """Where a file of this name lies, as it is shown."""

    def read(self, name: str, limit: int) -> bytes | None:
        """At most `limit` bytes and one more; None where there is no such file."""

    def put(self, name: str, body: bytes) -> None:
        """The whole file, lasting, or none."""

    def sync(self) -> None:
        """Makes the name of a file that is there last."""

    def remove(self, name: str) -> None: ...

    def try_out(self) -> None:
        """Write a hidden file and take it away."""


class DropzoneJsonV1Connector(BaseConnector):
    connector_type = FORMAT

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self._sessions = Sessions(self.limits)

    def config_fields(self) -> tuple[ConfigField, ...]:
        return (
            ConfigField("target", "Target", "choice", True, FOLDER, (FOLDER, SFTP)),
            ConfigField("folder", "Folder", is_required=True, help="It has to be there; it is never made."),
            ConfigField(
                "mount_point",
                "Mount Point",
                help="Folder: nothing is written while no drive is mounted here. Empty for a local disk.",
            ),
            ConfigField("host", "Host"),
            ConfigField("port", "Port", "number", default=22),
            ConfigField("username", "User Name"),
            ConfigField("password", "Password", "secret"),
            ConfigField("private_key", "Private Key", "secret", help="PEM or OpenSSH."),
            ConfigField("passphrase", "Passphrase of the Private Key", "secret"),
            ConfigField(
                "host_key",
                "Host Key",
                "long_text",
                help="Lines as ssh-keyscan prints them, or SHA256:… fingerprints. Test Connection shows the server's.",
            ),
        )

    def validate_required_fields(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        return super().validate_required_fields(config) or _wrong_for_target(
            ConnectorConfig(config, self.config_fields())
        )

    def deliver(self, command: Mapping[str, Any], config: ConnectorConfig) -> ExportResult:
        name, body = file_name(command), body_of(command)
        with self._target(config) as target:
            existing = target.read(name, len(body))
            if existing is None:
                target.put(name, body)
            elif existing != body:
                raise ConnectorError(
                    f"{target.path(name)} is there with another content and was left as it is. Find out who wrote it;"
                    " a retry by hand gets a name of its own.",
                    action="dead",
                )
            # The attempt that put it there may have ended just before this.
            target.sync()
            metadata = {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
            return ExportResult(True, name, target.path(name), metadata | {"was_there": existing is not None})

    def probe(self, config: ConnectorConfig) -> None:
        with self._target(config) as target:
            target.try_out()

    def take_back(self, result: ExportResult, config: ConnectorConfig) -> ExportResult:
        name, metadata = result.export_id, result.connector_metadata
        if not _NAME.match(name):
            raise ConnectorError(f"'{name}' is no name of a file that was exported here.", action="dead")
        with self._target(config) as target:
            path = target.path(name)
            # As the result has it: a short password may stand in a path.
            if config.redact(path) != result.storage_key:
                raise ConnectorError(
                    f"The file was written to {result.storage_key}, and the connection leads to {path} now."
                    " Take it away there, by hand.",
                    action="dead",
                )
            content = target.read(name, int(metadata.get("bytes") or 0))
            if content is None:
                raise ConnectorError(
                    f"{path} is gone: the ERP has taken it. Undo it in the ERP.", action="dead"
                )
            if hashlib.sha256(content).hexdigest() != metadata.get("sha256"):
                raise ConnectorError(
                    f"{path} was changed since it was written and was left there. Look at it, then take it away by hand.",
                    action="dead",
                )
            target.remove(name)
        return ExportResult(True, name, path, {"removed": True})

    def _target(self, config: ConnectorConfig) -> AbstractContextManager[Target]:
        if config["target"] == SFTP:
            return SftpFolder.opened(self._sessions, config)
        return LocalFolder.opened(config["folder"], config["mount_point"] or "")


def file_name(command: Mapping[str, Any]) -> str:
    """Store, entity type, external id, revision, generation and the beginning of the key: letters, digits, - and _."""
    payload = command.get("payload") or {}
    named = (command.get("store_account"), command.get("entity_type"), payload.get("external_id"))
    parts = [_UNSAFE.sub("_", str(part or ""))[:_PART] or "_" for part in named]
    parts += [f"r{int(command.get('revision') or 0)}", f"g{int(command.get('generation') or 0)}"]
    # Whatever the parts lost by being made safe, the key tells two commands apart.
    parts.append(_UNSAFE.sub("_", str(command.get("idempotency_key") or ""))[:16] or "_")
    return "-".join(parts) + ".json"


def body_of(command: Mapping[str, Any]) -> bytes:
    """The command as it travels, under its format; the same bytes at each attempt."""
    return contract.dump_json({"format": FORMAT, **command}) + b"\n"


def _wrong_for_target(config: ConnectorConfig) -> tuple[str, ...]:
    folder = config["folder"]
    found = []
    if ".." in folder.split("/") or not folder.isprintable():
        found.append("Folder may hold no '..' and no line breaks.")
    if config["target"] == FOLDER:
        if not folder.startswith("/"):
            found.append("Folder has to begin with /.")
        return tuple(found)
    found += [f"{label} is missing. SFTP needs it." for name, label in _FOR_SFTP if not config[name]]
    if not (config["password"] or config["private_key"]):
        found.append("Password and Private Key are missing. SFTP needs one of them.")
    if not (isinstance(config["port"], int) and 0 < config["port"] < 65536):
        found.append("Port has to be a whole number from 1 to 65535.")
    return tuple(found)


_FOR_SFTP = (("host", "Host"), ("username", "User Name"))
