"""What the editor of Mapping Rule Sets calls. Permission first, then one call."""

from __future__ import annotations

import dataclasses
from typing import Any

import frappe

from salla_manager import remapping
from salla_manager.adapters.config_store import PLATFORMS
from salla_manager.adapters.mapping_store import RULE_SET, VERSION, definition_of
from salla_manager.api.told import told
from salla_manager.core.mapping.fields import targets
from salla_manager.core.mapping.templates import template
from salla_manager.core.mapping.transforms import TRANSFORMS
from salla_manager.core.mapping.versions import differences, export
from salla_manager.salla_manager.doctype.mapping_rule_set.mapping_rule_set import lookup_rows, rule_row
from salla_manager.setup import mapping

RECORD = "External Record"


@frappe.whitelist(methods=["GET"])
def choices(entity_type: str) -> dict[str, Any]:
    """targets: those there are; transforms: name -> about and its parameters."""
    frappe.has_permission(RULE_SET, "read", throw=True)
    transforms = {
        one.name: {
            "about": one.about,
            "needs_source": one.needs_source,
            "parameters": [dataclasses.asdict(parameter) for parameter in one.parameters],
        }
        for one in TRANSFORMS.values()
    }
    return {"targets": targets(entity_type), "transforms": transforms}


@frappe.whitelist(methods=["GET"])
def template_rows(platform: str, entity_type: str) -> dict[str, Any]:
    """rules and lookups as rows of the form; platform: as the Select field has it."""
    frappe.has_permission(RULE_SET, "read", throw=True)
    return _rows(template(PLATFORMS[platform], entity_type))


@frappe.whitelist(methods=["POST"])
def try_rules(record: str, values: dict | str) -> dict[str, Any]:
    """What rules that are not saved make of a record; values: as core's compile_rules takes them."""
    frappe.has_permission(RULE_SET, "read", throw=True)
    frappe.has_permission(RECORD, "read", record, throw=True)
    return told(lambda: mapping.trial_of(mapping.record_called(record), mapping.compiled(_parsed(values))))


@frappe.whitelist(methods=["POST"])
def preview(platform: str, values: dict | str, store: str = "") -> dict[str, Any]:
    """How many records rules that are not saved would change; see core's Preview."""
    frappe.has_permission(RULE_SET, "read", throw=True)
    frappe.has_permission(RECORD, "read", throw=True)
    if store:
        frappe.has_permission("Store Account", "read", store, throw=True)
    return told(mapping.preview_of, platform, store, _parsed(values))


@frappe.whitelist(methods=["GET"])
def export_rules(name: str) -> str:
    """The text of a file."""
    frappe.has_permission(RULE_SET, "read", name, throw=True)
    return export(frappe.get_doc(RULE_SET, name).values())


@frappe.whitelist(methods=["POST"])
def read_file(text: str, entity_type: str) -> dict[str, Any]:
    """The rules of a file as rows of the form; nothing is saved."""
    frappe.has_permission(RULE_SET, "read", throw=True)
    return _rows(told(mapping.read_for, text, entity_type))


@frappe.whitelist(methods=["GET"])
def changes_since(version: str) -> list[str]:
    """What differs between a version and what is saved now, line by line."""
    frappe.has_permission(VERSION, "read", version, throw=True)
    rule_set = frappe.db.get_value(VERSION, version, "rule_set")
    frappe.has_permission(RULE_SET, "read", rule_set, throw=True)
    return differences(frappe.get_doc(RULE_SET, rule_set).values(), definition_of(version))


@frappe.whitelist(methods=["POST"])
def restore(version: str) -> int:
    """Save the rules of a version anew; gives the new version's number."""
    frappe.has_permission(VERSION, "read", version, throw=True)
    row = frappe.db.get_value(VERSION, version, ["rule_set", "version"], as_dict=True)
    frappe.has_permission(RULE_SET, "write", row.rule_set, throw=True)
    doc = frappe.get_doc(RULE_SET, row.rule_set)
    doc.take(definition_of(version))
    doc.change_note = f"As in version {row.version}."
    doc.save()
    return int(doc.version)


@frappe.whitelist(methods=["POST"])
def map_again(name: str, everything: int = 0) -> int:
    """Map records again in the background: those that were refused, or all; gives how many are looked at."""
    frappe.has_permission(RECORD, "write", throw=True)
    frappe.has_permission(RULE_SET, "read", name, throw=True)
    return remapping.begin(name, only_failed=not int(everything))


def _parsed(values: dict | str) -> Any:
    return frappe.parse_json(values) if isinstance(values, str) else values


def _rows(values: dict[str, Any]) -> dict[str, Any]:
    return {"rules": [rule_row(row) for row in values["rules"]], "lookups": lookup_rows(values)}
