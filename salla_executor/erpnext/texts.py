"""The core's sentences in the reader's language, also those that were kept: JSON of [template, values…]."""

from __future__ import annotations

import json
from typing import Any

from frappe import _

from salla_executor.core.texts import Text


def said(text: str) -> str:
    """What is no sentence of the core stays as it is."""
    if not isinstance(text, Text):
        return text
    return _(text.template).format(*(said(value) for value in text.values))


def packed(texts: tuple[Text, ...]) -> str:
    return json.dumps([_packed(text) for text in texts], ensure_ascii=False) if texts else ""


def unpacked(kept: str) -> tuple[Text, ...]:
    return tuple(_unpacked(row) for row in json.loads(kept))


def _packed(value: Any) -> Any:
    return [value.template, *map(_packed, value.values)] if isinstance(value, Text) else str(value)


def _unpacked(value: Any) -> Any:
    return Text(value[0], *map(_unpacked, value[1:])) if isinstance(value, list) else value
