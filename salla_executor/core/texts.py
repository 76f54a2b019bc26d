"""Sentences of the core: English as they are, and sayable in the reader's language where Frappe is."""

from __future__ import annotations

from typing import Any


class Text(str):
    """A template filled with values, which may be such texts themselves; the edge translates `template`."""

    template: str
    values: tuple[Any, ...]

    def __new__(cls, template: str, *values: Any) -> Text:
        text = super().__new__(cls, template.format(*values))
        text.template, text.values = template, values
        return text
