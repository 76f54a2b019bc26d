"""Keeps an ack small and plain: the hub reads 64 KiB of it, and both sides show its texts to people."""

from __future__ import annotations

import json
from typing import Any

# Bytes, well below what the hub reads.
MOST = 32 * 1024
MESSAGE_LENGTH, TEXT_LENGTH, ROWS = 4000, 500, 50
_MARKUP = str.maketrans({"<": "‹", ">": "›", "\x00": " "})


def bounded(payload: dict[str, Any]) -> dict[str, Any]:
    """The ack payload with texts cut and without markup; of changes too many to fit only the fields are named."""
    result = {name: _short(value, MESSAGE_LENGTH) for name, value in payload.items() if name not in DETAILS}
    for name, outline in DETAILS.items():
        if name not in payload:
            continue
        details = _short(payload[name], TEXT_LENGTH)
        if _size(result) + _size(details) > MOST:
            details = outline(details)
        result[name] = details
    return result


def _fields(changes: dict[str, Any]) -> dict[str, Any]:
    return {field: ["…", "…"] for field in list(changes)[:ROWS]}


def _names(documents: list[Any]) -> list[Any]:
    """The last row may be a text that says how many more there are."""
    return [
        {name: value for name, value in row.items() if name != "changes"} if isinstance(row, dict) else row
        for row in documents
    ]


# What may be long, and what is left of it then.
DETAILS = {"changes": _fields, "documents": _names}


def _short(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return _cut(value.translate(_MARKUP), length)
    if isinstance(value, dict):
        return {name: _short(child, length) for name, child in value.items()}
    if isinstance(value, list):
        rows = [_short(child, length) for child in value[:ROWS]]
        return [*rows, f"… {len(value) - ROWS} more"] if len(value) > ROWS else rows
    return value


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str).encode())
