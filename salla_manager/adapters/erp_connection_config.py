"""The configuration of an ERP Connection between the form and the encrypted row: secrets go in, never out."""

from __future__ import annotations

import json
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

from salla_manager.adapters.erp_connection_store import CONFIG, keep_config, read_config
from salla_manager.adapters.erp_connectors import connector
from salla_manager.adapters.instance_store import CONNECTION
from salla_manager.adapters.secrets import STARS, has_secret
from salla_manager.erp.config import problems
from salla_manager.erp.port import ConfigField


def form_of(name: str) -> dict[str, Any]:
    """fields: as a dialog needs them, with the values that are no secrets and whether a secret is kept."""
    connector_type = frappe.db.get_value(CONNECTION, name, "connector_type")
    kept = read_config(name) or {}
    return {
        "connector_type": connector_type,
        "is_kept": has_secret(CONNECTION, name, CONFIG),
        "fields": [_shown(field, kept) for field in _fields(connector_type)],
    }


def save(name: str, values: dict[str, Any]) -> None:
    """values: of the form; an empty secret leaves the kept one, one that is None takes it away."""
    doc = frappe.get_doc(CONNECTION, name)
    kept = read_config(name) or {}
    config = _merged(_fields(doc.connector_type), kept, values)
    doc.config = json.dumps(config)
    doc.save()
    changed = sorted(name for name in {*kept, *config} if kept.get(name) != config.get(name))
    if changed:
        # A version would show stars alone; values have no place in a timeline.
        doc.add_comment("Info", _("changed the configuration: {0}").format(", ".join(changed)))


def keep_typed(doc: Document) -> None:
    """For `validate`: what stands in the field as JSON is checked and kept encrypted; what needs no configuration
    has an empty one."""
    fields = _fields(doc.connector_type)
    is_kept = has_secret(doc.doctype, doc.name, CONFIG)
    typed = doc.config if doc.config and not doc.is_dummy_password(doc.config) else ""
    if typed:
        _keep(doc, fields, _read(typed))
    elif not is_kept and not problems({}, fields):
        _keep(doc, fields, {})
    elif is_kept:
        doc.config = STARS


def _keep(doc: Document, fields: tuple[ConfigField, ...], config: dict[str, Any]) -> None:
    found = problems(config, fields)
    if found:
        frappe.throw(
            "<br>".join(map(frappe.utils.escape_html, found)), title=_("The configuration is not whole")
        )
    keep_config(doc.name, config)
    doc.config = STARS


def _fields(connector_type: str) -> tuple[ConfigField, ...]:
    try:
        return connector(connector_type).config_fields()
    except ValueError as error:
        return frappe.throw(str(error), title=_("There is no such connector"))


def _read(typed: str) -> dict[str, Any]:
    try:
        config = json.loads(typed)
    except ValueError:
        config = None
    if not isinstance(config, dict):
        # The text may hold a secret, so it is not shown.
        frappe.throw(_("The configuration has to be a JSON object. Use the button Configure."))
    return config


def _merged(fields: tuple[ConfigField, ...], kept: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    merged = {}
    for field in fields:
        given = values.get(field.name)
        if field.kind == "secret" and given == "":
            given = kept.get(field.name)
        if given not in (None, ""):
            merged[field.name] = given
    return merged


def _shown(field: ConfigField, kept: dict[str, Any]) -> dict[str, Any]:
    is_secret = field.kind == "secret"
    value = None if is_secret else kept.get(field.name, field.default)
    return {
        "name": field.name,
        "label": _(field.label),
        "kind": field.kind,
        "is_required": field.is_required,
        "choices": list(field.choices),
        "help": _(field.help) if field.help else "",
        "value": value,
        "is_kept": is_secret and bool(kept.get(field.name)),
    }
