"""What two versions of rules differ in, line by line for a person; and their form for a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from salla_manager.core.mapping.rules import RulesError, compile_rules

FORMAT = "salla-mapping-rules-1"
_MOST_ROWS = 50


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Lines with `-` for what was and `+` for what is; empty where nothing differs."""
    old, new = ([sentence(row) for row in values.get("rules") or []] for values in (before, after))
    found: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            found += [f"- rule {number + 1}: {old[number]}" for number in range(a, b)]
            found += [f"+ rule {number + 1}: {new[number]}" for number in range(c, d)]
    return found + list(_table_lines(before.get("lookups") or {}, after.get("lookups") or {}))


def sentence(row: Mapping[str, Any]) -> str:
    """One rule in a line: `status = map(raw.status) {"map": …}, required`."""
    text = f"{row['target']} = {row.get('transform') or 'copy'}({row.get('source') or ''})"
    if row.get("parameters"):
        text += f" {json.dumps(row['parameters'], ensure_ascii=False)}"
    text += ", required" if row.get("required") else ""
    return text + (f" # {row['note']}" if row.get("note") else "")


def _table_lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name, {}), after.get(name, {})
        changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        for key in changed[:_MOST_ROWS]:
            if key in old:
                yield f"- {name}: {key} becomes {old[key]}"
            if key in new:
                yield f"+ {name}: {key} becomes {new[key]}"
        if len(changed) > _MOST_ROWS:
            yield f"  {name}: and {len(changed) - _MOST_ROWS} more rows"


def export(values: Mapping[str, Any]) -> str:
    """The text of a file that `read_export` takes."""
    return json.dumps({"format": FORMAT, **values}, ensure_ascii=False, indent=2) + "\n"


def read_export(text: str) -> dict[str, Any]:
    """The rules of a file. Raises RulesError, also for a key that is not known."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise RulesError([f"It is no JSON: {error}."]) from None
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise RulesError([f"It is no export of Mapping Rules: 'format' has to be '{FORMAT}'."])
    rules = {key: value for key, value in values.items() if key != "format"}
    compile_rules(rules)
    return rules
