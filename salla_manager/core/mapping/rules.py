"""Mapping Rules as values: checked, and ready to be applied. The JSON form is that of export, import and versions:

{"entity_type": "order",
 "rules": [{"target": "status", "source": "raw.status", "transform": "map",
            "parameters": {"map": {"wc-done": "completed"}}, "required": true, "note": "why"}],
 "lookups": {"groups": {"15": "Perfumes"}}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from salla_manager.core.mapping.currencies import CODES
from salla_manager.core.mapping.fields import Target, target
from salla_manager.core.mapping.paths import Path, PathError, parse_paths
from salla_manager.core.mapping.transforms import DEFAULT, TRANSFORMS, Parameter, Tables, Transform
from salla_manager.payloads import PAYLOADS

MAX_RULES, MAX_SOURCES, MAX_ROWS, MAX_BYTES = 200, 20, 5000, 512 * 1024
_SET_KEYS = ("entity_type", "rules", "lookups")
_RULE_KEYS = ("target", "source", "transform", "parameters", "required", "note")


class RulesError(ValueError):
    """Rules that cannot be taken; `problems` has one sentence each, which names the rule by its number."""

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Rule:
    """number: from 1, as a person counts."""

    number: int
    target: Target
    sources: tuple[Path, ...]
    transform: Transform
    parameters: Mapping[str, Any] = field(default_factory=dict)
    is_required: bool = False

    @property
    def title(self) -> str:
        return f"Rule {self.number} ({self.target.path.text})"


@dataclass(frozen=True)
class RuleSet:
    """name: of the Mapping Rule Set, empty for a default template. label: for a person. problem: why they cannot be
    used, in a sentence."""

    entity_type: str
    rules: tuple[Rule, ...]
    lookups: Tables = field(default_factory=dict)
    name: str = ""
    label: str = ""
    problem: str = ""


def compile_rules(values: Any, name: str = "", label: str = "") -> RuleSet:
    """values: as in the module's docstring. Raises RulesError."""
    problems = _shape_problems(values)
    if problems:
        raise RulesError(problems)
    entity_type, lookups = values["entity_type"], values.get("lookups") or {}
    rules: list[Rule] = []
    for number, row in enumerate(values.get("rules") or [], start=1):
        rule = _rule(number, row, entity_type, lookups, problems)
        if rule is not None:
            rules.append(rule)
    if problems:
        raise RulesError(problems)
    return RuleSet(entity_type, tuple(rules), lookups, name, label)


@lru_cache(maxsize=256)
def compiled(definition: str, name: str, label: str) -> RuleSet:
    """Of a definition that is kept as JSON. Raises RulesError."""
    return compile_rules(json.loads(definition), name, label)


def dump_rules(values: Mapping[str, Any]) -> str:
    """The JSON text that is kept: the same rules always give the same text."""
    rules = [
        {key: row[key] for key in _RULE_KEYS if row.get(key) not in (None, "", {}, False)}
        for row in values.get("rules") or []
    ]
    kept = {"entity_type": values["entity_type"], "rules": rules}
    if values.get("lookups"):
        kept["lookups"] = values["lookups"]
    return json.dumps(kept, ensure_ascii=False, indent=1)


def _shape_problems(values: Any) -> list[str]:
    if not isinstance(values, dict):
        return ["Rules are a JSON object with entity_type, rules and lookups."]
    if len(json.dumps(values, default=str)) > MAX_BYTES:
        return [f"The rules are larger than {MAX_BYTES // 1024} KB. Split the lookup tables or shorten them."]
    problems = [_unknown_key(key, _SET_KEYS) for key in values if key not in _SET_KEYS]
    if values.get("entity_type") not in PAYLOADS:
        problems.append(f"entity_type has to be one of {', '.join(PAYLOADS)}.")
    rules = [] if values.get("rules") is None else values["rules"]
    lookups = {} if values.get("lookups") is None else values["lookups"]
    if not isinstance(rules, list) or not all(isinstance(row, dict) for row in rules):
        problems.append("rules has to be a list of objects.")
    elif len(rules) > MAX_RULES:
        problems.append(f"There may be at most {MAX_RULES} rules.")
    return problems + _lookup_problems(lookups)


def _lookup_problems(lookups: Any) -> list[str]:
    if not isinstance(lookups, dict):
        return ["lookups has to be an object: the name of each table, and in it a text for each text."]
    return [
        f"The table '{name}' has to hold texts only, at most {MAX_ROWS}."
        for name, table in lookups.items()
        if not _is_table(table)
    ]


def _is_table(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MAX_ROWS
        and all(isinstance(given, str) and isinstance(wanted, str) for given, wanted in value.items())
    )


def _rule(
    number: int, row: dict[str, Any], entity_type: str, lookups: Any, problems: list[str]
) -> Rule | None:
    """None, and its problems told, where it cannot be used."""
    found = [_unknown_key(key, _RULE_KEYS) for key in row if key not in _RULE_KEYS]
    where: Target | None = None
    sources: tuple[Path, ...] = ()
    transform = TRANSFORMS.get(row.get("transform") or "copy")
    if transform is None:
        found.append(f"There is no transform '{row['transform']}'. There are: {', '.join(TRANSFORMS)}.")
    try:
        where = target(entity_type, row.get("target") or "")
    except PathError as error:
        found.append(f"Target {error}.".replace("..", "."))
    try:
        sources = parse_paths(row["source"]) if row.get("source") else ()
    except PathError as error:
        found.append(f"Source {error}.")
    if transform is not None:
        found += _source_problems(transform, sources, row.get("source"), where)
        found += _parameter_problems(transform, row.get("parameters") or {}, lookups)
    if not isinstance(row.get("required", False), bool | int):
        found.append("required has to be true or false.")
    if not isinstance(row.get("note") or "", str):
        found.append("note has to be a text.")
    problems += [f"Rule {number}: {problem}" for problem in found]
    if found or where is None or transform is None:
        return None
    return Rule(number, where, sources, transform, row.get("parameters") or {}, bool(row.get("required")))


def _source_problems(
    transform: Transform, sources: tuple[Path, ...], text: Any, where: Target | None
) -> list[str]:
    if transform.needs_source and not sources and not text:
        return [f"{transform.name} needs a source, such as raw.status or payload.status."]
    if not transform.needs_source and sources:
        return [f"{transform.name} takes no source; empty that field."]
    if len(sources) > MAX_SOURCES:
        return [f"There may be at most {MAX_SOURCES} sources."]
    return []


def _parameter_problems(transform: Transform, given: Any, lookups: Any) -> list[str]:
    if not isinstance(given, dict):
        return ["parameters has to be a JSON object."]
    known = {one.name: one for one in transform.parameters}
    problems = [
        f"{transform.name} has no parameter '{name}'. It has: {', '.join(known) or 'none'}."
        for name in given
        if name not in known
    ]
    for name, parameter in known.items():
        if name not in given:
            if parameter.is_required:
                problems.append(f"{transform.name} needs the parameter '{name}': {parameter.about}.")
        elif wrong := _wrong(parameter, given[name]):
            problems.append(f"The parameter '{name}' has to be {wrong}.")
    if given.get("otherwise") == DEFAULT and "default" not in given:
        problems.append("With otherwise 'default' the parameter 'default' has to be there.")
    if transform.name == "lookup" and isinstance(given.get("table"), str) and given["table"] not in lookups:
        there = ", ".join(lookups) or "none"
        problems.append(f"There is no lookup table '{given['table']}'. There are: {there}.")
    if transform.name == "currency" and _is_table(given.get("names")):
        problems += [f"'{c}' is no ISO 4217 code." for c in given["names"].values() if c not in CODES]
    return problems


def _wrong(parameter: Parameter, value: Any) -> str:
    """What it has to be; empty where it is."""
    if parameter.kind == "choice":
        return "" if value in parameter.choices else f"one of {', '.join(parameter.choices)}"
    if parameter.kind == "table":
        return "" if _is_table(value) else f"an object of texts, at most {MAX_ROWS}"
    if parameter.kind == "text":
        return "" if isinstance(value, str) else "a text"
    is_plain = value is None or isinstance(value, str | int)
    return "" if is_plain else "a text, a whole number, true or false; amounts are text"


def _unknown_key(key: str, known: tuple[str, ...]) -> str:
    return f"'{key}' is not known here. Known are: {', '.join(known)}."
