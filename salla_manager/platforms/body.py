"""JSON as shops send it: lenient about repetition and size, strict about what would cost money or memory."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

# A body travels as `raw` inside a command, which adds levels of its own to the contract's 32.
MAX_DEPTH = 28


def load_body(raw: bytes | str) -> Any:
    """Parse a shop's body: decimals as Decimal, never float; of a repeated key the last counts.

    Raises ValueError where it is not UTF-8 JSON, holds NaN, a monstrous number, or is nested too deep.
    """
    text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw.removeprefix("\ufeff")
    try:
        value = json.loads(text, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels") from None
    _check_depth(value)
    return _mend(value) if "\\ud" in text.lower() else value


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError("a number cannot be read") from None
    if len(text) > 60 or (value and abs(value.adjusted()) > 20):
        raise ValueError("a number is out of range")
    return value


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError("a number is out of range")
    return int(text)


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


def _mend(value: Any) -> Any:
    # Half of a surrogate pair (a cut emoji) has no UTF-8 form and could be neither stored nor sent.
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mend(child) for child in value]
    if isinstance(value, dict):
        return {_mend(key): _mend(child) for key, child in value.items()}
    return value
