"""Applies Mapping Rules to a normalized payload. Pure: the payload after them, or why there is none."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from salla_manager.core.mapping.paths import EACH, Path, is_empty
from salla_manager.core.mapping.rules import Rule, RuleSet
from salla_manager.core.mapping.transforms import TransformError
from salla_manager.payloads import Payload, PayloadError, dump_payload, parse_payload


class MappingError(ValueError):
    """The rules refuse a payload; `problems` has one sentence per rule, which names the rule and what was there."""

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems


def map_payload(payload: Payload, rules: RuleSet) -> Payload:
    """The payload itself where the rules change nothing. Raises MappingError with all that is wrong."""
    before = dump_payload(payload)
    before.pop("raw", None)
    work = _Work(payload.raw or {}, copy.deepcopy(before))
    for rule in rules.rules:
        work.apply(rule, rules)
    for rule in rules.rules:
        work.check_required(rule)
    if work.problems:
        raise MappingError(work.problems)
    if work.values == before:
        return payload
    try:
        return parse_payload(rules.entity_type, {**work.values, "raw": payload.raw})
    except PayloadError as error:
        raise MappingError([_blamed(problem, rules.rules) for problem in error.problems]) from None


class _Work:
    """One payload on its way; each rule sees what those before it have written."""

    def __init__(self, raw: dict[str, Any], values: dict[str, Any]):
        self.roots = {"raw": raw, "payload": values}
        self.values = values
        self.problems: list[str] = []

    def apply(self, rule: Rule, rules: RuleSet) -> None:
        if any(self._at(needed) is None for needed in rule.target.needs):
            return
        try:
            if EACH in rule.target.steps:
                self._apply_to_rows(rule, rules)
            else:
                found = self._whole(rule, rules)
                if _is_said(rule, found):
                    _write(self.values, rule.target.steps, found)
        except TransformError as error:
            self.problems.append(f"{rule.title}: {error}. {self._what_was_there(rule)}".rstrip())

    def _whole(self, rule: Rule, rules: RuleSet) -> Any:
        candidates: list[Any] = []
        for path in rule.sources:
            value = self._read(path)
            candidates += value if path.has_each and not rule.target.is_list else [value]
        if rule.target.is_list and rule.transform.needs_source:
            return self._list(rule, rules, candidates)
        found = _transformed(rule, rules, candidates)
        if not rule.target.is_list:
            return found
        return [] if is_empty(found) else [found]

    def _list(self, rule: Rule, rules: RuleSet, candidates: list[Any]) -> list[Any]:
        chosen = next((value for value in candidates if not is_empty(value)), None)
        each = chosen if isinstance(chosen, list) else [chosen]
        found = [_transformed(rule, rules, [one]) for one in each]
        # Each once; by its text, since a shop may give what cannot be a key.
        return list({repr(one): one for one in found if not is_empty(one)}.values())

    def _apply_to_rows(self, rule: Rule, rules: RuleSet) -> None:
        steps = rule.target.steps
        at = steps.index(EACH)
        rows = Path("", "", steps[:at]).read(self.values)
        if not isinstance(rows, list):
            return
        columns = [self._column(path, len(rows)) for path in rule.sources]
        for number, row in enumerate(rows):
            try:
                found = _transformed(rule, rules, [column[number] for column in columns])
            except TransformError as error:
                raise TransformError(f"row {number + 1}: {error}") from None
            if _is_said(rule, found):
                _write(row, steps[at + 1 :], found)

    def _column(self, path: Path, length: int) -> list[Any]:
        """A value for each row of the target: a source with [*] has to have as many."""
        value = self._read(path)
        if not path.has_each:
            return [value] * length
        if not value:
            return [None] * length
        if len(value) != length:
            raise TransformError(
                f"{path.text} gives {len(value)} values for {length} rows, so which belongs to which is not known"
            )
        return list(value)

    def check_required(self, rule: Rule) -> None:
        if not rule.is_required:
            return
        lacking = self._lacking(rule)
        if lacking:
            self.problems.append(
                f"{rule.title}: it is required, and {lacking}. {self._what_was_there(rule)}".rstrip()
            )

    def _lacking(self, rule: Rule) -> str:
        found = Path("", "", rule.target.steps).read(self.values)
        if EACH not in rule.target.steps:
            return "the field is empty" if is_empty(found) else ""
        empty = [str(number) for number, value in enumerate(found or [], start=1) if is_empty(value)]
        return f"it is empty in row {', '.join(empty[:5])}{' …' if empty[5:] else ''}" if empty else ""

    def _what_was_there(self, rule: Rule) -> str:
        told = [path.explain(self.roots[path.root]) for path in rule.sources]
        return f"What was there: {'; '.join(told)}." if told else ""

    def _read(self, path: Path) -> Any:
        return path.read(self.roots[path.root])

    def _at(self, dotted: str) -> Any:
        return Path("", "", tuple(dotted.split("."))).read(self.values)


def _transformed(rule: Rule, rules: RuleSet, candidates: Sequence[Any]) -> Any:
    transform = rule.transform
    if transform.takes_all:
        return transform.apply(candidates, rule.parameters, rules.lookups)
    held = [value for value in candidates if not is_empty(value)]
    if transform.takes_empty:
        return transform.apply(held[0] if held else None, rule.parameters, rules.lookups)
    results = (transform.apply(value, rule.parameters, rules.lookups) for value in held)
    return next((result for result in results if not is_empty(result)), None)


def _is_said(rule: Rule, value: Any) -> bool:
    """What is empty leaves the field as it was, unless a constant says so."""
    return not is_empty(value) or not rule.transform.needs_source


def _write(values: dict[str, Any], steps: tuple[Any, ...], value: Any) -> None:
    for step in steps[:-1]:
        if not isinstance(values.get(step), dict):
            values[step] = {}
        values = values[step]
    values[steps[-1]] = value


def _blamed(problem: str, rules: Sequence[Rule]) -> str:
    """A sentence of the payload's model, with the last rule that wrote this field."""
    path, _, message = problem.partition(": ")
    field = re.sub(r"\.\d+(?=\.|$)", "[*]", path)
    for rule in reversed(rules):
        written = rule.target.path.text
        if field == written or field.startswith((f"{written}.", f"{written}[")) or written.startswith(field):
            return f"{rule.title}: what it gives does not fit the field {path}: {message}"
    return f"{path}: {message}"
