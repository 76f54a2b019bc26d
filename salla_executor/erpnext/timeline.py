"""The timeline of a document that came from a shop: where it came from, and what each command did to it.

Frappe asks for it while it loads a form, so whoever sees it may read the document. Of fields that the reader may not
see nothing is told; names of rows that he may not open are no links.
"""

from __future__ import annotations

import json
from typing import Any

import frappe
from frappe import _
from frappe.utils import cstr, escape_html, get_url_to_form

from salla_executor.contract import COMMAND_TYPES

REFERENCE, INBOX = "External Reference", "Executor Inbox"
REFERENCES, COMMANDS, LETTERS = 10, 30, 80
# Sales Orders that were amended carry the shop's order on, while its reference follows to the newest.
_OWN_ENTITY = {"Sales Order": ("shop_store", "order", "shop_order")}
# Changes of documents that are written with the own one and have no field in it.
_PARTS = {"address": "Address", "price": "Item Price"}
_ICONS = {"applied": "integration", "skipped": "integration", "failed": "criticize", "rejected": "criticize"}


def shop_history(doctype: str, docname: str) -> list[dict[str, Any]]:
    """For the hook additional_timeline_content: rows of content (HTML), creation and icon."""
    references = frappe.get_all(
        REFERENCE,
        {"document_type": ("=", doctype), "document_name": ("=", docname)},
        [
            "name",
            "creation",
            "source",
            "entity_type",
            "external_id",
            "waits_on",
            "waits_since",
            "waits_message",
        ],
        limit=REFERENCES,
        order_by="creation",
    )
    pointing = {(row.source, row.entity_type, row.external_id) for row in references}
    entities = pointing | _own_entity(doctype, docname)
    if not entities:
        return []
    rows = [_origin(row) for row in references]
    rows += [_wait(row) for row in references if row.waits_on]
    shown = set(frappe.get_meta(doctype).get_permitted_fieldnames())
    told = {(source, kind, external_id[:140]) for source, kind, external_id in pointing}
    return rows + [
        _command(row, doctype, docname, shown, is_told=_entity(row) in told) for row in _commands(entities)
    ]


def _entity(row: Any) -> tuple[str, str | None, str]:
    return row.store_account, COMMAND_TYPES.get(row.command_type), row.external_id


def _own_entity(doctype: str, docname: str) -> set[tuple[str, str, str]]:
    if doctype not in _OWN_ENTITY:
        return set()
    source, entity_type, external_id = _OWN_ENTITY[doctype]
    said = frappe.db.get_value(doctype, {"name": ("=", docname)}, [source, external_id])
    return {(said[0], entity_type, said[1])} if said and all(said) else set()


def _commands(entities: set[tuple[str, str, str]]) -> list[Any]:
    rows = frappe.get_all(
        INBOX,
        {"external_id": ("in", [external_id[:140] for _source, _kind, external_id in entities])},
        ["name", "creation", "command_id", "command_type", "store_account", "external_id", "status", "ack"],
        order_by="creation desc",
        limit=COMMANDS,
    )
    wanted = {(source, kind, external_id[:140]) for source, kind, external_id in entities}
    return [row for row in rows if _entity(row) in wanted]


def _origin(row: Any) -> dict[str, Any]:
    text = _("{0} {1} of shop {2} stands for this document.")
    link = _link(REFERENCE, row.name, row.external_id)
    content = text.format(_(frappe.unscrub(row.entity_type)), link, escape_html(row.source))
    return {"icon": "link-url", "creation": row.creation, "content": content}


def _wait(row: Any) -> dict[str, Any]:
    content = f"{_('Waits for a Person')}: {_told(row.waits_message)}"
    return {"icon": "notification", "creation": row.waits_since, "content": content}


def _command(row: Any, doctype: str, docname: str, shown: set[str], *, is_told: bool) -> dict[str, Any]:
    """is_told: the shop's entry stands for this document; of others nothing is told that does not name it."""
    payload = (json.loads(row.ack) if row.ack else {}).get("ack_payload") or {}
    is_own = _is_of(payload, doctype, docname)
    lines = _changes(payload.get("changes") or {}, doctype, shown) if is_own else []
    documents = payload.get("documents") or []
    is_created = {"doctype": doctype, "name": docname, "action": "created"} in documents
    is_told = is_told or is_own
    others = _others(documents, doctype, docname) if is_told else ""
    what = f"{_link(INBOX, row.name, row.command_id)} · <b>{escape_html(_(row.status))}</b>"
    # Its words are English, whatever Desk's language is.
    content = f'{what} <span dir="auto">{_told(payload.get("message")) if is_told else ""}</span>'
    if lines and is_created:
        # All of a new document was filled by the shop; what counts is what changed since.
        content += f"<details><summary>{_('{0} fields').format(len(lines))}</summary>{_list(lines)}</details>"
    elif lines:
        content += _list(lines)
    if others:
        content += f"<div>{_('Also written')}: {others}</div>"
    return {"icon": _ICONS.get(row.status), "creation": row.creation, "content": content}


def _is_of(payload: dict[str, Any], doctype: str, docname: str) -> bool:
    document = payload.get("erp_doc") or {}
    return (document.get("doctype"), document.get("name")) == (doctype, docname)


def _changes(changes: dict[str, Any], doctype: str, shown: set[str]) -> list[str]:
    """Field by field, before and after."""
    labels = {field: _label(field, doctype, shown) for field in changes}
    return [
        f"{labels[field]}: {_('{0} → {1}').format(_value(pair[0]), _value(pair[1]))}"
        for field, pair in changes.items()
        if labels[field] and len(pair) == 2
    ]


def _label(field: str, doctype: str, shown: set[str]) -> str:
    """Empty where the reader may not see it. `price Standard Selling` is a document of its own."""
    kind, _space, name = field.partition(" ")
    if name:
        other = _PARTS.get(kind, "")
        is_readable = other and frappe.has_permission(other, "read")
        return f"{_(other)} {escape_html(name)}" if is_readable else ""
    return _(frappe.get_meta(doctype).get_label(field)) if field in shown else ""


def _list(lines: list[str]) -> str:
    return f'<ul class="mb-0">{"".join(f"<li>{line}</li>" for line in lines)}</ul>'


def _others(documents: list[Any], doctype: str, docname: str) -> str:
    links = [
        f"{_(one['doctype'])} {_link(one['doctype'], one['name'], one['name'])}"
        for one in documents
        if isinstance(one, dict) and (one["doctype"], one["name"]) != (doctype, docname)
    ]
    return ", ".join(links)


def _value(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(cstr(one) for one in value)
    text = cstr(value)
    if not text:
        return f"<i>{_('empty')}</i>"
    cut = text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"
    return f'<bdi title="{escape_html(text[:500])}">{escape_html(cut)}</bdi>'


def _told(message: str | None) -> str:
    return escape_html(message or "").replace("\n", "<br>")


def _link(doctype: str, name: str, label: str) -> str:
    label = escape_html(label or name)
    if not frappe.has_permission(doctype, "read"):
        return f"<bdi>{label}</bdi>"
    return f'<a href="{escape_html(get_url_to_form(doctype, name))}"><bdi>{label}</bdi></a>'
