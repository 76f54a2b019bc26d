"""A destination that is none, for tests and demos: it takes commands, or fails in the way that is wanted."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from salla_manager.core.transport import Limits
from salla_manager.erp.base import BaseConnector
from salla_manager.erp.config import ConnectorConfig
from salla_manager.erp.port import ConfigField, ConnectorError, ExportResult

MODES = ("success", "failure", "timeout", "flaky")


class MockConnector(BaseConnector):
    """taken: the commands that it holds, by idempotency key. The first `failures` tries of a key fail when flaky."""

    connector_type = "MOCK"

    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__(limits)
        self.taken: dict[str, Mapping[str, Any]] = {}
        self._tries: Counter[str] = Counter()
        self._lock = threading.Lock()

    def config_fields(self) -> tuple[ConfigField, ...]:
        return (
            ConfigField("mode", "Mode", "choice", is_required=True, default="success", choices=MODES),
            ConfigField("failures", "Failures", "number", default=2, help="Flaky: so many tries fail first."),
            ConfigField("delay_seconds", "Delay in Seconds", "number", default=0),
            ConfigField(
                "count_folder",
                "Folder of Counts",
                help="Flaky: where tries are counted, so that several workers count together.",
            ),
        )

    def deliver(self, command: Mapping[str, Any], config: ConnectorConfig) -> ExportResult:
        key = str(command.get("idempotency_key") or "")
        self._behave(config, key)
        with self._lock:
            self.taken.setdefault(key, command)
        export_id = f"MOCK-{key[:16]}"
        return ExportResult(True, export_id, f"mock://{export_id}", {"mode": config["mode"]})

    def probe(self, config: ConnectorConfig) -> None:
        if config["mode"] != "flaky":
            self._behave(config, "")

    def take_back(self, result: ExportResult, config: ConnectorConfig) -> ExportResult:
        if config["mode"] == "failure":
            raise ConnectorError("The mock fails, as its mode says. Set another mode.")
        with self._lock:
            for key in [key for key in self.taken if result.export_id == f"MOCK-{key[:16]}"]:
                del self.taken[key]
        return result

    def _behave(self, config: ConnectorConfig, key: str) -> None:
        mode = config["mode"]
        time.sleep(config["delay_seconds"])
        if mode == "failure":
            raise ConnectorError("The mock fails, as its mode says. Set another mode.")
        if mode == "timeout":
            raise ConnectorError(
                "The mock did not answer in time, as its mode says. Set another mode.", is_uncertain=True
            )
        if mode == "flaky" and (count := self._count(config["count_folder"], key)) <= config["failures"]:
            raise ConnectorError(
                f"The mock fails at try {count} of this command, as its mode says. Try again."
            )

    def _count(self, folder: str | None, key: str) -> int:
        if not folder:
            with self._lock:
                self._tries[key] += 1
                return self._tries[key]
        path = Path(folder) / hashlib.sha256(key.encode()).hexdigest()
        # One byte per try: appending is atomic among processes.
        with path.open("ab") as file:
            file.write(b".")
            file.flush()
            return file.tell()
