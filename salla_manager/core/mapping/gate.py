"""Between `normalize` and the outbox: what a store's Mapping Rules make of its payloads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from salla_manager import contract
from salla_manager.core.mapping.apply import MappingError, map_payload
from salla_manager.core.mapping.rules import RulesError, RuleSet, compiled
from salla_manager.core.outbox import entity_type_of
from salla_manager.payloads import Payload, dump_payload

# By entity type; a type without own rules is not in it.
RuleSets = Mapping[str, RuleSet]


@dataclass(frozen=True)
class Mapped:
    """normalized: the payload before the rules as JSON, empty where they changed nothing. refusal: the Mapping Rule Set
    and its reason; the payload is then as it was normalized. problems: what the reason is made of."""

    payload: Payload
    normalized: str = ""
    refusal: tuple[str, str] | None = None
    problems: tuple[str, ...] = ()


def mapped(payload: Payload, sets: RuleSets) -> Mapped:
    rules = sets.get(entity_type_of(payload)) if sets else None
    if rules is None:
        return Mapped(payload)
    try:
        if rules.problem:
            raise MappingError([rules.problem])
        after = map_payload(payload, rules)
    except MappingError as error:
        refusal = (rules.name, refusal_text(rules, error))
        return Mapped(payload, refusal=refusal, problems=tuple(error.problems))
    return Mapped(payload) if after is payload else Mapped(after, text_of(payload))


def refusal_text(rules: RuleSet, error: MappingError) -> str:
    return (
        f"The Mapping Rules {rules.label or rules.name} refuse it. {' '.join(_ended(p) for p in error.problems)}"
        " Mend the rules, or the entry in the shop; it goes on by itself then."
    )


def text_of(payload: Payload) -> str:
    """As a record keeps it: without the shop's own body."""
    values = dump_payload(payload)
    values.pop("raw", None)
    return contract.dump_json(values).decode()


def kept_rules(entity_type: str, definition: str, name: str, label: str) -> RuleSet:
    """Of a definition that is kept. One that is no good any more refuses all, in words."""
    try:
        return compiled(definition, name, label)
    except (RulesError, json.JSONDecodeError) as error:
        told = " ".join(str(error).split())
        return RuleSet(entity_type, (), name=name, label=label, problem=f"They cannot be used: {told}")


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
