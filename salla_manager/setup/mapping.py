"""Mapping Rule Sets for the terminal and for Desk: found, read from files, tried."""

from __future__ import annotations

import dataclasses
from typing import Any

import frappe

from salla_manager.adapters.config_store import PLATFORMS
from salla_manager.adapters.host import build_host
from salla_manager.adapters.mapping_store import RULE_SET, FrappeMappingRows, scope_of
from salla_manager.core.commands import OperatorError
from salla_manager.core.mapping import trial as core
from salla_manager.core.mapping.rules import RulesError, RuleSet, compile_rules
from salla_manager.core.mapping.templates import template
from salla_manager.core.mapping.versions import export, read_export
from salla_manager.core.model import Record


def exported(platform: str, store: str, entity_type: str, is_template: bool = False) -> str:
    """The text of a file. Raises OperatorError where nothing is saved."""
    platform = platform_of(platform, store)
    if is_template:
        return export(template(PLATFORMS[platform], entity_type))
    name = find(platform, store, entity_type)
    if name is None:
        raise OperatorError(
            f"{store or platform} has no Mapping Rules for {entity_type}. Take the default template to start from."
        )
    return export(frappe.get_doc(RULE_SET, name).values())


def imported(text: str, platform: str, store: str, note: str) -> dict[str, Any]:
    """Saves a new version. Raises OperatorError."""
    values, platform = read(text), platform_of(platform, store)
    name = find(platform, store, values["entity_type"])
    doc = frappe.get_doc(RULE_SET, name) if name else frappe.new_doc(RULE_SET)
    if not name:
        doc.update({"platform": platform, "store": store or None, "entity_type": values["entity_type"]})
    doc.change_note = note
    doc.take(values)
    doc.save()
    return {"rule_set": doc.name, "version": doc.version, "rules": len(doc.rules)}


def read(text: str) -> dict[str, Any]:
    """Raises OperatorError."""
    try:
        return read_export(text)
    except RulesError as error:
        raise OperatorError("\n".join(error.problems)) from None


def read_for(text: str, entity_type: str) -> dict[str, Any]:
    """Raises OperatorError, also where the file is for another entity type."""
    values = read(text)
    if values["entity_type"] != entity_type:
        raise OperatorError(f"The file has rules for {values['entity_type']}, not for {entity_type}.")
    return values


def compiled(values: Any) -> RuleSet:
    """A draft that is not saved. Raises OperatorError."""
    try:
        return compile_rules(values, "draft", "draft")
    except RulesError as error:
        raise OperatorError("\n".join(error.problems)) from None


def tried(record_name: str, text: str | None = None) -> dict[str, Any]:
    """By the rules of a file, or those that hold. Raises OperatorError."""
    record = record_called(record_name)
    host = build_host()
    if text is not None:
        return trial_of(record, compiled(read(text)))
    store = host.store.store(record.key.store)
    rules = host.rules(store).get(record.key.entity_type) if store else None
    return trial_of(record, rules or RuleSet(record.key.entity_type, ()))


def trial_of(record: Record, rules: RuleSet) -> dict[str, Any]:
    """title, raw, before, after, changes (path, before, after) and problems. Raises OperatorError."""
    if rules.entity_type != record.key.entity_type:
        raise OperatorError(
            f"The rules are for {rules.entity_type}, and the record is a {record.key.entity_type}. Choose another one."
        )
    try:
        return dataclasses.asdict(core.try_rules(record, rules))
    except ValueError as error:
        raise OperatorError(str(error)) from None


def preview_of(platform: str, store: str, values: Any) -> dict[str, Any]:
    """As core's Preview. Raises OperatorError."""
    rules = compiled(values)
    scope = scope_of(platform, store or None, rules.entity_type)
    return dataclasses.asdict(core.preview(build_host(), FrappeMappingRows(), scope, rules))


def lines_of(trial: dict[str, Any]) -> list[str]:
    """For a terminal."""
    lines = [f"{trial['title']}:"]
    lines += [f"  {one['path']}: {one['before']} -> {one['after']}" for one in trial["changes"]]
    if not trial["changes"] and not trial["problems"]:
        lines.append("  nothing changes")
    return lines + [f"  refused: {problem}" for problem in trial["problems"]]


def record_called(name: str) -> Record:
    """Raises OperatorError."""
    record = next(iter(build_host().store.records([name])), None)
    if record is None:
        raise OperatorError(f"There is no External Record {name}.")
    return record


def find(platform: str, store: str, entity_type: str) -> str | None:
    filters = {"platform": platform, "entity_type": entity_type, "store": store or ("is", "not set")}
    return frappe.db.get_value(RULE_SET, filters)


def platform_of(platform: str, store: str) -> str:
    """As the Select field has it; a store has one of its own. Raises OperatorError."""
    if not store:
        return platform
    found = frappe.db.get_value("Store Account", store, "platform")
    if not found:
        raise OperatorError(f"The Store Account {store} does not exist.")
    return str(found)
