"""Texts as WordPress keeps them: names hold HTML entities, values of plugins anything."""

from __future__ import annotations

import html
import re
from typing import Any

from salla_manager.platforms.values import text

_TAGS = re.compile(r"<[^<>]*>")


def plain(value: Any) -> str | None:
    """`Ship Your Idea &ndash; Black` as a person reads it, on one line."""
    found = text(value)
    # Twice, since imports escape what is escaped already.
    return text(" ".join(_TAGS.sub(" ", html.unescape(html.unescape(found))).split())) if found else None


def meta_of(body: dict[str, Any], *keys: str) -> str | None:
    """The first text that a plugin has put under one of these keys."""
    listed = body.get("meta_data")
    held = (
        {row.get("key"): row.get("value") for row in listed if isinstance(row, dict)}
        if isinstance(listed, list)
        else {}
    )
    return next((found for key in keys if (found := text(held.get(key)))), None)
