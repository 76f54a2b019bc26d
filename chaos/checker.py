"""Does a history hold what the contract promises? Reads logs and tables only; knows nothing of how they came about.

ok: exactly one effect, or none where the executor said that a newer version stands. failed: none. unknown: at
most one. Effects of one entity never go back. At the end both sides agree.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chaos.ends import Ends
from chaos.ground import ask
from chaos.network import FAILED, OK, UNKNOWN, Operation
from salla_executor.core.apply import content_hash
from salla_executor.payloads import parse_payload
from salla_manager.core.model import CommandStatus, RecordStatus

Entity = tuple[str, str]
Version = tuple[int, int]
Effects = Sequence[tuple[Entity, Version]]


def check(ends: Ends) -> list[str]:
    """Violations as sentences; none for a good history."""
    effects = ends.effects()
    tables = {name: ends.rows.rows(name) for name in ("command", "record")}
    return [
        *check_outcomes(ends.network.log, effects),
        *check_order(effects),
        *check_commands(tables["command"], effects),
        *check_moves(ends.rows.moves()),
        *check_agreement(tables["record"], tables["command"], ends),
    ]


def check_outcomes(log: Iterable[Operation], effects: Effects) -> list[str]:
    """What senders were told against what happened."""
    counted = Counter(effects)
    by_command: dict[tuple[Entity, Version], list[Operation]] = defaultdict(list)
    for operation in log:
        by_command[operation.entity, operation.version].append(operation)
    found = [
        f"{_name(command)}: {problem}"
        for command, operations in by_command.items()
        if (problem := _outcome_problem(command, operations, counted))
    ]
    found += [
        f"{_name(command)}: an effect of what nobody sent" for command in counted if command not in by_command
    ]
    return found


def _outcome_problem(
    command: tuple[Entity, Version], operations: Sequence[Operation], counted: Mapping[Any, int]
) -> str:
    number = counted.get(command, 0)
    outcomes = {operation.outcome for operation in operations}
    if number > 1:
        return f"{number} effects"
    if outcomes == {FAILED} and number:
        return "an effect although every request failed"
    applied = [one for one in operations if one.outcome == OK and one.code != "stale"]
    if applied and number != 1:
        return "acknowledged without an effect"
    if not any(one.outcome == OK and one.code == "stale" for one in operations):
        return ""
    if number and not applied and UNKNOWN not in outcomes:
        return "an effect although it was told to be stale"
    # Of the same version where the inbox was purged meanwhile.
    if not any(entity == command[0] and version >= command[1] for entity, version in counted):
        return "told to be stale although nothing newer stands"
    return ""


def check_order(effects: Effects) -> list[str]:
    newest: dict[Entity, Version] = {}
    found = []
    for entity, version in effects:
        if version <= newest.get(entity, (0, 0)):
            found.append(f"{_name((entity, version))}: came after {newest[entity]}")
        newest[entity] = max(version, newest.get(entity, (0, 0)))
    return found


def check_commands(commands: Iterable[Mapping[str, Any]], effects: Effects) -> list[str]:
    """The hub's own books: done means that it, or something newer, stands; nothing is left open."""
    newest: dict[Entity, Version] = {}
    for entity, version in effects:
        newest[entity] = max(version, newest.get(entity, (0, 0)))
    found = []
    for row in commands:
        entity = (row["entity_type"], row["external_id"])
        version = (row["revision"], row["generation"])
        if row["status"] in CommandStatus.OPEN:
            found.append(f"{_name((entity, version))}: is {row['status']} at the end: {row['reason']}")
        if row["status"] == CommandStatus.DONE and newest.get(entity, (0, 0)) < version:
            found.append(f"{_name((entity, version))}: is Done without an effect")
    return found


def check_moves(moves: Iterable[tuple[str, str, str]]) -> list[str]:
    """Not even for a moment does a command come back from its end; Dead is sent again as a new command."""
    ends = (CommandStatus.DONE, CommandStatus.SUPERSEDED, CommandStatus.CANCELLED)
    found = [f"{name} went from {old} to {new}" for name, old, new in moves if old in ends]
    dead = (CommandStatus.SUPERSEDED, CommandStatus.CANCELLED)
    found += [
        f"{name} went from Dead to {new}"
        for name, old, new in moves
        if old == CommandStatus.DEAD and new not in dead
    ]
    return found


def check_agreement(
    records: Iterable[Mapping[str, Any]], commands: Iterable[Mapping[str, Any]], ends: Ends
) -> list[str]:
    """Each record against the executor's reference and content; what is dead has its reason."""
    status_of = {row["name"]: row["status"] for row in commands}
    sql = "SELECT entity_type, external_id, revision, generation, content_hash, docname FROM refs"
    references = {tuple(row[:2]): row[2:] for row in ask(ends.executor_path, sql)}
    found = []
    for row in records:
        entity = (row["entity_type"], row["external_id"])
        reference = references.pop(entity, None)
        problem = _record_problem(row, status_of.get(row["last_command"], ""), reference)
        if problem:
            found.append(f"{entity[0]} {entity[1]}: {problem}")
    found += [f"{entity[0]} {entity[1]}: stands in the ERP, unknown to the hub" for entity in references]
    return [*found, *_document_problems(ends)]


def _record_problem(row: Mapping[str, Any], last_status: str, reference: tuple[Any, ...] | None) -> str:
    if row["status"] == RecordStatus.FAILED and last_status == CommandStatus.DEAD:
        return "" if row["message"] else "failed without a reason"
    if row["status"] != RecordStatus.APPLIED:
        return f"is {row['status']} at the end, its command {last_status}"
    if reference is None:
        return "is Applied, and the ERP has nothing of it"
    revision, generation, digest, _ = reference
    if (revision, generation) != (row["revision"], row["generation"]):
        return f"the hub has {row['revision']}+{row['generation']}, the ERP {revision}+{generation}"
    if row["applied_revision"] != row["revision"]:
        return f"applied revision {row['applied_revision']} of {row['revision']}"
    if digest != content_hash(parse_payload(row["entity_type"], json.loads(row["mapped"]))):
        return "the contents differ"
    return ""


def _document_problems(ends: Ends) -> list[str]:
    """Each reference has its document, and each document of a shop's its reference."""
    named = {tuple(row) for row in ask(ends.executor_path, "SELECT doctype, docname FROM refs")}
    sql = "SELECT doctype, name FROM documents WHERE doctype <> 'Item Price'"
    stand = {tuple(row) for row in ask(ends.executor_path, sql)}
    return [f"{doctype} {name}: document and reference do not match" for doctype, name in named ^ stand]


def _name(command: tuple[Entity, Version]) -> str:
    (entity_type, external_id), (revision, generation) = command
    return f"{entity_type} {external_id} revision {revision}+{generation}"
