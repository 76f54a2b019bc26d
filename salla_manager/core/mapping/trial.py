"""Trying rules before they are saved: on one record, and how many of a sample they would change. Nothing is written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from salla_manager.core import outbox
from salla_manager.core.host import Host
from salla_manager.core.mapping.apply import MappingError, map_payload
from salla_manager.core.mapping.gate import Mapped, RuleSets, mapped
from salla_manager.core.mapping.port import MappingRows, Scope
from salla_manager.core.mapping.remap import kept_payload
from salla_manager.core.mapping.rules import RuleSet
from salla_manager.core.model import Record
from salla_manager.payloads import Payload, PayloadError, dump_payload

SAMPLE = 200
EXAMPLES, LONGEST = 5, 200


@dataclass(frozen=True)
class Change:
    """before and after: as text, cut where they are long."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class Trial:
    """raw: the shop's body; before: as normalized; after: what would be sent, empty where the rules refuse it."""

    title: str
    raw: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    changes: list[Change]
    problems: list[str]


@dataclass
class Preview:
    """Of `total` records `sample` were looked at. changes: would be sent anew; mended: are refused now and would go;
    fails: would be refused; examples: a few of them by title, with what changes or why not, those refused first."""

    total: int = 0
    sample: int = 0
    changes: int = 0
    mended: int = 0
    fails: int = 0
    same: int = 0
    examples: list[str] = field(default_factory=list)

    def show(self, record: Record, text: str, *, is_refused: bool = False) -> None:
        line = f"{record.title or record.key.external_id}: {text}"
        if is_refused:
            self.examples.insert(0, line)
            del self.examples[EXAMPLES:]
        elif len(self.examples) < EXAMPLES:
            self.examples.append(line)


def try_rules(record: Record, rules: RuleSet) -> Trial:
    """Raises ValueError where the record holds nothing that rules could work on."""
    payload = _kept(record)
    if payload is None:
        raise ValueError(
            f"What the shop said of {record.key.external_id} was never understood: {record.message}"
        )
    before = _shown(payload)
    problems: list[str] = []
    after: dict[str, Any] = {}
    try:
        after = _shown(map_payload(payload, rules))
    except MappingError as error:
        problems = error.problems
    changes = changes_between(before, after) if after else []
    return Trial(record.title, payload.raw or {}, before, after, changes, problems)


def preview(
    host: Host, rows: MappingRows, scope: Scope, rules: RuleSet | None, most: int = SAMPLE
) -> Preview:
    """What would change against the rules that hold now, in the newest records; rules: None for those of nobody."""
    found = Preview(total=rows.count_records(scope, only_failed=False))
    share = max(1, most // max(1, len(scope.stores)))
    for name in scope.stores:
        store = host.store.store(name)
        if store is None or found.sample >= most:
            continue
        now = host.rules(store)
        then: RuleSets = {scope.entity_type: rules} if rules is not None else {}
        for record in host.store.newest_records(name, scope.entity_type, share):
            _compare(found, record, now, then)
    return found


def _compare(found: Preview, record: Record, now: RuleSets, then: RuleSets) -> None:
    payload = _kept(record)
    if payload is None or getattr(payload, "status", "") == "deleted":
        return
    found.sample += 1
    before, after = mapped(payload, now), mapped(payload, then)
    if after.refusal:
        found.fails += 1
        found.show(record, " ".join(after.problems), is_refused=True)
    elif before.refusal:
        found.mended += 1
    elif _content(before) == _content(after):
        found.same += 1
    else:
        found.changes += 1
        found.show(
            record, "; ".join(map(_line, changes_between(_shown(before.payload), _shown(after.payload))))
        )


def changes_between(before: Any, after: Any, path: str = "") -> list[Change]:
    """Field by field, in the order of the payload."""
    if isinstance(before, dict) and isinstance(after, dict):
        names = {**before, **after}
        pairs = [(f"{path}.{name}" if path else name, before.get(name), after.get(name)) for name in names]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(f"{path}[{number}]", *pair) for number, pair in enumerate(zip(before, after, strict=True))]
    else:
        return [] if before == after else [Change(path, _cut(before), _cut(after))]
    return [change for inner, old, new in pairs for change in changes_between(old, new, inner)]


def _content(one: Mapped) -> str:
    return outbox.content_hash(one.payload)


def _kept(record: Record) -> Payload | None:
    try:
        return kept_payload(record)
    except PayloadError:
        # Kept by an older version of the hub; it comes right with the next reading.
        return None


def _shown(payload: Payload) -> dict[str, Any]:
    values = dump_payload(payload)
    values.pop("raw", None)
    return values


def _line(change: Change) -> str:
    return f"{change.path} {change.before} → {change.after}"


def _cut(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"{text[:LONGEST]}…" if len(text) > LONGEST else text
