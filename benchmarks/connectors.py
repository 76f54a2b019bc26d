"""What a destination costs beside the delivery itself: its configuration read, its connector found. Needs no bench."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from salla_manager.erp.encryption import EncryptionService, MasterKey, MasterKeys, Place
from salla_manager.erp.registry import ConnectorRegistry

ROUNDS, CALLS = 30, 200
PLACE = Place("hub.example.com", "ERP Connection", "ERP-CONNECTION-0001", "config")
CONFIG: dict[str, Any] = {
    "target": "SFTP",
    "folder": "/in/orders",
    "host": "erp.example.com",
    "port": 22,
    "username": "hub",
    "private_key": "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQ\n" * 60,
    "host_key": "ssh-ed25519 " + "A" * 68,
}


def figures() -> list[dict[str, Any]]:
    service = EncryptionService(MasterKeys(MasterKey(os.urandom(32))))
    envelope = service.encrypt_config(CONFIG, PLACE)
    registry = ConnectorRegistry()
    return [
        absolute("encrypt a configuration of 2 kB", "ms", lambda: service.encrypt_config(CONFIG, PLACE), 1),
        absolute("decrypt it", "ms", lambda: service.decrypt_config(envelope, PLACE), 1),
        absolute("ConnectorRegistry.get", "µs", lambda: registry.get("MOCK"), 10),
    ]


def absolute(label: str, unit: str, work: Callable[[], Any], limit: float) -> dict[str, Any]:
    """One line of the table that is no ratio: min, median, max of the rounds, per call, in ms or µs."""
    factor = {"ms": 1e3, "µs": 1e6}[unit]
    work()
    taken = sorted(_seconds(work) * factor for _ in range(ROUNDS))
    spread = [round(value, 3) for value in (taken[0], statistics.median(taken), taken[-1])]
    return {"label": label, "unit": unit, "limit": limit, "taken": spread}


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        work()
    return (time.perf_counter() - began) / CALLS
