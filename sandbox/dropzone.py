"""Looks into the folder of a dropzone destination: one whole file per command of its routes, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any


def differences(folder: Path, commands: list[dict[str, Any]]) -> list[str]:
    """One sentence each. commands: those that went there, with name, idempotency_key and entity."""
    files = {path.name: path for path in sorted(folder.iterdir())}
    found = [f"{name} in the dropzone is no JSON file." for name in files if not name.endswith(".json")]
    keys: Counter[str] = Counter()
    for name, path in files.items():
        try:
            keys[_key_of(path)] += 1
        except (ValueError, KeyError, TypeError) as error:
            found.append(f"{name} in the dropzone is no whole command: {error}")
    wanted = {row["idempotency_key"]: row["name"] for row in commands}
    found += [f"{wanted[key]} has {keys[key]} files in the dropzone." for key in wanted if keys[key] != 1]
    found += [f"A file in the dropzone belongs to no command: {key}" for key in keys if key not in wanted]
    return found


def _key_of(path: Path) -> str:
    """Raises ValueError or KeyError for half a file."""
    body = json.loads(path.read_bytes())
    if body["payload"]["external_id"] and body["command_type"]:
        return body["idempotency_key"]
    raise ValueError("it names no entity")
