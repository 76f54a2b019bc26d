"""JSON as shops send it: lenient about repetition and size, strict about what would cost money or memory."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

# A body travels as `raw` inside a command, which adds levels of its own to the contract's 32.
MAX_DEPTH = 28
_MOST = 10**20


def load_body(raw: bytes | str) -> Any:
    """Parse a shop's body: decimals as Decimal, never float; of a repeated key the last counts.

    Raises ValueError where it is not UTF-8 JSON, holds NaN, a monstrous number, or is nested too deep.
    """
    text = _text(raw)
    try:
        value = json.loads(text, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels") from None
    check_entry(value)
    return _mend(value) if "\\ud" in text.lower() else value


def load_rows(raw: bytes | str) -> list[Any]:
    """The entries of a list. What would spoil one spoils no other: `check_entry` is for who takes one in.

    Raises ValueError where it is no UTF-8 JSON list.
    """
    text = _text(raw)
    try:
        # Without a hook for whole numbers, which takes longer than all the rest.
        found = json.loads(text, parse_float=_decimal_or_none, parse_constant=lambda word: None)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels") from None
    if not isinstance(found, list):
        raise ValueError("it is no list")
    return _mend(found) if "\\ud" in text.lower() else found


def _text(raw: bytes | str) -> str:
    return raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw.removeprefix("\ufeff")


def _decimal(text: str) -> Decimal:
    value = _decimal_or_none(text)
    if value is None:
        raise ValueError("a number is out of range")
    return value


def _decimal_or_none(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return None if len(text) > 60 or (value and abs(value.adjusted()) > 20) else value


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError("a number is out of range")
    return int(text)


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def check_entry(value: Any) -> None:
    """Raises ValueError for what is nested too deep or holds a monstrous number."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        if any(type(node) is int and abs(node) >= _MOST for node in level):
            raise ValueError("a number is out of range")
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
